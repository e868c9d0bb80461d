"""A start plus an amount of time in which a clock runs, step by step, so that it can be shown (policy section 6).

Three clocks: the wall's (Critical), support hours (High), business days (Medium). Each stands still in a pause. Every
reckoning keeps the stretches that it counted; the lines that explain it are printed from these, never worked out again.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from agent.errors import BadInput
from agent.ledger.moments import DAYS, span, when
from agent.policy.clock import HORIZON_DAYS, Hours
from schemas.context import Pause
from schemas.vocabulary import Severity

LISTED_DAYS = 4  # closed days named one by one; a longer gap gets its first and last
FAR = timedelta(days=HORIZON_DAYS)
LONGEST = timedelta(days=50 * 366)


STANDS_STILL = "stands still, the customer's turn"
_NOT_COUNTED = re.compile(rf"(?:{'|'.join(DAYS)}) [^:]*: (?:closed, |\d+ days closed$)|.*: {STANDS_STILL}$")


def is_counted(line: str) -> bool:
    """Whether a line of an explanation is about time that counts: not about closed days, and not about a pause."""
    return _NOT_COUNTED.match(line) is None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which the clock ran, and what of it was counted."""

    start: datetime
    end: datetime
    day: int | None = None
    """Of a business day: which one it is, 1, 2, 3 ..."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """`moment` is `start` plus `amount`, as the stretches show."""

    start: datetime
    moment: datetime
    amount: str
    stretches: tuple[Stretch, ...]
    clock: "Clock"
    on_wall: bool = False
    """Whether it counts elapsed time, which no closed day stops."""

    def explain(self) -> list[str]:
        """The reckoning line by line, in the calendar's zone."""
        hours = self.clock.hours
        lines: list[str] = []
        shown, total = self.start, timedelta()
        if self.stretches and self.stretches[0].day is not None:
            opening = next(self.clock.hours.openings(self.start))[0]
            if opening > self.start:
                lines += [*self._gap(self.start, opening), f"Counting begins: {when(opening, hours.zone)}"]
                shown = opening
        for stretch in self.stretches:
            lines += self._gap(shown, stretch.start)
            if stretch.day is not None:
                lines.append(f"{_day(stretch.end, hours.zone)}: business day {stretch.day}")
            else:
                # As the printed minutes say it, so that the lines add up also where events have seconds.
                counted = _minute(stretch.end) - _minute(stretch.start)
                in_all = f", {span(total + counted, in_hours=not self.on_wall)} in all" if total else ""
                total += counted
                ends = _until(stretch.start, stretch.end, hours.zone)
                lines.append(
                    f"{when(stretch.start, hours.zone)} to {ends}: {span(counted, in_hours=not self.on_wall)}{in_all}"
                )
            shown = stretch.end
        return lines

    def _gap(self, start: datetime, end: datetime) -> list[str]:
        """Why nothing was counted from `start` to `end`."""
        if end <= start:
            return []
        hours = self.clock.hours
        lines = [
            (
                max(p.start, start),
                f"{when(max(p.start, start), hours.zone)} to {when(p.until, hours.zone)}: {STANDS_STILL}",
            )
            for p in self.clock.pauses
            if p.until is not None and p.until > start and p.start < end
        ]
        if self.on_wall:
            return [line for _, line in sorted(lines)]
        first, last = start.astimezone(hours.zone).date(), end.astimezone(hours.zone).date()
        days = [d for n in range((last - first).days + 1) if not hours.is_open_day(d := first + timedelta(days=n))]
        if len(days) > LISTED_DAYS:
            lines.append((hours.span(days[0])[0], f"{_date(days[0])} to {_date(days[-1])}: {len(days)} days closed"))
        else:
            lines += [(hours.span(day)[0], f"{_date(day)}: closed, {hours.why_closed(day)}") for day in days]
        return [line for _, line in sorted(lines)]


@dataclass(frozen=True, slots=True)
class Clock:
    """The calendar and the pauses of one escalation."""

    hours: Hours
    pauses: tuple[Pause, ...] = ()

    def after(self, severity: Severity, start: datetime, amount: float) -> Reckoning:
        """`amount` in the severity's unit: hours on the clock, support hours, or business days."""
        if severity == "critical":
            return self.on_clock(start, timedelta(hours=amount))
        if severity == "high":
            return self.support_time(start, timedelta(hours=amount))
        return self.business_days(start, max(1, int(amount)))  # a day and a half is not two: sooner, not later

    def on_clock(self, start: datetime, amount: timedelta) -> Reckoning:
        """Elapsed time, pauses left out."""
        start = start.astimezone(UTC)
        paused = sum(((p.until - p.start for p in self.pauses if p.until is not None)), timedelta())
        running = _without(iter(((start, start + amount + paused + timedelta(days=1)),)), self.pauses)
        return replace(self._counted(start, amount, running, span(amount)), on_wall=True)

    def support_time(self, start: datetime, amount: timedelta) -> Reckoning:
        """Time within opening hours, pauses left out; outside hours the count begins at the next opening."""
        start = start.astimezone(UTC)
        running = _without(self._openings(start), self.pauses)
        return self._counted(start, amount, running, f"{span(amount, in_hours=True)} of support time")

    def business_days(self, start: datetime, days: int) -> Reckoning:
        """The same local time so many business days later, within opening hours.

        A pause on the way moves it by the support time that it took, like any other clock: neither ten minutes nor
        a night of pause cost a whole day.
        """
        start = start.astimezone(UTC)
        words = f"{days} business day{'' if days == 1 else 's'}"
        stretches = self._days(start, days)
        plain = stretches[-1].end
        if not any(p.start < plain and p.until is not None and p.until > start for p in self.pauses):
            return Reckoning(start, plain, words, tuple(stretches), self)
        left = timedelta()
        for opening, closing in self._openings(start):
            if opening >= plain:
                break
            left += min(closing, plain) - opening
        # The time at an opening is that of the day that begins, not of the evening before it.
        at_opening = plain == self.hours.span(plain.astimezone(self.hours.zone).date())[0]
        running = _without(self._openings(start), self.pauses)
        found = self._counted(start, left, running, f"{words}, {span(left, in_hours=True)} of support time")
        if at_opening:
            following = next(begin for begin, _ in _without(self._openings(found.moment), self.pauses))
            return replace(found, moment=following)
        return found

    def _days(self, start: datetime, days: int) -> list[Stretch]:
        """One stretch for each day, pauses left out of account."""
        zone = self.hours.zone
        opening, _ = next(self._openings(start))
        local = opening.astimezone(zone)
        day, stretches = local.date(), list[Stretch]()
        while len(stretches) < days:
            day += timedelta(days=1)
            if day > local.date() + LONGEST:
                raise BadInput(f"{days} business days from {when(start, zone)}: too many")
            if self.hours.is_open_day(day):
                first, last = self.hours.span(day)
                wanted = min(max(datetime.combine(day, local.time(), zone).astimezone(UTC), first), last)
                stretches.append(Stretch(first, wanted, len(stretches) + 1))
        return stretches

    def _counted(
        self, start: datetime, amount: timedelta, running: Iterator[tuple[datetime, datetime]], words: str
    ) -> Reckoning:
        left, stretches = amount, []
        for begin, end in running:
            if begin + left <= end:
                stretches.append(Stretch(begin, begin + left))
                return Reckoning(start, begin + left, words, tuple(stretches), self)
            stretches.append(Stretch(begin, end))
            left -= end - begin
        raise BadInput("the clock never runs long enough: check the calendar and the pauses")

    def _openings(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Openings without the horizon of one look, since a pause may be longer than that."""
        while True:
            last = start
            for opening, closing in self.hours.openings(start):
                last = closing
                yield opening, closing
                if closing > start + FAR / 2:
                    break
            start = last


def _without(
    running: Iterator[tuple[datetime, datetime]], pauses: tuple[Pause, ...]
) -> Iterator[tuple[datetime, datetime]]:
    """The running time outside closed pauses. One that still lasts stops nothing here: then no timer runs at all."""
    ended = sorted((p.start, p.until) for p in pauses if p.until is not None)
    for begin, end in running:
        for start, until in ended:
            if until <= begin or start >= end:
                continue
            if start > begin:
                yield begin, start
            begin = max(begin, until)
        if begin < end:
            yield begin, end


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _until(start: datetime, end: datetime, zone: tzinfo) -> str:
    first, last = start.astimezone(zone), end.astimezone(zone)
    plain = first.date() == last.date() and first.utcoffset() == last.utcoffset()
    return f"{last:%H:%M}" if plain else when(end, zone)


def _day(moment: datetime, zone: tzinfo) -> str:
    return f"{_date(moment.astimezone(zone).date())} {moment.astimezone(zone):%H:%M}"


def _date(day: date) -> str:
    return f"{DAYS[day.weekday()]} {day.isoformat()}"
