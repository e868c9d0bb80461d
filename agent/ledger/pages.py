"""An escalation for people: one line, the whole, its timeline, why each time is due, and the handover note.

Pure: record, events, policy and the time to look from come in. Words are in prompts/ledger/.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from agent.ledger.history import breaches
from agent.ledger.life import apply, paused_since
from agent.ledger.moments import both, office_zone, span, when
from agent.ledger.queries import Due
from agent.ledger.timers import timers
from agent.policy.settings import Settings
from agent.render.formats import markdown_environment, text_environment
from schemas.ledger import Breach, Event, HandedOver, Record, Timer
from schemas.vocabulary import OWNER_LABEL, SEVERITY_RANK

BREACH = {
    "acknowledge": "nobody had acknowledged",
    "internal": "no follow-up with the team",
    "customer": "no update to the customer",
    "deadline": "the ask was not answered",
    "sla": "the SLA was breached",
    "handover": "the hand-over was not taken on",
    "promise": "a promise to the customer was not kept",
}


Status = Literal["overdue", "due", "ahead"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened, or a time that passed unheeded (`number` 0). `text` and `more` are its lines.

    `note`: the handover note that was kept with it.
    """

    at: datetime
    time: str
    text: str
    more: tuple[str, ...] = ()
    number: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the office's zone, with what happened on it."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs: its timer with the arithmetic, how it stands, and what comes out in words."""

    timer: Timer
    status: Status
    result: str


def record_line(record: Record, settings: Settings) -> str:
    """The record in one line, with what is due first."""
    owed = timers(record, settings)
    plain = record.model_dump(mode="json")
    parts = [f"{record.id} is {state_words(record)}"]
    if record.severity:
        parts.append(record.severity.capitalize())
    if record.state not in ("draft", "closed"):
        parts.append(f"with {team_words(record)}")
    line = ", ".join(parts)
    if owed:
        line += f"; next: {owed[0].what}, due {both(owed[0].due, plain)}"
    return f"{line} [version {record.version}]"


def show(record: Record, settings: Settings, now: datetime, *, width: int, colour: bool) -> str:
    """The whole record as text."""
    plain = record.model_dump(mode="json")
    zone = office_zone(plain)
    values = {
        "id": record.id,
        "headline": record.headline,
        "state": state_words(record),
        "severity": (record.severity or "").capitalize() or "no severity yet",
        "team": team_words(record),
        "owner": OWNER_LABEL[record.owner] if record.owner else "",
        "leadership": record.leadership and record.owner != "leadership",
        "lines": [(label, value) for label, value in facts(record, plain) if value],
        "due": [_owed(timer, now, plain) for timer in timers(record, settings)],
        "promises": promises(record, plain),
        "breaches": [f"{when(b.overdue, zone)}: {breach_words(b)}" for b in record.breaches],
    }
    return text_environment(width, colour).get_template("ledger/show.txt.j2").render(**values)


def promises(record: Record, plain: dict[str, Any]) -> list[str]:
    """What the customer was promised and has not got yet. `plain`: the record as JSON data."""
    return [
        f"{p.text}{f', by {both(p.due, plain)}' if p.due else ''} (event {p.event})"
        for p in record.promises
        if p.kept is None
    ]


def breach_words(breach: Breach) -> str:
    """What should have happened and had not."""
    return BREACH.get(breach.kind, breach.kind)


def timeline(
    events: Sequence[Event], settings: Settings, fmt: Literal["text", "markdown"], *, width: int, colour: bool
) -> str:
    """All that happened, day by day, in the order in which it happened, with what passed unheeded between."""
    record, days = story(events, settings)
    values = {"id": record.id, "headline": record.headline, "days": days}
    if fmt == "markdown":
        return markdown_environment().get_template("ledger/timeline.md.j2").render(**values)
    return text_environment(width, colour).get_template("ledger/timeline.txt.j2").render(**values)


def story(events: Sequence[Event], settings: Settings) -> tuple[Record, tuple[Day, ...]]:
    """The record after these events (without its breaches), and its timeline as values."""
    ordered = sorted(events, key=lambda event: (event.at, event.number))
    record: Record | None = None
    found: list[tuple[datetime, Event | None, list[str]]] = []
    for event in ordered:
        after = apply(record, event)
        found.append((event.at, event, _lines(event, record or after, after, settings)))
        record = after
    assert record is not None
    zone = office_zone(record.model_dump(mode="json"))
    found += [(breach.overdue, None, [_passed(breach)]) for breach in breaches(ordered, settings)]
    found.sort(key=lambda entry: entry[0])
    days: list[tuple[str, list[Entry]]] = []
    for moment, what, lines in found:
        name = f"{when(moment, zone).rpartition(' ')[0].rpartition(' ')[0]} ({moment.astimezone(zone).tzname()})"
        if not days or days[-1][0] != name:
            days.append((name, []))
        note = what.data.note if what is not None and isinstance(what.data, HandedOver) else ""
        time = f"{moment.astimezone(zone):%H:%M}"
        days[-1][1].append(Entry(moment, time, lines[0], tuple(lines[1:]), what.number if what else 0, note))
    return record, tuple(Day(name, tuple(entries)) for name, entries in days)


def running(record: Record, settings: Settings, now: datetime) -> tuple[Running, ...]:
    """Each running time with its arithmetic, soonest due first."""
    plain = record.model_dump(mode="json")
    return tuple(
        Running(timer, status(timer, now), _result(timer, now, plain))
        for timer in timers(record, settings, explain=True)
    )


def status(timer: Timer | Due, now: datetime) -> Status:
    """How it stands: due from its time on, overdue after the later one."""
    return "overdue" if timer.overdue < now else "due" if timer.due <= now else "ahead"


def standing_still(record: Record) -> str:
    """What stands still while it is the customer's turn; "" where nothing does."""
    since = paused_since(record)
    if since is None:
        return ""
    moment = both(since, record.model_dump(mode="json"))
    return f"The customer's turn since {moment}: customer updates and the SLA stand still."


def why_due(record: Record, settings: Settings, now: datetime, *, width: int, colour: bool) -> str:
    """Each running time with its arithmetic, line by line."""
    values = {
        "id": record.id,
        "state": state_words(record),
        "severity": (record.severity or "").capitalize(),
        "policy": record.policy_version or settings.version,
        "standing_still": standing_still(record),
        "timers": [
            {
                "what": clock.timer.what,
                "who": clock.timer.who,
                "lines": clock.timer.lines,
                "result": clock.result,
            }
            for clock in running(record, settings, now)
        ],
    }
    return text_environment(width, colour).get_template("ledger/why_due.txt.j2").render(**values)


def handover_note(record: Record, settings: Settings, to: str, now: datetime, note: str) -> str:
    """What the next person needs: state, last words, promises, what is due. Plain text, kept with the event."""
    plain = record.model_dump(mode="json")
    zone = office_zone(plain)
    since = paused_since(record)

    def said(update: Any) -> str:
        return f"{when(update.at, zone)} by {update.by}: {update.text}" if update else ""

    values = {
        "id": record.id,
        "to": to,
        "now": when(now, zone),
        "headline": record.headline,
        "state": state_words(record),
        "severity": (record.severity or "").capitalize() or "no severity",
        "team": team_words(record),
        "owner": OWNER_LABEL[record.owner] if record.owner else "",
        "paused": when(since, zone) if since else "",
        "ticket": record.ticket,
        "tickets": record.tickets,
        "accounts": record.accounts,
        "ask": record.ask,
        "last_internal": said(record.last_internal),
        "last_customer": said(record.last_customer),
        "promises": [
            f"{p.text}{f', by {both(p.due, plain)}' if p.due else ''}" for p in record.promises if p.kept is None
        ],
        "due": [_owed(timer, now, plain) for timer in timers(record, settings)],
        "code_fix": record.code_fix,
        "note": note,
    }
    return text_environment(0, False).get_template("ledger/handover.txt.j2").render(**values).strip()


def _lines(event: Event, before: Record, after: Record, settings: Settings) -> list[str]:
    zone = office_zone(after.model_dump(mode="json"))
    text = (
        text_environment(0, False)
        .get_template("ledger/event.txt.j2")
        .render(
            event=event,
            data=event.data,
            before=before,
            after=after,
            team=OWNER_LABEL.get(event.team, event.team.capitalize()),
            label=OWNER_LABEL,
            rank=SEVERITY_RANK,
            ladder=settings.ladder.steps,
            at=lambda moment: when(moment, zone),
        )
    )
    return [line for line in text.splitlines() if line.strip()]


def _passed(breach: Breach) -> str:
    return f"Passed: {breach_words(breach)} by now"


def state_words(record: Record) -> str:
    """The state, and whom it waits for."""
    words = record.state.replace("_", " ")
    if record.state == "handed_over" and record.receiver:
        words += f" to {record.receiver}, who has not taken it on yet"
    return words


def team_words(record: Record) -> str:
    """The team that has it."""
    return OWNER_LABEL[record.with_team or record.owner or "l2_support"]


def facts(record: Record, plain: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What holds about it: a label and a value each, empty where nothing is known. `plain`: the record as JSON data."""
    zone = office_zone(plain)

    def at(moment: datetime | None, by: str = "") -> str:
        return "" if moment is None else f"{when(moment, zone)}{f' by {by}' if by else ''}"

    yield "Ticket", ", ".join((record.ticket, *record.tickets))
    yield "Customer", ", ".join(record.accounts) or record.account or ""
    yield "Kept by", record.holder
    yield "Why", ", ".join(dict.fromkeys((record.deciding_rule or "", *record.rules))).strip(", ")
    yield "Ask", record.ask
    yield "Escalated", at(record.opened_at)
    yield "Acknowledged", at(record.acknowledged_at)
    said = record.last_internal
    yield "Last inside", f"{at(said.at, said.by)}: {said.text}" if said else ""
    said = record.last_customer
    yield "Last outside", f"{at(said.at, said.by)}: {said.text}" if said else ""
    yield "Customer's turn", at(paused_since(record))
    yield (
        "Contract term",
        f"customer update every {record.term.customer_hours:g}: {record.term.source}" if record.term else "",
    )
    yield "Code fix", {"open": "still owed", "none": "none owed", "unknown": ""}[record.code_fix]
    yield (
        "Rejected",
        f"{(record.reject_reason or '').replace('_', ' ')}; way on: {record.way_on}" if record.way_on else "",
    )
    yield "Resolution", record.resolution
    yield "Root cause", record.root_cause
    yield "Learned", record.learned
    if record.override is not None:
        yield "A person decided", f"{record.override.by}, {at(record.override.at)}: {record.override.why}"
    yield "Policy", record.policy_version
    yield "Version", str(record.version)


def _owed(timer: Timer, now: datetime, plain: dict[str, Any]) -> str:
    return f"{timer.who}: {timer.what}, due {both(timer.due, plain)}{_lateness(timer, now)}"


def _result(timer: Timer, now: datetime, plain: dict[str, Any]) -> str:
    return f"due {both(timer.due, plain)}, overdue {both(timer.overdue, plain)}{_lateness(timer, now)}"


def _lateness(timer: Timer, now: datetime) -> str:
    stands = status(timer, now)
    if stands == "overdue":
        return f" (overdue by {span(now - timer.overdue)})"
    if stands == "due":
        return " (due now)"
    return f" (in {span(timer.due - now)})" if timer.due - now > timedelta() else ""
