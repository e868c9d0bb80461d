"""The whole result of a run, and what validation finds."""

from typing import Literal

from pydantic import Field

from schemas.base import Model, Moment
from schemas.brief import Brief
from schemas.comparison import Similar
from schemas.context import Context
from schemas.decision import Decision
from schemas.facts import Facts
from schemas.ticket import Ticket


class Finding(Model):
    """One thing that validation holds against a brief."""

    code: str = Field(description="Stable name, such as untraceable_number")
    place: str = Field(description="Section or line of the brief")
    found: str = Field(default="", description="The words at fault")
    expected: str = Field(description="What would satisfy the check")
    blocking: bool = Field(default=True, description="False: shown, but the brief still counts as valid")


class NextStep(Model):
    """Who does what by when."""

    who: str
    what: str
    by: Moment | None = None


class Usage(Model):
    """What the run cost. Failed calls are counted too."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    repairs: int = 0


class Provenance(Model):
    """What made this result, so that it can be made again."""

    backend: Literal["claude", "offline", "host"]
    model: str | None = None
    prompt_sha256: str | None = None
    schema_sha256: str | None = None
    policy_version: str
    version: str


class Escalation(Model):
    """Ticket, facts, decision, brief and findings of one run."""

    ticket: Ticket
    context: Context
    facts: Facts
    decision: Decision
    brief: Brief | None = None
    brief_status: Literal["none", "valid", "incomplete"] = "none"
    findings: tuple[Finding, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    customer_message: str | None = None
    warnings: tuple[str, ...] = ()
    similar: tuple[Similar, ...] = Field(default=(), description="Earlier tickets that are, or may be, the same")
    ledger_id: str | None = Field(default=None, description="The escalation in the ledger, where it was recorded")
    backend: Literal["claude", "offline", "host"]
    model: str | None = None
    provenance: Provenance
    usage: Usage = Usage()
