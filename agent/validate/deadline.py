"""The deadline line: absolute, with a zone, in the future, not after the decision's or the customer's own date."""

from datetime import date, datetime, time, timedelta, tzinfo

from agent.notation import Day, dates, times
from agent.validate.fields import says_nothing
from agent.validate.moments import aware, end_of
from agent.validate.zones import iana, zone_named, zones_in
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Finding
from schemas.facts import Facts

PLACE = "WHAT'S NEEDED: Deadline"
_OWN_DATES = ("deadline_wanted", "go_live_date")
_MINUTE = timedelta(minutes=1)  # a brief shows minutes, a decision may carry seconds


def read_deadline(text: str, now: datetime) -> tuple[datetime, ...]:
    """Every reading of an absolute date and time with its zone; empty if one of the three is missing."""
    found_dates, found_times = dates(text), times(text)
    clocks = [mention for mention in found_times if not mention.maybe_duration] or found_times
    zones = zones_in(text)
    if not found_dates or not clocks:
        return ()
    zone: tzinfo | None = zone_named(clocks[0].zone) if clocks[0].zone else None
    zone = zone or (zones[0] if zones else None)
    if zone is None:
        return ()
    clock = time(clocks[0].hour, clocks[0].minute)
    days = (day for candidate in found_dates[0].candidates for day in _with_year(candidate, now))
    return tuple(aware(day, clock, zone) for day in days)


def _with_year(day: Day, now: datetime) -> list[date]:
    """The days meant; without a year the next such day."""
    years = (day.year,) if day.year else (now.year, now.year + 1)
    resolved = (Day(year, day.month, day.day).as_date() for year in years)
    found = [value for value in resolved if value is not None]
    return found if day.year else [value for value in found if value >= now.date()][:1]


def limit_of(decision: Decision, facts: Facts, context: Context, now: datetime) -> datetime | None:
    """The latest moment for plans: the decision's deadline, or the customer's own date if that comes first."""
    ends = [decision.deadline] if decision.deadline else []
    office = iana(context.calendar.timezone) if context.calendar else now.tzinfo
    for claim in facts.measures:
        if claim.kind in _OWN_DATES and claim.status == "counts":
            ends += [end for end in _own_ends(claim.value or claim.quote, now, office) if end > now]
    return min(ends, default=None)


def _own_ends(text: str, now: datetime, office: tzinfo | None) -> list[datetime]:
    exact = read_deadline(text, now)
    if exact:
        return [max(exact)]
    found = dates(text)
    if len(found) != 1:
        return []
    ends = [end_of(day, office) for candidate in found[0].candidates for day in _with_year(candidate, now)]
    return [max(ends)] if ends else []


def check_deadline(text: str, decision: Decision, limit: datetime | None, now: datetime) -> list[Finding]:
    """Findings of the deadline line. `limit` comes from `limit_of`."""
    shown = text.strip()[:200]
    if decision.deadline is None and says_nothing(text):
        return []
    readings = read_deadline(text, now)
    if not readings:
        expected = "an absolute date and time with its zone, such as 2026-03-14 17:00 UTC"
        if decision.deadline:
            expected += f", not after {decision.deadline:%Y-%m-%d %H:%M %Z}"
        return [Finding(code="deadline_format", place=PLACE, found=shown, expected=expected)]
    future = [moment for moment in readings if moment > now]
    if not future:
        return [
            Finding(code="deadline_past", place=PLACE, found=shown, expected=f"a time after {now:%Y-%m-%d %H:%M %Z}")
        ]
    if limit is not None and all(moment >= limit + _MINUTE for moment in future):
        return [
            Finding(code="deadline_late", place=PLACE, found=shown, expected=f"not after {limit:%Y-%m-%d %H:%M %Z}")
        ]
    return []
