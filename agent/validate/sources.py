"""What a brief may be traced to: the ticket's text, the context's values, the decision's own words and times.

Each notation is read once for a validation, and only if it is asked for, in time linear in the ticket.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cached_property

from pydantic import BaseModel

from agent.grounding.fold import Folded, fold, needles
from agent.notation import DateMention, Day, Identifier, Number, TimeMention, dates, identifiers, numbers_outside, times
from agent.notation.scan import letters, runs_of_digits
from agent.redaction.placeholders import blanked, placeholders
from agent.validate.moments import Moment, moments, spread
from agent.validate.stems import stems
from agent.validate.units import minutes_of, time_unit
from agent.validate.weekdays import numbered_weekdays
from agent.validate.zones import iana, zones_in
from schemas.context import Context
from schemas.decision import Decision
from schemas.facts import Facts
from schemas.ticket import Ticket

_SIGNS = re.compile(r"[\W_]+")  # all but letters and digits
_SMALL = bytes(range(256)).lower()
_ASCII_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
_MOST_ZONES = 8
_REACH = 4  # words behind a number of a source among which its unit may stand


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


@dataclass(frozen=True)
class Sources:
    """What stands in ticket, context and decision, ready for look-up. Each notation is read when it is first asked for.

    `texts`: the ticket's comes first. `brief_text`: a zone that only the brief names is in play too.
    """

    texts: tuple[str, ...]
    brief_text: str
    ticket: Ticket
    context: Context
    now: datetime

    def holds(self, quote: str) -> bool:
        """True if the quote stands in a source, folded and on token boundaries (policy 2.1)."""
        return any(
            next(text.occurrences(needle), None) is not None for needle in needles(quote) for text in self.folded
        )

    @cached_property
    def folded(self) -> tuple[Folded, ...]:
        return tuple(fold(text) for text in self.texts)

    @cached_property
    def figures(self) -> dict[Decimal, tuple[Figure, ...]]:
        return _figures(
            [
                Reading(text, days, clocks, tokens, _figures_of(text, days, clocks, tokens, _REACH))
                for text, days, clocks, tokens in zip(
                    self.texts, self._dates, self._times, self._identifiers, strict=True
                )
            ]
        )

    @cached_property
    def lengths(self) -> frozenset[Decimal]:
        """The spans of time that stand there, in minutes."""
        return frozenset(
            figure.value * length
            for figures in self.figures.values()
            for figure in figures
            if figure.unit is not None and (length := minutes_of(figure.unit)) is not None
        )

    @cached_property
    def digits(self) -> frozenset[str]:
        shown = (blanked(text) for text in self.texts)
        return frozenset(text[start:end] for text in shown for start, end in runs_of_digits(text))

    @cached_property
    def secrets(self) -> frozenset[int]:
        """Numbers of the placeholders that stand there."""
        return frozenset(one.number for text in self.texts for one in placeholders(text))

    @cached_property
    def days(self) -> frozenset[Day]:
        days = {day for mentions in self._dates for mention in mentions for day in mention.candidates}
        days |= {
            Day(day.year, day.month, day.day) for day in numbered_weekdays(self.ticket, self.texts[0], self.now.date())
        }
        return frozenset(days)

    @cached_property
    def years(self) -> frozenset[int]:
        year = self.now.year
        return frozenset({day.year for day in self.days if day.year} | {year - 1, year, year + 1})

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        return tuple(
            moment
            for text, days, clocks in zip(self.texts, self._dates, self._times, strict=True)
            for moment in moments(text, days, clocks)
        )

    @cached_property
    def zones(self) -> tuple[tzinfo, ...]:
        return _zones(self.context, self.now, (*self.texts, self.brief_text))

    @property
    def clocks(self) -> frozenset[tuple[int, int]]:
        return self._spread[0]

    @property
    def turned(self) -> frozenset[date]:
        return self._spread[1]

    @cached_property
    def tokens(self) -> frozenset[str]:
        return frozenset(squash(token.text) for tokens in self._identifiers for token in tokens)

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(" ".join(letters(self._everything)).casefold().split())

    @cached_property
    def squashed(self) -> str:
        return squash(self._everything)

    @cached_property
    def stems(self) -> frozenset[str]:
        return stems(self._everything)

    @cached_property
    def _everything(self) -> str:
        return "\n".join(self.texts)

    @cached_property
    def _dates(self) -> list[list[DateMention]]:
        return [dates(text) for text in self.texts]

    @cached_property
    def _times(self) -> list[list[TimeMention]]:
        return [times(text) for text in self.texts]

    @cached_property
    def _identifiers(self) -> list[list[Identifier]]:
        return [identifiers(text) for text in self.texts]

    @cached_property
    def _spread(self) -> tuple[frozenset[tuple[int, int]], frozenset[date]]:
        return spread(self.moments, self.zones, sorted(self.years))


def read(text: str, reach: int = 2) -> Reading:
    """Notations of a text; digits inside dates, times, identifiers and placeholders are no numbers of their own."""
    found_dates, found_times, tokens = dates(text), times(text), identifiers(text)
    figures = _figures_of(text, found_dates, found_times, tokens, reach)
    return Reading(text, found_dates, found_times, tokens, figures)


def _figures_of(
    text: str, days: list[DateMention], clocks: list[TimeMention], tokens: list[Identifier], reach: int
) -> list[tuple[Number, str | None]]:
    masked = bytearray(len(text))
    spans = [(mention.start, mention.end) for mention in days]
    spans += [(mention.start, mention.end) for mention in clocks if not mention.maybe_duration]
    spans += [(token.start, token.end) for token in tokens]
    spans += [(one.start, one.end) for one in placeholders(text)]
    for start, end in spans:
        masked[start:end] = b"\x01" * (end - start)
    return [(number, time_unit(text, number.end, number.unit, reach)) for number in numbers_outside(text, masked)]


def squash(text: str) -> str:
    """Letters and digits only, small: `ERR-5031`, `ERR 5031` and `err_5031` are one."""
    plain = text.encode("utf-8", "surrogatepass").translate(_SMALL, _ASCII_SIGNS).decode("utf-8", "surrogatepass")
    return plain if plain.isascii() else _SIGNS.sub("", plain.casefold())


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
    return Sources(texts, brief_text, ticket, context, now)


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
