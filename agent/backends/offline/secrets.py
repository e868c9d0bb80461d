"""Credentials and card numbers that stand in the ticket: a warning, and words that no quote may repeat (policy 1).

What is a secret is the redaction's to say; here it is found again by its placeholder, with the words beside it.
"""

import re
from dataclasses import dataclass

from agent.grounding.fold import Folded
from agent.redaction import find as redaction
from agent.redaction.placeholders import placeholders

_JOINERS = "\u200b\u200c\u200d\u2060\ufeff"
_LABEL = re.compile(rf"\w[\w{_JOINERS} ,.'’/-]*\w")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands, and the words beside it that may be quoted in its place. Code points."""

    start: int
    end: int
    label_start: int
    label_end: int
    kind: str


def find_secrets(text: str, folded: Folded) -> tuple[Secret, ...]:
    """Every secret of the text, in its order, none inside another: placeholders of secrets, and what is none yet.

    `folded`: the ticket's text as the grounding reads it, with the same offsets.
    """
    found = [(one.start, one.end, one.kind or "secret") for one in placeholders(text) if one.secret]
    found += [(one.start, one.end, one.kind) for one in redaction.find_secrets(text)]
    return tuple(_secret(text, folded, *one) for one in sorted(found))


def _secret(text: str, folded: Folded, start: int, end: int, kind: str) -> Secret:
    """The label is what stands before the secret on its line; else the words after it; else the line before."""
    line = text.rfind("\n", 0, start) + 1
    for low, high in ((max(line, start - 60), start), (end, _line_end(text, end, 60)), _line_before(text, line)):
        low, high = folded.whole(low, high)
        words = _LABEL.search(text[low:high])
        if words is None:
            continue
        low, high = folded.whole(low + words.start(), low + words.end())
        if any(c.isalpha() for c in text[low:high]):
            return Secret(start, end, low, high, kind)
    return Secret(start, end, start, start, kind)


def _line_end(text: str, at: int, most: int) -> int:
    stop = text.find("\n", at, at + most)
    return min(len(text), at + most) if stop < 0 else stop


def _line_before(text: str, line: int) -> tuple[int, int]:
    if line <= 0:
        return 0, 0
    start = max(text.rfind("\n", 0, line - 1) + 1, line - 80)
    return start, line - 1
