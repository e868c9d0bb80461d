"""What was learned from the ledger: how much, how fast, what passed unheeded, what was sent back and why, what repeats.

One pass over the escalations in their order, with the events that sent one back and the times that are overdue beside
them. Records stay plain JSON data. Of each escalation two numbers are kept for each grouping, and the words with which
it was sent back.
"""

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappush, heappushpop
from statistics import median, quantiles
from typing import Any, Literal

from sqlalchemy import Connection, Select, func, select

from agent.ledger import tables as t
from agent.ledger.database import Database
from agent.ledger.history import NO_BREACH

SentBack = Literal["rejected", "returned"]
Grouping = Literal["target", "rule", "area", "month"]
GROUPINGS: tuple[Grouping, ...] = ("target", "rule", "area", "month")
"""Each by how things stand now: the owner, the rule that decided, the product area as the ticket names it; and the
month of opening, in UTC."""

FEWEST = 5
"""Of fewer values no percentile is given, and of fewer escalations no percentage: one alone would move it too far."""
MOST_WORDS, MOST_PATTERNS = 20, 50  # kept of what can be as many as there are escalations
FIRST_IDS = 3
DIGITS = 4  # of an hour: less than a second
_ROWS = 2000  # fetched at a time

# Need to know (policy section 4): of these a figure may be shown, and no word of the ticket or about it.
WITHHELD = "security"


@dataclass(frozen=True, slots=True)
class Spread:
    """Elapsed hours of `n` escalations, nights and weekends included.

    `median_hours`: None of none. `p90_hours`: the 90th percentile, between two neighbours as in a spreadsheet's
    PERCENTILE.INC; None of fewer than FEWEST.
    """

    n: int
    median_hours: float | None
    p90_hours: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of some escalations. Dicts count by name, and hold no name that was not counted.

    `name`: None where the ticket named no product area. `withheld`: areas of Security's cases, all in one.
    """

    name: str | None
    withheld: bool
    n: int
    severities: dict[str, int]
    """As they stand now."""
    acknowledge: Spread
    """From opened to first acknowledged."""
    resolve: Spread
    """From first opened to resolved, of those that are resolved now."""
    breaches: dict[str, int]
    """Times that passed without what was due, those that are overdue now included."""
    overdue: dict[str, int]
    """Of these, what is overdue now."""
    rejected: int
    """Escalations that were rejected at least once, also if they were reopened since."""
    rejections: dict[str, int]
    """How often, by reason."""
    returned: int
    """Escalations that went back to support at least once."""
    returns: dict[str, int]
    """How often, by reason: the reason of the de-escalation, or `returned`."""
    severity_changes: int
    reopened: int
    regressions: int
    """Of the times reopened, how often after it was resolved."""
    attached: int
    """Tickets of other accounts that hang on these escalations."""
    patterns: int
    """Escalations with at least one such ticket."""


@dataclass(frozen=True, slots=True)
class Words:
    """What was said alike, `n` times. `then`: the way on, or what was learned. `ids`: the first few escalations."""

    n: int
    why: str
    then: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Why escalations were rejected or returned: what to teach.

    `n`: how often. `words`: the commonest. `more`: ways to say it that are left out. `withheld`: times whose words
    only Security may see.
    """

    kind: SentBack
    reason: str
    n: int
    words: tuple[Words, ...]
    more: int
    withheld: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """An escalation on which tickets of other accounts hang."""

    id: str
    headline: str
    owner: str
    severity: str
    state: str
    tickets: int
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Those with the most tickets first. `more`: left out. `withheld`: Security's."""

    shown: tuple[Pattern, ...]
    more: int
    withheld: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Of the escalations opened from `since` to `until`, both days included, in UTC; None: no such end.

    `now`: what is overdue, is overdue at that time. `drafts`: never opened, whatever the days, and in no other figure.
    """

    now: datetime
    since: date | None
    until: date | None
    drafts: int
    whole: Group
    groups: dict[Grouping, tuple[Group, ...]]
    lessons: tuple[Lesson, ...]
    patterns: Patterns


def stats(database: Database, now: datetime, *, since: date | None = None, until: date | None = None) -> Stats:
    """The figures, from one state of the ledger."""
    with database.reading() as connection:
        drafts = connection.execute(
            select(func.count()).select_from(t.escalation).where(t.escalation.c.opened_at.is_(None))
        ).scalar_one()
        rows = _stream(connection, _escalations(since, until))
        back = _Beside(_stream(connection, _sent_back()))
        overdue = _Beside(_stream(connection, _overdue(now)))
        count = _Count()
        for number, record in rows:
            count.add(number, json.loads(record), back.of(number), overdue.of(number))
    return Stats(
        now=now,
        since=since,
        until=until,
        drafts=drafts,
        whole=count.whole(),
        groups=count.groups(),
        lessons=count.lessons(),
        patterns=Patterns(count.patterns(), count.patterns_left_out, count.patterns_withheld),
    )


def _escalations(since: date | None, until: date | None) -> Select[Any]:
    opened = t.escalation.c.opened_at
    query = select(t.escalation.c.number, t.escalation.c.record).where(opened.is_not(None))
    if since is not None:
        query = query.where(opened >= datetime.combine(since, time(), UTC))
    if until is not None:
        query = query.where(opened < datetime.combine(until, time(), UTC) + timedelta(days=1))
    return query.order_by(t.escalation.c.number)


def _sent_back() -> Select[Any]:
    """The record forgets a rejection when it is reopened; the events do not."""
    event = t.event.c
    return (
        select(event.escalation, event.why, event.data)
        .where(event.kind.in_(("rejected", "returned", "de_escalated")))
        .order_by(event.escalation, event.number)
    )


def _overdue(now: datetime) -> Select[Any]:
    timer = t.timer.c
    return (
        select(timer.escalation, timer.kind, timer.overdue_at)
        .where(timer.overdue_at < now, timer.kind.not_in(sorted(NO_BREACH)))
        .order_by(timer.escalation, timer.number)
    )


def _stream(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    """Rows as they are needed, also from a server."""
    return iter(connection.execute(query, execution_options={"yield_per": _ROWS}))


class _Beside:
    """Rows of another table, in the order of the escalations: those of one at a time, and never asked for twice."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, number: int) -> list[Any]:
        """The rows of this escalation. Those of earlier ones are passed by."""
        found = []
        while self._next is not None and self._next[0] <= number:
            if self._next[0] == number:
                found.append(self._next)
            self._next = next(self._rows, None)
        return found


@dataclass(slots=True)
class _Spoken:
    n: int
    why: str
    then: str
    numbers: list[int]


class _Tally:
    """What is added up for one group."""

    __slots__ = ("acknowledge", "counts", "n", "resolve")

    def __init__(self) -> None:
        self.n = 0
        self.acknowledge = array("d")
        self.resolve = array("d")
        self.counts: Counter[tuple[str, str]] = Counter()

    def add(
        self, acknowledge: float | None, resolve: float | None, counts: Iterable[tuple[tuple[str, str], int]]
    ) -> None:
        self.n += 1
        if acknowledge is not None:
            self.acknowledge.append(acknowledge)
        if resolve is not None:
            self.resolve.append(resolve)
        for name, times in counts:
            self.counts[name] += times

    def merge(self, other: "_Tally") -> None:
        self.n += other.n
        self.acknowledge.extend(other.acknowledge)
        self.resolve.extend(other.resolve)
        self.counts.update(other.counts)

    def group(self, name: str | None, *, withheld: bool = False) -> Group:
        return Group(
            name=name,
            withheld=withheld,
            n=self.n,
            severities=self._named("severity"),
            acknowledge=_spread(self.acknowledge),
            resolve=_spread(self.resolve),
            breaches=self._named("breach"),
            overdue=self._named("overdue"),
            rejected=self.counts["escalations", "rejected"],
            rejections=self._named("rejected"),
            returned=self.counts["escalations", "returned"],
            returns=self._named("returned"),
            severity_changes=self.counts["times", "severity_changes"],
            reopened=self.counts["times", "reopened"],
            regressions=self.counts["times", "regressions"],
            attached=self.counts["times", "attached"],
            patterns=self.counts["escalations", "patterns"],
        )

    def _named(self, what: str) -> dict[str, int]:
        """The commonest first."""
        found = [(name, times) for (of, name), times in self.counts.items() if of == what and times]
        return dict(sorted(found, key=lambda item: (-item[1], item[0])))


class _Count:
    """Takes one escalation after the other."""

    def __init__(self) -> None:
        self._tallies: dict[Grouping, dict[str | None, _Tally]] = {grouping: {} for grouping in GROUPINGS}
        self._withheld = _Tally()  # instead of an area
        self._areas: dict[str, str] = {}  # the folded name, and as it was first written
        self._times: Counter[tuple[SentBack, str]] = Counter()
        self._unsaid: Counter[tuple[SentBack, str]] = Counter()
        self._words: dict[tuple[SentBack, str], dict[tuple[str, str], _Spoken]] = {}
        self._patterns: list[tuple[int, int, Pattern]] = []  # a heap, those with the fewest tickets first
        self.patterns_left_out = 0
        self.patterns_withheld = 0

    def add(self, number: int, record: dict[str, Any], back: list[Any], overdue: list[Any]) -> None:
        """One escalation, its record as JSON data, with what sent it back and what is overdue."""
        opened = datetime.fromisoformat(record["opened_at"])
        withheld = record.get("owner") == WITHHELD
        counts = [(("severity", record.get("severity", "")), 1), *_unheeded(record, overdue)]
        counts += [(("times", name), record[name]) for name in _CHANGES if name in record]
        if back:
            sent = list(self._sent_back(number, back, withheld))
            counts += [(place, 1) for place in sent]
            counts += [(("escalations", kind), 1) for kind in {kind for kind, _ in sent}]
        tickets = len(record.get("tickets", ()))
        if tickets:
            counts += [(("times", "attached"), tickets), (("escalations", "patterns"), 1)]
            self._pattern(number, record, tickets, withheld)
        acknowledge = _hours(opened, record.get("first_acknowledged_at"))
        resolve = _hours(opened, record.get("resolved_at"))
        keys: dict[Grouping, str | None] = {
            "target": record.get("owner"),
            "rule": record.get("deciding_rule"),
            "month": f"{opened.astimezone(UTC):%Y-%m}",
        }
        if withheld:
            self._withheld.add(acknowledge, resolve, counts)
        else:
            keys["area"] = self._area(record.get("product_area"))
        for grouping, key in keys.items():
            tallies = self._tallies[grouping]
            if key not in tallies:
                tallies[key] = _Tally()
            tallies[key].add(acknowledge, resolve, counts)

    def whole(self) -> Group:
        """All of them: each was opened in one month."""
        total = _Tally()
        for tally in self._tallies["month"].values():
            total.merge(tally)
        return total.group(None)

    def groups(self) -> dict[Grouping, tuple[Group, ...]]:
        """Months in their order; else the largest group first."""
        found: dict[Grouping, tuple[Group, ...]] = {}
        for grouping, tallies in self._tallies.items():
            named = self._areas if grouping == "area" else {}
            made = [tally.group(named.get(key, key) if key else None) for key, tally in tallies.items()]
            if grouping == "area" and self._withheld.n:
                made.append(self._withheld.group(None, withheld=True))
            by_size = grouping != "month"
            made.sort(key=lambda group: (-group.n if by_size else 0, group.name is None, group.name or ""))
            found[grouping] = tuple(made)
        return found

    def lessons(self) -> tuple[Lesson, ...]:
        """Rejections first, then returns; the commonest reason first."""
        order = sorted(self._times.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
        return tuple(self._lesson(kind, reason, times) for (kind, reason), times in order)

    def patterns(self) -> tuple[Pattern, ...]:
        """The most tickets first, of as many the oldest."""
        return tuple(pattern for _, _, pattern in sorted(self._patterns, key=lambda item: (-item[0], -item[1])))

    def _lesson(self, kind: SentBack, reason: str, times: int) -> Lesson:
        spoken = sorted(self._words.get((kind, reason), {}).values(), key=lambda said: (-said.n, said.numbers[0]))
        words = tuple(
            Words(said.n, said.why, said.then, tuple(f"ESC-{number}" for number in said.numbers))
            for said in spoken[:MOST_WORDS]
        )
        return Lesson(kind, reason, times, words, len(spoken) - len(words), self._unsaid[kind, reason])

    def _sent_back(self, number: int, back: list[Any], withheld: bool) -> Iterator[tuple[SentBack, str]]:
        for _, why, body in back:
            data = json.loads(body)
            kind, reason, then = _came_back(data)
            if kind is None:
                continue
            place = (kind, reason)
            self._times[place] += 1
            yield place
            if withheld:
                self._unsaid[place] += 1
                continue
            words = self._words.setdefault(place, {})
            said = words.setdefault((_folded(why), _folded(then)), _Spoken(0, why, then, []))
            said.n += 1
            if len(said.numbers) < FIRST_IDS and number not in said.numbers:
                said.numbers.append(number)

    def _area(self, area: str | None) -> str | None:
        if area is None or not area.strip():
            return None
        folded = _folded(area)
        self._areas.setdefault(folded, " ".join(area.split()))
        return folded

    def _pattern(self, number: int, record: dict[str, Any], tickets: int, withheld: bool) -> None:
        if withheld:
            self.patterns_withheld += 1
            return
        pattern = Pattern(
            id=record["id"],
            headline=record.get("headline", ""),
            owner=record.get("owner", ""),
            severity=record.get("severity", ""),
            state=record["state"],
            tickets=tickets,
            accounts=tuple(record.get("accounts", ())),
        )
        entry = (tickets, -number, pattern)
        if len(self._patterns) < MOST_PATTERNS:
            heappush(self._patterns, entry)
        else:
            heappushpop(self._patterns, entry)
            self.patterns_left_out += 1


_CHANGES = ("severity_changes", "reopened", "regressions")


def _came_back(data: dict[str, Any]) -> tuple[SentBack | None, str, str]:
    """Whether this event sent it back; its reason, and what it says about how to go on or what was learned."""
    if data["kind"] == "rejected":
        return "rejected", data["reason"], data["way_on"]
    learned = data["duties"].get("learned", "")
    if data["kind"] == "returned":
        return "returned", "returned", learned
    # With a lower severity it stays where it is; what resolved itself is resolved or watched (agent/ledger/life.py).
    if data["severity"] is not None or data["reason"] == "resolved_itself":
        return None, "", ""
    return "returned", data["reason"], learned


def _unheeded(record: dict[str, Any], overdue: list[Any]) -> list[tuple[tuple[str, str], int]]:
    """What passed without what was due. What is overdue now may have been noticed by an event already."""
    if not overdue and "breaches" not in record:
        return []
    noticed = {(breach["kind"], datetime.fromisoformat(breach["overdue"])) for breach in record.get("breaches", ())}
    counts = [(("breach", kind), 1) for kind, _ in noticed]
    for _, kind, moment in overdue:
        counts.append((("overdue", kind), 1))
        if (kind, moment) not in noticed:
            counts.append((("breach", kind), 1))
    return counts


def _hours(start: datetime, end: str | None) -> float | None:
    return None if end is None else (datetime.fromisoformat(end) - start).total_seconds() / 3600


def _folded(text: str) -> str:
    """For comparing: case and white space aside."""
    return " ".join(text.split()).casefold()


def _spread(hours: "array[float]") -> Spread:
    n = len(hours)
    middle = round(median(hours), DIGITS) if n else None
    return Spread(n, middle, round(quantiles(hours, n=10, method="inclusive")[8], DIGITS) if n >= FEWEST else None)
