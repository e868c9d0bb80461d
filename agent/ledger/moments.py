"""Times and lengths of time in words. Light: the verbs that must answer at once say times by this."""

from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def when(moment: datetime, zone: tzinfo) -> str:
    """Such as `Mon 2026-11-30 09:00 CET`."""
    local = moment.astimezone(zone)
    name = local.tzname() or ""
    return f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} {'UTC' + name if name[:1] in '+-' else name}".rstrip()


def span(length: timedelta, *, in_hours: bool = False) -> str:
    """Such as `1 h 30 min`; days only from two on, since support thinks in hours; `in_hours`: no days at all."""
    minutes = round(abs(length.total_seconds()) / 60)
    days, rest = divmod(minutes, 24 * 60)
    if days < 2 or in_hours:
        days, rest = 0, minutes
    hours, minutes = divmod(rest, 60)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if n]
    return " ".join(parts) or "0 min"


def zone_named(name: str | None) -> tzinfo | None:
    """The zone of an IANA name; None for none, or for one that this machine does not know."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def office_zone(record: dict[str, Any]) -> tzinfo:
    """The zone of support's calendar, from a record as plain JSON data."""
    return zone_named(record.get("calendar", {}).get("timezone")) or ZoneInfo("UTC")


def both(moment: datetime, record: dict[str, Any]) -> str:
    """The time in support's zone and, where the customer reads another clock, in theirs."""
    office, customer = office_zone(record), zone_named(record.get("customer_zone"))
    text = when(moment, office)
    if customer is not None and moment.astimezone(customer).utcoffset() != moment.astimezone(office).utcoffset():
        text += f" ({when(moment, customer)} for the customer)"
    return text
