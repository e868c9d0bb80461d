"""Support hours, deadlines, cadence and the SLA state (policy section 6).

Durations are elapsed UTC; days and opening hours are local to the calendar's zone, so that a day with a clock
change is shorter or longer by that hour. Nothing here reads the time: `now` is always an argument.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agent.errors import BadInput
from schemas.context import Calendar, Sla
from schemas.decision import Cadence, SlaStatus

if TYPE_CHECKING:
    from agent.policy.settings import Settings  # which checks its calendar by this module

# A calendar that never opens within this many days is a mistake in the calendar.
HORIZON_DAYS = 400


def _minutes(text: str, name: str) -> int:
    hours, _, minutes = text.partition(":")
    if hours.isdigit() and len(minutes) == 2 and minutes.isdigit():
        value = int(hours) * 60 + int(minutes)
        if value <= 24 * 60 and int(minutes) < 60:
            return value
    raise BadInput(f"calendar {name} {text[:60]!r}: expected a local time such as '09:00' or '24:00'")


@dataclass(frozen=True, slots=True)
class Hours:
    """A checked calendar."""

    zone: ZoneInfo
    days: frozenset[int]
    opens: int
    closes: int
    country: str | None
    closures: frozenset[date]

    @staticmethod
    def of(calendar: Calendar) -> "Hours":
        """Raises BadInput for an unknown zone, impossible hours, no open day or an unknown country of holidays."""
        return _hours(calendar)

    def is_open_day(self, day: date) -> bool:
        """Whether the office works on this local day."""
        return day.weekday() in self.days and day not in self.closures and not _is_holiday(self.country, day)

    def why_closed(self, day: date) -> str:
        """Why the office does not work on this local day, in words."""
        if day in self.closures:
            return "the office's own closure"
        if self.country is not None and _is_holiday(self.country, day):
            return f"holiday in {self.country}: {_holidays_of(self.country).get(day)}"  # type: ignore[attr-defined]
        return "no support day"

    def span(self, day: date) -> tuple[datetime, datetime]:
        """Opening and closing of a local day, in UTC."""
        return self._at(day, self.opens), self._at(day, self.closes)

    def _at(self, day: date, minutes: int) -> datetime:
        extra, minutes = divmod(minutes, 24 * 60)
        local = datetime.combine(day + timedelta(days=extra), time(minutes // 60, minutes % 60), self.zone)
        return local.astimezone(UTC)

    def before(self, day: date) -> tuple[datetime, str]:
        """By when to have what is wanted for this local day: its opening, or the last closing before a closed day."""
        if self.is_open_day(day):
            return self.span(day)[0], "the opening"
        earlier = next((d for n in range(1, 15) if self.is_open_day(d := day - timedelta(days=n))), day)
        return self.span(earlier)[1], "the last closing"

    def openings(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Stretches of support time from `start` on, in UTC."""
        first = start.astimezone(self.zone).date()
        for offset in range(HORIZON_DAYS):
            day = first + timedelta(days=offset)
            if self.is_open_day(day):
                opening, closing = self.span(day)
                if closing > max(opening, start):  # hours inside a clock change may be none at all
                    yield max(opening, start), closing
        raise BadInput(f"the calendar has no open day within {HORIZON_DAYS} days: check its days and closures")


@lru_cache(maxsize=64)
def _hours(calendar: Calendar) -> Hours:
    try:
        zone = ZoneInfo(calendar.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"calendar timezone {calendar.timezone[:60]!r}: expected an IANA name such as 'Europe/Berlin'"
        ) from None
    opens, closes = _minutes(calendar.opens, "opens"), _minutes(calendar.closes, "closes")
    if closes <= opens:
        raise BadInput(f"calendar closes {calendar.closes!r}: expected a time after it opens ({calendar.opens})")
    if not calendar.days or any(day not in range(7) for day in calendar.days):
        raise BadInput(f"calendar days {calendar.days!r}: expected some of 0 (Monday) to 6 (Sunday)")
    if calendar.holidays:
        _holidays_of(calendar.holidays)
    return Hours(zone, frozenset(calendar.days), opens, closes, calendar.holidays, frozenset(calendar.closures))


@lru_cache(maxsize=16)
def _holidays_of(code: str) -> object:
    import holidays  # slow to import, and only calendars with a country need it

    country, _, subdivision = code.partition("-")
    try:
        # In English where the library has it: else the name would be in the language of the machine.
        return holidays.country_holidays(country.upper(), subdiv=subdivision.upper() or None, language="en_US")
    except NotImplementedError:
        raise BadInput(
            f"calendar holidays {code[:60]!r}: expected a country such as 'DE' or a part such as 'US-CA'"
        ) from None


def _is_holiday(code: str | None, day: date) -> bool:
    return code is not None and day in _holidays_of(code)  # type: ignore[operator]


def add_support_time(start: datetime, amount: timedelta, hours: Hours) -> datetime:
    """`start` plus `amount` of support time; outside hours the count begins at the next opening."""
    left = amount
    for opening, closing in hours.openings(start):
        if opening + left <= closing:
            return opening + left
        left -= closing - opening
    raise AssertionError("openings() raises before it ends")


def add_business_days(start: datetime, days: int, hours: Hours) -> datetime:
    """Same local time `days` business days later, held within opening hours; from a closed day, the next opening."""
    opening, _ = next(hours.openings(start))
    local = opening.astimezone(hours.zone)
    day, left = local.date(), days
    while left:
        day += timedelta(days=1)
        if hours.is_open_day(day):
            left -= 1
    wanted = datetime.combine(day, local.time(), hours.zone).astimezone(UTC)
    first, last = hours.span(day)
    return min(max(wanted, first), last)


def close_of_business(start: datetime, days: int, hours: Hours) -> datetime:
    """Closing time of the business day that is `days` business days after the one that `start` falls into."""
    moment = add_business_days(start, days, hours)
    return hours.span(moment.astimezone(hours.zone).date())[1]


def deadline(severity: str, now: datetime, hours: Hours, settings: "Settings") -> tuple[datetime, str]:
    """The deadline of policy section 6 and its reason in words."""
    now = now.astimezone(UTC)
    if severity == "critical":
        minutes = settings.deadline.critical_minutes
        return now + timedelta(minutes=minutes), f"Critical: acknowledged within {minutes:g} minutes"
    if severity == "high":
        least = timedelta(hours=settings.deadline.high_business_hours)
        opening, closing = next(hours.openings(now))
        today = opening.astimezone(hours.zone).date() == now.astimezone(hours.zone).date()
        if today and closing - opening >= least:
            return closing, "High: by close of business"
        due = add_support_time(now, least, hours)
        return due, f"High: {settings.deadline.high_business_hours:g} business hours, as less remains today"
    days = settings.deadline.medium_business_days
    return close_of_business(now, days, hours), f"Medium: within {days} business days"


def neglected(severity: str, last: datetime, hours: Hours, settings: "Settings") -> datetime:
    """When an open escalation has had no update for twice the cadence's upper bound (TIM-1), in the cadence's unit."""
    upper = 2 * float(getattr(settings.cadence, severity).customer[1])
    if severity == "critical":
        return last + timedelta(hours=upper)
    if severity == "high":
        return add_support_time(last, timedelta(hours=upper), hours)
    return add_business_days(last, round(upper), hours)


def cadence(severity: str, last: datetime, hours: Hours, settings: "Settings") -> Cadence:
    """When the next updates after `last` are due and overdue."""
    last = last.astimezone(UTC)
    bounds = getattr(settings.cadence, severity)

    @cache  # due and overdue are often the same amount
    def after(amount: float) -> datetime:
        if severity == "critical":
            return last + timedelta(hours=amount)
        if severity == "high":
            return add_support_time(last, timedelta(hours=amount), hours)
        return add_business_days(last, max(1, round(amount)), hours)

    unit = {"critical": "h", "high": "support hours", "medium": "business days"}[severity]
    return Cadence(
        internal_due=after(bounds.internal[0]),
        internal_overdue=after(bounds.internal[1]),
        customer_due=after(bounds.customer[0]),
        customer_overdue=after(bounds.customer[1]),
        rule=f"internal {_every(bounds.internal, unit)}, customer {_every(bounds.customer, unit)}",
    )


def _range(bounds: tuple[float, float]) -> str:
    low, high = bounds
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def _every(bounds: tuple[float, float], unit: str) -> str:
    if bounds == (1, 1) and unit == "business days":
        return "every business day"
    return f"every {_range(bounds)} {unit}"


def sla_status(sla: Sla, now: datetime, settings: "Settings") -> SlaStatus:
    """Breached, at risk or within, computed from due time, pauses and now; the explanation is the arithmetic."""
    paused = _paused(sla, now)
    due = sla.due + paused
    left = due - now
    parts = [f"due {_utc(sla.due)}"]
    if paused:
        parts.append(f"plus {_span(paused)} of pauses = {_utc(due)}")
    parts.append(f"now {_utc(now)}")
    if left < timedelta():
        return SlaStatus(state="breached", source="computed", explanation=f"{', '.join(parts)}: over by {_span(-left)}")
    share = None
    if sla.started and sla.due > sla.started:
        share = left / (sla.due - sla.started)
    at_risk = left <= timedelta(minutes=settings.sla.at_risk_minutes) or (
        share is not None and share <= settings.sla.at_risk_share
    )
    parts.append(f"{_span(left)} left" + (f" ({share:.0%} of the whole)" if share is not None else ""))
    return SlaStatus(state="at_risk" if at_risk else "within", source="computed", explanation=", ".join(parts))


def sla_due(sla: Sla, now: datetime) -> datetime:
    """When the SLA is due, its pauses up to `now` counted."""
    return sla.due + _paused(sla, now)


def _paused(sla: Sla, now: datetime) -> timedelta:
    """How long the clock stood still; pauses that overlap stop it once. What was breached no pause heals."""
    total, counted_to = timedelta(), sla.started
    for pause in sorted(sla.pauses, key=lambda pause: pause.start):
        if pause.start >= sla.due + total:
            break
        start = max(pause.start, counted_to) if counted_to else pause.start
        end = min(pause.until or now, now)
        if end > start:
            total += end - start
            counted_to = end
    return total


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join(f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if n) or "0 min"
