"""The ledger: events appended to escalations, and the records, timers and reports that follow from them.

Each public function of `Ledger` is one transaction. Writers to the same escalation follow one another; a writer who
says which version it saw is refused if there is a newer one.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from agent.errors import BadInput, Conflict, Refused
from agent.ledger import tables as t
from agent.ledger.database import Database
from agent.ledger.door import without_secrets
from agent.ledger.history import with_breaches
from agent.ledger.life import apply, replay
from agent.ledger.requirements import require
from agent.ledger.timers import timers
from agent.policy.settings import Settings
from schemas.ledger import ACTIVE, OVER, Attached, Breach, Data, Drafted, Event, Opened, Record, Timer
from schemas.vocabulary import SEVERITY_RANK

PREFIX = "ESC-"
HASHED = "event-1"
"""How an event is hashed: a fixed list of what is stored, so that a later program can still check it."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: the person, the team that they act for, and the agent that does it for them."""

    by: str
    team: str = "support"
    through: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One event of several that are written together, where reason or writer differ from the rest."""

    data: Data
    why: str = ""
    author: Author | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a write came to. `repeated`: it had been written before under the same key, and nothing was written now."""

    record: Record
    events: tuple[Event, ...]
    repeated: bool = False


class Ledger:
    """A ledger in a database. `outbox`: whether each event is also laid out for the webhook.

    `clock`: by which it is written down when something was recorded, whatever `now` a writer gives.
    """

    def __init__(
        self, database: Database, *, outbox: bool = False, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.database = database
        self.clock = clock
        self.outbox = outbox
        self._settings: dict[str, Settings] = {}

    def begin(
        self,
        data: Drafted | Opened,
        author: Author,
        *,
        at: datetime,
        now: datetime,
        settings: Settings | None = None,
        result: str | None = None,
        why: str = "",
        key: str | None = None,
    ) -> Written:
        """A new escalation. `settings` and `result` are kept with it.

        Raises Conflict if the ticket has one that is not over yet.
        """
        key = key or uuid.uuid4().hex
        data, why = without_secrets((data, why))
        try:
            with self.database.writing() as connection:
                known = self._repeated(connection, key)
                if known is not None:
                    return known
                self._keep(connection, settings, result)
                # The number comes from the database; everything else is written when the record is known.
                row = insert(t.escalation).values(
                    version=0,
                    state="draft",
                    urgency=0,
                    ticket=data.ticket,
                    live_ticket=data.ticket,
                    headline="",
                    holder=author.by,
                    created_at=at,
                    updated_at=now,
                    record="",
                )
                number = int(connection.execute(row).inserted_primary_key[0])  # type: ignore[index]
                return self._append(connection, number, None, [], [Step(data)], author, at, now, why, key)
        except IntegrityError:
            return self._after_a_race(data.ticket, key)

    def append(
        self,
        identifier: str,
        data: Data | Sequence[Step],
        author: Author,
        *,
        at: datetime,
        now: datetime,
        why: str = "",
        key: str | None = None,
        if_version: int | None = None,
        settings: Settings | None = None,
        result: str | None = None,
    ) -> Written:
        """One or more events, all or none. `at`: when it happened. `key`: sent again, it is written once.

        Raises Refused if the state does not allow it, Conflict if `if_version` is not the newest.
        """
        key = key or uuid.uuid4().hex
        given = list(data) if isinstance(data, Sequence) else [Step(data)]
        steps = [Step(*without_secrets((step.data, step.why)), step.author) for step in given]
        why = without_secrets(why)
        number = number_of(identifier)
        try:
            return self._appended(number, steps, author, at, now, why, key, if_version, settings, result)
        except IntegrityError:
            raise self._met(number, key) from None

    def _appended(
        self,
        number: int,
        steps: list[Step],
        author: Author,
        at: datetime,
        now: datetime,
        why: str,
        key: str,
        if_version: int | None,
        settings: Settings | None,
        result: str | None,
    ) -> Written:
        with self.database.writing() as connection:
            row = connection.execute(
                select(t.escalation.c.record).where(t.escalation.c.number == number).with_for_update()
            ).one_or_none()
            if row is None:
                raise BadInput(f"no escalation '{PREFIX}{number}' in the ledger: see `escalation list --all`")
            known = self._repeated(connection, key)
            if known is not None and known.record.id != f"{PREFIX}{number}":
                raise Conflict(f"key {key[:60]!r} was used for {known.record.id} before: choose another")
            if known is not None:
                return known
            events = self._events(connection, number)
            record = replay(events).model_copy(update={"breaches": _kept_breaches(row.record)})
            if if_version is not None and if_version != record.version:
                raise _conflict(record, events, if_version)
            self._keep(connection, settings, result)
            return self._append(connection, number, record, events, steps, author, at, now, why, key)

    def record(self, identifier: str) -> Record:
        """The record as it stands. Raises BadInput for an unknown one."""
        number = number_of(identifier)
        with self.database.reading() as connection:
            found = connection.execute(select(t.escalation.c.record).where(t.escalation.c.number == number)).scalar()
        if found is None:
            raise BadInput(f"no escalation {identifier[:40]!r} in the ledger: see `escalation list --all`")
        return Record.model_validate_json(found)

    def events(self, identifier: str) -> tuple[Event, ...]:
        """All events of an escalation, in their order."""
        with self.database.reading() as connection:
            return tuple(self._events(connection, number_of(identifier)))

    def for_ticket(self, ticket: str) -> Record | None:
        """The newest escalation of this ticket, over or not; also the one that the ticket hangs on."""
        own = select(t.escalation.c.record).where(t.escalation.c.ticket == ticket)
        with self.database.reading() as connection:
            found = connection.execute(own.order_by(t.escalation.c.number.desc()).limit(1)).scalar()
            if found is None:
                found = connection.execute(
                    select(t.escalation.c.record)
                    .join(t.report, t.report.c.escalation == t.escalation.c.number)
                    .where(t.report.c.ticket == ticket)
                ).scalar()
        return None if found is None else Record.model_validate_json(found)

    def open_ones(self, tickets: Sequence[str]) -> list[Record]:
        """Active escalations of these tickets, or on which these hang."""
        hanging = select(t.report.c.escalation).where(t.report.c.ticket.in_(list(tickets)))
        wanted = select(t.escalation.c.record).where(
            t.escalation.c.state.in_(ACTIVE),
            or_(t.escalation.c.ticket.in_(list(tickets)), t.escalation.c.number.in_(hanging)),
        )
        with self.database.reading() as connection:
            rows = connection.execute(wanted.order_by(t.escalation.c.number)).scalars().all()
        return [Record.model_validate_json(row) for row in rows]

    def settings_of(self, record: Record) -> Settings:
        """The policy that the escalation was opened under; the default one for a draft."""
        if not record.policy_sha256:
            from agent.policy.settings import load_settings

            return load_settings()
        with self.database.reading() as connection:
            return self.policy(connection, record.policy_sha256)

    def result(self, record: Record) -> dict[str, Any]:
        """Facts, context, decision, brief and provenance of the run that was recorded last; {} for a draft."""
        with self.database.reading() as connection:
            body = connection.execute(select(t.result.c.body).where(t.result.c.sha256 == record.result_sha256)).scalar()
        return json.loads(body) if body else {}

    def derive_all(self) -> int:
        """Make every record, timer and row again from its events. Returns how many escalations there are."""
        with self.database.writing() as connection:
            return self.derive(connection)

    def derive(self, connection: Connection) -> int:
        """The same inside a transaction that is open."""
        numbers = list(connection.execute(select(t.escalation.c.number).order_by(t.escalation.c.number)).scalars())
        for number in numbers:
            row = select(t.escalation.c.updated_at).where(t.escalation.c.number == number).with_for_update()
            updated_at = connection.execute(row).scalar_one()
            events = self._events(connection, number)
            record = self._with_breaches(connection, replay(events), events)
            self._derive(connection, number, record, updated_at)
        return len(numbers)

    # What follows works inside a transaction that is open.

    def _append(
        self,
        connection: Connection,
        number: int,
        record: Record | None,
        earlier: list[Event],
        steps: list[Step],
        author: Author,
        at: datetime,
        now: datetime,
        why: str,
        key: str,
    ) -> Written:
        # As the database gives it back, so that event, hash and record are the same whenever they are made.
        at, now = at.astimezone(UTC), (self.clock() if self.clock else now).astimezone(UTC)
        before, events = record, []
        previous = earlier[-1].sha256 if earlier else ""
        _can_be_kept(steps)
        for place, step in enumerate(steps):
            writer = step.author or author
            event = Event(
                escalation=f"{PREFIX}{number}",
                number=(record.version if record else 0) + 1,
                key=key if place == 0 else f"{key}.{place}",
                at=at,
                recorded_at=now,
                by=writer.by,
                team=writer.team,
                through=writer.through,
                why=step.why or why,
                data=step.data,
            )
            require(record, event)
            event = event.model_copy(update={"sha256": chained(previous, event)})
            record, previous = apply(record, event), event.sha256
            events.append(event)
        if record is None:
            raise ValueError("nothing to append")
        record = self._with_breaches(connection, record, [*earlier, *events], before)
        connection.execute(insert(t.event), [_event_row(number, event) for event in events])
        for event in events:
            if isinstance(event.data, Attached):
                _hang(connection, number, record, event.data, event.at)
        self._derive(connection, number, record, now)
        if self.outbox:
            connection.execute(insert(t.outbox), [_outbox_row(event, record, now) for event in events])
        return Written(record, tuple(events))

    def _derive(self, connection: Connection, number: int, record: Record, now: datetime) -> None:
        """Row and timers from the record."""
        running: tuple[Timer, ...] = ()
        if record.policy_sha256:
            running = timers(record, self.policy(connection, record.policy_sha256))
        connection.execute(
            update(t.escalation).where(t.escalation.c.number == number).values(**escalation_row(record, running, now))
        )
        connection.execute(delete(t.timer).where(t.timer.c.escalation == number))
        if running:
            connection.execute(insert(t.timer), timer_rows(number, running))

    def _with_breaches(
        self, connection: Connection, record: Record, events: Sequence[Event], before: Record | None = None
    ) -> Record:
        """`before`: the record before the last of these events, with its breaches, where it is known."""
        if not record.policy_sha256:
            return record
        return with_breaches(record, events, self.policy(connection, record.policy_sha256), before)

    def _repeated(self, connection: Connection, key: str) -> Written | None:
        row = connection.execute(select(t.event.c.escalation).where(t.event.c.key == key)).one_or_none()
        if row is None:
            return None
        events = self._events(connection, row.escalation)
        first = next(place for place, event in enumerate(events) if event.key == key)
        same = [events[first]]
        for place, event in enumerate(events[first + 1 :], start=1):
            if event.key != f"{key}.{place}":
                break
            same.append(event)
        return Written(self._with_breaches(connection, replay(events), events), tuple(same), repeated=True)

    def _met(self, number: int, key: str) -> Conflict:
        """Why the database refused: the ticket has another open escalation, or a key was used before."""
        with self.database.reading() as connection:
            ticket = connection.execute(select(t.escalation.c.ticket).where(t.escalation.c.number == number)).scalar()
            holder = connection.execute(
                select(t.escalation.c.number).where(
                    t.escalation.c.live_ticket == ticket, t.escalation.c.number != number
                )
            ).scalar()
        if holder is None:
            return Conflict(f"key {key[:60]!r} was used before, for another write: choose another")
        return Conflict(
            f"ticket {str(ticket)[:60]!r} has an open escalation, {PREFIX}{holder}: log an update there, "
            "no twin is opened"
        )

    def _after_a_race(self, ticket: str, key: str) -> Written:
        """Somebody else began the same at the same time: the same writer, or another one."""
        with self.database.reading() as connection:
            known = self._repeated(connection, key)
            if known is not None:
                return known
            number = connection.execute(
                select(t.escalation.c.number).where(t.escalation.c.live_ticket == ticket)
            ).scalar()
        raise Conflict(
            f"ticket {ticket[:60]!r} has an open escalation, {PREFIX}{number}: log an update there, no twin is opened"
        )

    def _events(self, connection: Connection, number: int) -> list[Event]:
        rows = connection.execute(
            select(t.event).where(t.event.c.escalation == number).order_by(t.event.c.number)
        ).mappings()
        return [event_of(row) for row in rows]

    def _keep(self, connection: Connection, settings: Settings | None, result: str | None) -> None:
        if settings is not None:
            body = settings.model_dump_json()
            sha256 = sha256_of(body)
            if connection.execute(select(t.policy.c.sha256).where(t.policy.c.sha256 == sha256)).scalar() is None:
                _insert_once(connection, t.policy, sha256=sha256, version=settings.version, body=body)
        if result is not None:
            _insert_once(connection, t.result, sha256=sha256_of(result), body=result)

    def policy(self, connection: Connection, sha256: str) -> Settings:
        """The policy of this hash."""
        if sha256 not in self._settings:
            body = connection.execute(select(t.policy.c.body).where(t.policy.c.sha256 == sha256)).scalar()
            if body is None:
                raise BadInput(f"the ledger has lost policy {sha256[:12]}: run `escalation ledger check`")
            self._settings[sha256] = Settings.model_validate_json(body)
        return self._settings[sha256]


def _kept_breaches(record: str) -> tuple[Breach, ...]:
    return tuple(Breach.model_validate(breach) for breach in json.loads(record).get("breaches", ()))


def _hang(connection: Connection, number: int, record: Record, data: Attached, at: datetime) -> None:
    from agent.ledger.patterns import hang

    own = select(t.escalation.c.number).where(t.escalation.c.live_ticket == data.ticket)
    twin = connection.execute(own.where(t.escalation.c.number != number)).scalar()
    if twin is not None:
        raise Refused(
            f"{PREFIX}{number}: ticket {data.ticket[:60]!r} has an escalation of its own, {PREFIX}{twin}: end that one "
            "first (`escalation reject` as duplicate), then attach the ticket"
        )
    hang(connection, ticket=data.ticket, account=data.account, at=at, escalation=number, title=record.headline)


def number_of(identifier: str) -> int:
    """The number in `ESC-7`, `esc-7` or `7`. Raises BadInput for anything else."""
    digits = identifier.strip().upper().removeprefix(PREFIX)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise BadInput(f"{identifier[:40]!r} is no escalation: expected an id such as {PREFIX}7; see `escalation list`")
    return int(digits)


def sha256_of(text: str) -> str:
    """Identity of a text."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def chained(previous: str, event: Event, data: str | None = None) -> str:
    """The event's hash over all that is stored of it, and the hash of the event before it.

    `data` as it is stored: what an older program wrote is hashed as it wrote it.
    """
    stored = data if data is not None else event.data.model_dump_json()
    told = (
        event.escalation,
        event.number,
        event.key,
        _iso(event.at),
        _iso(event.recorded_at),
        event.by,
        event.team,
        event.through,
    )
    return sha256_of(json.dumps([HASHED, previous, *told, event.why, stored], ensure_ascii=False))


def _can_be_kept(steps: Sequence[Step]) -> None:
    for step in steps:
        try:
            step.data.model_dump_json()
        except PydanticSerializationError:
            raise BadInput("a text holds half a letter (a lone surrogate), which no database keeps: mend it") from None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def escalation_row(record: Record, running: Sequence[Timer], now: datetime) -> dict[str, Any]:
    """The columns of `escalation`, for lists."""
    return {
        "version": record.version,
        "state": record.state,
        "urgency": SEVERITY_RANK[record.severity],
        "owner": record.owner,
        "with_team": record.with_team,
        "ticket": record.ticket,
        "live_ticket": None if record.state in OVER else record.ticket,
        "account": record.account,
        "headline": record.headline,
        "holder": record.holder,
        "deciding_rule": record.deciding_rule,
        "product_area": record.product_area,
        "created_at": record.created_at,
        "opened_at": record.opened_at,
        "updated_at": now,
        "next_due_at": min((timer.due for timer in running), default=None),
        "next_overdue_at": min((timer.overdue for timer in running), default=None),
        "policy_sha256": record.policy_sha256 or None,
        "record": record.model_dump_json(exclude_defaults=True),
    }


def timer_rows(number: int, running: Iterable[Timer]) -> list[dict[str, Any]]:
    """The rows of `timer`."""
    return [
        {
            "escalation": number,
            "number": place,
            "kind": timer.kind,
            "who": timer.who,
            "what": timer.what,
            "due_at": timer.due,
            "overdue_at": timer.overdue,
        }
        for place, timer in enumerate(running)
    ]


def _event_row(number: int, event: Event) -> dict[str, Any]:
    return {
        "escalation": number,
        "number": event.number,
        "key": event.key,
        "kind": event.data.kind,
        "at": event.at,
        "recorded_at": event.recorded_at,
        "by": event.by,
        "team": event.team,
        "through": event.through,
        "why": event.why,
        "data": event.data.model_dump_json(),
        "sha256": event.sha256,
    }


def event_of(row: Any) -> Event:
    """A stored event. Raises ValueError for one that cannot be read."""
    return Event(
        escalation=f"{PREFIX}{row['escalation']}",
        data=json.loads(row["data"]),
        **{
            name: row[name] for name in ("number", "key", "at", "recorded_at", "by", "team", "through", "why", "sha256")
        },
    )


def _outbox_row(event: Event, record: Record, now: datetime) -> dict[str, Any]:
    from agent.ledger.notices import event_notice

    return {
        "key": f"{event.escalation}:{event.number}",
        "created_at": now,
        "body": event_notice(event, record),
        "attempts": 0,
        "next_attempt_at": now,
        "sent_at": None,
        "error": "",
    }


def _insert_once(connection: Connection, table: Any, **values: Any) -> None:
    from sqlalchemy.dialects import postgresql, sqlite

    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())


def _conflict(record: Record, events: list[Event], seen: int) -> Conflict:
    if seen > record.version:
        return Conflict(f"{record.id} has version {record.version}, not {seen}: look again (`escalation show`)")
    since = events[seen:]
    last = since[-1]
    what = last.data.kind.replace("_", " ")
    return Conflict(
        f"{record.id} has changed since version {seen}: {len(since)} event{'' if len(since) == 1 else 's'}, the last "
        f"{what} by {last.by} at {last.at:%Y-%m-%d %H:%M} UTC. Nothing was written: look (`escalation timeline`), then "
        f"write with version {record.version}"
    )
