"""Credentials and card numbers that stand in the ticket: a warning, and words that no quote may repeat (policy 1).

What is a secret is the redaction's to say; here it is found again by its placeholder, with the words beside it.
"""

import re
import unicodedata
from dataclasses import dataclass

from agent.grounding.fold import joined
from agent.redaction import find as redaction
from agent.redaction.placeholders import placeholders

# Zero-width signs join: a quote that began behind one would begin inside a word.
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


def find_secrets(text: str) -> tuple[Secret, ...]:
    """Every secret of the text, in its order, none inside another: placeholders of secrets, and what is none yet."""
    found = [(one.start, one.end, one.kind or "secret") for one in placeholders(text) if one.secret]
    found += [(one.start, one.end, one.kind) for one in redaction.find_secrets(text)]
    return tuple(_secret(text, *one) for one in sorted(found))


def _secret(text: str, start: int, end: int, kind: str) -> Secret:
    """The label is what stands before the secret on its line; else the words after it; else the line before."""
    line = text.rfind("\n", 0, start) + 1
    for low, high in ((max(line, start - 60), start), (end, _line_end(text, end, 60)), _line_before(text, line)):
        low, high = whole_words(text, low, high)
        words = _LABEL.search(text[low:high])
        if words and any(c.isalpha() for c in words[0]):
            return Secret(start, end, low + words.start(), low + words.end(), kind)
    return Secret(start, end, start, start, kind)


def whole_words(text: str, low: int, high: int) -> tuple[int, int]:
    """The stretch without the words that its ends cut in two."""
    while low < high and low > 0 and _splits(text, low):
        low += 1
    while low < high < len(text) and _splits(text, high):
        high -= 1
    return low, high


def _splits(text: str, cut: int) -> bool:
    if unicodedata.category(text[cut]).startswith("M"):  # a mark belongs to the letter before it
        return True
    return (_in_word(text[cut - 1]) and _in_word(text[cut])) or joined(text, cut)


def _in_word(char: str) -> bool:
    return char.isalnum() or char in _JOINERS or unicodedata.category(char).startswith("M")


def _line_end(text: str, at: int, most: int) -> int:
    stop = text.find("\n", at, at + most)
    return min(len(text), at + most) if stop < 0 else stop


def _line_before(text: str, line: int) -> tuple[int, int]:
    if line <= 0:
        return 0, 0
    start = max(text.rfind("\n", 0, line - 1) + 1, line - 80)
    return start, line - 1
