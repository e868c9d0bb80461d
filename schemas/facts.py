"""Facts after grounding: each claim with its place in the ticket, who says it, and whether it counts."""

from typing import Literal

from pydantic import Field, model_validator

from schemas.base import LocalMoment, Model
from schemas.ticket import Speaker
from schemas.vocabulary import GROUP_OF, Asserter

Group = Literal[
    "issue",
    "signal",
    "workaround",
    "scope",
    "measure",
    "account",
    "person",
    "attempt",
    "reproduction",
    "reference",
]
Status = Literal["counts", "reported", "disputed", "withdrawn", "superseded", "ungrounded", "instruction"]
"""counts: may fire rules. reported: stands in the ticket, but who says it is not enough (policy 2.5, 2.6).
disputed: cut out of its denial (2.2). withdrawn, superseded: a newer statement took it back or replaced it (2.7).
ungrounded: not in the ticket, or a number outside its quote (2.1, 2.3). instruction: the quote stands inside text
that tries to instruct (2.6). The last two are removed: they are listed in `Facts.removed` only."""


class Evidence(Model):
    """Where a quote stands. Offsets are code points in `Ticket.text`, end exclusive."""

    start: int
    end: int
    sentence_start: int
    sentence_end: int
    sentence: str = Field(description="The whole sentence around the quote, as it stands in the ticket")
    message: int | None = Field(default=None, description="Index into Ticket.messages; None in the ticket's head")
    speaker: Speaker = "unknown"
    time: LocalMoment | None = None
    occurrences: int = Field(default=1, description="How often the quote stands in the ticket")


class Claim(Model):
    """One reported fact, with the verdict of grounding."""

    id: str = Field(description="Unique in this result, such as signal-1")
    group: Group
    kind: str = Field(description="The signal, measure, account fact, reproduction part, reference or issue kind")
    value: str = Field(default="", description="The value; for an attempt its result; for an issue its title")
    subject: str = Field(default="", description="The account, the person, or an attempt's action")
    issue: int = 1
    quote: str
    asserted_by: Asserter = Field(description="Who says it, after the ticket's structure was consulted")
    status: Status
    reason: str = Field(default="", description="Why the status is not `counts`, in one line")
    evidence: Evidence | None = None


class Instruction(Model):
    """Text in the ticket that tries to instruct whoever processes it."""

    start: int
    end: int
    text: str
    found_by: Literal["detector", "model"]
    why: str


class Facts(Model):
    """All claims that stand in the ticket, by group, and those that were removed with their reasons."""

    ticket_sha256: str
    language: str = "und"
    understandable: bool = True
    issues: tuple[Claim, ...] = ()
    signals: tuple[Claim, ...] = ()
    workarounds: tuple[Claim, ...] = ()
    scopes: tuple[Claim, ...] = ()
    measures: tuple[Claim, ...] = ()
    accounts: tuple[Claim, ...] = ()
    people: tuple[Claim, ...] = ()
    attempts: tuple[Claim, ...] = ()
    reproduction: tuple[Claim, ...] = ()
    references: tuple[Claim, ...] = ()
    removed: tuple[Claim, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    answered_issues: tuple[int, ...] = ()
    ticket_id: str | None = None
    opened: LocalMoment | None = None

    @model_validator(mode="after")
    def _signals_are_known_and_ids_unique(self) -> "Facts":
        # Facts may come from a file. The rules look each signal up, and pages link to a claim by its id.
        unknown = next((claim.kind for claim in self.signals if claim.kind not in GROUP_OF), None)
        if unknown is not None:
            raise ValueError(f"signals: no signal is called {unknown[:60]!r}")
        seen: set[str] = set()
        for claim in (*self.claims(), *self.removed):
            if claim.id in seen:
                raise ValueError(f"two claims have the id {claim.id[:60]!r}")
            seen.add(claim.id)
        return self

    def claims(self) -> tuple[Claim, ...]:
        """Every claim that stands in the ticket, in the order of the groups."""
        return (
            self.issues
            + self.signals
            + self.workarounds
            + self.scopes
            + self.measures
            + self.accounts
            + self.people
            + self.attempts
            + self.reproduction
            + self.references
        )
