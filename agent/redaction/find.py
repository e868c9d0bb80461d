"""All secrets of a text: by the detector's rules, by our shapes, by the words before them, and card numbers."""

from agent.redaction.cards import cards
from agent.redaction.found import Found
from agent.redaction.labelled import by_label
from agent.redaction.placeholders import SHORTEST, placeholders
from agent.redaction.shapes import SHAPES, by_shape, cookies, private_keys

_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def find_secrets(text: str) -> tuple[Found, ...]:
    """In their order, none inside another, none in a placeholder. Linear in the length of the text."""
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is two
        low = text.translate(_ASCII_LOWER)
    from agent.redaction.detector import shapes

    found = [*private_keys(text), *by_shape(text, low, SHAPES), *by_shape(text, low, shapes())]
    found += cookies(text, low)
    found += by_label(text, low)
    found += cards(text)
    return _apart(text, found)


def _apart(text: str, found: list[Found]) -> tuple[Found, ...]:
    """Overlapping ones become the one that begins first and, of these, the longest."""
    taken = [(one.start, one.end) for one in placeholders(text)]
    kept: list[Found] = []
    place = 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.end - one.start < SHORTEST or (kept and one.end <= kept[-1].end):
            continue
        while place < len(taken) and taken[place][1] <= one.start:
            place += 1
        if place < len(taken) and taken[place][0] < one.end:
            continue
        if kept and one.start < kept[-1].end:  # they overlap: together
            kept[-1] = Found(kept[-1].start, one.end, kept[-1].kind)
            continue
        kept.append(one)
    return tuple(kept)
