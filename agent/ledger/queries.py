"""What is due, and lists: straight from the indexes, without records. Imports no schema, so it answers at once."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from agent.ledger import tables as t
from agent.ledger.database import Database

LIVE = (
    "draft",
    "open",
    "acknowledged",
    "monitoring",
    "handed_over",
    "reopened",
    "resolved",
    "rejected",
    "returned_to_support",
)
"""What is on the table: everything that is not closed yet."""
SEVERITIES = ("", "medium", "high", "critical")
MOST_ROWS = 2**31  # more than a ledger holds; the databases take no number of any length

_COLUMNS = (
    t.escalation.c.number,
    t.escalation.c.version,
    t.escalation.c.state,
    t.escalation.c.urgency,
    t.escalation.c.owner,
    t.escalation.c.with_team,
    t.escalation.c.ticket,
    t.escalation.c.account,
    t.escalation.c.headline,
    t.escalation.c.holder,
    t.escalation.c.opened_at,
    t.escalation.c.created_at,
    t.escalation.c.updated_at,
    t.escalation.c.next_due_at,
    t.escalation.c.next_overdue_at,
)


@dataclass(frozen=True, slots=True)
class Line:
    """An escalation in a list. Times are UTC."""

    id: str
    version: int
    state: str
    severity: str
    owner: str
    with_team: str
    ticket: str
    account: str
    headline: str
    holder: str
    opened_at: datetime | None
    created_at: datetime
    updated_at: datetime
    next_due_at: datetime | None
    next_overdue_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A time that somebody owes, with its escalation: `line`, and the whole record as plain JSON data."""

    kind: str
    who: str
    what: str
    due: datetime
    overdue: datetime
    line: Line
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Clocked:
    """An escalation in a list with what is owed on it, soonest due first, and its record as plain JSON data."""

    line: Line
    owed: tuple[Due, ...]
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many escalations: with a time that is overdue, with one that is due and none overdue, in all."""

    overdue: int
    due: int
    all: int


def by_clock(
    database: Database,
    now: datetime,
    *,
    states: tuple[str, ...] = LIVE,
    owner: str | None = None,
    severity: str | None = None,
    account: str | None = None,
    holder: str | None = None,
    only_due: bool = False,
    limit: int = 50,
    after: int = 0,
) -> tuple[list[Clocked], Counts]:
    """Escalations in these states (empty: in all): what is overdue first, then what is due, each by severity and time.

    `account` and `holder` are parts of a name here, since they are looked for while somebody types them. `only_due`
    leaves the rest out, of the list and not of the counts. `after`: leave out so many, to page on.
    """
    e = t.escalation.c
    wanted = _wanted(states, owner, severity)
    typed = [(column, part) for column, part in ((e.account, account), (e.holder, holder)) if part]
    wanted += [func.lower(column).contains(part.lower(), autoescape=True) for column, part in typed]
    # Nothing is due on what is closed, so the index by urgency and time, of which every urgency is named, will do.
    is_due = and_(e.urgency.in_(range(len(SEVERITIES))), e.next_due_at <= now)
    of_due = wanted if states != LIVE else wanted[1:]
    is_ahead = or_(e.next_due_at.is_(None), e.next_due_at > now)
    with database.reading() as connection:
        due_ones = connection.execute(_ordered(select(e.number, e.next_overdue_at < now).where(is_due, *of_due))).all()
        late = [number for number, is_late in due_ones if is_late]
        numbers = [*late, *(number for number, is_late in due_ones if not is_late)]
        before = max(0, after - len(numbers))  # so many of what is ahead are left out
        chosen = numbers[after : after + limit]
        room = 0 if only_due else limit - len(chosen)
        count = select(func.count()).select_from(t.escalation).where(and_(True, *wanted))
        ahead = _ordered(select(e.number).where(and_(is_ahead, *wanted)))
        if typed and not only_due:  # each row is read for the name in it: once, and not once more to be counted
            found = list(connection.execute(ahead).scalars())
            total, found = len(numbers) + len(found), found[before : before + room]
        else:
            total = int(connection.execute(count).scalar_one())
            found = list(connection.execute(ahead.limit(room).offset(before)).scalars()) if room else []
        return _clocked(connection, [*chosen, *found]), Counts(len(late), len(numbers) - len(late), total)


def clocked(database: Database, number: int) -> Clocked | None:
    """One escalation with what is owed on it; None where there is none of this number."""
    with database.reading() as connection:
        return next(iter(_clocked(connection, [number])), None)


def _clocked(connection: Connection, numbers: list[int]) -> list[Clocked]:
    """These escalations, in this order."""
    rows = {
        row["number"]: row
        for row in connection.execute(
            select(*_COLUMNS, t.escalation.c.record).where(t.escalation.c.number.in_(numbers))
        ).mappings()
    }
    running = connection.execute(
        select(t.timer).where(t.timer.c.escalation.in_(numbers)).order_by(t.timer.c.escalation, t.timer.c.number)
    ).mappings()
    owed: dict[int, list[Due]] = {number: [] for number in numbers}
    records = {number: json.loads(row["record"]) for number, row in rows.items()}
    for timer in running:
        number = timer["escalation"]
        if number in rows:
            owed[number].append(
                Due(
                    timer["kind"],
                    timer["who"],
                    timer["what"],
                    timer["due_at"],
                    timer["overdue_at"],
                    _line(rows[number]),
                    records[number],
                )
            )
    return [Clocked(_line(rows[n]), tuple(owed[n]), records[n]) for n in numbers if n in rows]


def listing(
    database: Database,
    *,
    states: tuple[str, ...] = LIVE,
    owner: str | None = None,
    severity: str | None = None,
    account: str | None = None,
    holder: str | None = None,
    limit: int = 50,
    after: int = 0,
) -> tuple[list[Line], int]:
    """Escalations in these states (empty: in all), the most severe first, then what is due first; and how many in all.

    `after`: leave out so many, to page on.
    """
    wanted = _wanted(states, owner, severity)
    if account:
        wanted.append(func.lower(t.escalation.c.account) == account.lower())
    if holder:
        wanted.append(func.lower(t.escalation.c.holder) == holder.lower())
    condition = and_(True, *wanted)
    query = _ordered(select(*_COLUMNS).where(condition)).limit(limit).offset(min(after, MOST_ROWS))
    with database.reading() as connection:
        lines = [_line(row) for row in connection.execute(query).mappings()]
        total = connection.execute(select(func.count()).select_from(t.escalation).where(condition)).scalar_one()
    return lines, total


def due(
    database: Database,
    until: datetime,
    *,
    owner: str | None = None,
    holder: str | None = None,
    limit: int = 50,
    after: int = 0,
) -> tuple[list[Due], int]:
    """What is due by `until`, the most severe first, then the longest due; and how many in all.

    `after`: leave out so many, to page on.
    """
    condition: list[ColumnElement[bool]] = [t.timer.c.due_at <= until]
    source = t.timer.join(t.escalation, t.timer.c.escalation == t.escalation.c.number)
    if owner:
        condition.append(or_(t.escalation.c.owner == owner, t.escalation.c.with_team == owner))
    if holder:
        condition.append(func.lower(t.escalation.c.holder) == holder.lower())
    counted = source if owner or holder else t.timer
    query = (
        select(*_COLUMNS, t.escalation.c.record, *(c for c in t.timer.c if c.name not in ("escalation", "number")))
        .select_from(source)
        .where(*condition)
        .order_by(t.escalation.c.urgency.desc(), t.timer.c.due_at, t.timer.c.escalation, t.timer.c.number)
        .limit(limit)
        .offset(min(after, MOST_ROWS))
    )
    with database.reading() as connection:
        rows = connection.execute(query).mappings().all()
        total = connection.execute(select(func.count()).select_from(counted).where(*condition)).scalar_one()
    return [_due(row) for row in rows], total


def _wanted(states: tuple[str, ...], owner: str | None, severity: str | None) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [t.escalation.c.state.in_(states)] if states else []
    if owner:
        wanted.append(or_(t.escalation.c.owner == owner, t.escalation.c.with_team == owner))
    if severity:
        wanted.append(t.escalation.c.urgency == SEVERITIES.index(severity))
    return wanted


def _ordered(query: Select[Any]) -> Select[Any]:
    first = t.escalation.c.urgency.desc()
    return query.order_by(
        first, t.escalation.c.next_due_at.is_(None), t.escalation.c.next_due_at, t.escalation.c.number
    )


def _line(row: Any) -> Line:
    return Line(
        id=f"ESC-{row['number']}",
        version=row["version"],
        state=row["state"],
        severity=SEVERITIES[row["urgency"]],
        owner=row["owner"] or "",
        with_team=row["with_team"] or "",
        ticket=row["ticket"],
        account=row["account"] or "",
        headline=row["headline"],
        holder=row["holder"],
        opened_at=row["opened_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        next_due_at=row["next_due_at"],
        next_overdue_at=row["next_overdue_at"],
    )


def _due(row: Any) -> Due:
    return Due(
        kind=row["kind"],
        who=row["who"],
        what=row["what"],
        due=row["due_at"],
        overdue=row["overdue_at"],
        line=_line(row),
        record=json.loads(row["record"]),
    )
