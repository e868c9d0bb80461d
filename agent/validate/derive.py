"""Declared derivations: the operands stand in the sources, and the arithmetic holds (policy 5)."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from agent.grounding.fold import fold_text, stands_in
from agent.notation import Day, Number, dates, numbers, read_together, times
from agent.validate.arithmetic import close, compute, readings, same_duration, share, spell
from agent.validate.dating import anchor_days, days_meant, of_day, of_month
from agent.validate.relative import days_behind
from agent.validate.sources import Sources, read
from agent.validate.units import minutes_of, time_unit
from agent.validate.weekdays import weekday_named
from agent.validate.zones import zone_named
from schemas.brief import Brief, Derivation, Operand
from schemas.escalation import Finding

PLACE = "DERIVATIONS"
_MOST = 60  # derivations looked at; a brief has a handful
_DAY = Decimal(1440)


@dataclass(frozen=True, slots=True)
class Proven:
    """What declared derivations put at the draft's disposal, right or wrong: a wrong one has its own finding."""

    values: frozenset[Decimal] = frozenset()
    days: frozenset[Day] = frozenset()
    clocks: frozenset[tuple[int, int]] = frozenset()
    texts: frozenset[str] = frozenset()
    minutes: frozenset[Decimal] = frozenset()


def check_derivations(brief: Brief, sources: Sources) -> tuple[list[Finding], Proven]:
    """Findings, and the values that the brief may now use."""
    found: list[Finding] = []
    known = brief.derivations[:_MOST]
    # Each is asked for dates, times and numbers several times over.
    read_together(text for derivation in known for text in (derivation.value, *(o.value for o in derivation.operands)))
    # Dates first: a duration may count from one.
    dated = {
        number: _check(derivation, sources, f"{PLACE} {number}", {})
        for number, derivation in enumerate(known, 1)
        if derivation.operation == "date"
    }
    right = [derivation for number, derivation in enumerate(known, 1) if dated.get(number, ...) is None]
    named = _named(right, sources)
    for number, derivation in enumerate(known, 1):
        finding = dated[number] if number in dated else _check(derivation, sources, f"{PLACE} {number}", named)
        if finding is not None:
            found.append(finding)
    return found, _proven(known)


def _named(right: list[Derivation], sources: Sources) -> dict[str, list[date]]:
    """The days behind words that a right derivation of a date has worked out: a duration may count from `the 25th`."""
    found: dict[str, list[date]] = {}
    for derivation in right:
        stated = [day for mention in dates(derivation.value) for day in mention.candidates if day.day]
        days = [day for day in days_meant(derivation, sources)[0] if any(of_day(mine, day) for mine in stated)]
        if days:
            found.setdefault(fold_text(derivation.operands[1].value), []).extend(days)
    return found


def _proven(derivations: tuple[Derivation, ...]) -> Proven:
    values: set[Decimal] = set()
    days: set[Day] = set()
    clocks: set[tuple[int, int]] = set()
    lengths: set[Decimal] = set()
    for derivation in derivations:
        reading = read(derivation.value)
        if derivation.operation == "date":
            days |= {day for mention in reading.dates for day in mention.candidates}
            clocks |= {(mention.hour, mention.minute) for mention in reading.times}
            continue
        # One value is declared; only a duration may be written in two: `2 h 15 min`.
        for number, unit in reading.figures if derivation.operation == "duration" else reading.figures[:1]:
            values |= set(number.candidates)
            length = minutes_of(unit) if unit else None
            if length is not None:
                lengths.add(number.value * length)
    texts = frozenset(fold_text(derivation.value) for derivation in derivations if derivation.value.strip())
    return Proven(frozenset(values), frozenset(days), frozenset(clocks), texts, frozenset(lengths))


def _finding(code: str, place: str, found: str, expected: str) -> Finding:
    return Finding(code=code, place=place, found=found[:200], expected=expected)


# A bare digit stands in every ticket: it proves nothing about customers, hours or money.
_SUMS = ("sum", "difference", "product", "percent", "count")
_WORD = re.compile(r"[^\W\d_]")


def _check(derivation: Derivation, sources: Sources, place: str, named: dict[str, list[date]]) -> Finding | None:
    if not derivation.operands:
        return _finding("derivation_operand", place, derivation.value, "operands with their quotes from the ticket")
    for operand in derivation.operands:
        if not _quoted(operand.quote, sources):
            return _finding(
                "derivation_quote", place, operand.quote, "a quote that stands in ticket, context or decision"
            )
        if derivation.operation in _SUMS and not _WORD.search(operand.quote):
            return _finding(
                "derivation_operand", place, operand.quote, "a quote that says what is counted, not the bare number"
            )
        if not _in_quote(operand, sources) and not _names_one(operand, derivation):
            return _finding(
                "derivation_operand",
                place,
                operand.value,
                f"the operand as it is written in its quote {operand.quote[:80]!r}",
            )
    if derivation.operation == "duration":
        return _duration(derivation, sources, place, named)
    if derivation.operation == "date":
        return _date(derivation, sources, place)
    if derivation.operation == "count":
        return _count(derivation, place)
    return _figures(derivation, place)


def _quoted(quote: str, sources: Sources) -> bool:
    """In a source verbatim, or a date and time of theirs in another notation: `2026-04-14 17:00`."""
    if sources.holds(quote):
        return True
    reading = read(quote)
    days = [day for mention in reading.dates for day in mention.candidates]
    if not (days or reading.times) or reading.figures or len(quote) > 60:
        return False
    known = set(sources.days) | {Day(day.year, day.month, day.day) for day in sources.turned}
    return (not days or any(day in known for day in days)) and all(
        (mention.hour, mention.minute) in sources.clocks for mention in reading.times
    )


def _names_one(operand: Operand, derivation: Derivation) -> bool:
    """`our clerk` is one person: a quote that names one thing may be added as 1."""
    number = _main_number(operand.value)
    return derivation.operation in ("sum", "difference") and number is not None and number.value == 1


def _in_quote(operand: Operand, sources: Sources) -> bool:
    """The operand as written in its quote; a day that the quote leaves out may come from the message around it."""
    if stands_in(operand.value, operand.quote):
        return True
    wanted, held = numbers(operand.value), numbers(operand.quote)
    if wanted and all(any(set(a.candidates) & set(b.candidates) for b in held) for a in wanted):
        return True
    days = {day for mention in dates(operand.quote) for day in mention.candidates}
    clocks = {(mention.hour, mention.minute) for mention in times(operand.quote)}
    own_days = [day for mention in dates(operand.value) for day in mention.candidates]
    own_clocks = [(mention.hour, mention.minute) for mention in times(operand.value)]
    return (
        bool(own_clocks or (own_days and days))
        and (not own_days or any(_within(day, other) for day in own_days for other in days or sources.days))
        and all(clock in clocks for clock in own_clocks)
    )


def _within(day: Day, other: Day) -> bool:
    return (day.month, day.day) == (other.month, other.day) and (
        not day.year or not other.year or day.year == other.year
    )


def _wrong(derivation: Derivation, place: str, right: str) -> Finding:
    return _finding("derivation_wrong", place, derivation.value, f"{derivation.operation} of the operands is {right}")


def _main_number(text: str) -> Number | None:
    found = [number for number, _ in read(text).figures] or numbers(text)
    return found[0] if found else None


def _figures(derivation: Derivation, place: str) -> Finding | None:
    chosen = [_main_number(operand.value) for operand in derivation.operands]
    if any(number is None for number in chosen):
        return _finding("derivation_operand", place, derivation.value, "operands that are numbers")
    values = _operand_readings(derivation)
    results = {compute(derivation.operation, list(row)) for row in _readings(values)} - {None}
    exact = sorted(value for value in results if value is not None)
    if not exact:
        return _finding("derivation_wrong", place, derivation.value, "operands for which this can be computed")
    stated = share(derivation.value) if derivation.operation == "percent" else None
    if stated is not None and any(abs(stated - value) <= Decimal("2.5") for value in exact):
        return None
    number = _main_number(derivation.value)
    if number is not None and any(close(number, value, derivation.value) for value in exact):
        return None
    if derivation.operation != "percent" and same_duration(
        derivation.value, _as_minutes(derivation, exact), Decimal(0)
    ):
        return None
    return _wrong(
        derivation, place, " or ".join(f"{value.quantize(Decimal('0.01')).normalize():f}" for value in exact[:2])
    )


def _operand_readings(derivation: Derivation) -> list[tuple[Decimal, ...]]:
    return [(readings(number) if (number := _main_number(op.value)) else ()) for op in derivation.operands]


def _as_minutes(derivation: Derivation, exact: list[Decimal]) -> list[Decimal]:
    """Results in minutes if the operands are durations: 30 min + 1 h, or 4 × 15 minutes."""
    lengths = []
    for operand in derivation.operands:
        number = _main_number(operand.value)
        reach = time_unit(operand.value, number.end, number.unit) if number else None
        if reach is None and number is not None:
            held = next((n for n in numbers(operand.quote) if set(n.candidates) & set(number.candidates)), None)
            reach = time_unit(operand.quote, held.end, held.unit) if held else None
        lengths.append((number.value if number else Decimal(0), minutes_of(reach) if reach else None))
    timed = [value * length for value, length in lengths if length is not None]
    if len(timed) == len(lengths):
        combined = compute(derivation.operation, timed) if derivation.operation != "product" else None
        return [combined] if combined is not None else []
    if derivation.operation == "product" and len(timed) == 1:
        factor = next(length for _, length in lengths if length is not None)
        return [value * factor for value in exact]
    return []


def _readings(values: list[tuple[Decimal, ...]]) -> list[tuple[Decimal, ...]]:
    """One row for each way to read the signs: all operands are read the same way."""
    return [tuple(row[min(index, len(row) - 1)] for row in values) for index in (0, 1)]


def _count(derivation: Derivation, place: str) -> Finding | None:
    distinct = len({fold_text(operand.value) for operand in derivation.operands})
    number = _main_number(derivation.value)
    if number is not None and Decimal(distinct) in number.candidates:
        return None
    return _wrong(derivation, place, str(distinct))


def _duration(derivation: Derivation, sources: Sources, place: str, named: dict[str, list[date]]) -> Finding | None:
    if len(derivation.operands) != 2:
        return _finding("derivation_operand", place, derivation.value, "two operands: from when, until when")
    first, second = (_instants(operand, sources, named) for operand in derivation.operands)
    if not first or not second:
        return _finding("derivation_operand", place, derivation.value, "two operands that are dates or clock times")
    spans = [span for a in first for b in second for span in _between(a, b)]
    slack = Decimal(0) if any(a.timed and b.timed for a in first for b in second) else _DAY / 2
    plain = derivation.value.casefold()
    if any(word in plain for word in ("business", "working", "arbeitstag", "werktag", "hábil", "ouvr", "útei")):
        spans += [_DAY * _workdays(a.at.date(), b.at.date()) for a in first for b in second]
    # "38", where the brief goes on "to 40 minutes": the unit is not the value's own
    bare = not re.search(r"[^\W\d_]", derivation.value)
    written = [f"{derivation.value} {unit}" for unit in ("minutes", "hours", "days")] if bare else [derivation.value]
    if any(same_duration(value, spans, Decimal(0) if _in_days(value) else slack) for value in written):
        return None
    return _wrong(derivation, place, spell(min(spans), derivation.value))


def _in_days(text: str) -> bool:
    return any(
        minutes_of(unit) == _DAY for number in numbers(text) if (unit := time_unit(text, number.end, number.unit))
    )


def _workdays(a: date, b: date) -> int:
    low, high = min(a, b), max(a, b)
    span = min((high - low).days, 3660)
    return sum((low + timedelta(days=shift)).weekday() < 5 for shift in range(1, span + 1))


@dataclass(frozen=True, slots=True)
class _Instant:
    at: datetime
    timed: bool
    dated: bool
    zoned: bool


def _instants(operand: Operand, sources: Sources, named: dict[str, list[date]]) -> list[_Instant]:
    """Readings of an operand of a duration. A missing date or time is taken from the quote around it."""
    days = [day for mention in dates(operand.value) for day in mention.candidates]
    clocks = times(operand.value)
    known = named.get(fold_text(operand.value), ()) if not days else ()
    if known:  # and not the next best date of the quote, which may be another
        days = [Day(day.year, day.month, day.day) for day in known]
    if not days:
        days = [day for mention in dates(operand.quote)[:1] for day in mention.candidates]
    if not clocks and not known and not dates(operand.value):
        clocks = times(operand.quote)[:1]
    years = sorted(sources.years, reverse=True)
    resolved = [Day(year, d.month, d.day).as_date() for d in days for year in ((d.year,) if d.year else years)]
    found = [value for value in resolved if value is not None]
    if not found and fold_text(operand.value) in ("now", "today"):
        return [_Instant(sources.now.astimezone(UTC), fold_text(operand.value) == "now", True, True)]
    if not found and weekday_named(operand.value) is not None:
        anchors = {sources.now.date(), *(day for d in sources.days if (day := d.as_date()))}
        found = [day for anchor in sorted(anchors)[-40:] for day in days_behind(operand.value, anchor)]
    if not found and not clocks:
        return []
    clock = time(clocks[0].hour, clocks[0].minute, clocks[0].second or 0) if clocks else time(0)
    zone = zone_named(clocks[0].zone) if clocks and clocks[0].zone else None
    return (
        [
            _Instant(datetime.combine(day, clock, zone or UTC), bool(clocks), bool(resolved or found), zone is not None)
            for day in found[:80] or [date(2000, 1, 1)]
        ][:80]
        if found
        else [_Instant(datetime.combine(date(2000, 1, 1), clock, zone or UTC), True, False, zone is not None)]
    )


def _between(a: _Instant, b: _Instant) -> list[Decimal]:
    """Minutes between two instants; where only one side has a date, the clock times alone."""
    left, right = a.at, b.at
    if a.zoned != b.zoned:  # only one names its zone: both are read in it
        left, right = left.replace(tzinfo=UTC), right.replace(tzinfo=UTC)
    if a.timed != b.timed:  # a day and a moment: days are counted by the calendar
        return [_DAY * abs((right.date() - left.date()).days)]
    if not (a.dated and b.dated):
        shift = (right.hour * 60 + right.minute) - (left.hour * 60 + left.minute)
        return [Decimal(shift % 1440)]
    return [abs(Decimal(int((right - left).total_seconds())) / 60)]


def _date(derivation: Derivation, sources: Sources, place: str) -> Finding | None:
    if len(derivation.operands) != 2:
        return _finding("derivation_operand", place, derivation.value, "two operands: the anchor date, then the words")
    anchor = derivation.operands[0]
    if not anchor_days(anchor, sources):
        return _finding("derivation_operand", place, anchor.value, "an anchor that is a full date")
    stated = [day for mention in dates(derivation.value) for day in mention.candidates]
    if not stated:
        return _finding("derivation_operand", place, derivation.value, "a value that is a date")
    days, months = days_meant(derivation, sources)
    if any(of_day(mine, day) for mine in stated for day in days):
        return None
    if any(of_month(mine, month) for mine in stated for month in months):
        return None
    shown = [*(str(day) for day in sorted(days)), *(f"{month.year}-{month.month:02}" for month in months)]
    return _wrong(derivation, place, " or ".join(shown[:3]) or "not to be computed from these words")
