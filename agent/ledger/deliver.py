"""The outbox to a webhook: each notice at least once, oldest first, and each overdue time once.

A notice is claimed, sent, and marked, in a transaction each: nothing is locked while the receiver takes its time. If
this program dies between sending and marking, the claim runs out and the notice goes out again under the same id, by
which the receiver knows it. Off unless a webhook is set up.
"""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from agent.errors import BadInput
from agent.ledger import tables as t
from agent.ledger.database import Database
from agent.ledger.feed import slots
from agent.ledger.notices import overdue_notice
from agent.ledger.webhooks import Delivery, Target, send
from schemas.ledger import Record, Timer

URL, SECRET = "ESCALATION_WEBHOOK_URL", "ESCALATION_WEBHOOK_SECRET"
LIMIT = 100
TRIES, TIMEOUT = 3, 10.0
"""Of one notice: how often it is posted at once, and seconds of one such try."""
CLAIM = timedelta(minutes=5)
"""So long a notice is left to the process that took it: far longer than it can take to send one."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
"""After the first failure, and at the most. In between each failure doubles it."""
ABOUT_THE_NOTICE = frozenset((400, 409, 413, 415, 422))
"""Answers that refuse this one notice. Any other failure is the receiver's, and the rest would meet it too."""
BATCH = 500  # keys in one query


@dataclass(frozen=True, slots=True)
class Failure:
    """A notice that stays in the outbox. `attempts`: deliveries that failed so far; `again_at`: not before then."""

    key: str
    error: str
    attempts: int
    again_at: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a run: keys in the order in which they went out. `left`: how many are not sent yet, in all.

    `gone`: the receiver wants no notice ever again.
    """

    sent: tuple[str, ...]
    failed: tuple[Failure, ...]
    left: int
    gone: bool


@dataclass(frozen=True, slots=True)
class _Claim:
    number: int
    key: str
    body: str
    attempts: int
    until: datetime


def target_from_environment(url: str | None = None) -> Target | None:
    """The webhook that is set up; None where URL or secret is missing. `url` beats the environment's.

    Raises BadInput for a URL or a secret of another form.
    """
    url = url if url is not None else os.environ.get(URL, "")
    secret = os.environ.get(SECRET, "")
    return Target.of(url, secret) if url.strip() and secret.strip() else None


def remind(database: Database, now: datetime) -> tuple[str, ...]:
    """Lay a notice into the outbox for each time that is overdue and has none yet. Returns their keys, oldest first.

    The key is the escalation, what is owed, and since when it is overdue: so each is told once, however often asked.
    """
    found = sorted(_overdue(database, now), key=lambda each: (each[2].overdue, each[0]))
    with database.reading() as connection:
        known = _known(connection, [key for key, _, _ in found])
    rows: list[dict[str, Any]] = [
        {
            "key": key,
            "created_at": now,
            "body": overdue_notice(record, timer),
            "attempts": 0,
            "next_attempt_at": now,
            "sent_at": None,
            "error": "",
        }
        for key, record, timer in found
        if key not in known
    ]
    if not rows:
        return ()
    with database.writing() as connection:
        return tuple(str(row["key"]) for row in rows if _lay(connection, row))


def deliver(
    database: Database,
    target: Target,
    *,
    limit: int = LIMIT,
    tries: int = TRIES,
    timeout: float = TIMEOUT,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Delivered:
    """Send what is due to be sent, at most `limit` notices, until nothing is left or the receiver cannot take more.

    Several at once share the work: each takes what no other has claimed.
    """
    sent: list[str] = []
    failed: list[Failure] = []
    gone = False
    for _ in range(limit):
        claim = _claim(database, clock())
        if claim is None:
            break
        delivery = _send(target, claim, clock(), tries, timeout)
        if delivery.delivered:
            _mark_sent(database, claim, clock())
            sent.append(claim.key)
            continue
        failed.append(_mark_failed(database, claim, delivery, clock()))
        gone = delivery.gone
        if delivery.status not in ABOUT_THE_NOTICE and delivery.attempts:
            break
    with database.reading() as connection:
        waiting = select(func.count()).select_from(t.outbox).where(t.outbox.c.next_attempt_at.is_not(None))
        left = connection.execute(waiting).scalar_one()
    return Delivered(tuple(sent), tuple(failed), left, gone)


def _overdue(database: Database, now: datetime) -> Iterator[tuple[str, Record, Timer]]:
    """Each overdue time under its key."""
    r = t.timer.c
    query = (
        select(r.escalation, r.kind, r.who, r.what, r.due_at, r.overdue_at, t.escalation.c.record)
        .select_from(t.timer.join(t.escalation, r.escalation == t.escalation.c.number))
        .where(r.overdue_at < now)
        .order_by(r.escalation, r.number)
    )
    rows: dict[int, list[Any]] = defaultdict(list)
    with database.reading() as connection:
        for row in connection.execute(query):
            rows[row.escalation].append(row)
    for found in rows.values():
        record = Record.model_validate_json(found[0].record)
        # Promises are overdue as soon as they are due, so those that are missing here are the later ones.
        for row, slot in zip(found, slots(record, [row.kind for row in found]), strict=True):
            since = row.overdue_at.isoformat(timespec="seconds").replace("+00:00", "Z")
            timer = Timer(kind=row.kind, who=row.who, what=row.what, due=row.due_at, overdue=row.overdue_at)
            yield f"{record.id}:{slot}:{since}", record, timer


def _known(connection: Connection, keys: list[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        found.update(connection.execute(select(t.outbox.c.key).where(t.outbox.c.key.in_(batch))).scalars())
    return found


def _lay(connection: Connection, row: dict[str, Any]) -> bool:
    """Whether it was laid now; another process may have done it since we looked."""
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(t.outbox).values(row).on_conflict_do_nothing().returning(t.outbox.c.number)
    return connection.execute(statement).scalar() is not None


def _claim(database: Database, now: datetime) -> _Claim | None:
    """The oldest notice that may go out now, taken for this process."""
    o = t.outbox.c
    first = (
        select(o.number, o.key, o.body, o.attempts)
        .where(o.sent_at.is_(None), o.next_attempt_at <= now)
        .order_by(o.number)
        .limit(1)
        .with_for_update(skip_locked=True)  # PostgreSQL; on SQLite the transaction is alone
    )
    with database.writing() as connection:
        row = connection.execute(first).one_or_none()
        if row is None:
            return None
        until = now + CLAIM
        connection.execute(update(t.outbox).where(o.number == row.number).values(next_attempt_at=until))
    return _Claim(row.number, row.key, row.body, row.attempts, until)


def _send(target: Target, claim: _Claim, now: datetime, tries: int, timeout: float) -> Delivery:
    try:
        return send(target, claim.key, now, claim.body, attempts=tries, timeout=timeout)
    except BadInput as error:  # a notice that cannot be sent must not stand before all the others
        return Delivery(False, None, 0, str(error), False)


def _mark_sent(database: Database, claim: _Claim, now: datetime) -> None:
    """Also where the claim ran out meanwhile: the receiver has it."""
    o = t.outbox.c
    with database.writing() as connection:
        connection.execute(
            update(t.outbox)
            .where(o.number == claim.number, o.sent_at.is_(None))
            .values(sent_at=now, attempts=claim.attempts + 1, next_attempt_at=None, error="")
        )


def _mark_failed(database: Database, claim: _Claim, delivery: Delivery, now: datetime) -> Failure:
    """Unless the claim ran out and another process has it now, or has sent it."""
    o = t.outbox.c
    attempts = claim.attempts + 1
    again_at = now + pause_after(attempts)
    with database.writing() as connection:
        connection.execute(
            update(t.outbox)
            .where(o.number == claim.number, o.next_attempt_at == claim.until)
            .values(attempts=attempts, next_attempt_at=again_at, error=delivery.error)
        )
    return Failure(claim.key, delivery.error, attempts, again_at)


def pause_after(attempts: int) -> timedelta:
    """How long a notice waits after so many failures."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 20)), LONGEST_PAUSE)


def as_json(laid: tuple[str, ...], done: Delivered) -> str:
    """The run for programs."""
    failed = [
        {"key": f.key, "error": f.error, "attempts": f.attempts, "again_at": f.again_at.isoformat()}
        for f in done.failed
    ]
    value = {"laid": laid, "sent": done.sent, "failed": failed, "left": done.left, "gone": done.gone}
    return json.dumps(value, ensure_ascii=False, indent=2)
