"""What any system said about a ticket, in one shape, so that every system is scored by the same code."""

from typing import Literal

from pydantic import Field

from agent.render import render_brief
from schemas.base import Model
from schemas.decision import Decision
from schemas.escalation import Escalation, Usage
from schemas.facts import Claim, Facts
from schemas.vocabulary import Asserter, Outcome, Owner, Severity, Signal

BriefStatus = Literal["none", "valid", "gap", "blocked"]
"""none: no brief. valid: nothing stands against it. gap: only its reproduction is incomplete, with the questions that
are open. blocked: findings that block it remain."""


class SeenSignal(Model):
    """A signal as a system reported it, with what grounding made of it."""

    signal: Signal
    asserted_by: Asserter
    status: str
    quote: str
    start: int | None = None
    end: int | None = None


class SaidBrief(Model):
    """The brief as its reader gets it, and what stands against it."""

    text: str
    message: str = Field(default="", description="The first message to the customer")
    status: BriefStatus
    repairs: int = 0
    findings: tuple[str, ...] = Field(default=(), description="The codes of the blocking findings")
    said: tuple[str, ...] = Field(default=(), description="Each blocking finding in words")


class Answer(Model):
    """One system's answer to one ticket, once. A field that a system has no view on is None."""

    system: str
    case: str
    epoch: int = 1
    error: str | None = Field(default=None, description="Why there is no answer; then nothing else counts")
    outcome: Outcome | None = None
    owner: Owner | None = None
    leadership: bool | None = None
    next_hop: Owner | None = None
    severity: Severity | None = None
    deciding_rule: str | None = None
    fired: tuple[str, ...] = ()
    reads: bool = Field(default=False, description="Whether the system reports signals and quotes at all")
    signals: tuple[SeenSignal, ...] = ()
    quotes: tuple[str, ...] = Field(default=(), description="The quote of every claim that was reported")
    instructions: int = Field(default=0, description="Passages recognised as instructions to the processor")
    brief: SaidBrief | None = None
    brief_error: str | None = Field(default=None, description="Why there is no brief, where one was due")
    unplayed: int = Field(default=0, description="Recorded turns that a replay did not ask for any more")
    usage: Usage = Usage()
    model: str | None = None
    prompt_sha256: str | None = None
    schema_sha256: str | None = None
    policy_version: str | None = None

    @property
    def not_asked(self) -> bool:
        """Whether the run was to end at the decision, so that no brief is due."""
        return (self.brief_error or "").startswith("not_asked")


def answer_of(facts: Facts, decision: Decision, **said: object) -> Answer:
    """What the program decided from which facts. `said`: the other fields."""
    fired = dict.fromkeys(rule.id for rule in decision.rules if rule.state != "overridden")
    fields: dict[str, object] = {
        "outcome": decision.outcome,
        "owner": decision.owner,
        "leadership": decision.leadership,
        "next_hop": decision.next_hop,
        "severity": decision.severity,
        "deciding_rule": decision.deciding_rule,
        "fired": tuple(fired),
        "reads": True,
        "signals": tuple(_seen(claim) for claim in facts.signals),
        "quotes": tuple(claim.quote for claim in (*facts.claims(), *facts.removed)),
        "instructions": len(facts.instructions),
    }
    return Answer.model_validate(fields | said)


def _seen(claim: Claim) -> dict[str, object]:
    place = claim.evidence
    return {
        "signal": claim.kind,
        "asserted_by": claim.asserted_by,
        "status": claim.status,
        "quote": claim.quote,
        "start": place.start if place else None,
        "end": place.end if place else None,
    }


def brief_of(result: Escalation) -> SaidBrief | None:
    """The brief in a whole result, if there is one."""
    if result.brief is None:
        return None
    decision = result.decision
    blocking = [finding for finding in result.findings if finding.blocking]
    status: BriefStatus = "blocked" if blocking else "valid" if result.brief_status == "valid" else "gap"
    return SaidBrief(
        text=render_brief(result.brief, decision, result.ticket, result.context, decision.decided_at, "text"),
        message=result.customer_message or "",
        status=status,
        repairs=result.usage.repairs,
        findings=tuple(finding.code for finding in blocking),
        said=tuple(f"{f.place}: {f.code}: {f.found}: {f.expected}" for f in blocking),
    )
