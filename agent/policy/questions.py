"""What is unknown: claims whose confirmation would decide, what to ask whom, and what would have changed it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.policy.view import PRODUCT_SIGNALS, View, counted
from schemas.context import Context
from schemas.decision import Question
from schemas.facts import Claim, Group
from schemas.vocabulary import OWNER_LABEL, Outcome, Owner, RuleClass

HARD_CLAIMS = {
    "service_down": "an outage",
    "data_loss": "data loss",
    "data_integrity_risk": "a risk to data integrity",
    "regression": "a fault that came back",
    "executive_request": "a request for management",
    "legal_risk": "a legal threat",
    "pr_risk": "a threat of publicity",
    "exception_requested": "a request for an exception",
    "cross_functional_decision": "a decision across departments",
    "churn_threat": "a threat to leave",
}
# Passed on by somebody who is no party, these would escalate if a party said them.
SOFT_CLAIMS = frozenset(
    (
        "infrastructure_issue",
        "work_blocked",
        "worsening",
        "no_progress",
        "waiting_too_long",
        "access_required",
        "beyond_support_diagnosis",
        "custom_implementation",
    )
)
WhatIf = tuple[str, bool, Callable[[View], View]]
FIRST_QUESTIONS = (
    "What were you doing, step by step, and what did you expect to happen?",
    "What happened instead? Please send the exact error text or a screenshot.",
    "Since when, how often, and who is affected: you alone, some colleagues, everybody?",
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A claim that fires nothing as it stands. `decisive`: confirmed, it would escalate."""

    kind: str
    claim: Claim | None
    rule_class: RuleClass
    decisive: bool
    question: Question


def _quote(claim: Claim) -> str:
    flat = " ".join(claim.quote.split())
    return flat if len(flat) <= 160 else flat[:159] + "…"


def _says(claim: Claim) -> str:
    return "The customer says" if claim.asserted_by == "customer" else "The ticket passes on"


def candidates(view: View) -> list[Candidate]:
    """Unconfirmed claims and decisive unknowns, in a fixed order."""
    found: list[Candidate] = []
    value_question = Question(
        text="What is the account's annual value and plan?",
        ask="account_team",
        why="a threat to leave goes to Leadership for a high-value account only (BUS-1)",
    )
    if view.has("churn_threat") and view.high_value is None:
        found.append(Candidate("high_value", None, "hard", True, value_question))
    elif view.high_value is None and view.has("work_blocked"):
        witnessed = view.said_by_staff("work_blocked") or view.has("major_function_broken")
        why = "blocked work of a high-value account is at least High (IMP-2)"
        question = value_question.model_copy(update={"why": why})
        # A value nobody claimed holds a ticket back only where no handle rule answers it: hence soft.
        found.append(Candidate("high_value", None, "soft", witnessed, question))
    for kind, claims in view.reported.items():
        candidate = _reported(kind, claims[0], view)
        if candidate is not None:
            found.append(candidate)
    if view.has("repeat_reports") and view.accounts("symptoms") < view.settings.pattern.accounts:
        found.append(_more_reports(view, view.signals["repeat_reports"][0]))
    for claim in view.disputed:
        text = f"The ticket says “{_quote(claim)}” inside a sentence that denies it: does it hold?"
        why = f"{claim.kind.replace('_', ' ')} would count if it does"
        found.append(Candidate(claim.kind, claim, "soft", False, Question(text=text, ask="support", why=why)))
    return found


def _reported(kind: str, claim: Claim, view: View) -> Candidate | None:
    quote = _quote(claim)
    if kind in ("sla_breached", "sla_at_risk"):
        if view.sla != "unknown":
            return None
        hard = kind == "sla_breached"
        text = f"When was the SLA due, and was the clock paused? {_says(claim)}: “{quote}”"
        why = "a breached SLA always escalates (BUS-2)" if hard else "an SLA at risk escalates (BUS-3)"
        question = Question(text=text, ask="support", why=why)
        return Candidate(kind, claim, "hard" if hard else "soft", True, question)
    if kind in ("bug_confirmed", "code_change_needed"):
        text = f"Did support or engineering reproduce it? {_says(claim)}: “{quote}”"
        question = Question(text=text, ask="support", why="a confirmed bug goes to Engineering (TEC-5)")
        # Reproducing is support's own next step, so it does not hold the ticket back.
        return Candidate(kind, claim, "hard", False, question)
    if kind == "repeat_reports":
        return _more_reports(view, claim)
    if kind in HARD_CLAIMS:
        text = f"Is {HARD_CLAIMS[kind]} confirmed, by whom? The ticket only passes on: “{quote}”"
        question = Question(text=text, ask="support", why="confirmed, it escalates whatever else is known")
        decisive = kind != "churn_threat" or view.high_value is not False
        return Candidate(kind, claim, "hard", decisive, question)
    if kind == "bug_tracked":
        text = f"Which open record is it? {_says(claim)}: “{quote}”"
        question = Question(
            text=text, ask="support", why="an open record is linked and counted, not opened twice (HND-7)"
        )
        return Candidate(kind, claim, "handle", False, question)
    if kind in SOFT_CLAIMS:
        text = f"Is it so, and who saw it? The ticket only passes on: “{quote}”"
        question = Question(text=text, ask="support", why=f"{kind.replace('_', ' ')} would escalate if it holds")
        return Candidate(kind, claim, "soft", True, question)
    return None


def _more_reports(view: View, claim: Claim) -> Candidate:
    """Three reports make a pattern; two that nobody confirmed are a watch and hold nothing back."""
    wanted = view.settings.pattern.accounts
    known = view.accounts("symptoms")
    text = f"Which accounts report the same symptoms? So far {known} known; the ticket says: “{_quote(claim)}”"
    why = f"{wanted} accounts make a pattern (PAT-1)"
    count = _similar_reports(view)
    decisive = count is None or count >= wanted
    return Candidate("repeat_reports", claim, "hard", decisive, Question(text=text, ask="support", why=why))


def _similar_reports(view: View) -> int | None:
    """Accounts with the same symptoms, known or only claimed, this one included. None: staff speak of any number."""
    told = _claimed_accounts(view)
    # Staff who cite tickets, or whose tickets the context knows, have said which accounts they mean. Else each "same
    # here" is one account more, and staff who speak of others without a number may mean any number.
    listed = bool(view.cited_tickets or view.context.related)
    if not told and not listed and view.said_by_staff("repeat_reports"):
        return None
    said = [*view.signals.get("repeat_reports", []), *view.reported.get("repeat_reports", [])]
    others = [c for c in said if not (listed and c.asserted_by in ("support", "system"))]
    return max([view.accounts("symptoms"), 1 + len(others), *told])


def _claimed_accounts(view: View) -> list[int]:
    """How many accounts somebody claims to be affected, confirmed or not, this one included."""
    counts = []
    extra = {
        "customers_affected": 0,
        "customers_same_cause": 0,
        "other_customers_affected": 1,
        "other_customers_same_cause": 1,
    }
    for claim in view.facts.measures:
        if claim.kind in extra and claim.status in ("counts", "reported"):
            number = counted(claim, view.facts)
            if number is not None:
                counts.append(number + extra[claim.kind])
    named = {c.subject.casefold() for c in view.facts.accounts if c.kind in ("same_symptoms", "same_cause")}
    if named := named - view.own_names - view.past_accounts:
        counts.append(1 + len(named))
    return counts


def questions(outcome: Outcome, owner: Owner | None, view: View, open_claims: list[Candidate]) -> Iterator[Question]:
    """What to ask, the decisive first. A ticket that says too little gets the first questions of any support desk."""
    for candidate in sorted(open_claims, key=lambda c: not c.decisive):
        yield candidate.question
    if view.has("service_down") and view.scope is None:
        yield Question(
            text="Who is hit: one user, some users, your whole account?",
            ask="customer",
            why="an outage of a whole account or of all users is Critical (TEC-3)",
        )
    if outcome == "needs_info" and not view.facts.understandable:
        for text in FIRST_QUESTIONS:
            yield Question(text=text, ask="customer", why="the ticket does not say what is wrong")
    steps = any(claim.kind == "step" for claim in view.facts.reproduction)
    fault = view.has("bug_suspected", "bug_confirmed", "major_function_broken", "regression")
    if outcome == "escalate" and owner in ("engineering", "l2_support") and fault and not steps:
        yield Question(
            text="What are the exact steps, from a clean start, with the values you used?",
            ask="customer",
            why="reproduction steps are the first thing the receiving team needs",
        )


def what_ifs(view: View, open_claims: list[Candidate]) -> Iterator[WhatIf]:
    """Each unknown that could matter; whether it is one of the whole ticket; and a view with it known."""
    valued = view.has("churn_threat", "work_blocked") or view.sla == "breached" or "sla_breached" in view.reported
    if view.high_value is None and valued:
        yield "the account turns out to be high-value", True, lambda v: v.having(high_value=True)
    if view.has("service_down") and view.scope is None:
        whole = _assumed("scope", "whole_account", view)
        yield "the outage hits the whole account", False, lambda v: v.having(scope=whole)
    if view.has("service_down", "bug_confirmed", "major_function_broken") and view.workaround is None:
        verified = _assumed("workaround", "verified", view)
        yield "a verified workaround restores the core work", False, lambda v: v.having(workaround=verified)
    if view.main and view.tier_assumed and not view.has("data_loss", "data_exposure") and view.signals:
        yield "senior support (L2) already holds the ticket", True, lambda v: v.having(tier="L2")
    seen = set()
    for candidate in open_claims:
        if candidate.claim is None or candidate.kind in seen:
            continue
        seen.add(candidate.kind)
        said = f"“{_quote(candidate.claim)}” is confirmed"
        if candidate.kind in ("sla_breached", "sla_at_risk"):
            state = "breached" if candidate.kind == "sla_breached" else "at_risk"
            yield said, True, lambda v, state=state: v.having(sla=state)  # type: ignore[misc]
        elif candidate.kind == "repeat_reports":
            wanted = view.settings.pattern.accounts
            yield f"{wanted} accounts are confirmed", False, lambda v, n=wanted: v.having(assumed_accounts=n)  # type: ignore[misc]
        else:
            confirmed = candidate.claim.model_copy(update={"asserted_by": "support"})
            yield said, False, lambda v, claim=confirmed: v.with_signal(claim)  # type: ignore[misc]


def _assumed(group: Group, value: str, view: View) -> Claim:
    return Claim(
        id=f"assumed-{group}", group=group, kind=group, value=value, issue=view.issue, quote="",
        asserted_by="support", status="counts",
    )  # fmt: skip


def notes(
    view: View, views: list[View], outcome: Outcome, owner: Owner | None, leadership: bool, context: Context
) -> Iterator[str]:
    """What a careful lead would mention: assumptions, risks that fire nothing, watches, open records."""
    if view.tier_assumed:
        yield "Tier neither given nor readable from the ticket: L1 is assumed"
    if view.has("churn_threat") and view.high_value is False:
        yield "Risk: the customer may leave; the account is not high-value, so this fires nothing (BUS-1)"
    if (watch := _watched(view)) is not None:
        yield watch
    if view.has("bug_tracked"):
        records = [c.value for c in view.facts.references if c.kind == "bug_record"]
        record = context.bug_record or (records[0] if records else None)
        yield f"Link the ticket to the open record{f' {record}' if record else ''} and count it for the pattern"
    if outcome == "escalate" and not view.product_issue and view.has(*PRODUCT_SIGNALS):
        yield "The request in this ticket is noted; the fault is its subject"
    if context.open_escalation is not None:
        yield f"Escalation {context.open_escalation.id} is open for this ticket: attach to it, do not open a twin"
    if view.cancelled and view.has("resolved_itself"):
        gone = ", ".join(dict.fromkeys(claim.kind for claim in view.cancelled))
        yield f"The problem went away and cancels: {gone}. Document the root cause all the same"
    if len(views) > 1:
        yield f"{len(views)} unrelated issues: split the ticket; each is decided below"
    if owner == "security" and leadership:
        yield "Need to know: Leadership gets impact and decision, the details stay with Security"
    elif owner == "security":
        yield f"Need to know: only {OWNER_LABEL['security']} gets the details"


def _watched(view: View) -> str | None:
    """Similar reports that are too few for a pattern."""
    wanted = view.settings.pattern.accounts
    # Numbers and names that are only claimed may speak of another issue; that of a report says of which it is.
    reports = view.has("repeat_reports") or "repeat_reports" in view.reported
    count = _similar_reports(view) if reports else view.accounts("symptoms")
    if count is None or not 1 < count < wanted:
        return None
    if (count, wanted) == (2, 3):
        return "Watch: two similar reports; a third makes a pattern (PAT-1)"
    return f"Watch: {count} similar reports; {wanted} make a pattern (PAT-1)"
