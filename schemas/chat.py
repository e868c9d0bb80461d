"""A chat about one ticket: what was said in it, what a person corrected, and what a model may propose in a turn."""

from typing import Literal

from pydantic import Field

from schemas.base import Model, Moment
from schemas.context import Context
from schemas.escalation import Escalation, Usage
from schemas.ticket import Ticket

ChatFormat = Literal[1]


class Said(Model):
    """Words that became part of the ticket. What the person at the keyboard says of themselves is support's."""

    speaker: Literal["customer", "support"]
    author: str = ""
    time: Moment
    text: str
    asked: str = Field(default="", description="The question that the words answer: it stands before them")
    internal: bool = Field(default=False, description="The customer was not told it")


class Correction(Model):
    """A claim that a person takes back. It stays in the ticket, is shown as withdrawn, and fires nothing."""

    group: str
    kind: str
    quote: str
    start: int = Field(description="Code point of the ticket's text where the quote begins; what is said later follows")
    end: int
    value: str | None = Field(default=None, description="What the claim says, where its words may say several things")
    subject: str | None = None
    issue: int | None = None
    why: str
    by: str
    at: Moment


class Edit(Model):
    """A line of the brief in a person's words, under the name that findings use for its place."""

    place: str
    text: str


class Exchange(Model):
    """One contribution to the conversation itself."""

    who: Literal["person", "program"]
    text: str


ActionKind = Literal[
    "customer_said",
    "support_said",
    "withdraw",
    "tier",
    "deadline",
    "edit_line",
    "customer_message",
    "explain",
    "show",
    "save",
    "copy",
    "record",
    "undo",
]
"""What a turn may do. There is none that sets a severity, a target or an outcome: code decides those."""


class Action(Model):
    """One thing to do. Empty strings for what the kind does not need."""

    kind: ActionKind = Field(description="Name from the list of actions in the instructions")
    target: str = Field(description="What it is about, as the list of actions says for this kind")
    text: str = Field(description="The words, as the list of actions says for this kind")


class Session(Model):
    """Everything that a chat knows. Saved only when asked."""

    format: ChatFormat = 1
    original: Ticket | None = None
    said: tuple[Said, ...] = ()
    corrections: tuple[Correction, ...] = ()
    edits: tuple[Edit, ...] = ()
    context: Context = Context()
    message: str | None = Field(default=None, description="The message to the customer, where it was written anew")
    result: Escalation | None = None
    pending: bool = Field(default=False, description="Something was added that the result does not know yet")
    todo: tuple[Action, ...] = Field(default=(), description="Still to be done once the ticket was decided anew")
    conversation: tuple[Exchange, ...] = ()
    usage: Usage = Usage()


class Turn(Model):
    """Answers what the person said: what to do, in order, and what to say to them."""

    actions: tuple[Action, ...] = Field(description="What to do; empty if only an answer is wanted")
    say: str = Field(description="Short plain words to the person, from what is given here; empty if actions suffice")
