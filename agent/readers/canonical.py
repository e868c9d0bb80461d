"""The text that mail and JSON tickets are rendered to: head lines, then each message under its own header line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agent.errors import BadInput
from agent.readers.cut import MAX_TEXT, Part, cut
from agent.readers.decode import clean
from agent.readers.spans import find_spans
from schemas.ticket import Format, Span, Speaker, Ticket

MAX_EXTENDED = MAX_TEXT + 50_000
"""Code points of a ticket with what was said to it later: one that was cut at MAX_TEXT must leave room for that."""

_SPEAKER_LABEL: dict[Speaker, str] = {
    "customer": "Customer",
    "support": "Support",
    "system": "System",
    "other": "Other",
    "unknown": "Unknown",
}
# Line breaks, controls and what turns the direction of writing: a name must not look like another name.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")
_FORGED = re.compile(
    r"^(?:\[[\dT:.+ -]{8,40}\] ?)?(?:Customer|Support|System)(?: \([^()\n]{1,120}\))?(?:, internal note)?:$", re.M
)


@dataclass(frozen=True, slots=True)
class Body:
    """A message's text, clean, with the spans that its source's markup tells (offsets into `text`)."""

    text: str
    spans: tuple[Span, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a structured source."""

    speaker: Speaker
    author: str | None
    time: datetime | None
    body: Body
    internal: bool = False
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A structured ticket before it is rendered. `fields` are further head lines, in order."""

    format: Format
    entries: tuple[Entry, ...]
    id: str | None = None
    subject: str | None = None
    reporter: str | None = None
    opened: datetime | None = None
    fields: tuple[tuple[str, str], ...] = ()
    attachments: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def one_line(value: object, limit: int = 300) -> str:
    """A value on one line, without what could forge a line, colour a terminal or turn the writing around."""
    return " ".join(_UNSAFE.sub(" ", str(value)[: limit * 4]).split())[:limit]


def plain(text: str) -> Body:
    """A body of plain text."""
    cleaned = clean(text)
    return Body(cleaned.text.strip("\n"), notes=cleaned.notes)


def render(source: Source) -> Ticket:
    """The ticket in canonical text, cut to MAX_TEXT, with all spans."""
    files = _unique(
        [one_line(name, 200) for name in (*source.attachments, *(n for e in source.entries for n in e.attachments))]
    )
    pieces = [_head(source, files)]
    position = len(pieces[0])
    parts: list[Part] = []
    spans: list[Span] = []
    notes = list(source.notes)
    for entry in source.entries:
        header = _header(entry)
        text = entry.body.text.rstrip()
        piece = f"{header}{text}\n\n"
        body = position + len(header)
        parts.append(
            Part(
                start=position,
                body=body,
                end=position + len(piece),
                speaker=entry.speaker,
                author=_author(entry),
                time=entry.time,
                internal=entry.internal,
            )
        )
        spans += _moved(entry.body.spans, body, len(text))
        pieces.append(piece)
        notes += entry.body.notes
        if _FORGED.search(text):
            notes.append(_imitates(len(parts)))
        position += len(piece)
    short = cut("".join(pieces), parts, spans)
    return Ticket(
        text=short.text,
        format=source.format,
        id=one_line(source.id, 100) or None if source.id else None,
        subject=one_line(source.subject, 500) or None if source.subject else None,
        reporter=one_line(source.reporter, 200) or None if source.reporter else None,
        opened=source.opened,
        attachments=tuple(files),
        messages=tuple(part.message() for part in short.parts),
        spans=find_spans(short.text, short.parts, short.spans, short.marker),
        notes=tuple(_unique([*notes, *short.notes])),
    )


def extend(ticket: Ticket, entries: Sequence[Entry]) -> Ticket:
    """The ticket with further messages behind its own. What stood in it keeps its offsets.

    Raises BadInput where the text would exceed MAX_EXTENDED.
    """
    pieces = [ticket.text if ticket.text.endswith("\n\n") else ticket.text.rstrip("\n") + "\n\n"]
    position = len(pieces[0])
    parts: list[Part] = []
    spans = list(ticket.spans)
    notes = list(ticket.notes)
    for entry in entries:
        header = _header(entry)
        text = entry.body.text.rstrip()
        piece = f"{header}{text}\n\n"
        body, end = position + len(header), position + len(piece)
        author = _author(entry)
        own = _moved(entry.body.spans, body, len(text))
        # A block that a question quotes opens nothing in the answer behind it.
        said = max([body, *(span.end for span in own if span.kind == "asked")])
        parts.append(Part(position, said, end, entry.speaker, author, entry.time, entry.internal, added=True))
        spans += own
        pieces.append(piece)
        notes += entry.body.notes
        if _FORGED.search(text):
            notes.append(_imitates(len(ticket.messages) + len(parts)))
        position = end
    if position > MAX_EXTENDED:
        raise BadInput(
            f"the ticket would have {position:,} characters, at most {MAX_EXTENDED:,} are read with all that is said: "
            "say it shorter"
        )
    text = "".join(pieces)
    return ticket.model_copy(
        update={
            "text": text,
            "messages": (*ticket.messages, *(part.message() for part in parts)),
            "spans": find_spans(text, parts, spans, added=True),
            "origin": ticket.origin or ticket.sha256,
            "notes": tuple(_unique(notes)),
        }
    )


def _head(source: Source, files: Sequence[str]) -> str:
    lines = [
        ("Ticket", source.id),
        ("Subject", source.subject),
        ("From", source.reporter),
        ("Opened", source.opened.isoformat() if source.opened else None),
        *source.fields,
        ("Attachments", ", ".join(files)),
    ]
    written = [(one_line(key, 80), one_line(value, 2000)) for key, value in lines if value not in (None, "")]
    return "".join(f"{key}: {value}\n" for key, value in written if key and value) + ("\n" if written else "")


def _imitates(number: int) -> str:
    return f"Message {number} holds a line that imitates a message header; it opens no message."


def _moved(spans: Sequence[Span], start: int, length: int) -> list[Span]:
    """A body's spans, where the body of this length begins at `start`."""
    return [
        Span(start=start + span.start, end=start + min(span.end, length), kind=span.kind)
        for span in spans
        if span.start < min(span.end, length)
    ]


def _header(entry: Entry) -> str:
    time = f"[{entry.time.isoformat()}] " if entry.time else ""
    author = _author(entry)
    who = _SPEAKER_LABEL[entry.speaker] + (f" ({author})" if author else "")
    note = ", internal note" if entry.internal else ""
    files = ", ".join(one_line(name, 200) for name in entry.attachments)
    attached = f"[attached: {files}]\n" if files else ""
    return f"{time}{who}{note}:\n{attached}"


def _author(entry: Entry) -> str | None:
    # Brackets and colons in a display name could imitate the header's own.
    name = re.sub(r"[\[\]():]+", " ", one_line(entry.author or "", 120))
    return " ".join(name.split()) or None


def _unique(values: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
