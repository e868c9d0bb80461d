"""Whether the ledger is whole: everything that was derived, made again from the events, and the chain of hashes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, select

from agent.errors import BadInput
from agent.ledger import tables as t
from agent.ledger.database import Database
from agent.ledger.history import with_breaches
from agent.ledger.life import replay
from agent.ledger.store import PREFIX, Ledger, chained, escalation_row, event_of, timer_rows
from agent.ledger.timers import timers
from schemas.ledger import Event, Timer

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
    """Look at every escalation. Reads only; each escalation as it is at one moment, while others write."""
    ledger = Ledger(database)
    faults: list[str] = []
    seen = 0
    with database.reading() as connection:
        rows = connection.execute(select(t.escalation.c.number)).scalars()
        orphans = connection.execute(select(t.event.c.escalation).distinct()).scalars()
        numbers = sorted(set(chain(rows, orphans)))
    for number in numbers:
        with database.reading() as connection:
            count, found = _looked_at(ledger, connection, number)
        seen += count
        faults += [f"{PREFIX}{number}: {fault}" for fault in found]
        if len(faults) >= MOST_FAULTS:
            break
    return Checked(len(numbers), seen, tuple(faults[:MOST_FAULTS]))


def _looked_at(ledger: Ledger, connection: Connection, number: int) -> tuple[int, list[str]]:
    """How many events it has, and its faults."""
    query = select(t.event).where(t.event.c.escalation == number).order_by(t.event.c.number)
    stored = [dict(row) for row in connection.execute(query).mappings()]
    if not stored:
        return 0, ["it has no events: all of them are missing"]
    if [row["number"] for row in stored] != list(range(1, len(stored) + 1)):
        return len(stored), ["its events are not numbered 1, 2, 3: one is missing"]
    events: list[Event] = []
    for row in stored:
        try:
            events.append(event_of(row))
        except (ValidationError, ValueError):
            return len(stored), [f"event {row['number']} cannot be read"]
    return len(stored), [*_chain(events, stored), *_derived(ledger, connection, number, events)]


def _chain(events: list[Event], stored: list[dict[str, Any]]) -> Iterator[str]:
    previous = ""
    for event, row in zip(events, stored, strict=True):
        if row["kind"] != json.loads(row["data"])["kind"]:
            yield f"event {event.number} is filed as {row['kind']!r}, which it is not"
        if chained(previous, event, row["data"]) != event.sha256:
            yield f"event {event.number} was changed after it was written, or one before it"
            return
        previous = event.sha256


def _derived(ledger: Ledger, connection: Connection, number: int, events: list[Event]) -> Iterator[str]:
    row = connection.execute(select(t.escalation).where(t.escalation.c.number == number)).mappings().one_or_none()
    if row is None:
        yield "its events are there, and it is missing in the list"
        return
    record = replay(events)
    running: tuple[Timer, ...] = ()
    if record.policy_sha256:
        try:
            settings = ledger.policy(connection, record.policy_sha256)
        except BadInput:
            yield f"its policy {record.policy_sha256[:12]} is missing"
            return
        record = with_breaches(record, events, settings)
        running = timers(record, settings)
    wanted = escalation_row(record, running, row["updated_at"])
    yield from (f"{name} is not what its events say" for name in _DERIVED if row[name] != wanted[name])
    kept = connection.execute(select(t.timer).where(t.timer.c.escalation == number).order_by(t.timer.c.number))
    if [dict(timer) for timer in kept.mappings()] != timer_rows(number, running):
        yield "its timers are not what its events say"
