"""The ticket as it was read: one text that every offset points into, and who wrote which part of it."""

import hashlib
from typing import Literal

from pydantic import Field

from schemas.base import LocalMoment, Model
from schemas.redaction import Replaced

Speaker = Literal["customer", "support", "system", "other", "unknown"]
Format = Literal["text", "markdown", "eml", "zendesk", "freshdesk", "intercom", "jira", "github", "json"]
SpanKind = Literal["quoted", "machine", "hidden", "asked"]


class Span(Model):
    """Part of `Ticket.text` that its message's author did not write as prose.

    `quoted`: a reply quoted or a mail forwarded; `machine`: log, stack trace, JSON, code; `hidden`: text that a
    person would not have seen (HTML comments, zero-width runs, white on white); `asked`: a question of the program, put
    into the ticket beside its answer: never evidence. Offsets are code points.
    """

    start: int
    end: int
    kind: SpanKind


class Message(Model):
    """One contribution. `speaker` is `unknown` where the source does not say for certain who wrote it.

    `start` and `end` are code points in `Ticket.text` and include the message's own header line.
    """

    start: int
    end: int
    speaker: Speaker
    author: str | None = None
    time: LocalMoment | None = None
    internal: bool = Field(default=False, description="A note that the customer did not see")
    added: bool = Field(default=False, description="Put behind the ticket's own messages after it was read")


class Ticket(Model):
    """A ticket after reading. `text` is what the model sees and what all evidence offsets index."""

    text: str
    format: Format = "text"
    id: str | None = None
    subject: str | None = None
    reporter: str | None = None
    opened: LocalMoment | None = None
    messages: tuple[Message, ...] = ()
    spans: tuple[Span, ...] = ()
    attachments: tuple[str, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="What the reader cut, guessed or could not read")
    redacted: tuple[Replaced, ...] = Field(default=(), description="What stands as placeholders in the text")
    origin: str | None = Field(default=None, description="SHA-256 of the text before anything was added to it")

    @property
    def sha256(self) -> str:
        """Identity of the text: same text, same hash, whatever file it came from."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def without_asked(self) -> str:
        """The text with the program's own questions blanked: what stays is what somebody said. Offsets hold."""
        text = self.text
        for span in self.spans:
            if span.kind == "asked":
                text = text[: span.start] + " " * (span.end - span.start) + text[span.end :]
        return text

    def message_at(self, offset: int) -> Message | None:
        """The message that holds this code point, or None in the head of the ticket."""
        return next((m for m in self.messages if m.start <= offset < m.end), None)
