"""All running timers as an iCalendar file, for a calendar program that subscribes to it or imports it again and again.

An entry keeps its UID for as long as its escalation lives, and its SEQUENCE is the escalation's version, so that an
import replaces what an earlier one brought. Before there is an escalation, the times of its decision have the same UIDs
already, and the SEQUENCE 0: one event and its revisions (RFC 5545, 3.8.4.7 and 3.8.7.4). What ended since is given as
cancelled for two weeks: a program that imports would keep it for ever. The same state of the ledger gives the same
bytes; no clock is read.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from agent.ledger import tables as t
from agent.ledger.database import Database
from agent.ledger.door import run_without_secrets
from agent.ledger.life import apply
from agent.ledger.moments import office_zone, when
from agent.ledger.naming import origin_of, ticket_of
from agent.ledger.notices import KINDS, need_to_know, need_to_know_of
from agent.ledger.store import PREFIX, Ledger, sha256_of
from agent.ledger.timers import timers
from agent.policy.settings import Settings
from schemas.ledger import Drafted, Event, Opened, Record, Timer
from schemas.vocabulary import OWNER_LABEL

if TYPE_CHECKING:
    from icalendar import Calendar
    from icalendar import Event as Component

    from schemas.decision import Decision
    from schemas.escalation import Escalation

KEPT = timedelta(days=14)
"""So long after the last change of its escalation a time that ended is given as cancelled."""
LONGEST = timedelta(hours=4)
"""The longest entry. Due and overdue can be days apart, and a block over a weekend hides the day's other entries."""
SHORTEST = timedelta(minutes=15)
"""The length of an entry whose time is one moment, such as a deadline."""
REFRESH = timedelta(minutes=15)
"""How often to look again: as often as the shortest time that the policy knows, Critical to be acknowledged."""
NO_TAGS = str.maketrans("<>", "\u2039\u203a")
PRODUCT = "-//escalation//ledger//EN"


@dataclass(frozen=True, slots=True)
class Entry:
    """A time in the calendar. `uid`: the same for as long as the escalation lives. `ended`: it no longer runs."""

    record: Record
    changed: datetime
    uid: str
    timer: Timer
    ended: bool


def calendar(
    database: Database,
    now: datetime,
    *,
    owner: str | None = None,
    holder: str | None = None,
    escalation: str | None = None,
) -> str:
    """The iCalendar text, lines ended by CR LF. `now` only says which changes are younger than `KEPT`.

    `owner`: only what this team owns or has; `holder`: only what this person in support keeps. What was theirs and is
    no longer is cancelled for them. `escalation`: only this one's times.
    """
    result = _calendar(_rendered("feed_name", owner=OWNER_LABEL.get(owner or ""), holder=holder, id=escalation))
    result.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    result.add("x-published-ttl", f"PT{REFRESH // timedelta(minutes=1)}M")
    for entry in entries(database, now, owner=owner, holder=holder, escalation=escalation):
        result.add_component(_component(entry))
    return bytes(result.to_ical()).decode()


def planned(result: "Escalation", named: str) -> str:
    """The times of a decision that no ledger follows yet, as iCalendar text to import once.

    `named`: what the ticket is called. Of a Security case nothing is told but that name, severity and kind. The same
    ticket gives the same UIDs, so that a later decision's times replace these, and the ledger's do.
    """
    from agent.render import words

    decision = result.decision
    severity, secret = decision.severity or "", need_to_know_of(decision)
    kept = run_without_secrets(result)  # as the ledger will know it
    ticket, origin = ticket_of(kept.ticket, kept.facts, kept.context), origin_of(kept.ticket)
    calendar_ = _calendar(_rendered("feed_name", owner=None, holder=None, id=named))
    for timer in _planned(decision):
        summary, description = _words(
            timer,
            id=named,
            severity=severity.capitalize(),
            secret=secret,
            ended=False,
            overdue=words.when(timer.overdue, words.zone_of(result.context)),
            headline=result.brief.headline if result.brief else "",
            ticket=named,
            account=result.context.account.name if result.context.account else "",
        )
        calendar_.add_component(
            _event(
                timer,
                _uid(timer.kind, ticket, origin),
                0,
                decision.decided_at,
                summary,
                description,
                severity,
            )
        )
    return bytes(calendar_.to_ical()).decode()


def _planned(decision: "Decision") -> Iterator[Timer]:
    team, cadence = OWNER_LABEL[decision.next_hop or decision.owner or "l2_support"], decision.cadence
    if decision.acknowledge_by is not None:
        by = decision.acknowledge_by
        yield Timer(kind="acknowledge", who=team, what="Acknowledge the escalation", due=by, overdue=by)
    if cadence is not None:
        internal, customer = ("Follow up with the team", "Update the customer")
        for kind, what, due, overdue in (
            ("internal", internal, cadence.internal_due, cadence.internal_overdue),
            ("customer", customer, cadence.customer_due, cadence.customer_overdue),
        ):
            yield Timer.model_validate({"kind": kind, "who": "Support", "what": what, "due": due, "overdue": overdue})
    if decision.deadline is not None:
        by = decision.deadline
        yield Timer(kind="deadline", who=team, what="Answer to the ask", due=by, overdue=by)


def entries(
    database: Database,
    now: datetime,
    *,
    owner: str | None = None,
    holder: str | None = None,
    escalation: str | None = None,
) -> Iterator[Entry]:
    """All entries, by escalation and slot."""
    ledger = Ledger(database)
    rows, events = _read(database, now - KEPT, escalation)
    for number, found in rows.items():
        record = Record.model_validate_json(found[0].record)
        history = [event for event in events[number] if event.number <= record.version]
        running: dict[str, Timer] = {}
        if found[0].kind is not None and _concerns(record, owner, holder):
            running = _by_slot(record, [_timer(row) for row in found])
        ended: dict[str, Timer] = {}
        if found[0].updated_at >= now - KEPT and record.policy_sha256:
            ended = _so_far(history, ledger.settings_of(record), owner, holder)
        for slot, timer in sorted((ended | running).items()):
            yield Entry(record, found[0].updated_at, _uid_in(history[0], slot), timer, slot not in running)


def _uid_in(first: Event, slot: str) -> str:
    """The UID of one of an escalation's times, from its first event."""
    if isinstance(first.data, Drafted | Opened) and first.data.ticket_origin:
        return _uid(slot, first.data.ticket, first.data.ticket_origin)
    # Begun without a ticket's text, or before it was kept: by a hash that no other ledger has; each has an ESC-1.
    return f"{first.escalation}-{slot}-{first.sha256[:16]}@escalation"


def _uid(slot: str, ticket: str, origin: str) -> str:
    """The UID of one of a ticket's times: which of them, and the ticket by its name and its first text."""
    return f"{slot}-{sha256_of(json.dumps([ticket, origin]))[:32]}@escalation"


def slots(record: Record, kinds: Iterable[str]) -> list[str]:
    """A name for each of the record's timers, in their order (soonest due first): its kind, with a promise's event.

    An escalation can have several promises open at once, and only one timer of each other kind.
    """
    open_ = [promise for promise in record.promises if promise.kept is None and promise.due is not None]
    open_.sort(key=lambda promise: promise.due or record.created_at)
    numbers = iter([promise.event for promise in open_])
    return [f"promise-{next(numbers)}" if kind == "promise" else kind for kind in kinds]


def _read(database: Database, since: datetime, only: str | None) -> tuple[dict[int, list[Any]], dict[int, list[Event]]]:
    """By number: escalations with a running timer or a change since then, one row for each timer; and their events.

    `only`: the id of one escalation, which alone is read.

    Of what has not changed since then only the first event is read.
    """
    e, r = t.escalation.c, t.timer.c
    concerned = or_(e.updated_at >= since, e.next_due_at.is_not(None))
    if only is not None:
        number = only.removeprefix(PREFIX)
        concerned = and_(concerned, e.number == (int(number) if number.isdecimal() else 0))
    # Record and timers in one statement: on a server, another one could see what was written in between.
    together = (
        select(e.number, e.updated_at, e.record, r.kind, r.who, r.what, r.due_at, r.overdue_at)
        .select_from(t.escalation.outerjoin(t.timer, r.escalation == e.number))
        .where(concerned)
        .order_by(e.number, r.number)
    )
    past = (
        select(*(column for column in t.event.c if column.name != "kind"))
        .where(
            t.event.c.escalation.in_(select(e.number).where(concerned)),
            or_(t.event.c.number == 1, t.event.c.escalation.in_(select(e.number).where(e.updated_at >= since))),
        )
        .order_by(t.event.c.escalation, t.event.c.number)
    )
    rows: dict[int, list[Any]] = defaultdict(list)
    events: dict[int, list[Event]] = defaultdict(list)
    with database.reading() as connection:
        for row in connection.execute(together):
            rows[row.number].append(row)
        for found in connection.execute(past).mappings():
            number = found["escalation"]
            given = {**found, "escalation": f"{PREFIX}{number}", "data": json.loads(found["data"])}
            events[number].append(Event.model_validate(given))
    return rows, events


def _timer(row: Any) -> Timer:
    return Timer(kind=row.kind, who=row.who, what=row.what, due=row.due_at, overdue=row.overdue_at)


def _by_slot(record: Record, running: Sequence[Timer]) -> dict[str, Timer]:
    return dict(zip(slots(record, (timer.kind for timer in running)), running, strict=True))


def _so_far(history: Sequence[Event], settings: Settings, owner: str | None, holder: str | None) -> dict[str, Timer]:
    """Each time that ever ran on the escalation, as it ran last."""
    found: dict[str, Timer] = {}
    record: Record | None = None
    for event in history:
        record = apply(record, event)
        if record.policy_sha256 and _concerns(record, owner, holder):
            found |= _by_slot(record, timers(record, settings))
    return found


def _concerns(record: Record, owner: str | None, holder: str | None) -> bool:
    if owner is not None and owner not in (record.owner, record.with_team):
        return False
    return holder is None or record.holder.casefold() == holder.casefold()


class Text(str):
    r"""A text value, escaped by RFC 5545. The library's own makes a line break of a `\N` such as in `C:\NEW`."""

    __slots__ = ()

    def to_ical(self) -> bytes:
        """The bytes in the file, not folded yet."""
        return re.sub(r"([\\;,])", r"\\\1", self).replace("\n", "\\n").encode()


def _calendar(name: str) -> "Calendar":
    from icalendar import Calendar

    result = Calendar()
    for key, value in (("version", "2.0"), ("prodid", PRODUCT), ("calscale", "GREGORIAN"), ("method", "PUBLISH")):
        result.add(key, value)
    for key in ("name", "x-wr-calname"):
        result.add(key, Text(name), encode=False)
    return result


def _component(entry: Entry) -> "Component":
    record = entry.record
    summary, description = _words(
        entry.timer,
        id=record.id,
        severity=(record.severity or "").capitalize(),
        secret=need_to_know(record),
        ended=entry.ended,
        overdue=when(entry.timer.overdue, office_zone(record.model_dump(mode="json", include={"calendar"}))),
        headline=record.headline,
        ticket=record.ticket,
        account=", ".join(record.accounts) or record.account,
    )
    return _event(
        entry.timer,
        entry.uid,
        record.version,
        entry.changed,
        summary,
        description,
        record.severity or "",
        ended=entry.ended,
    )


def _event(
    timer: Timer,
    uid: str,
    sequence: int,
    changed: datetime,
    summary: str,
    description: str,
    severity: str,
    *,
    ended: bool = False,
) -> "Component":
    from icalendar import Alarm, Event

    start, end = _span(timer)
    event = Event()
    event.add("uid", Text(uid), encode=False)
    event.add("sequence", sequence)
    event.add("dtstamp", _whole(changed))
    event.add("last-modified", _whole(changed))
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", Text(summary), encode=False)
    event.add("description", Text(description), encode=False)
    if severity:
        event.add("categories", [severity.capitalize()])
    event.add("status", "CANCELLED" if ended else "CONFIRMED")
    event.add("transp", "TRANSPARENT")  # nobody is busy because something is due
    if not ended:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", Text(summary), encode=False)
        alarm.add("trigger", timedelta(0))
        event.add_component(alarm)
    return event


def _span(timer: Timer) -> tuple[datetime, datetime]:
    start, overdue = _whole(timer.due), _whole(timer.overdue)
    return start, min(overdue, start + LONGEST) if overdue > start else start + SHORTEST


def _whole(moment: datetime) -> datetime:
    """In UTC, to the second: the format knows nothing finer."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _words(timer: Timer, **values: object) -> tuple[str, str]:
    """Summary and description. Every value in them is one line of visible characters."""
    text = _rendered("feed", kinds=KINDS, kind=timer.kind, who=timer.who, what=timer.what, **values)
    # Some programs show a description as HTML, in which a link can hide where it leads.
    summary, _, description = text.translate(NO_TAGS).partition("\n")
    return summary, description.strip()


def _rendered(name: str, **values: object) -> str:
    from agent.render.formats import text_environment

    return text_environment(0, False).get_template(f"ledger/{name}.txt.j2").render(**values).strip()
