"""All spans of a ticket's text: quoted, machine and hidden parts, message by message."""

from collections.abc import Sequence

from agent.readers.cut import Part, merge
from agent.readers.hidden import hidden_ranges
from agent.readers.machine import machine_ranges
from agent.readers.quoted import quoted_ranges
from schemas.ticket import Span


def find_spans(
    text: str,
    parts: Sequence[Part],
    known: Sequence[Span] = (),
    marker: tuple[int, int] | None = None,
    *,
    added: bool = False,
) -> tuple[Span, ...]:
    """Spans in the head and in every message's body, besides those `known` from the source's own structure.

    Each body is looked at alone: a block that one author leaves open must not swallow the next author's words. The
    `marker` of a cut splits the body it stands in. `added`: the parts were put behind a ticket that was read before,
    and what they hold hides nothing in it: a comment that its text leaves open is not closed by their `-->`.
    """
    spans = list(known)
    for start, end, tail in _bodies(len(text), parts, marker):
        lines = _lines(text, start, end)
        spans += [Span(start=a, end=b, kind="machine") for a, b in machine_ranges(text, lines, tail)]
        spans += [Span(start=a, end=b, kind="quoted") for a, b in quoted_ranges(text, lines)]
    whole = [(part.body, min(part.end, len(text))) for part in parts] if added else [(0, len(text))]
    for start, end in whole:
        spans += [Span(start=a, end=b, kind="hidden") for a, b in hidden_ranges(text, start, end)]
    if marker is not None:
        spans.append(Span(start=marker[0], end=marker[1], kind="machine"))
    return merge((_trimmed(text, span) for span in spans if span.start < span.end), text)


def _trimmed(text: str, span: Span) -> Span:
    """Without the white space at its end, but for hidden runs, which may be nothing else."""
    end = min(span.end, len(text))
    while span.kind != "hidden" and end > span.start and text[end - 1] in " \t\n":
        end -= 1
    return Span(start=span.start, end=end, kind=span.kind)


def _bodies(length: int, parts: Sequence[Part], marker: tuple[int, int] | None) -> list[tuple[int, int, bool]]:
    bodies: list[tuple[int, int, bool]] = []
    for part in parts:
        if marker is not None and part.body < marker[1] and part.end > marker[0]:
            bodies.append((part.body, max(part.body, marker[0]), False))
            bodies.append((min(marker[1], part.end), part.end, True))
        else:
            bodies.append((part.body, part.end, False))
    return [(start, min(end, length), tail) for start, end, tail in bodies if start < end]


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    lines = []
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        lines.append((start, stop))
        start = stop + 1
    return lines
