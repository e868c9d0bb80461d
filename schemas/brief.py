"""The escalation brief: the seed's sections, in the seed's order. The input of the tool `submit_brief`.

Severity and target are not fields: code writes them from the decision.
"""

from typing import Literal

from pydantic import Field

from schemas.base import Model
from schemas.vocabulary import AskKind

TargetLabel = Literal[
    "Customer context",
    "Customer timeline",
    "Logs or errors",
    "Customer use case",
    "Frequency of request",
    "Competitive pressure",
    "Observed",
    "Potentially affected",
    "Containment so far",
    "Urgency",
    "Business context",
    "Decision needed",
]


class TargetLine(Model):
    """A line that this target needs beyond the common ones; the instructions say which."""

    label: TargetLabel
    text: str


class Reproduction(Model):
    """For bugs: how to see it. Steps only if the ticket gives them; what is missing goes into `gaps`."""

    applies: bool = Field(description="False if the escalation is not about a malfunction")
    steps: tuple[str, ...] = Field(description="One action each, exact names and values, from a stated start")
    expected: str
    actual: str
    environment: str
    gaps: tuple[str, ...] = Field(description="What a reproduction still lacks, each as a question with its addressee")


class Tried(Model):
    """Something already tried, and what came of it."""

    action: str
    result: str = Field(description="'Unknown' if the ticket does not say")


class Ask(Model):
    """One specific request to the receiving team."""

    verb: AskKind
    text: str = Field(description="Begins with that verb; the object, the result wanted, and by when")


class Operand(Model):
    """An input of a computed value."""

    value: str = Field(description="As written in the quote")
    quote: str = Field(description="Verbatim from the ticket, context or decision")


class Derivation(Model):
    """A value in the brief that was computed from the ticket's. Code repeats the arithmetic."""

    value: str = Field(description="As it stands in the brief")
    operation: Literal["sum", "difference", "product", "percent", "duration", "date", "count"]
    operands: tuple[Operand, ...] = Field(description="In the order of the operation; for date: the anchor, the words")


class Brief(Model):
    """The brief. Write 'Unknown' for what nobody knows and 'Not applicable' for what does not apply."""

    headline: str = Field(description="One line, at most 140 characters: what fails, its trigger, for whom")
    customers_affected: str = Field(description="Number and names if known, reported counts marked as reported")
    workflow_impact: str = Field(description="What the customer cannot do, and what that stops")
    revenue_at_risk: str = Field(description="Only from context or support; else 'Unknown' or 'Not applicable'")
    sla_status: str = Field(description="Within SLA, At risk, Breached or Unknown, with the basis")
    description: str = Field(
        description="3 to 5 sentences: what happens, since when, how it shows, how far it reaches, the hypothesis"
    )
    reproduction: Reproduction
    tried: tuple[Tried, ...]
    last_update: str = Field(description="Date and what the customer was told; 'Unknown' if the ticket does not show")
    customer_expectation: str = Field(description="What they expect and by when")
    escalation_risk: str = Field(description="Will they escalate further, and what points to it")
    asks: tuple[Ask, ...] = Field(description="What comes first comes first")
    deadline: str = Field(
        description="Date, time and zone, not after the decision's deadline; then what must be there by then"
    )
    supporting_context: tuple[str, ...] = Field(description="Ticket ids, links, threads, logs, attachments")
    target_lines: tuple[TargetLine, ...]
    leadership_asks: tuple[str, ...] = Field(
        description="Only if the decision has leadership as co-target: what leadership must decide or do, impact only"
    )
    derivations: tuple[Derivation, ...] = Field(description="Every computed number, date or duration used above")
    customer_message: str = Field(
        description="First message to the customer, in the customer's language: what we know, what is next; no promise"
    )
    questions: tuple[str, ...] = Field(description="What to ask whom, beyond the decision's questions")
