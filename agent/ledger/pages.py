"""An escalation for people: one line, the whole, its timeline, why each time is due, and the handover note.

Pure: record, events, policy and the time to look from come in. Words are in prompts/ledger/.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from agent.ledger.history import breaches
from agent.ledger.life import apply, paused_since
from agent.ledger.moments import both, office_zone, span, when
from agent.ledger.timers import timers
from agent.policy.settings import Settings
from agent.render.formats import markdown_environment, text_environment
from schemas.ledger import Breach, Event, Record, Timer
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


def record_line(record: Record, settings: Settings) -> str:
    """The record in one line, with what is due first."""
    running = timers(record, settings)
    plain = record.model_dump(mode="json")
    parts = [f"{record.id} is {_state(record)}"]
    if record.severity:
        parts.append(record.severity.capitalize())
    if record.state not in ("draft", "closed"):
        parts.append(f"with {_team(record)}")
    line = ", ".join(parts)
    if running:
        line += f"; next: {running[0].what}, due {both(running[0].due, plain)}"
    return f"{line} [version {record.version}]"


def show(record: Record, settings: Settings, now: datetime, *, width: int, colour: bool) -> str:
    """The whole record as text."""
    plain = record.model_dump(mode="json")
    zone = office_zone(plain)
    values = {
        "id": record.id,
        "headline": record.headline,
        "state": _state(record),
        "severity": (record.severity or "").capitalize() or "no severity yet",
        "team": _team(record),
        "owner": OWNER_LABEL[record.owner] if record.owner else "",
        "leadership": record.leadership and record.owner != "leadership",
        "lines": [(label, value) for label, value in _facts(record, plain) if value],
        "due": [_owed(timer, now, plain) for timer in timers(record, settings)],
        "promises": [
            f"{p.text}{f', by {both(p.due, plain)}' if p.due else ''} (event {p.event})"
            for p in record.promises
            if p.kept is None
        ],
        "breaches": [f"{when(b.overdue, zone)}: {BREACH.get(b.kind, b.kind)}" for b in record.breaches],
    }
    return text_environment(width, colour).get_template("ledger/show.txt.j2").render(**values)


def timeline(
    events: Sequence[Event], settings: Settings, fmt: Literal["text", "markdown"], *, width: int, colour: bool
) -> str:
    """All that happened, day by day, in the order in which it happened, with what passed unheeded between."""
    ordered = sorted(events, key=lambda event: (event.at, event.number))
    record: Record | None = None
    entries: list[tuple[datetime, list[str]]] = []
    for event in ordered:
        after = apply(record, event)
        entries.append((event.at, _lines(event, record or after, after, settings)))
        record = after
    assert record is not None
    zone = office_zone(record.model_dump(mode="json"))
    entries += [(breach.overdue, [_passed(breach)]) for breach in breaches(ordered, settings)]
    entries.sort(key=lambda entry: entry[0])
    days: list[dict[str, Any]] = []
    for moment, lines in entries:
        name = f"{when(moment, zone).rpartition(' ')[0].rpartition(' ')[0]} ({moment.astimezone(zone).tzname()})"
        if not days or days[-1]["name"] != name:
            days.append({"name": name, "entries": []})
        time = f"{moment.astimezone(zone):%H:%M}"
        days[-1]["entries"].append({"time": time, "text": lines[0], "more": lines[1:]})
    values = {"id": record.id, "headline": record.headline, "days": days}
    if fmt == "markdown":
        return markdown_environment().get_template("ledger/timeline.md.j2").render(**values)
    return text_environment(width, colour).get_template("ledger/timeline.txt.j2").render(**values)


def why_due(record: Record, settings: Settings, now: datetime, *, width: int, colour: bool) -> str:
    """Each running time with its arithmetic, line by line."""
    plain = record.model_dump(mode="json")
    since = paused_since(record)
    still = ""
    if since is not None:
        still = f"The customer's turn since {both(since, plain)}: customer updates and the SLA stand still."
    values = {
        "id": record.id,
        "state": _state(record),
        "severity": (record.severity or "").capitalize(),
        "policy": record.policy_version or settings.version,
        "standing_still": still,
        "timers": [
            {
                "what": timer.what,
                "who": timer.who,
                "lines": timer.lines,
                "result": _result(timer, now, plain),
            }
            for timer in timers(record, settings, explain=True)
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
        "state": _state(record),
        "severity": (record.severity or "").capitalize() or "no severity",
        "team": _team(record),
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
    return f"Passed: {BREACH.get(breach.kind, breach.kind)} by now"


def _state(record: Record) -> str:
    words = record.state.replace("_", " ")
    if record.state == "handed_over" and record.receiver:
        words += f" to {record.receiver}, who has not taken it on yet"
    return words


def _team(record: Record) -> str:
    return OWNER_LABEL[record.with_team or record.owner or "l2_support"]


def _facts(record: Record, plain: dict[str, Any]) -> Iterator[tuple[str, str]]:
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
    if timer.overdue < now:
        return f" (overdue by {span(now - timer.overdue)})"
    if timer.due <= now:
        return " (due now)"
    return f" (in {span(timer.due - now)})" if timer.due - now > timedelta() else ""
