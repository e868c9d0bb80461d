"""What a brief may be traced to: the ticket's text, the context's values, the decision's own words and times.

Each notation is read once for a validation, and only if it is asked for, in time linear in the ticket.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from pydantic import BaseModel

from agent.grounding.fold import Folded, fold, needles
from agent.notation import DateMention, Day, Identifier, Number, TimeMention, dates, identifiers, numbers_outside, times
from agent.notation.scan import GAP, Found, apart, letters, runs_of_digits, starts_of, words_of
from agent.redaction.placeholders import blanked, placeholders
from agent.validate.moments import Moment, moments, spread
from agent.validate.stems import Stems
from agent.validate.units import minutes_of, time_unit
from agent.validate.weekdays import may_be_numbered, numbered_weekdays
from agent.validate.zones import iana, zones_in
from schemas.context import Context
from schemas.decision import Decision
from schemas.facts import Facts
from schemas.ticket import Ticket

_SIGNS = re.compile(r"[\W_]+")  # all but letters and digits
_SMALL = bytes(range(256)).lower()
_ASCII_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
_MOST_ZONES = 8
_NOT_HEAD = frozenset({"text", "messages", "spans", "notes", "format"})
_NOT_DECIDED = frozenset({"policy_version", "tier", "issue"})
_COPIES = 3  # places of a number that are looked at before all of the sources is read
_LONG_PARAGRAPH = 2_000  # characters
_start = attrgetter("start")
_REACH = 4  # words behind a number of a source among which its unit may stand


class Figure(NamedTuple):
    """A number of the sources: what it is of, as far as the text beside it tells."""

    value: Decimal
    percent: bool
    currency: str | None
    unit: str | None
    text: str


class Reading(NamedTuple):
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
        # Plain loops: every quote, id and link of the brief is asked, and a generator doubles the time.
        for needle in needles(quote):
            for text in self.folded:
                if needle in text.text and next(text.occurrences(needle), None) is not None:
                    return True
        return False

    @cached_property
    def folded(self) -> tuple[Folded, ...]:
        return tuple(fold(text) for text in self.texts)

    def figures(self, value: Decimal) -> tuple[Figure, ...]:
        """The numbers of this value, each once. What they are of is only looked at for those that are asked for."""
        if value not in self._figures:  # once: a log may hold a number a hundred thousand times
            self._figures[value] = tuple(
                dict.fromkeys(self._figure(value, number) for number in self.numbers.get(value, ()))
            )
        return self._figures[value]

    def copied(self, number: Number) -> Iterator[Figure]:
        """Some of `figures` for the values of a number: those beside the first places where it stands as it is written.

        Most numbers of a brief are copied. No notation reaches over an empty line, so what a paragraph holds is read
        from it alone, and all of a ticket only for a number that is not found so.
        """
        text, place = self._everything, -1
        for _ in range(_COPIES):
            place = text.find(number.text, place + 1)
            if place < 0:
                return
            for other in self._paragraph(place):
                for value in _values_of(other).intersection(number.candidates):
                    yield self._figure(value, other)

    def _paragraph(self, place: int) -> list[Number]:
        """The numbers between the empty lines around a place; none where that is long."""
        text = self._everything
        start, end = text.rfind(GAP, 0, place) + 1, text.find(GAP, place)
        start, end = start + (start > 0), end if end >= 0 else len(text)
        if end - start > _LONG_PARAGRAPH:
            return []
        if start not in self._paragraphs:
            alone = text[start:end]
            days, clocks = _within(self._dates, start, end), _within(self._times, start, end)
            hidden = [
                (max(first, start) - start, min(last, end) - start)
                for first, last in self._hidden
                if first < end and start < last
            ]
            found = _numbers_outside(alone, days, clocks, identifiers(alone), hidden, once=True)
            self._paragraphs[start] = [one.moved(start) for one in found]
        return self._paragraphs[start]

    def _figure(self, value: Decimal, number: Number) -> Figure:
        unit = time_unit(self._everything, number.end, number.unit, _REACH)
        return Figure(value, number.percent, number.currency, unit, number.text)

    @cached_property
    def _figures(self) -> dict[Decimal, tuple[Figure, ...]]:
        return {}

    @cached_property
    def _paragraphs(self) -> dict[int, list[Number]]:
        return {}

    @cached_property
    def _hidden(self) -> list[tuple[int, int]]:
        return _hidden(self.texts)

    @cached_property
    def numbers(self) -> dict[Decimal, list[Number]]:
        """The numbers of the sources under each of their values."""
        found: dict[Decimal, list[Number]] = {}
        everything = (self._everything, self._dates, self._times, self._identifiers, self._hidden)
        for number in _numbers_outside(*everything):
            for value in _values_of(number):
                found.setdefault(value, []).append(number)
        return found

    @cached_property
    def lengths(self) -> frozenset[Decimal]:
        """The spans of time that stand there, in minutes."""
        return frozenset(
            figure.value * length
            for value in self.numbers
            for figure in self.figures(value)
            if figure.unit is not None and (length := minutes_of(figure.unit)) is not None
        )

    @cached_property
    def digits(self) -> frozenset[str]:
        shown = GAP.join(map(blanked, self.texts))
        return frozenset(shown[start:end] for start, end in runs_of_digits(shown))

    @cached_property
    def secrets(self) -> frozenset[int]:
        """Numbers of the placeholders that stand there."""
        return frozenset(one.number for text in self.texts for one in placeholders(text))

    @cached_property
    def days(self) -> frozenset[Day]:
        days = {day for mention in self._dates for day in mention.candidates}
        if may_be_numbered(self._everything):
            numbered = numbered_weekdays(self.ticket, self.texts[0], self.now.date())
            days |= {Day(day.year, day.month, day.day) for day in numbered}
        return frozenset(days)

    @cached_property
    def years(self) -> frozenset[int]:
        year = self.now.year
        return frozenset({day.year for day in self.days if day.year} | {year - 1, year, year + 1})

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        starts = (*starts_of(self.texts), len(self._everything))
        return tuple(
            moment
            for start, end in pairwise(starts)
            for moment in moments(
                self._everything, self._dates, [clock for clock in self._times if start <= clock.start < end]
            )
        )

    @cached_property
    def zones(self) -> tuple[tzinfo, ...]:
        return _zones(self.context, self.now, self._everything + GAP + self.brief_text)

    @property
    def clocks(self) -> frozenset[tuple[int, int]]:
        return self._spread[0]

    @property
    def turned(self) -> frozenset[date]:
        return self._spread[1]

    @cached_property
    def tokens(self) -> frozenset[str]:
        return frozenset(squash(token.text) for token in self._identifiers)

    @cached_property
    def words(self) -> frozenset[str]:
        held = words_of(self._everything)
        return frozenset(" ".join(letters(self._everything) if held is None else held).casefold().split())

    @cached_property
    def squashed(self) -> str:
        return squash(self._everything)

    @cached_property
    def stems(self) -> Stems:
        return Stems(self._everything)

    @cached_property
    def _everything(self) -> str:
        """All texts as one, so that each notation is looked for once."""
        return GAP.join(self.texts)

    @cached_property
    def _dates(self) -> list[DateMention]:
        return dates(self._everything)

    @cached_property
    def _times(self) -> list[TimeMention]:
        return times(self._everything)

    @cached_property
    def _identifiers(self) -> list[Identifier]:
        return identifiers(self._everything)

    @cached_property
    def _spread(self) -> tuple[frozenset[tuple[int, int]], frozenset[date]]:
        return spread(self.moments, self.zones, sorted(self.years))


def _values_of(number: Number) -> set[Decimal]:
    """Every value that a number of a source may have."""
    values = set(number.candidates)
    if " " in number.text and not number.word:  # `500 200` may be two numbers
        values |= {Decimal(part) for part in re.findall(r"\d+", number.text)[:8]}
    return values


def _within(found: Sequence[Found], start: int, end: int) -> list[Found]:
    """What was found in a stretch of a text, as if it was read alone."""
    first, last = (bisect_left(found, place, key=_start) for place in (start, end))
    return [mention.moved(-start) for mention in found[first:last]]


def read(text: str) -> Reading:
    """Notations of a text; digits inside dates, times, identifiers and placeholders are no numbers of their own."""
    return read_all((text,))[0]


def read_all(texts: Sequence[str]) -> list[Reading]:
    """As `read` of each. They are read as one: most of what a line costs is the looking for what might stand there."""
    whole, starts = GAP.join(texts), starts_of(texts)
    days, clocks, tokens = dates(whole), times(whole), identifiers(whole)
    figures = _numbers_outside(whole, days, clocks, tokens, _hidden(texts))
    parts = (texts, apart(days, starts), apart(clocks, starts), apart(tokens, starts), apart(figures, starts))
    return [
        Reading(text, days, clocks, tokens, [(one, time_unit(text, one.end, one.unit)) for one in figures])
        for text, days, clocks, tokens, figures in zip(*parts, strict=True)
    ]


def _hidden(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Where placeholders stand in texts that are read as one."""
    return [
        (start + one.start, start + one.end)
        for text, start in zip(texts, starts_of(texts), strict=True)
        for one in placeholders(text)
    ]


def _numbers_outside(
    text: str,
    days: list[DateMention],
    clocks: list[TimeMention],
    tokens: list[Identifier],
    hidden: list[tuple[int, int]],
    *,
    once: bool = False,
) -> list[Number]:
    """The numbers outside all these. `hidden`: where placeholders stand. `once`: see `numbers_outside`."""
    masked = bytearray(len(text))
    spans = [(mention.start, mention.end) for mention in days]
    spans += [(mention.start, mention.end) for mention in clocks if not mention.maybe_duration]
    spans += [(token.start, token.end) for token in tokens]
    for start, end in spans + hidden:
        masked[start:end] = b"\x01" * (end - start)
    return numbers_outside(text, masked, once=once)


def squash(text: str) -> str:
    """Letters and digits only, small: `ERR-5031`, `ERR 5031` and `err_5031` are one."""
    plain = text.encode("utf-8", "surrogatepass").translate(_SMALL, _ASCII_SIGNS).decode("utf-8", "surrogatepass")
    return plain if plain.isascii() else _SIGNS.sub("", plain.casefold())


def sources(
    ticket: Ticket, context: Context, decision: Decision, facts: Facts, now: datetime, brief_text: str
) -> Sources:
    """Read the sources. Spans that instruct whoever processes the ticket support nothing (policy 2.6)."""
    told = _without_instructions(ticket, facts)
    head = "\n".join(_values(ticket, _NOT_HEAD))
    said = "\n".join(f"{m.author or ''} {m.time.isoformat() if m.time else ''}" for m in ticket.messages)
    known = "\n".join(_values(context, frozenset({"days"})))
    if context.account and context.account.annual_value is not None:
        known += f"\n{context.account.annual_value} {context.account.currency or ''}"
    decided = "\n".join(_values(decision, _NOT_DECIDED))
    texts = (told, head, said, known, decided, f"today {now.isoformat()}")
    return Sources(texts, brief_text, ticket, context, now)


def _without_instructions(ticket: Ticket, facts: Facts) -> str:
    text = ticket.text
    for span in facts.instructions:
        start, end = max(0, span.start), min(len(text), span.end)
        if start < end:
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def _values(value: object, skip: frozenset[str] = frozenset()) -> list[str]:
    """Every value of a model that can be read; names of fields are no source."""
    found: list[str] = []
    _gather(value, skip, found)
    return found


def _gather(value: object, skip: frozenset[str], found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif value is None or isinstance(value, bool):
        return
    elif isinstance(value, BaseModel):
        for name, item in value:
            if name not in skip:
                _gather(item, skip, found)
    elif isinstance(value, dict):
        for item in value.values():
            _gather(item, skip, found)
    elif isinstance(value, list | tuple):
        for item in value:
            _gather(item, skip, found)
    elif isinstance(value, datetime | date):
        found.append(value.isoformat())
    elif isinstance(value, Decimal | int):
        found.append(str(value))


def _zones(context: Context, now: datetime, text: str) -> tuple[tzinfo, ...]:
    """The zones in play: UTC, the office's, those that anybody names."""
    found: dict[str, tzinfo] = {"UTC": UTC}
    if context.calendar is not None:
        office = iana(context.calendar.timezone)
        if office is not None:
            found.setdefault(str(office), office)
    if now.tzinfo is not None:
        found.setdefault(str(now.tzinfo), now.tzinfo)
    for zone in zones_in(text):
        found.setdefault(str(zone), zone)
    return tuple(found.values())[:_MOST_ZONES]
