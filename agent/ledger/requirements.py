"""What each step of an escalation's life requires (policy section 7). One line of refusal says what is missing.

Pure: looks at the record and the event that is to follow, and at nothing else.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from agent.errors import Refused
from agent.ledger.life import paused_since, phase
from schemas.ledger import (
    ACTIVE,
    Acknowledged,
    Attached,
    Chased,
    Closed,
    DeEscalated,
    Drafted,
    Duties,
    Event,
    HandedOver,
    Monitored,
    Opened,
    Overridden,
    Paused,
    Record,
    Rejected,
    Reopened,
    Rerouted,
    Rerun,
    Resolved,
    Resumed,
    Returned,
    SeverityChanged,
    State,
    TermSet,
    Updated,
)
from schemas.vocabulary import OWNER_LABEL, SEVERITY_RANK

# A writer's clock may be ahead of the ledger's by so much; beyond it, an event lies in the future.
CLOCK_SKEW = timedelta(minutes=2)
LONGEST = 20_000
"""Characters of an event, the opening apart, which holds what a run made."""
# A workaround never lowers these (policy section 4: harm to data or security stays Critical).
HARM = frozenset(("SEC-1", "SEC-2", "TEC-1", "TEC-2"))
STEP_DOWN = {"critical": "high", "high": "medium", "medium": "medium"}
GIVE_AWAY = "give away"
POLICY = "policy"
"""The `by` of events that follow from the rules, not from a person."""

_UNACKNOWLEDGED: tuple[State, ...] = ("open", "reopened")
_ENDED: tuple[State, ...] = ("resolved", "closed", "rejected", "returned_to_support")


def require(record: Record | None, event: Event) -> None:
    """Raises Refused unless this event may follow."""
    if event.at > event.recorded_at + CLOCK_SKEW:
        raise Refused(f"{event.escalation}: {_time(event)} lies in the future: give the time at which it happened")
    if not isinstance(event.data, Opened) and len(event.data.model_dump_json()) + len(event.why) > LONGEST:
        raise Refused(f"{event.escalation}: longer than {LONGEST:,} characters: write down what matters, link the rest")
    if record is None:
        if not isinstance(event.data, Drafted | Opened):
            raise Refused(f"{event.escalation} is not in the ledger: open it first (`escalation open`)")
        return
    backdated = isinstance(event.data, Updated)
    first = record.created_at if backdated else _last_step(record, event)
    if event.at < first:
        what = "it was begun" if backdated else _last_change(record, first)
        raise Refused(
            f"{record.id}: {_time(event)} is before {what} ({first:%Y-%m-%d %H:%M} UTC): "
            "only updates may be written down for an earlier time"
        )
    check = _CHECKS.get(type(event.data))
    if check is not None:
        check(record, event)


def _last_step(record: Record, event: Event) -> datetime:
    """Before which no step like this one can have happened. Others may have been told of later than they happened."""
    if isinstance(event.data, Acknowledged | Resumed | Chased | Attached | Rerun | TermSet):
        return record.state_at
    pause = [moment for p in record.pauses[-1:] for moment in (p.start, p.until) if moment is not None]
    return max(record.state_at, record.severity_at or record.state_at, *pause)


def _last_change(record: Record, moment: datetime) -> str:
    if moment == record.state_at:
        return f"it became {record.state.replace('_', ' ')}"
    return f"it became {record.severity}" if moment == record.severity_at else "its pause changed"


def _time(event: Event) -> str:
    return f"{event.at:%Y-%m-%d %H:%M} UTC"


def _state(record: Record, verb: str, states: tuple[State, ...]) -> None:
    """The state must be one of these."""
    if record.state not in states:
        allowed = ", ".join(state.replace("_", " ") for state in states)
        raise Refused(f"{record.id} is {record.state.replace('_', ' ')}: {verb} only from {allowed}")


def _only_security(record: Record, event: Event, verb: str) -> None:
    if record.owner == "security" and event.team != "security":
        what = "give it away" if verb == GIVE_AWAY else f"{verb} it"
        raise Refused(
            f"{record.id} is Security's: only Security may {what} (policy 7); "
            "let them do it, and record it with --team security"
        )


def _a_person(record: Record, event: Event, verb: str) -> None:
    if event.by == POLICY:
        raise Refused(f"{record.id}: only a person may {verb}: say who with --by")


def _words(record: Record, text: str, what: str, how: str) -> None:
    if not text.strip():
        raise Refused(f"{record.id}: {what} is missing: {how}")


def _all_duties(record: Record, duties: Duties) -> None:
    missing = [
        flag
        for done, flag in (
            (duties.team_notified, "--team-notified"),
            (duties.ticket_updated, "--ticket-updated"),
            (duties.customer_informed, "--customer-informed"),
            (bool(duties.learned.strip()), "--learned TEXT"),
        )
        if not done
    ]
    if missing:
        raise Refused(f"{record.id}: duties not done yet: {', '.join(missing)}; do them, then say so with these flags")


def _no_code_fix(record: Record, code_fix: str) -> None:
    if (record.code_fix if code_fix == "unknown" else code_fix) == "open":
        raise Refused(
            f"{record.id}: a code fix is still owed, so {OWNER_LABEL[record.owner or 'engineering']} stays the owner: "
            "a workaround lowers severity (`deescalate --reason workaround`); if no fix is owed, say --code-fix none"
        )


def _open(record: Record, _: Event) -> None:
    if record.state != "draft":
        how = "log an update" if record.state in ACTIVE else "reopen it if it goes on"
        raise Refused(f"{record.id} is {record.state.replace('_', ' ')}: it was opened before, {how}")


def _acknowledge(record: Record, event: Event) -> None:
    if record.state == "acknowledged":
        at = record.acknowledged_at
        when = f" ({at:%Y-%m-%d %H:%M} UTC)" if at else ""
        raise Refused(f"{record.id} is acknowledged already{when}: log an update instead")
    _state(record, "acknowledge", (*_UNACKNOWLEDGED, "handed_over"))
    if record.receiver and event.team != "support" and phase(record) not in _UNACKNOWLEDGED:
        raise Refused(
            f"{record.id} waits for {record.receiver} in support to take it on: "
            f"the team has acknowledged already; say --team support"
        )


def _reject(record: Record, event: Event) -> None:
    _state(record, "reject", ("open", "acknowledged", "handed_over", "reopened"))
    if phase(record) == "monitoring":
        raise Refused(f"{record.id} is in monitoring: what is watched is not rejected; resolve it or return it")
    _only_security(record, event, "reject")
    data = cast(Rejected, event.data)
    _words(record, event.why, "the reason in words", "say why the team does not take it, with --why")
    _words(record, data.way_on, "the way on", "say what is to happen instead, with --way-on")


def _update(record: Record, event: Event) -> None:
    data = cast(Updated, event.data)
    if record.state == "draft":
        raise Refused(f"{record.id} is a draft: open it first")
    if record.state == "closed":
        raise Refused(f"{record.id} is closed: reopen it if it goes on")
    _words(record, data.text, "the text of the update", "say what was said, with --text")
    if data.audience == "internal" and (data.promise or data.keeps is not None):
        raise Refused(f"{record.id}: promises are made to customers: use --to customer")
    if data.audience == "customer" and data.answers:
        raise Refused(f"{record.id}: the ask is answered by the team: use --to internal")
    if data.promise_due is not None and not data.promise.strip():
        raise Refused(f"{record.id}: a promised time needs the promise: add --promise TEXT")
    kept = [p for p in record.promises if p.event == data.keeps]
    if kept and event.at < kept[0].at:
        raise Refused(f"{record.id}: {_time(event)} is before the promise of event {data.keeps} was made")
    if data.promise_due is not None and data.promise_due <= event.at:
        raise Refused(f"{record.id}: the promised time {data.promise_due:%Y-%m-%d %H:%M} UTC is not after the promise")
    if data.keeps is not None and not any(p.kept is None for p in kept):
        open_ones = ", ".join(str(p.event) for p in record.promises if p.kept is None) or "none"
        raise Refused(f"{record.id}: no open promise was made in event {data.keeps}: open ones are {open_ones}")


def _severity(record: Record, event: Event) -> None:
    _state(record, "change severity", ACTIVE)
    data = cast(SeverityChanged, event.data)
    before, after = SEVERITY_RANK[record.severity], SEVERITY_RANK[data.severity]
    if before == after:
        raise Refused(f"{record.id} is {data.severity} already")
    if after < before:
        _a_person(record, event, "lower severity")
        _only_security(record, event, "lower")
    _words(record, event.why, "the reason", "say why, with --why")
    _words(record, data.evidence, "the evidence", "quote what shows it, with --evidence")


def _reroute(record: Record, event: Event) -> None:
    _state(record, "reroute", ACTIVE)
    if record.owner == "security" and cast(Rerouted, event.data).owner != "security":
        _only_security(record, event, GIVE_AWAY)


def _de_escalate(record: Record, event: Event) -> None:
    data = cast(DeEscalated, event.data)
    _state(record, "de-escalate", ACTIVE)
    _only_security(record, event, "de-escalate")
    _a_person(record, event, "de-escalate")
    _words(record, event.why, "the reason in words", "say why, with --why")
    _words(record, data.evidence, "the evidence", "quote what shows it, with --evidence")
    _all_duties(record, data.duties)
    if data.severity is not None and SEVERITY_RANK[data.severity] > SEVERITY_RANK[record.severity]:
        raise Refused(f"{record.id} is {record.severity}: de-escalating cannot raise it to {data.severity}")
    if data.reason == "root_cause_found":
        _words(record, data.root_cause, "the root cause", "say what it was, with --root-cause")
        _no_code_fix(record, data.code_fix)
    elif data.reason == "workaround":
        _by_workaround(record, data)
    elif data.reason == "new_information" and data.severity is None:
        _no_code_fix(record, data.code_fix)
    if data.reason in ("root_cause_found", "resolved_itself") and data.severity is not None:
        raise Refused(f"{record.id}: {data.reason} ends the escalation: leave --severity out")
    if data.reason == "new_information" and data.severity == record.severity:
        raise Refused(f"{record.id} is {data.severity} already: name a lower severity, or none to return it to support")


def _by_workaround(record: Record, data: DeEscalated) -> None:
    code_fix = record.code_fix if data.code_fix == "unknown" else data.code_fix
    harm = sorted(HARM & set(record.rules))
    if record.severity == "critical" and harm:
        raise Refused(
            f"{record.id} is Critical by {', '.join(harm)}: a workaround lowers no harm to data or security "
            "(policy 4); new facts may: `--reason new_information` with their evidence"
        )
    if code_fix == "unknown":
        raise Refused(
            f"{record.id}: whether a code fix is still owed decides what a workaround does: "
            "say --code-fix open (severity falls, the owner stays) or --code-fix none (back to support)"
        )
    if code_fix == "none":
        if data.severity is not None:
            raise Refused(f"{record.id}: no code fix is owed, so it returns to support: leave --severity out")
        return
    if data.severity != STEP_DOWN[record.severity or "medium"]:
        wanted = STEP_DOWN[record.severity or "medium"]
        raise Refused(f"{record.id}: a workaround lowers severity by one step: --severity {wanted}, the owner stays")


def _return(record: Record, event: Event) -> None:
    _state(record, "return to support", ACTIVE)
    _only_security(record, event, "return")
    _a_person(record, event, "return it to support")
    _words(record, event.why, "the reason", "say why support can go on alone, with --why")
    _all_duties(record, cast(Returned, event.data).duties)
    if record.code_fix == "open":
        raise Refused(
            f"{record.id}: a code fix is still owed, so {OWNER_LABEL[record.owner or 'engineering']} stays the owner: "
            "if none is owed any more, say so with `deescalate --reason new_information --code-fix none`"
        )


def _monitor(record: Record, event: Event) -> None:
    _state(record, "monitor", ("acknowledged", "handed_over", "open", "reopened"))
    _words(record, cast(Monitored, event.data).text, "what is watched", "say what is in place, with --text")


def _resolve(record: Record, event: Event) -> None:
    _state(record, "resolve", (*ACTIVE, "returned_to_support", "rejected"))
    _only_security(record, event, "resolve")
    data = cast(Resolved, event.data)
    if record.state != "monitoring" or not record.resolution:
        _words(record, data.resolution, "the resolution", "say what solved it, with --resolution")
    elif not data.root_cause.strip() and not record.root_cause:
        raise Refused(f"{record.id} stays in monitoring until the root cause is known: give it with --root-cause")


def _close(record: Record, event: Event) -> None:
    data = cast(Closed, event.data)
    if record.state == "monitoring":
        raise Refused(f"{record.id} is in monitoring: resolve it first, with its root cause (`escalation resolve`)")
    _state(record, "close", ("resolved", "returned_to_support", "rejected"))
    _only_security(record, event, "close")
    _a_person(record, event, "close")
    _all_duties(record, data.duties)
    if not (data.root_cause or record.root_cause).strip():
        raise Refused(f"{record.id}: without the root cause it cannot be closed (policy 7): give it with --root-cause")


def _reopen(record: Record, event: Event) -> None:
    data = cast(Reopened, event.data)
    _state(record, "reopen", _ENDED)
    _words(record, event.why, "the reason", "say what came back or what is new, with --why")
    if SEVERITY_RANK[data.severity] < SEVERITY_RANK[record.severity]:
        raise Refused(f"{record.id} was {record.severity}: it comes back at least as {record.severity} (policy 7)")
    if record.owner == "security" and data.owner not in (None, "security"):
        _only_security(record, event, GIVE_AWAY)


def _hand_over(record: Record, event: Event) -> None:
    data = cast(HandedOver, event.data)
    _state(record, "hand over", ACTIVE)
    _words(record, data.to, "the receiver", "say who takes it on, with --to")
    _words(record, data.note, "the handover note", "it is written by `escalation handover`")
    if record.owner == "security" and data.team not in (None, "security"):
        _only_security(record, event, GIVE_AWAY)


def _override(record: Record, event: Event) -> None:
    override = cast(Overridden, event.data).override
    _a_person(record, event, "override")
    _words(record, override.why, "the reason", "say why, with --why")
    if record.state in ACTIVE and override.outcome != "escalate":
        raise Refused(
            f"{record.id} is with {OWNER_LABEL[record.with_team or 'l2_support']}: return it to support first "
            "(`escalation return`), so that its four duties are done"
        )
    if record.owner == "security" and override.owner not in (None, "security"):
        _only_security(record, event, GIVE_AWAY)
    if record.state in ACTIVE and SEVERITY_RANK[override.severity or record.severity] < SEVERITY_RANK[record.severity]:
        _only_security(record, event, "lower")
        _words(record, override.evidence, "the evidence", "quote what shows it, with --evidence")


def _pause(record: Record, event: Event) -> None:
    _state(record, "pause", ACTIVE)
    since = paused_since(record)
    if since is not None:
        raise Refused(f"{record.id} waits for the customer since {since:%Y-%m-%d %H:%M} UTC already")
    _words(record, event.why, "what is waited for", "say what the customer is to do, with --why")


def _resume(record: Record, event: Event) -> None:
    since = paused_since(record)
    if since is None:
        raise Refused(f"{record.id} does not wait for the customer: nothing to resume")
    if event.at < since:
        raise Refused(f"{record.id}: {_time(event)} is before the pause began ({since:%Y-%m-%d %H:%M} UTC)")


def _chase(record: Record, event: Event) -> None:
    if phase(record) not in _UNACKNOWLEDGED:
        states = ", ".join(_UNACKNOWLEDGED)
        raise Refused(f"{record.id} is {record.state.replace('_', ' ')}: chase only from {states}")
    if cast(Chased, event.data).step <= record.chased:
        raise Refused(f"{record.id}: step {record.chased} of the ladder was taken already")


def _attach(record: Record, event: Event) -> None:
    data = cast(Attached, event.data)
    _state(record, "attach", ACTIVE)
    if data.ticket == record.ticket or data.ticket in record.tickets:
        raise Refused(f"{record.id} holds ticket {data.ticket} already")


def _set_term(record: Record, event: Event) -> None:
    if record.state == "closed":
        raise Refused(f"{record.id} is closed: reopen it if it goes on")
    _a_person(record, event, "record a contract term")


def _rerun(record: Record, _: Event) -> None:
    if record.state == "closed":
        raise Refused(f"{record.id} is closed: reopen it if it goes on")


_CHECKS: dict[type, Callable[[Record, Event], None]] = {
    Drafted: _open,
    Opened: _open,
    Acknowledged: _acknowledge,
    Rejected: _reject,
    Updated: _update,
    SeverityChanged: _severity,
    Rerouted: _reroute,
    DeEscalated: _de_escalate,
    Returned: _return,
    Monitored: _monitor,
    Resolved: _resolve,
    Closed: _close,
    Reopened: _reopen,
    HandedOver: _hand_over,
    Overridden: _override,
    Paused: _pause,
    Resumed: _resume,
    Chased: _chase,
    TermSet: _set_term,
    Rerun: _rerun,
    Attached: _attach,
}
