"""The brief as a list of named texts, so that every check walks the same places under the same names."""

from dataclasses import dataclass
from typing import Literal

from schemas.brief import Brief

FieldKind = Literal["fact", "plan", "question", "message"]
"""fact: everything in it must be traceable. plan: times in it are free up to the limit. question: asks, so that it
may name what nobody said yet. message: to the customer; its times are plans too."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the brief and where it stands."""

    place: str
    text: str
    kind: FieldKind = "fact"


def fields(brief: Brief) -> tuple[Field, ...]:
    """Every text of the brief but its derivations, in the seed's order."""
    part = brief.reproduction
    return (
        Field("ESCALATION", brief.headline),
        Field("IMPACT: Customers affected", brief.customers_affected),
        Field("IMPACT: Workflow impact", brief.workflow_impact),
        Field("IMPACT: Revenue at risk", brief.revenue_at_risk),
        Field("IMPACT: SLA status", brief.sla_status),
        *(Field(f"{line.label}", line.text) for line in brief.target_lines),
        Field("ISSUE DESCRIPTION", brief.description),
        *(Field(f"REPRODUCTION STEPS: {number}", step) for number, step in enumerate(part.steps, 1)),
        *_reproduction(brief),
        *(Field(f"REPRODUCTION STEPS: Missing {number}", gap, "question") for number, gap in enumerate(part.gaps, 1)),
        *(Field(f"WHAT'S BEEN TRIED: {number}", tried.action) for number, tried in enumerate(brief.tried, 1)),
        *(Field(f"WHAT'S BEEN TRIED: {number} result", tried.result) for number, tried in enumerate(brief.tried, 1)),
        Field("CUSTOMER COMMUNICATION: Last update", brief.last_update),
        Field("CUSTOMER COMMUNICATION: Customer expectation", brief.customer_expectation),
        Field("CUSTOMER COMMUNICATION: Escalation risk", brief.escalation_risk),
        *(Field(f"WHAT'S NEEDED: {number}", ask.text, "plan") for number, ask in enumerate(brief.asks, 1)),
        Field("WHAT'S NEEDED: Deadline", brief.deadline, "plan"),
        *(Field(f"WHAT'S NEEDED: Leadership {n}", text, "plan") for n, text in enumerate(brief.leadership_asks, 1)),
        *(Field(f"SUPPORTING CONTEXT: {n}", text) for n, text in enumerate(brief.supporting_context, 1)),
        Field("CUSTOMER MESSAGE", brief.customer_message, "message"),
        *(Field(f"QUESTIONS: {number}", text, "question") for number, text in enumerate(brief.questions, 1)),
    )


def _reproduction(brief: Brief) -> tuple[Field, ...]:
    part = brief.reproduction
    if not part.applies:  # the three lines are not printed then
        return ()
    return (
        Field("REPRODUCTION STEPS: Expected", part.expected),
        Field("REPRODUCTION STEPS: Actual", part.actual),
        Field("REPRODUCTION STEPS: Environment", part.environment),
    )


TRIED_NOT_SAID = "Unknown: the ticket does not say what was tried"
"""Printed for an empty list of attempts: that nothing was tried is known only where somebody says so."""
_EMPTY_WORDS = ("unknown", "not applicable", "not known", "not stated", "none", "none known", "n/a", "nothing yet")
_EMPTY_BEGINNINGS = tuple(word + sign for word in _EMPTY_WORDS for sign in (".", ":", ";", ",", " (", " -"))


def says_nothing(text: str) -> bool:
    """True for 'Unknown', 'Not applicable' and their like, also before a reason: 'Unknown: nobody asked'."""
    plain = text.strip().casefold()
    return not plain or plain in _EMPTY_WORDS or plain.startswith(_EMPTY_BEGINNINGS)
