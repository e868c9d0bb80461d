"""Placeholders: exactly as long as what they stand for, in code points, so that every offset holds in both texts.

`[access-key-1·······]`: the kind, the number of the secret in its ticket, and signs that fill up the length. Line
breaks of the original stay where they are. What is too short for that gets a shorter form, down to `⟦1⟧` (`⦅1⦆` for
personal data). A number stands for one value: it is counted, never computed from the value, since a short value could
be guessed from its hash.
"""

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

from agent.redaction.kinds import LABELS, SECRET_KINDS
from schemas.redaction import Kind

PAD = "·"
SHORTEST = 3  # code points that a placeholder needs
_DIGITS = string.digits + string.ascii_letters
_NAMES: dict[str, Kind] = {name: kind for kind, names in LABELS.items() for name in names}
# A model may copy another number of padding signs, or write dots for them.
_ANY = re.compile(
    rf"\[(?P<name>{'|'.join(sorted(_NAMES, key=len, reverse=True))})-(?P<number>\d{{1,6}})[{PAD}•.…\s]{{0,30000}}\]"
    rf"|\[(?P<letter>[sp])(?P<short>\d{{1,6}})[{PAD}•.…]{{0,4}}\]"
    rf"|⟦(?P<digit>\w?)[{PAD}]{{0,4}}⟧"
    rf"|⦅(?P<mark>\w?)[{PAD}]{{0,4}}⦆"
)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One that stands in a text. `number`: of its value, 0 where there was no room for one. `kind`: if it says so."""

    start: int
    end: int
    number: int
    kind: Kind | None
    secret: bool


def placeholders(text: str) -> Iterator[Placeholder]:
    """All that stand in a text, in order."""
    if not _may_hold(text):
        return
    for match in _ANY.finditer(text):
        if match["name"] is not None:
            kind = _NAMES[match["name"]]
            yield Placeholder(match.start(), match.end(), int(match["number"]), kind, kind in SECRET_KINDS)
        elif match["letter"] is not None:
            yield Placeholder(match.start(), match.end(), int(match["short"]), None, match["letter"] == "s")
        else:
            sign = match["digit"] or match["mark"]
            number = _DIGITS.find(sign) if sign else 0
            yield Placeholder(match.start(), match.end(), max(0, number), None, match[0][0] == "⟦")


def placeholder(kind: Kind, number: int, original: str) -> str:
    """The placeholder for a value of at least `SHORTEST` code points."""
    long, short = LABELS[kind]
    letter = "s" if kind in SECRET_KINDS else "p"
    width = len(original.split("\n", 1)[0])
    closed = 0 if "\n" in original else 1  # the bracket that closes stands on the last line
    for form in (f"[{long}-{number}", f"[{short}-{number}", f"[{letter}{number}"):
        if len(form) + closed <= width and len(original) > len(form):
            return _filled(form, original, "]")
    digit = _DIGITS[number] if number < len(_DIGITS) else PAD
    opening, closing = "⟦⟧" if kind in SECRET_KINDS else "⦅⦆"
    return _filled(f"{opening}{digit}", original, closing)


def blanked(text: str) -> str:
    """The text with blanks in the place of placeholders: their digits are no numbers of the ticket's."""
    return _ANY.sub(lambda match: " " * len(match[0]), text) if _may_hold(text) else text


def _may_hold(text: str) -> bool:
    return "[" in text or "⟦" in text or "⦅" in text


def _filled(opening: str, original: str, closing: str) -> str:
    inner = "".join(sign if sign == "\n" else PAD for sign in original[len(opening) : -1])
    return opening + inner + closing
