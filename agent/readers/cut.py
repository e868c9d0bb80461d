"""The limit on a ticket's text: what is left out is marked in the text, counted in the notes, offsets follow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.ticket import Message, Span, SpanKind, Speaker

MAX_TEXT = 200_000
"""Code points of `Ticket.text`. Above it the head and the tail are kept: the fault is named first, the state last."""

_HEAD_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Part:
    """A message before the text is cut: offsets into the uncut text; `body` is where its header line ends."""

    start: int
    body: int
    end: int
    speaker: Speaker
    author: str | None = None
    time: datetime | None = None
    internal: bool = False
    added: bool = False

    def message(self) -> Message:
        """The schema's view of it."""
        return Message(
            start=self.start,
            end=self.end,
            speaker=self.speaker,
            author=self.author,
            time=self.time,
            internal=self.internal,
            added=self.added,
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """The text within the limit, and the places in it where the rest was left out (start, end of the marker)."""

    text: str
    parts: tuple[Part, ...]
    spans: tuple[Span, ...]
    marker: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()


def cut(text: str, parts: Sequence[Part], spans: Sequence[Span] = (), limit: int = MAX_TEXT) -> Cut:
    """Keep head and tail of a text above `limit` code points, with a marker line between them."""
    if len(text) <= limit:
        return Cut(text, tuple(parts), tuple(spans))
    room = limit - 100  # for the marker line
    start = _line_start_before(text, int(room * _HEAD_SHARE))
    stop = _line_start_after(text, len(text) - (room - start))
    lead = "" if text[start - 1] == "\n" else "\n"
    marker = f"{lead}[… {stop - start:,} characters left out …]\n"
    shift = len(marker) - (stop - start)

    def at_start(offset: int) -> int:
        return offset if offset < start else offset + shift if offset >= stop else start + len(marker)

    def at_end(offset: int) -> int:
        return offset if offset <= start else offset + shift if offset > stop else start

    kept = tuple(
        replace(
            part,
            start=at_start(part.start),
            end=at_end(part.end),
            body=part.body if part.body <= start else max(at_start(part.body), at_start(part.start)),
        )
        for part in parts
        if not start <= part.start <= part.end <= stop
    )
    moved = tuple(
        Span(start=at_start(span.start), end=at_end(span.end), kind=span.kind)
        for span in spans
        if at_start(span.start) < at_end(span.end)
    )
    notes = [f"The text was cut to {limit:,} characters: {stop - start:,} between its head and its tail are left out."]
    if len(kept) < len(parts):
        notes.append(f"{len(parts) - len(kept)} of {len(parts)} messages are left out entirely.")
    return Cut(text[:start] + marker + text[stop:], kept, moved, (start, start + len(marker)), tuple(notes))


def _line_start_before(text: str, offset: int) -> int:
    line = text.rfind("\n", max(0, offset - 2_000), offset) + 1
    return line if line > 0 else offset


def _line_start_after(text: str, offset: int) -> int:
    line = text.find("\n", offset, offset + 2_000) + 1
    return line if 0 < line < len(text) else offset


def merge(spans: Iterable[Span], text: str) -> tuple[Span, ...]:
    """Spans in order, inside the text; those of one kind that overlap, or stand on successive lines, made one."""
    merged: list[Span] = []
    by_kind: dict[SpanKind, list[Span]] = {}
    for span in spans:
        start, end = max(0, span.start), min(span.end, len(text))
        if start < end:
            by_kind.setdefault(span.kind, []).append(Span(start=start, end=end, kind=span.kind))
    for same in by_kind.values():
        current: Span | None = None
        for span in sorted(same, key=lambda item: (item.start, item.end)):
            if current is not None and span.start <= current.end + (text[current.end : current.end + 1] == "\n"):
                current = Span(start=current.start, end=max(current.end, span.end), kind=span.kind)
                continue
            if current is not None:
                merged.append(current)
            current = span
        if current is not None:
            merged.append(current)
    return tuple(sorted(merged, key=lambda item: (item.start, item.end, item.kind)))
