"""Times and clocks of escalations as the page shows them: how long it is or was, and the exact time beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from agent.ledger.followup import Draft, draft
from agent.ledger.moments import office_zone, span, when
from agent.ledger.notices import KINDS
from agent.ledger.pages import Running, Status, running, status
from agent.ledger.queries import Clocked, Due
from agent.ledger.reckoning import is_counted
from agent.policy.settings import Settings
from schemas.ledger import Record


@dataclass(frozen=True, slots=True)
class Moment:
    """`exact`: in the office's zone; `utc`: the same in UTC, "" where the office's clock shows that."""

    iso: str
    exact: str
    utc: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that somebody owes; `relative`: how it stands in words. `lines`: its arithmetic, and whether it counts."""

    kind: str
    what: str
    who: str
    status: Status
    relative: str
    due: Moment
    overdue: Moment
    lines: tuple[tuple[str, bool], ...] = ()
    result: str = ""
    draft: Draft | None = None


def moment(at: datetime, zone: tzinfo) -> Moment:
    """The time in the office's zone and in UTC."""
    here, there = at.astimezone(zone), at.astimezone(UTC)
    utc = "" if here.utcoffset() == there.utcoffset() else when(at, UTC)
    if utc and here.date() == there.date():
        utc = f"{there:%H:%M} UTC"
    return Moment(there.isoformat(), when(at, zone), utc)


def owed(row: Clocked, now: datetime, *, withheld: bool) -> list[Clock]:
    """What is owed on an escalation of a list, the latest first. `withheld`: without what it is about."""
    zone = office_zone(row.record)
    return [
        Clock(
            due.kind,
            KINDS[due.kind].capitalize() if withheld else due.what,
            due.who,
            status(due, now),
            relative(due.due, due.overdue, now),
            moment(due.due, zone),
            moment(due.overdue, zone),
        )
        for due in sorted(row.owed, key=lambda due: (due.overdue >= now, due.due, due.kind))
    ]


def explained(record: Record, settings: Settings, rows: Sequence[Due], now: datetime) -> list[Clock]:
    """What is owed on one escalation, each with its arithmetic and the words that are ready for it."""
    zone = office_zone(record.model_dump(mode="json", include={"calendar"}))
    ready = {(row.kind, row.what, row.due): row for row in rows}
    return [
        _explained(one, ready.get((one.timer.kind, one.timer.what, one.timer.due)), zone, now)
        for one in running(record, settings, now)
    ]


def _explained(one: Running, row: Due | None, zone: tzinfo, now: datetime) -> Clock:
    timer = one.timer
    return Clock(
        timer.kind,
        timer.what,
        timer.who,
        one.status,
        relative(timer.due, timer.overdue, now),
        moment(timer.due, zone),
        moment(timer.overdue, zone),
        tuple((line, is_counted(line)) for line in timer.lines),
        one.result,
        draft(row) if row is not None else None,
    )


def relative(due: datetime, overdue: datetime, now: datetime) -> str:
    """How it stands, in words."""
    if overdue < now:
        return f"{span(now - overdue)} overdue"
    if due <= now:
        return f"due now, for {span(now - due)}" if now - due >= timedelta(minutes=1) else "due now"
    return f"due in {span(due - now)}"
