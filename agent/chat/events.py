"""What the engine tells its surface, in the order in which it happens. Plain values; nothing here is a decision.

Text in them may come from the ticket or from a model: a surface shows it as text and obeys none of it.
"""

from dataclasses import dataclass
from typing import Literal

from agent.chat.difference import Change
from schemas.escalation import Escalation, Finding

Step = Literal["reading", "comparing", "writing", "repairing", "thinking"]


@dataclass(frozen=True, slots=True)
class Working:
    """A call has begun. `with_model`: it takes seconds, and may be interrupted."""

    step: Step
    with_model: bool


@dataclass(frozen=True, slots=True)
class Streamed:
    """How far the answer is: the last words that came, unchecked, for a line of progress and not for keeping."""

    step: Step
    words: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence of the model to the person, after the check that it states nothing that code did not decide."""

    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """There is a result. `changes`: what is other than before, a line each; empty the first time. `text`: the decision
    in words, as `escalation decide` prints it. `differences`: the changes once more, before and after apart."""

    result: Escalation
    changes: tuple[str, ...]
    first: bool
    text: str
    differences: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """The brief as it stands, with what is held against it. `valid`: nothing blocks, and nothing is missing."""

    text: str
    valid: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ForCustomer:
    """A message to the customer, to be sent by a person, with what is held against it."""

    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Words of the program: an explanation, help, what was saved. `kind` for a surface that sets them apart."""

    text: str
    kind: Literal["answer", "note", "warning"] = "note"


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done, in one line: the value, what was expected, the next step. Nothing was lost."""

    line: str


@dataclass(frozen=True, slots=True)
class Copy:
    """The surface is to put this on the person's clipboard and say whether it could."""

    what: str
    text: str


Event = Working | Streamed | Spoken | Decided | Drafted | ForCustomer | Told | Refused | Copy
