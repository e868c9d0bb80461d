"""Plain text and Markdown: the decoded source is the ticket's text; messages and spans are found in it."""

from typing import Literal

from agent.readers.cut import Part, cut
from agent.readers.head import Head, read_head
from agent.readers.headers import find_headers
from agent.readers.spans import find_spans
from schemas.ticket import Ticket


def read_text(text: str, form: Literal["text", "markdown"], notes: tuple[str, ...] = ()) -> Ticket:
    """A ticket from clean text. Never fails: without structure it is one message by `unknown`."""
    head = read_head(text)
    parts, doubts = _parts(text, head)
    short = cut(text, parts)
    return Ticket(
        text=short.text,
        format=form,
        id=head.id,
        subject=head.subject,
        reporter=head.reporter,
        opened=head.opened,
        attachments=head.attachments,
        messages=tuple(part.message() for part in short.parts),
        spans=find_spans(short.text, short.parts, marker=short.marker),
        notes=(*notes, *doubts, *short.notes),
    )


def _parts(text: str, head: Head) -> tuple[list[Part], list[str]]:
    headers, notes = find_headers(text, head.end, head.desk)
    if not headers:
        return _single(text, head), notes
    parts: list[Part] = []
    if not head.desk:
        parts += _prose(text, head.end, headers[0].start)
    stops = [*(header.start for header in headers[1:]), len(text)]
    for header, stop in zip(headers, stops, strict=True):
        parts.append(
            Part(
                start=header.start,
                body=min(header.end, stop),
                end=stop,
                speaker=header.speaker,
                author=header.author,
                time=header.time,
                internal=header.internal,
            )
        )
    return parts, notes


def _single(text: str, head: Head) -> list[Part]:
    """One pasted mail or note. Whoever is named in its head, it may hold words of staff too: `unknown`."""
    return _prose(text, head.end, len(text), head)


def _prose(text: str, start: int, end: int, head: Head | None = None) -> list[Part]:
    while start < end and text[start] == "\n":
        start += 1
    if not text[start:end].strip():
        return []
    author = head.reporter if head else None
    opened = head.opened if head else None
    return [Part(start=start, body=start, end=end, speaker="unknown", author=author, time=opened)]
