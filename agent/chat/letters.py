"""The message to the customer: the brief's, or where nothing is escalated one that asks what must be asked."""

from functools import cache

import prompts
from agent.chat.spoken import internal_words
from agent.render import words
from agent.validate import validate_brief
from agent.validate.prose import split_sentences
from schemas.brief import Brief, Reproduction
from schemas.chat import Session
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
        settled=decision.outcome == "handle" and _is_settled(result),
        questions=[question.text for question in decision.questions if question.ask == "customer"],
        next_update=words.when(due, words.zone_of(result.context)) if due else "",
    ).strip()


def _is_settled(result: Escalation) -> bool:
    """Whether somebody says that the problem went away or was answered: then nobody is working on an answer."""
    gone = any(c.kind == "resolved_itself" and c.status in {"counts", "reported"} for c in result.facts.signals)
    issues = {claim.issue for claim in result.facts.issues}
    return gone or (bool(issues) and issues <= set(result.facts.answered_issues))


def standing(session: Session) -> str:
    """The message to the customer as it stands in a chat: in the person's own words, if they gave any."""
    if session.message is not None:
        return session.message
    return "" if session.result is None else letter(session.result)


def leaving(session: Session) -> Escalation | None:
    """The result as it leaves the chat, with the person's own words to the customer; None while there is none."""
    if session.result is None or session.message is None:
        return session.result
    return session.result.model_copy(update={"customer_message": session.message})


def findings_of(text: str, result: Escalation) -> tuple[Finding, ...]:
    """What the check of a brief holds against these words to the customer, and what is internal in them."""
    brief = (result.brief or _BLANK).model_copy(update={"customer_message": text})
    decision = result.decision
    found = validate_brief(brief, decision, result.facts, result.ticket, result.context, decision.decided_at)
    return (*(finding for finding in found if finding.place == PLACE), *_internal(text))


@cache
def _fixed() -> frozenset[str]:
    """The sentences in which the program itself tells a customer who has the ticket now: as little as can be told."""
    from agent.backends.offline.wording import wording

    tables = (table for name, table in wording().items() if name.startswith("message."))
    return frozenset(sentence for table in tables for text in table.values() for sentence in split_sentences(text))


def _internal(text: str) -> tuple[Finding, ...]:
    """A severity or a team is no word for a customer. It blocks nothing: a person reads it before it is sent."""
    return tuple(
        Finding(
            code="internal_word",
            place=PLACE,
            found=sentence,
            expected=f"words for a customer, without {what} of ours",
            blocking=False,
        )
        for sentence, what in internal_words(text)
        if not any(sentence.endswith(fixed) for fixed in _fixed())
    )
