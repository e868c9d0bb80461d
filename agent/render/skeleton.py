"""What is known for each line of a brief that somebody else will write: claims with their quotes, and the context."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from agent.grounding.fold import fold_text
from agent.render.outline import header
from agent.render.report import masked, secrets_of
from agent.render.words import claim_label, clip, sla, when, who, zone_of
from schemas.brief import Brief, Derivation
from schemas.context import Context
from schemas.decision import Decision, Question
from schemas.facts import Claim, Facts
from schemas.ticket import Ticket
from schemas.vocabulary import GROUPS, ReproductionPart

_COUNTS = ("customers_affected", "other_customers_affected", "customers_same_cause", "other_customers_same_cause")
_MONEY = ("revenue_at_risk", "annual_value", "plan", "renewal_date", "go_live_date", "deal_or_renewal_at_risk")
_PRESSURE = ("churn_threat", "executive_request", "legal_risk", "pr_risk", "waiting_too_long", "no_progress")
_ERRORS = ("error_code", "error_message", "log", "evidence")
_SIDES = {"customer": "customer's", "vendor": "vendor's", "third_party": "third party's"}
_NO_ASSERTER = frozenset(("issue", "person", "reproduction", "reference"))  # the report does not say who says these

# Kinds or groups of claims that a line of the brief is written from.
SOURCES: dict[str, tuple[str, ...]] = {
    "headline": ("issue", "product_area", "started"),
    "customers_affected": (*_COUNTS, "users_affected", "records_affected", "scope", "reporter", "same_symptoms"),
    "workflow_impact": ("service_down", "major_function_broken", "work_blocked", "workaround", "data_loss"),
    "revenue_at_risk": _MONEY,
    "sla_status": ("sla_breached", "sla_at_risk"),
    "description": ("issue", "started", *_ERRORS[:2], *GROUPS["technical"], *GROUPS["security"], *GROUPS["pattern"]),
    "tried": ("attempt", "workaround", "ruled_out"),
    "last_update": ("last_customer_update",),
    "customer_expectation": ("customer_expectation", "deadline_wanted"),
    "escalation_risk": _PRESSURE,
    "supporting_context": ("reference", "person"),
    "Customer context": ("account", "person", "use_case"),
    "Customer timeline": ("started", "opened", "deadline_wanted", "renewal_date", "go_live_date"),
    "Logs or errors": _ERRORS,
    "Customer use case": ("use_case", *GROUPS["product"]),
    "Frequency of request": ("request_frequency", "repeat_reports", *_COUNTS),
    "Competitive pressure": ("competitive_pressure", "churn_threat"),
    "Observed": GROUPS["security"],
    "Potentially affected": (*_COUNTS, "users_affected", "records_affected", "scope"),
    "Containment so far": ("containment_step", "attempt"),
    "Urgency": ("started", "worsening", "deadline_wanted", "compliance_concern"),
    "Business context": (*_MONEY, *GROUPS["business"]),
    "Decision needed": ("exception_requested", "cross_functional_decision", "executive_request", "legal_risk"),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A line to write: what the schema asks of it, and what is known. `known` is ready to read."""

    label: str
    hint: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Everything that the template prints."""

    header: tuple[tuple[str, str], ...]
    slots: dict[str, Slot]
    targets: dict[str, tuple[Slot, ...]]
    steps: tuple[str, ...]
    parts: dict[str, tuple[str, ...]]
    missing: tuple[str, ...]
    tried: tuple[str, ...]
    contrasts: tuple[str, ...]
    ask: str
    now: str
    deadline: str
    leadership: bool
    questions: tuple[Question, ...]
    operations: tuple[str, ...]


def _known(claims: Iterable[Claim], secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Each passage of the ticket once, with all that it is known for."""
    passages: dict[tuple[str, str], list[str]] = {}
    for claim in claims:
        source = _source(claim) + ("; reported, not confirmed" if claim.status == "reported" else "")
        passages.setdefault((clip(masked(claim.quote, secrets)), source), []).append(_label(claim))
    return tuple(
        f"{'; '.join(dict.fromkeys(labels))}: “{quote}” ({source})" for (quote, source), labels in passages.items()
    )


def _label(claim: Claim) -> str:
    """What the claim says, without a value that is the quote over again."""
    if claim.group == "person":
        return f"person on the {_SIDES.get(claim.kind, claim.kind)} side: {claim_label(claim).removeprefix('person: ')}"
    if claim.group in ("measure", "reproduction", "reference") and fold_text(claim.value) == fold_text(claim.quote):
        return claim.kind.replace("_", " ")
    if claim.group == "attempt" and all(
        fold_text(part) in fold_text(claim.quote) for part in (claim.subject, claim.value)
    ):
        return "tried"
    return claim_label(claim)


def _source(claim: Claim) -> str:
    if claim.group in _NO_ASSERTER and claim.evidence is not None and claim.evidence.speaker == "other":
        time = claim.evidence.time
        return "in the message of somebody whose side is not known" + (f", {when(time)}" if time else "")
    return who(claim)


def _context(context: Context) -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    account = context.account
    if account is not None:
        if account.name:
            for key in ("customers_affected", "Customer context"):
                known.setdefault(key, []).append(f"account: {account.name} (context)")
        if account.annual_value is not None:
            value = f"annual value: {account.annual_value} {account.currency or ''}".rstrip()
            for key in ("revenue_at_risk", "Business context"):
                known.setdefault(key, []).append(f"{value} (context)")
        if account.renewal_date is not None:
            for key in ("revenue_at_risk", "Customer timeline", "Business context"):
                known.setdefault(key, []).append(f"renewal: {account.renewal_date} (context)")
        if account.plan:
            known.setdefault("Customer context", []).append(f"plan: {account.plan} (context)")
    for related in context.related:
        line = f"{related.account}, ticket {related.ticket}: same {related.same} (by {related.confirmed_by}; context)"
        for key in ("customers_affected", "supporting_context", "Frequency of request"):
            known.setdefault(key, []).append(line)
    if context.bug_record:
        known.setdefault("supporting_context", []).append(f"open record: {context.bug_record} (context)")
    return known


def skeleton(decision: Decision, facts: Facts, ticket: Ticket, context: Context) -> Skeleton:
    """The outline of the brief for a decision that escalates. Claims that do not count at all are left out."""
    from agent.validate.target import required_labels, section_of

    zone, secrets, outside = zone_of(context), secrets_of(facts), _context(context)
    usable = [claim for claim in facts.claims() if claim.status in {"counts", "reported"}]
    labels, ticket_id = required_labels(decision.owner), context.ticket_id or ticket.id

    def slot(key: str, label: str = "") -> Slot:
        wanted = SOURCES.get(key, ())
        if key == "supporting_context" and "Logs or errors" not in labels:
            wanted = (*wanted, "evidence")
        matching = [claim for claim in usable if claim.kind in wanted or claim.group in wanted]
        matching = [claim for claim in matching if (claim.kind, claim.value) != ("ticket", ticket_id)]
        if key == "Customer context":  # staff are for whoever wants to ask, not what the customer is
            matching = [claim for claim in matching if (claim.group, claim.kind) != ("person", "vendor")]
        field = Brief.model_fields.get(key)
        hint = (field.description or "") if field is not None else ""
        return Slot(label, hint, (*outside.get(key, ()), *_known(matching, secrets)))

    slots = {key: slot(key) for key in SOURCES if key in Brief.model_fields}
    slots["sla_status"] = Slot("", slots["sla_status"].hint, (sla(decision), *slots["sla_status"].known))
    own = (*((f"this ticket: {ticket_id}",) if ticket_id else ()), *(f"attachment: {n}" for n in ticket.attachments))
    supporting = slots["supporting_context"]
    slots["supporting_context"] = Slot("", supporting.hint, (*own, *supporting.known))
    replies = [message.time for message in ticket.messages if message.speaker == "support" and not message.internal]
    if not slots["last_update"].known and replies:
        last = f"support's last message: {when(replies[-1], zone)}" if replies[-1] else "support, undated"
        slots["last_update"] = Slot("", slots["last_update"].hint, (last,))
    targets: dict[str, list[Slot]] = {}
    for label in labels:
        targets.setdefault(section_of(label), []).append(slot(label, label))
    parts = {
        part: _known(
            (c for c in usable if c.kind == part and (c.group == "reproduction" or part == "environment")), secrets
        )
        for part in get_args(ReproductionPart)
    }
    attempts = [claim for claim in usable if claim.group == "attempt"]
    told = {claim.quote for claim in attempts}
    contrasts = [claim for claim in usable if claim.kind == "ruled_out" and claim.quote not in told]
    return Skeleton(
        header=header(decision, ticket, context, decision.decided_at),
        slots=slots,
        targets={section: tuple(lines) for section, lines in targets.items()},
        steps=parts["step"],
        parts=parts,
        missing=tuple(part for part, known in parts.items() if not known),
        tried=_known(attempts, secrets),
        contrasts=_known(contrasts, secrets) if attempts else (),
        ask=decision.ask or "",
        now=when(decision.decided_at, zone),
        deadline=when(decision.deadline, zone) if decision.deadline is not None else "",
        leadership=decision.leadership and decision.owner != "leadership",
        questions=decision.questions,
        operations=get_args(Derivation.model_fields["operation"].annotation),
    )
