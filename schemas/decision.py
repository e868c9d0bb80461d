"""The decision and everything that explains it. The same facts, context, policy and time give the same bytes."""

from typing import Literal

from pydantic import Field

from schemas.base import Model, Moment
from schemas.context import Override
from schemas.vocabulary import AskKind, Outcome, Owner, RuleClass, Severity, SlaState, Tier

RuleState = Literal["decides", "fired", "overridden"]


class FiredRule(Model):
    """A rule whose condition holds. `overridden` rules are listed, never hidden."""

    id: str
    issue: int
    rule_class: RuleClass
    clause: str = Field(description="The seed's words that this rule stands for")
    state: RuleState
    owner: Owner | None = None
    leadership: bool = False
    severity: Severity | None = None
    because: str = Field(description="Which facts fired it, and for an overridden rule what it lost to")
    claims: tuple[str, ...] = Field(default=(), description="Ids of the claims behind it")
    quotes: tuple[str, ...] = ()


class Question(Model):
    """What to ask, whom, and why the answer matters."""

    text: str
    ask: Literal["customer", "support", "account_team"]
    why: str


class WouldChange(Model):
    """An unknown fact and what the decision would have been with it."""

    fact: str
    then: str


class Cadence(Model):
    """When the next updates are due and when they are overdue (the seed's follow-up table)."""

    internal_due: Moment
    internal_overdue: Moment
    customer_due: Moment
    customer_overdue: Moment
    rule: str = Field(description="The cadence in words, such as 'internal every 2 h, customer every 2-4 h'")


class SlaStatus(Model):
    """The SLA state with the arithmetic behind it."""

    state: SlaState
    source: Literal["computed", "stated", "unknown"]
    explanation: str


class IssueDecision(Model):
    """The decision for one of several unrelated issues in one ticket."""

    issue: int
    title: str
    outcome: Outcome
    owner: Owner | None = None
    severity: Severity | None = None
    rules: tuple[str, ...] = ()


class View(Model):
    """A decision in brief: what code thinks where a person's decision stands."""

    outcome: Outcome
    owner: Owner | None = None
    leadership: bool = False
    severity: Severity | None = None


class Decision(Model):
    """What to do with the ticket, why, by when, and what was unknown."""

    outcome: Outcome
    owner: Owner | None = None
    leadership: bool = Field(default=False, description="Leadership is owner or co-target")
    next_hop: Owner | None = Field(default=None, description="Who gets it now")
    expedite: bool = Field(default=False, description="The final target (`owner`) is notified at once, past the hop")
    severity: Severity | None = None
    ask: AskKind | None = None
    rules: tuple[FiredRule, ...] = ()
    deciding_rule: str | None = None
    questions: tuple[Question, ...] = ()
    would_change: tuple[WouldChange, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="Risks, watches, attachments to open records, assumptions")
    issues: tuple[IssueDecision, ...] = ()
    tier: Tier
    tier_assumed: bool = False
    high_value: bool | None = Field(default=None, description="None: unknown, which is not high-value")
    sla: SlaStatus
    acknowledge_by: Moment | None = None
    deadline: Moment | None = None
    deadline_basis: str = ""
    cadence: Cadence | None = None
    override: Override | None = None
    own_view: View | None = Field(default=None, description="What code decided, where `override` stands")
    policy_version: str
    decided_at: Moment
