"""Dates with their clock times, so that 23:50 in one zone and 08:50 the next day in another are seen to be one."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from agent.notation import DateMention, Day, TimeMention, dates, times
from agent.validate.zones import zone_named

_NEAR = 14  # characters that may stand between a date and its time: `, at `, ` um `, `T`
_MOST = 2_000  # moments looked at: a log of 5 MB repeats its times


class Moment(NamedTuple):
    """A clock time, its day where one stands beside it, and its zone where one is written."""

    clock: time
    day: Day | None = None
    zone: tzinfo | None = None


def moments(
    text: str, found_dates: list[DateMention] | None = None, found_times: list[TimeMention] | None = None
) -> list[Moment]:
    """The clock times of a text, each with the date beside it."""
    days = dates(text) if found_dates is None else found_dates
    result: dict[Moment, None] = {}
    for mention in times(text) if found_times is None else found_times:
        if not mention.told:
            continue
        zone = zone_named(mention.zone) if mention.zone else None
        clock = time(mention.hour, mention.minute)
        for day in _beside(text, days, mention) or (None,):
            result.setdefault(Moment(clock, day, zone))
        if len(result) >= _MOST:
            break
    return list(result)


def _beside(text: str, days: list[DateMention], mention: TimeMention) -> tuple[Day, ...]:
    """Readings of the date that stands beside a time. Binary search: a log has as many dates as times."""
    low, high = 0, len(days)
    while low < high:
        middle = (low + high) // 2
        if days[middle].end <= mention.start:
            low = middle + 1
        else:
            high = middle
    if low and mention.start - days[low - 1].end <= _NEAR and "\n" not in text[days[low - 1].end : mention.start]:
        return days[low - 1].candidates
    if (
        low < len(days)
        and 0 <= days[low].start - mention.end <= _NEAR
        and "\n" not in text[mention.end : days[low].start]
    ):
        return days[low].candidates
    return ()


def spread(
    found: Iterable[Moment], zones: tuple[tzinfo, ...], years: Iterable[int]
) -> tuple[frozenset[tuple[int, int]], frozenset[date]]:
    """All clock times (hour, minute) and dates that the moments have in the zones in play.

    A moment without a zone may be in any of them; one without a year in any of the `years`.
    """
    clocks: set[tuple[int, int]] = set()
    turned: set[date] = set()
    years = tuple(years)
    for moment in found:
        clocks.add((moment.clock.hour, moment.clock.minute))
        for day in _days(moment.day, years):
            for source in (moment.zone,) if moment.zone else zones:
                start = datetime.combine(day or date(2026, 1, 15), moment.clock, source)
                for zone in zones:
                    local = _turn(start, zone)
                    if local is not None:
                        clocks.add((local.hour, local.minute))
                        if day is not None:
                            turned.add(local.date())
    return frozenset(clocks), frozenset(turned)


def same_clock(
    moment: Moment, clock: tuple[int, int], zone: tzinfo, zones: tuple[tzinfo, ...], years: tuple[int, ...]
) -> bool:
    """True if the moment shows this clock time in this zone. A moment without a zone may be in any of `zones`.

    One hour between two zones is forgiven where the clock is the same: many write CET all summer long.
    """
    same = (moment.clock.hour, moment.clock.minute) == clock
    if same and moment.zone is None:
        return True
    for day in _days(moment.day, years):
        for source in (moment.zone,) if moment.zone else zones:
            start = datetime.combine(day or date(2026, 1, 15), moment.clock, source)
            local = _turn(start, zone)
            if local is None:
                continue
            if (local.hour, local.minute) == clock:
                return True
            shift = (local.utcoffset() or timedelta(0)) - (start.utcoffset() or timedelta(0))
            if same and abs(shift) <= timedelta(hours=1):
                return True
    return False


def _turn(moment: datetime, zone: tzinfo) -> datetime | None:
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        return None


def _days(day: Day | None, years: tuple[int, ...]) -> list[date | None]:
    if day is None or day.month is None or day.day is None:
        return [None]
    tried = (Day(year, day.month, day.day).as_date() for year in ((day.year,) if day.year else years))
    return [value for value in tried if value is not None] or [None]


def aware(day: date, clock: time, zone: tzinfo | None) -> datetime:
    """The moment, in UTC where no zone is known."""
    return datetime.combine(day, clock, zone or UTC)


def end_of(day: date, zone: tzinfo | None) -> datetime:
    """The last minute of a day."""
    return aware(day, time(23, 59), zone) + timedelta(seconds=59)
