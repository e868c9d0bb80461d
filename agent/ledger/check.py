"""Whether the ledger is whole: everything that was derived, made again from the events, and the chain of hashes."""

from dataclasses import dataclass

from sqlalchemy import select

from agent.ledger import tables as t
from agent.ledger.database import Database
from agent.ledger.history import with_breaches
from agent.ledger.life import replay
from agent.ledger.store import PREFIX, Ledger, chained, escalation_row, timer_rows
from agent.ledger.timers import timers
from schemas.ledger import Timer

MOST_FAULTS = 100
# `updated_at` is when it was written, which no event says.
_DERIVED = tuple(column.name for column in t.escalation.c if column.name not in ("number", "updated_at"))


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, and what is wrong, a line each (the first `MOST_FAULTS`)."""

    escalations: int
    events: int
    faults: tuple[str, ...]


def check(database: Database) -> Checked:
    """Look at every escalation. Reads only."""
    ledger = Ledger(database)
    faults: list[str] = []
    events_seen = 0
    with database.reading() as connection:
        numbers = list(connection.execute(select(t.escalation.c.number).order_by(t.escalation.c.number)).scalars())
    for number in numbers:
        identifier = f"{PREFIX}{number}"
        events = ledger.events(identifier)
        events_seen += len(events)
        faults += [f"{identifier}: {fault}" for fault in _faults(ledger, number)]
        if len(faults) >= MOST_FAULTS:
            break
    return Checked(len(numbers), events_seen, tuple(faults[:MOST_FAULTS]))


def _faults(ledger: Ledger, number: int) -> list[str]:
    identifier = f"{PREFIX}{number}"
    events = ledger.events(identifier)
    if [event.number for event in events] != list(range(1, len(events) + 1)):
        return ["its events are not numbered 1, 2, 3: one is missing"]
    found, previous = [], ""
    for event in events:
        if chained(previous, event) != event.sha256:
            found.append(f"event {event.number} was changed after it was written, or one before it")
            break
        previous = event.sha256
    record = replay(events)
    running: tuple[Timer, ...] = ()
    if record.policy_sha256:
        settings = ledger.settings_of(record)
        record = with_breaches(record, events, settings)
        running = timers(record, settings)
    with ledger.database.reading() as connection:
        row = connection.execute(select(t.escalation).where(t.escalation.c.number == number)).mappings().one()
        kept = connection.execute(select(t.timer).where(t.timer.c.escalation == number).order_by(t.timer.c.number))
        rows = [dict(timer) for timer in kept.mappings()]
    wanted = escalation_row(record, running, row["updated_at"])
    found += [f"{name} is not what its events say" for name in _DERIVED if row[name] != wanted[name]]
    if rows != timer_rows(number, running):
        found.append("its timers are not what its events say")
    return found
