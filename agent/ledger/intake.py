"""What a run becomes in the ledger: a new escalation, news for an open one, a draft, or only a report for the patterns.

Raising severity on new facts happens here by itself; lowering never does (policy section 7). One open escalation for
each issue: a ticket that shows the same as an open one hangs on it (policy section 4).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from agent.errors import BadInput, Conflict, Refused
from agent.ledger.naming import account_of, area_of, origin_of, subject_of, ticket_of
from agent.ledger.requirements import POLICY
from agent.ledger.store import Author, Ledger, Step, sha256_of
from agent.policy.settings import Settings
from schemas.escalation import Escalation
from schemas.facts import Claim
from schemas.ledger import (
    OVER,
    Attached,
    CodeFix,
    Drafted,
    Opened,
    Reading,
    Record,
    Rerouted,
    Rerun,
    SeverityChanged,
)
from schemas.vocabulary import OWNER_LABEL, REPRODUCTION_GAP, SEVERITY_RANK, Owner

Became = Literal["opened", "drafted", "attached", "raised", "noted", "reported"]
"""`raised`, `noted`: the ticket's escalation was there, and did or did not change. `reported`: nothing to escalate."""

# Policy section 4: Security, then Engineering, then Product, then L2. Leadership is an owner only on its own.
PRECEDENCE: dict[Owner | None, int] = {
    None: 0,
    "leadership": 0,
    "l2_support": 1,
    "product": 2,
    "engineering": 3,
    "security": 4,
}
# Teams between which one issue may hang on another's escalation: who fixes it. Security and Leadership hear their own.
FIXERS: frozenset[Owner] = frozenset(("l2_support", "product", "engineering"))


@dataclass(frozen=True, slots=True)
class Same:
    """A confirmed match: this ticket shows what that escalation is about."""

    record: Record
    same: Literal["cause", "symptoms"]
    confirmed_by: Literal["support", "model"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What the ledger made of a run, and what to tell about it."""

    became: Became
    record: Record | None
    notes: tuple[str, ...] = ()
    repeated: bool = False


def take_in(
    ledger: Ledger,
    run: Escalation,
    settings: Settings,
    author: Author,
    *,
    now: datetime,
    same: Same | None = None,
    customer_zone: str | None = None,
    despite: str = "",
    key: str | None = None,
) -> Taken:
    """Record a run. `despite`: why an incomplete brief goes out all the same.

    Raises Refused where the ticket's escalation is over: whether it goes on is a person's word (`escalation reopen`).
    """
    ticket = ticket_of(run.ticket, run.facts, run.context)
    record = ledger.for_ticket(ticket)
    if record is not None and record.state in OVER and run.decision.outcome == "escalate":
        raise Refused(
            f"{record.id} for ticket {ticket[:60]!r} is {record.state.replace('_', ' ')}: if it goes on, "
            f"`escalation reopen {record.id}`"
        )
    if record is not None and record.state not in OVER and record.state != "draft":
        return _news(ledger, record, run, ticket, author, now, key)
    if record is not None and record.override is not None and run.decision.override != record.override:
        raise Refused(
            f"{record.id} for ticket {ticket[:60]!r}: {record.override.by} decided about it, which this run does not "
            "know: run it again with this ledger"
        )
    if record is None and same is not None and _is_one_issue(run, same):
        return _hang_on(ledger, same, run, ticket, author, now, key)
    if run.decision.outcome != "escalate":
        return Taken("reported", record)
    missing = _incomplete(run) if not despite else ""
    if missing:
        return _draft(ledger, record, run, ticket, author, now, key, missing)
    body = result_body(run)
    data = opened(run, settings, ticket, customer_zone, sha256_of(body), now)
    if record is not None:
        written = ledger.append(
            record.id, data, author, at=now, now=now, why=despite, key=key, settings=settings, result=body
        )
    else:
        try:
            written = ledger.begin(data, author, at=now, now=now, settings=settings, result=body, why=despite, key=key)
        except Conflict:  # somebody opened the same ticket at the same moment: then this is news of it
            record = ledger.for_ticket(ticket)
            if record is None or record.state in OVER:
                raise
            return _news(ledger, record, run, ticket, author, now, key)
    return Taken("opened", written.record, _hop(written.record), written.repeated)


def _is_one_issue(run: Escalation, same: Same) -> bool:
    """Whether the ticket belongs on that escalation: the same fault, for a team that mends it, needing no other ear."""
    alone = run.decision.outcome == "handle" or run.decision.owner in FIXERS
    return same.record.owner in FIXERS and alone


def headline_of(run: Escalation) -> str:
    """One line that says what it is about."""
    if run.brief is not None and run.brief.headline:
        text = run.brief.headline
    else:
        text = next((c.value for c in run.facts.issues if c.value), "") or subject_of(run.ticket, run.facts)
    return " ".join(text.split())[:200]


def result_body(run: Escalation) -> str:
    """What is kept of a run. Not the ticket: its hash and the quoted evidence stand in the facts."""
    kept = run.model_dump(
        mode="json", exclude={"ticket", "next_steps", "warnings", "similar", "ledger_id", "backend", "model"}
    )
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def kept_run(record: Record, body: dict[str, Any]) -> Escalation:
    """The run again from what the ledger kept of it (`result_body`), to be shown. Raises BadInput for an older shape.

    Ticket and next steps are not there, and nothing has a place in a ticket whose text is not.
    """
    ticket = {
        "text": "The ledger keeps no ticket's text: the quotes stand beside the facts.",
        "id": None if record.ticket.startswith("sha256:") else record.ticket,
        "subject": record.headline,
    }
    try:
        made_by = body["provenance"]
        values = {**body, "ticket": ticket, "backend": made_by["backend"], "model": made_by["model"]}
        run = Escalation.model_validate(values)
    except (ValidationError, KeyError):
        raise BadInput(f"{record.id}: its result was kept by another version of this program") from None
    placeless: dict[str, Any] = {"instructions": ()}
    for name, found in run.facts:
        if isinstance(found, tuple) and found and isinstance(found[0], Claim):
            placeless[name] = tuple(claim.model_copy(update={"evidence": None}) for claim in found)
    return run.model_copy(update={"facts": run.facts.model_copy(update=placeless)})


def opened(
    run: Escalation, settings: Settings, ticket: str, customer_zone: str | None, result_sha256: str, now: datetime
) -> Opened:
    """The event that opens an escalation, from the decision that stands."""
    decision, account = run.decision, account_of(run.facts, run.context)
    if decision.owner is None or decision.severity is None:
        raise Refused(f"ticket {ticket[:60]!r}: the decision names no owner or severity, so there is nothing to open")
    fired = _fired(run)
    by_a_person = decision.own_view is not None and decision.own_view.outcome != "escalate"
    return Opened(
        ticket=ticket,
        ticket_origin=origin_of(run.ticket),
        ticket_sha256=run.ticket.sha256,
        headline=headline_of(run),
        account=account,
        accounts=(account,) if account else (),
        severity=decision.severity,
        owner=decision.owner,
        next_hop=decision.next_hop or decision.owner,
        leadership=decision.leadership,
        expedite=decision.expedite,
        deciding_rule="override" if by_a_person else decision.deciding_rule or "override",
        rules=fired,
        product_area=area_of(run.facts),
        ask=run.brief.asks[0].text if run.brief is not None and run.brief.asks else "",
        # A run that was opened too late for its deadline gets it anew, by the timers, from the opening.
        deadline=decision.deadline if decision.deadline and decision.deadline > now else None,
        deadline_basis=decision.deadline_basis,
        calendar=run.context.calendar or settings.calendar,
        customer_zone=customer_zone,
        sla=run.context.sla,
        bug_record=run.context.bug_record,
        code_fix=_code_fix(run, fired),
        policy_version=settings.version,
        policy_sha256=sha256_of(settings.model_dump_json()),
        result_sha256=result_sha256,
    )


def _code_fix(run: Escalation, fired: tuple[str, ...]) -> CodeFix:
    """Owed where a bug is confirmed or tracked. Else nobody has said."""
    kinds = {claim.kind for claim in run.facts.signals if claim.status == "counts"}
    known = kinds & {"bug_confirmed", "code_change_needed", "bug_tracked"} or run.context.bug_record
    return "open" if known or "TEC-5" in fired else "unknown"


def _incomplete(run: Escalation) -> str:
    """Why the brief cannot go out yet; Critical and Security go out with the gap shown (policy section 5)."""
    if run.decision.severity == "critical" or run.decision.owner == "security":
        return ""
    if run.brief is None:
        return "there is no brief yet"
    if run.brief_status != "incomplete":
        return ""
    gaps = [finding.expected for finding in run.findings if finding.blocking or finding.code == REPRODUCTION_GAP]
    return f"the brief is incomplete: {gaps[0]}" if gaps else "the brief is incomplete"


def _draft(
    ledger: Ledger,
    record: Record | None,
    run: Escalation,
    ticket: str,
    author: Author,
    now: datetime,
    key: str | None,
    missing: str,
) -> Taken:
    note = f"Kept as a draft, not with the team yet: {missing}. Mend it and open it again, or say --despite WHY"
    if record is not None:
        return Taken("drafted", record, (note,))
    data = Drafted(
        ticket=ticket,
        ticket_origin=origin_of(run.ticket),
        headline=headline_of(run),
        account=account_of(run.facts, run.context),
    )
    written = ledger.begin(data, author, at=now, now=now, why=missing, key=key)
    return Taken("drafted", written.record, (note,), written.repeated)


def _news(
    ledger: Ledger, record: Record, run: Escalation, ticket: str, author: Author, now: datetime, key: str | None
) -> Taken:
    """A ticket of an open escalation was read again. Only what the last reading did not say may raise anything."""
    reading = _reading(run, ticket)
    last = next((known for known in record.readings if known.ticket == ticket), None)
    if last == reading:
        return Taken("noted", record, (f"{record.id} is open for this ticket, and nothing in it is new",), True)
    body = result_body(run)
    rerun = Rerun(
        ticket="" if ticket == record.ticket else ticket,
        ticket_sha256=reading.ticket_sha256,
        severity=reading.severity,
        owner=reading.owner,
        rules=reading.rules,
        result_sha256=sha256_of(body),
    )
    steps, notes = _raised(record, run, last, author, "new facts")
    if run.decision.override is None and SEVERITY_RANK[run.decision.severity] < SEVERITY_RANK[record.severity]:
        now_says = run.decision.severity or run.decision.outcome.replace("_", " ")
        notes.append(
            f"Read again it would be {now_says}: only a person lowers it, with reason and evidence "
            f"(`escalation severity {record.id}`, `escalation deescalate {record.id}`)"
        )
    why = "the ticket was read again"
    written = ledger.append(record.id, [Step(rerun), *steps], author, at=now, now=now, why=why, key=key, result=body)
    return Taken("raised" if steps else "noted", written.record, tuple(notes), written.repeated)


def _hang_on(
    ledger: Ledger, same: Same, run: Escalation, ticket: str, author: Author, now: datetime, key: str | None
) -> Taken:
    """Another account's ticket about the same thing: no twin. It may make the open one more severe."""
    record, account = same.record, account_of(run.facts, run.context)
    attached = Attached(
        ticket=ticket,
        account=account,
        same=same.same,
        confirmed_by=same.confirmed_by,
        reading=_reading(run, ticket),
    )
    steps, notes = _raised(record, run, None, author, f"ticket {ticket} shows the same")
    notes.insert(0, f"Attached to {record.id}, which is open for the same issue: no twin was opened")
    body = result_body(run)
    written = ledger.append(
        record.id, [Step(attached), *steps], author, at=now, now=now, why="the same issue", key=key, result=body
    )
    return Taken("attached", written.record, tuple(notes), written.repeated)


def _reading(run: Escalation, ticket: str) -> Reading:
    """What the rules say of the ticket, also where a person's decision stands."""
    view = run.decision.own_view or run.decision
    return Reading(
        ticket=ticket,
        ticket_sha256=run.ticket.sha256,
        severity=view.severity,
        owner=view.owner,
        rules=_fired(run),
    )


def _fired(run: Escalation) -> tuple[str, ...]:
    return tuple(rule.id for rule in run.decision.rules if rule.state != "overridden")


def _raised(
    record: Record, run: Escalation, last: Reading | None, author: Author, reason: str
) -> tuple[list[Step], list[str]]:
    """What the run raises on the escalation: what weighs more than it does now, and than what was read before.

    So what a person lowered or gave to another team stays so until the ticket says something new.
    """
    decision = run.decision
    if record.override is not None:
        stands = f"{record.override.by} decided ({record.override.why}): that stands, and nothing was changed"
        return [], [stands]
    if decision.outcome != "escalate" or decision.severity is None or decision.owner is None:
        return [], []
    fired, policy = _fired(run), Author(POLICY, through=author.by)
    steps, notes = [], []
    standing = [rule for rule in decision.rules if rule.id in fired]
    fresh = [rule for rule in standing if rule.id not in record.rules]
    # What weighs more than in the last reading; else what a rule says that was never read before.
    rose = last is None or SEVERITY_RANK[decision.severity] > SEVERITY_RANK[last.severity]
    heaviest = max((rule.severity for rule in fresh), key=SEVERITY_RANK.__getitem__, default=None)
    severity = decision.severity if rose else heaviest
    if severity is not None and SEVERITY_RANK[severity] > SEVERITY_RANK[record.severity]:
        weighing = [rule for rule in (standing if rose else fresh) if rule.severity == severity]
        why = f"{reason}: {', '.join(dict.fromkeys(rule.id for rule in weighing)) or decision.deciding_rule}"
        quotes = [quote for rule in weighing for quote in rule.quotes]
        change = SeverityChanged(severity=severity, evidence=quotes[0] if quotes else why, rules=fired)
        steps.append(Step(change, why, policy))
        notes.append(f"Severity raised from {record.severity} to {severity}: {why}")
    moved = last is None or PRECEDENCE[decision.owner] > PRECEDENCE[last.owner]
    owning = [rule.id for rule in (standing if moved else fresh) if rule.owner == decision.owner]
    if (moved or owning) and PRECEDENCE[decision.owner] > PRECEDENCE[record.owner]:
        why = f"{reason}: {', '.join(dict.fromkeys(owning)) or decision.deciding_rule}"
        hop = decision.next_hop or decision.owner
        steps.append(Step(Rerouted(owner=decision.owner, next_hop=hop, rules=fired), why, policy))
        notes.append(f"Now for {OWNER_LABEL[decision.owner]}: {why}")
    return steps, notes


def _hop(record: Record) -> tuple[str, ...]:
    if record.with_team and record.with_team != record.owner:
        return (f"With {OWNER_LABEL[record.with_team]} now, who takes it on to {OWNER_LABEL[record.owner or '']}",)
    return ()
