"""What a brief may be traced to: the ticket's text, the context's values, the decision's own words and times.

Read once for a validation, in time linear in the ticket.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from pydantic import BaseModel

from agent.grounding.fold import Folded, fold, needles
from agent.notation import DateMention, Day, Identifier, Number, TimeMention, dates, identifiers, numbers_outside, times
from agent.redaction.placeholders import blanked, placeholders
from agent.validate.moments import Moment, moments, spread
from agent.validate.stems import stems
from agent.validate.units import time_unit
from agent.validate.weekdays import numbered_weekdays
from agent.validate.zones import iana, zones_in
from schemas.context import Context
from schemas.decision import Decision
from schemas.facts import Facts
from schemas.ticket import Ticket

_WORDS = re.compile(r"[^\W\d_]+")
_SIGNS = re.compile(r"[\W_]+")  # all but letters and digits
_MOST_ZONES = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the sources: what it is of, as far as the text beside it tells."""

    value: Decimal
    percent: bool
    currency: str | None
    unit: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with its notations; `figures` are the numbers outside dates, times and identifiers."""

    text: str
    dates: list[DateMention]
    times: list[TimeMention]
    identifiers: list[Identifier]
    figures: list[tuple[Number, str | None]]


@dataclass(frozen=True, slots=True)
class Sources:
    """What stands in ticket, context and decision, ready for look-up."""

    folded: tuple[Folded, ...]
    figures: dict[Decimal, tuple[Figure, ...]]
    digits: frozenset[str]
    days: frozenset[Day]
    years: frozenset[int]
    moments: tuple[Moment, ...]
    clocks: frozenset[tuple[int, int]]
    turned: frozenset[date]
    tokens: frozenset[str]
    words: frozenset[str]
    squashed: str
    stems: frozenset[str]
    zones: tuple[tzinfo, ...]
    now: datetime
    secrets: frozenset[int]
    """Numbers of the placeholders that stand in the ticket."""

    def holds(self, quote: str) -> bool:
        """True if the quote stands in a source, folded and on token boundaries (policy 2.1)."""
        return any(
            next(text.occurrences(needle), None) is not None for needle in needles(quote) for text in self.folded
        )


def read(text: str, reach: int = 2) -> Reading:
    """Notations of a text; digits inside dates, times, identifiers and placeholders are no numbers of their own."""
    found_dates, found_times, tokens = dates(text), times(text), identifiers(text)
    masked = bytearray(len(text))
    spans = [(mention.start, mention.end) for mention in found_dates]
    spans += [(mention.start, mention.end) for mention in found_times if not mention.maybe_duration]
    spans += [(token.start, token.end) for token in tokens]
    spans += [(one.start, one.end) for one in placeholders(text)]
    for start, end in spans:
        masked[start:end] = b"\x01" * (end - start)
    figures = [(number, time_unit(text, number.end, number.unit, reach)) for number in numbers_outside(text, masked)]
    return Reading(text, found_dates, found_times, tokens, figures)


def squash(text: str) -> str:
    """Letters and digits only, small: `ERR-5031`, `ERR 5031` and `err_5031` are one."""
    return _SIGNS.sub("", text.casefold())


def sources(
    ticket: Ticket, context: Context, decision: Decision, facts: Facts, now: datetime, brief_text: str
) -> Sources:
    """Read the sources. Spans that instruct whoever processes the ticket support nothing (policy 2.6)."""
    told = _without_instructions(ticket, facts)
    head = "\n".join(_values(ticket.model_dump(exclude={"text", "messages", "spans", "notes", "format"})))
    said = "\n".join(f"{m.author or ''} {m.time.isoformat() if m.time else ''}" for m in ticket.messages)
    known = "\n".join(_values(context, skip={"days"}))
    if context.account and context.account.annual_value is not None:
        known += f"\n{context.account.annual_value} {context.account.currency or ''}"
    decided = "\n".join(_values(decision, skip={"policy_version", "tier", "issue"}))
    texts = (told, head, said, known, decided, f"today {now.isoformat()}")
    readings = [read(text, reach=4) for text in texts]
    zones = _zones(context, now, (*texts, brief_text))
    days = {day for reading in readings for mention in reading.dates for day in mention.candidates}
    days |= {Day(day.year, day.month, day.day) for day in numbered_weekdays(ticket, told, now.date())}
    years = {day.year for day in days if day.year} | {now.year - 1, now.year, now.year + 1}
    found = tuple(moment for reading in readings for moment in moments(reading.text, reading.dates, reading.times))
    clocks, turned = spread(found, zones, sorted(years))
    everything = "\n".join(texts)
    return Sources(
        folded=tuple(fold(text) for text in texts),
        figures=_figures(readings),
        digits=frozenset(re.findall(r"\d+", blanked(everything))),
        days=frozenset(days),
        years=frozenset(years),
        moments=found,
        clocks=clocks,
        turned=turned,
        tokens=frozenset(squash(token.text) for reading in readings for token in reading.identifiers),
        words=frozenset(word.casefold() for word in set(_WORDS.findall(everything))),
        squashed=squash(everything),
        stems=stems(everything),
        zones=zones,
        now=now,
        secrets=frozenset(one.number for text in texts for one in placeholders(text)),
    )


def _without_instructions(ticket: Ticket, facts: Facts) -> str:
    text = ticket.text
    for span in facts.instructions:
        start, end = max(0, span.start), min(len(text), span.end)
        if start < end:
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def _values(model: object, skip: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    """Every value of a model that can be read, one a line; names of fields are no source."""
    if isinstance(model, BaseModel):
        for name in type(model).model_fields:
            if name not in skip:
                yield from _values(getattr(model, name), skip)
    elif isinstance(model, dict):
        for value in model.values():
            yield from _values(value, skip)
    elif isinstance(model, list | tuple):
        for value in model:
            yield from _values(value, skip)
    elif isinstance(model, datetime | date):
        yield model.isoformat()
    elif isinstance(model, str | Decimal) or (isinstance(model, int) and not isinstance(model, bool)):
        yield str(model)


def _zones(context: Context, now: datetime, texts: tuple[str, ...]) -> tuple[tzinfo, ...]:
    """The zones in play: UTC, the office's, those that anybody names."""
    found: dict[str, tzinfo] = {"UTC": UTC}
    if context.calendar is not None:
        office = iana(context.calendar.timezone)
        if office is not None:
            found.setdefault(str(office), office)
    if now.tzinfo is not None:
        found.setdefault(str(now.tzinfo), now.tzinfo)
    for text in texts:
        for zone in zones_in(text):
            found.setdefault(str(zone), zone)
    return tuple(found.values())[:_MOST_ZONES]


def _figures(readings: list[Reading]) -> dict[Decimal, tuple[Figure, ...]]:
    found: dict[Decimal, dict[Figure, None]] = {}
    for reading in readings:
        for number, unit in reading.figures:
            values = set(number.candidates)
            if " " in number.text and not number.word:  # `500 200` may be two numbers
                values |= {Decimal(part) for part in re.findall(r"\d+", number.text)[:8]}
            for value in values:
                figure = Figure(value, number.percent, number.currency, unit, number.text)
                found.setdefault(value, {}).setdefault(figure)
    return {value: tuple(figures) for value, figures in found.items()}
