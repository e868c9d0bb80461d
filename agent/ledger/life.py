"""What each event does to a record. Nothing is refused here (see requirements.py), so any history can be replayed.

Pure: the same events give the same record, and no clock is read.
"""

from collections.abc import Iterable
from datetime import datetime

from agent.errors import BadInput
from schemas.context import Pause
from schemas.ledger import (
    ACTIVE,
    Acknowledged,
    Attached,
    Chased,
    Closed,
    DeEscalated,
    Drafted,
    Event,
    HandedOver,
    Monitored,
    Opened,
    Overridden,
    Paused,
    Promise,
    Reading,
    Record,
    Rejected,
    Reopened,
    Rerouted,
    Rerun,
    Resolved,
    Resumed,
    Returned,
    Said,
    SeverityChanged,
    State,
    TermSet,
    Updated,
)
from schemas.vocabulary import SEVERITY_RANK, Owner, Severity

Changes = dict[str, object]


def replay(events: Iterable[Event]) -> Record:
    """The record after all these events of one escalation, in their order. Raises BadInput if there are none."""
    record: Record | None = None
    for event in events:
        record = apply(record, event)
    if record is None:
        raise BadInput("no events: an escalation has at least the one that began it")
    return record


def apply(record: Record | None, event: Event) -> Record:
    """The record after one more event."""
    if record is None:
        record = _born(event)
        changes: Changes = _opened(event, event.data) if isinstance(event.data, Opened) else {}
    else:
        changes = _changes(record, event)
    return record.model_copy(update={"version": event.number, **changes})


def phase(record: Record) -> State:
    """Where it stands with the receiving team, also while a hand-over waits."""
    return record.resumes if record.state == "handed_over" and record.resumes else record.state


def paused_since(record: Record) -> datetime | None:
    """Since when it has been the customer's turn; None: it is not."""
    return record.pauses[-1].start if record.pauses and record.pauses[-1].until is None else None


def _born(event: Event) -> Record:
    data = event.data
    ticket = data.ticket if isinstance(data, Drafted | Opened) else ""
    record = Record(
        id=event.escalation,
        version=event.number,
        state="draft",
        state_at=event.at,
        created_at=event.at,
        ticket=ticket,
        holder=event.by,
    )
    if isinstance(data, Drafted):
        record = record.model_copy(update={"headline": data.headline, "account": data.account})
    return record


def _changes(record: Record, event: Event) -> Changes:
    match event.data:
        case Drafted() as data:
            return {"headline": data.headline or record.headline, "account": data.account or record.account}
        case Opened() as data:
            return _opened(event, data)
        case Acknowledged():
            return _acknowledged(record, event)
        case Rejected() as data:
            return _ended(record, event, "rejected", told=False) | {
                "reject_reason": data.reason,
                "way_on": data.way_on,
            }
        case Updated() as data:
            return _updated(record, event, data)
        case SeverityChanged() as data:
            return _severity(record, event, data.severity) | {"rules": _joined(record.rules, data.rules)}
        case Rerouted() as data:
            return _routed(event, data.owner, data.next_hop, record) | {"rules": _joined(record.rules, data.rules)}
        case DeEscalated() as data:
            return _de_escalated(record, event, data)
        case Returned() as data:
            return _ended(record, event, "returned_to_support", told=True) | {
                "learned": data.duties.learned,
                "root_cause": data.root_cause or record.root_cause,
            }
        case Monitored():
            return _monitored(record, event)
        case Resolved() as data:
            return _resolved(record, event, data)
        case Closed() as data:
            return _moved(record, event, "closed") | {
                "closed_at": event.at,
                "told_end": True,
                "learned": data.duties.learned,
                "root_cause": data.root_cause or record.root_cause,
            }
        case Reopened() as data:
            return _reopened(record, event, data)
        case HandedOver() as data:
            return _handed_over(record, event, data)
        case Overridden() as data:
            return _overridden(record, event, data)
        case Paused():
            return {"pauses": (*record.pauses, Pause(start=event.at)), "reminders": 0}
        case Resumed():
            return {"pauses": _without_open_pause(record, event.at), "reminders": 0}
        case Chased() as data:
            return {"chased": data.step, "last_contact": _contact(record, event)}
        case TermSet() as data:
            return {"term": data.term}
        case Rerun() as data:
            return _rerun(record, data)
        case Attached() as data:
            return _attached(record, data)


def _opened(event: Event, data: Opened) -> Changes:
    kept = (
        "ticket",
        "ticket_sha256",
        "headline",
        "account",
        "severity",
        "leadership",
        "deciding_rule",
        "rules",
        "product_area",
        "ask",
        "deadline",
        "deadline_basis",
        "calendar",
        "customer_zone",
        "sla",
        "bug_record",
        "code_fix",
        "policy_version",
        "policy_sha256",
        "result_sha256",
    )
    changes: Changes = {name: getattr(data, name) for name in kept}
    changes["accounts"] = data.accounts or ((data.account,) if data.account else ())
    changes["readings"] = (
        Reading(
            ticket=data.ticket,
            ticket_sha256=data.ticket_sha256,
            severity=data.severity,
            owner=data.owner,
            rules=data.rules,
        ),
    )
    if data.sla is not None:  # a pause of the help desk that still lasts ends here, with the customer's answer
        lasting = [pause for pause in data.sla.pauses if pause.until is None]
        changes["pauses"] = tuple(lasting[:1])
        ended = tuple(pause for pause in data.sla.pauses if pause.until is not None)
        changes["sla"] = data.sla.model_copy(update={"pauses": ended})
    return changes | _routed(event, data.owner, data.next_hop) | {"opened_at": event.at, "holder": event.by}


def _routed(event: Event, owner: Owner, next_hop: Owner, record: Record | None = None) -> Changes:
    """A team has to take it on: its clock of acknowledgement begins. A hand-over within support goes on waiting."""
    waits = record is not None and bool(record.receiver)
    state: Changes = {"resumes": "open"} if waits else {"state": "open", "state_at": event.at, "resumes": None}
    return state | {
        "owner": owner,
        "with_team": next_hop,
        "routed_at": event.at,
        "acknowledged_at": None,
        "answered_at": None,
        "chased": 0,
        "last_contact": event.at,
    }


def _severity(record: Record, event: Event, severity: Severity) -> Changes:
    """Another severity: its times count from now on. The same one, said again, changes nothing."""
    if severity == record.severity:
        return {}
    raised = SEVERITY_RANK[severity] > SEVERITY_RANK[record.severity]
    return {
        "severity": severity,
        "severity_at": event.at,
        "severity_changes": record.severity_changes + 1,
        "raised": raised,
        "chased": 0 if raised else record.chased,  # the ladder begins anew: it has less time now
    }


def _joined(before: tuple[str, ...], rules: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *rules)))


def _contact(record: Record, event: Event) -> datetime:
    """The last word with the team; what is written down late does not hide what was heard since."""
    return max(event.at, record.last_contact or event.at)


def _monitored(record: Record, event: Event) -> Changes:
    changes: Changes = {"monitored_at": event.at, "last_contact": _contact(record, event), "unexplained": False}
    if record.receiver:  # support's own hand-over goes on waiting
        return changes | {"resumes": "monitoring"}
    return changes | {"state": "monitoring", "state_at": event.at, "resumes": None}


def _rerun(record: Record, data: Rerun) -> Changes:
    reading = Reading(
        ticket=data.ticket or record.ticket,
        ticket_sha256=data.ticket_sha256,
        severity=data.severity,
        owner=data.owner,
        rules=data.rules,
    )
    changes: Changes = {"readings": _read(record, reading), "rules": _joined(record.rules, data.rules)}
    if reading.ticket == record.ticket:
        changes |= {"ticket_sha256": data.ticket_sha256, "result_sha256": data.result_sha256}
    return changes


def _read(record: Record, reading: Reading) -> tuple[Reading, ...]:
    return (*(r for r in record.readings if r.ticket != reading.ticket), reading)


def _acknowledged(record: Record, event: Event) -> Changes:
    if record.receiver and event.team == "support":  # the next person in support takes it on
        return {"state": phase(record), "state_at": event.at, "resumes": None, "receiver": "", "holder": event.by}
    changes: Changes = {
        "acknowledged_at": event.at,
        "first_acknowledged_at": record.first_acknowledged_at or event.at,
        "last_contact": _contact(record, event),
    }
    if record.receiver:  # the team takes it on while support's own hand-over still waits
        return changes | {"resumes": "acknowledged"}
    return changes | {"state": "acknowledged", "state_at": event.at, "resumes": None}


def _updated(record: Record, event: Event, data: Updated) -> Changes:
    said = Said(event=event.number, at=event.at, by=event.by, text=data.text)
    promises = record.promises
    if data.keeps is not None:
        promises = tuple(
            p.model_copy(update={"kept": event.number}) if p.event == data.keeps else p for p in record.promises
        )
    if data.promise:
        promises = (*promises, Promise(event=event.number, at=event.at, text=data.promise, due=data.promise_due))
    changes: Changes = {"promises": promises}
    # What was sent earlier but written down later does not hide what was sent since.
    if data.audience == "internal":
        if record.last_internal is None or event.at >= record.last_internal.at:
            changes["last_internal"] = said
        changes["last_contact"] = _contact(record, event)
        if data.answers and event.at >= (record.routed_at or event.at):  # else it was another team's answer
            changes["answered_at"] = event.at
        return changes
    if record.last_customer is None or event.at >= record.last_customer.at:
        changes["last_customer"] = said
    since = paused_since(record)
    if since is not None and event.at >= since:
        changes["reminders"] = record.reminders + 1
    if record.ended_at is not None and event.at >= record.ended_at:
        changes["told_end"] = True
    return changes


def _moved(record: Record, event: Event, state: State) -> Changes:
    """A change of state outside the team's hands: a waiting hand-over and a pause end with it."""
    return {
        "state": state,
        "state_at": event.at,
        "resumes": None,
        "receiver": "",
        "pauses": _without_open_pause(record, event.at),
    }


def _ended(record: Record, event: Event, state: State, *, told: bool) -> Changes:
    return _moved(record, event, state) | {"ended_at": event.at, "told_end": told}


def _without_open_pause(record: Record, at: datetime) -> tuple[Pause, ...]:
    if paused_since(record) is None:
        return record.pauses
    return (*record.pauses[:-1], record.pauses[-1].model_copy(update={"until": at}))


def _de_escalated(record: Record, event: Event, data: DeEscalated) -> Changes:
    changes: Changes = {"learned": data.duties.learned, "root_cause": data.root_cause or record.root_cause}
    if data.code_fix != "unknown":
        changes["code_fix"] = data.code_fix
    if data.severity is not None:  # lower, and the owner stays
        return changes | _severity(record, event, data.severity) | {"last_contact": event.at}
    if data.reason == "resolved_itself":
        if data.root_cause or record.root_cause:
            return changes | _ended(record, event, "resolved", told=True) | {"resolved_at": event.at}
        watched: Changes = {"monitored_at": event.at, "last_contact": event.at, "unexplained": True}
        return changes | _moved(record, event, "monitoring") | watched
    return changes | _ended(record, event, "returned_to_support", told=True)


def _resolved(record: Record, event: Event, data: Resolved) -> Changes:
    cause = data.root_cause or record.root_cause
    changes: Changes = {"resolution": data.resolution or record.resolution, "root_cause": cause}
    if not cause:  # policy section 7: without the root cause it stays in monitoring
        watched: Changes = {"monitored_at": event.at, "last_contact": event.at, "unexplained": True}
        return changes | _moved(record, event, "monitoring") | watched
    return changes | _ended(record, event, "resolved", told=False) | {"resolved_at": event.at}


def _reopened(record: Record, event: Event, data: Reopened) -> Changes:
    owner = data.owner or record.owner or "l2_support"
    return _routed(event, owner, owner) | {
        "state": "reopened",
        "severity": data.severity,
        "severity_at": event.at,  # its deadline is counted anew
        "raised": False,
        "reopened": record.reopened + 1,
        "reopened_at": event.at,
        "regressions": record.regressions + (record.resolved_at is not None),
        "reject_reason": None,
        "way_on": "",
        "resolved_at": None,
        "closed_at": None,
        "ended_at": None,
        "told_end": True,
        "resolution": "",
        "root_cause": "",
    }


def _handed_over(record: Record, event: Event, data: HandedOver) -> Changes:
    if data.team is not None:  # L2 takes on what stays another team's; any other team becomes the owner
        owner = record.owner if data.team == "l2_support" and record.owner else data.team
        return _routed(event, owner, data.team) | {"state": "handed_over", "resumes": "open", "receiver": ""}
    return {"state": "handed_over", "state_at": event.at, "resumes": phase(record), "receiver": data.to}


def _overridden(record: Record, event: Event, data: Overridden) -> Changes:
    changes: Changes = {"override": data.override}
    if record.state not in ACTIVE or data.override.outcome != "escalate":
        return changes
    if data.override.severity is not None and data.override.severity != record.severity:
        changes |= _severity(record, event, data.override.severity)
    if data.override.owner is not None and data.override.owner != record.owner:
        changes |= _routed(event, data.override.owner, data.override.owner, record)
    return changes


def _attached(record: Record, data: Attached) -> Changes:
    accounts = record.accounts
    if data.account and data.account.casefold() not in {name.casefold() for name in accounts}:
        accounts = (*accounts, data.account)
    tickets = record.tickets if data.ticket in record.tickets else (*record.tickets, data.ticket)
    changes: Changes = {"accounts": accounts, "tickets": tickets}
    if data.reading is not None:
        changes |= {"readings": _read(record, data.reading), "rules": _joined(record.rules, data.reading.rules)}
    return changes
