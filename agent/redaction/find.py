"""All secrets of a text: by the detector's rules, by our shapes, by the words before them, and card numbers."""

from collections.abc import Iterable
from functools import cache

from agent.notation.scan import small_letters
from agent.redaction.cards import cards
from agent.redaction.columns import pgpass
from agent.redaction.detector import shapes as detected
from agent.redaction.disguised import encoded, unmasked
from agent.redaction.found import Found
from agent.redaction.kinds import SECRET_KINDS
from agent.redaction.labelled import by_label
from agent.redaction.pairs import pairs
from agent.redaction.placeholders import SHORTEST, placeholders
from agent.redaction.shapes import SHAPES, Shapes, cookies, private_keys, wrapped

_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def find_secrets(text: str) -> tuple[Found, ...]:
    """In their order, none inside another, none in a placeholder. Linear in the length of the text."""
    found = _found(text)
    hidden = unmasked(text)
    if hidden is not None:
        found += [hidden.found(one) for one in apart(hidden.text, _found(hidden.text))]
    return apart(text, [*found, *encoded(text)])


def _found(text: str) -> list[Found]:
    small = small_letters(text)
    low = text.lower() if small is None else small
    if len(low) != len(text):  # a letter whose small form is two
        low = text.translate(_ASCII_LOWER)
    found = [
        *private_keys(text),
        *_shapes().find(text, low, exact=small is not None),
        *cookies(text, low),
    ]
    found += [*by_label(text, low), *pgpass(text), *pairs(text, low), *cards(text)]
    return [*found, *wrapped(text, found)]


@cache
def _shapes() -> Shapes:
    return Shapes((*SHAPES, *detected()))


def apart(text: str, found: Iterable[Found], *, secrets_first: bool = False) -> tuple[Found, ...]:
    """Those that do not overlap: of two that do, one that reaches from the first's beginning to the last's end.

    None touches a placeholder that stands in the text. `secrets_first`: personal data gives way to secrets.
    """
    ones = sorted(found, key=lambda one: (one.start, -one.end))
    if secrets_first:
        secrets = [one for one in ones if one.kind in SECRET_KINDS]
        ones = [
            one
            for one in ones
            if one.kind in SECRET_KINDS or not any(one.start < s.end and s.start < one.end for s in secrets)
        ]
    if not ones:
        return ()
    taken = [(one.start, one.end) for one in placeholders(text)]
    kept: list[Found] = []
    place = 0
    for one in ones:
        if one.end - one.start < SHORTEST:
            continue
        while place < len(taken) and taken[place][1] <= one.start:
            place += 1
        if place < len(taken) and taken[place][0] < one.end:
            continue
        if kept and one.start < kept[-1].end:
            if one.end > kept[-1].end:
                kept[-1] = Found(kept[-1].start, one.end, kept[-1].kind)
            continue
        kept.append(one)
    return tuple(kept)
