"""The message to the customer: the brief's, or where nothing is escalated one that asks what must be asked."""

import prompts
from agent.render import words
from agent.validate import validate_brief
from schemas.brief import Brief, Reproduction
from schemas.escalation import Escalation, Finding

PLACE = "CUSTOMER MESSAGE"
_BLANK = Brief(
    headline="Unknown",
    customers_affected="Unknown",
    workflow_impact="Unknown",
    revenue_at_risk="Unknown",
    sla_status="Unknown",
    description="Unknown",
    reproduction=Reproduction(applies=False, steps=(), expected="", actual="", environment="", gaps=()),
    tried=(),
    last_update="Unknown",
    customer_expectation="Unknown",
    escalation_risk="Unknown",
    asks=(),
    deadline="Unknown",
    supporting_context=(),
    target_lines=(),
    leadership_asks=(),
    derivations=(),
    customer_message="",
    questions=(),
)


def letter(result: Escalation) -> str:
    """The message as it stands without anybody's own words."""
    if result.brief is not None and result.brief.customer_message:
        return result.brief.customer_message
    decision = result.decision
    due = decision.cadence.customer_due if decision.cadence else None
    return prompts.load(
        "chat/customer.txt.j2",
        outcome=decision.outcome,
        questions=[question.text for question in decision.questions if question.ask == "customer"],
        next_update=words.when(due, words.zone_of(result.context)) if due else "",
    ).strip()


def findings_of(text: str, result: Escalation) -> tuple[Finding, ...]:
    """What the check of a brief holds against these words to the customer."""
    brief = (result.brief or _BLANK).model_copy(update={"customer_message": text})
    decision = result.decision
    found = validate_brief(brief, decision, result.facts, result.ticket, result.context, decision.decided_at)
    return tuple(finding for finding in found if finding.place == PLACE)
