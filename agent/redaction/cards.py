"""Card numbers: a known issuer, a length of its cards, and a check digit that fits (ISO/IEC 7812-1)."""

import re
from collections.abc import Iterator

from agent.notation.scan import begins, runs_of_digits
from agent.redaction.found import Found

_BEGIN, _END = r"(?<![\d.])(?<!\d-)", r"(?!\d|[-.]\d)"
# Groups as they are printed on cards; looked for at every number, since others may stand before them in a row.
_WRITTEN = tuple(
    re.compile(rf"{_BEGIN}(?=({number}){_END})")
    for number in (
        r"\d{4}(?P<a>[ -])\d{4}(?P=a)\d{4}(?P=a)\d{4}(?:(?P=a)\d{3})?",
        r"\d{4}(?P<a>[ -])\d{4}(?P=a)\d{4}(?P=a)\d{4}",
        r"\d{4}(?P<a>[ -])\d{6}(?P=a)\d{4,5}",
        r"\d{13,19}",
    )
)
_ISSUERS = (
    (re.compile(r"4"), (13, 16, 19)),  # Visa
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile(r"3[47]"), (15,)),  # American Express
    (re.compile(r"6011|64[4-9]|65"), (16, 19)),  # Discover
    (re.compile(r"35(?:2[89]|[3-8])"), (16,)),  # JCB
    (re.compile(r"3(?:0[0-5]|[689])"), (14,)),  # Diners Club
    (re.compile(r"62"), (16, 17, 18, 19)),  # UnionPay
    (re.compile(r"50[12]\d|5038|5[678]\d\d|6304|67[56]\d"), (16, 18, 19)),  # Maestro
)
_NAMED = re.compile(r"(?i)card|karte|carte|tarjeta|cartão|cartao|visa|master|amex|\bpan\b|カード")
_WEAK = 13  # an old length, and that of an article's number: only beside a word for a card
_REACH = 60


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number fits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def cards(text: str) -> Iterator[Found]:
    """All card numbers, with spaces, dashes or neither."""
    # Each begins with a whole run of digits: four, or all of them.
    starts = [start for start, end in runs_of_digits(text) if (length := end - start) == 4 or 13 <= length <= 19]
    for pattern in _WRITTEN if starts else ():
        for match in begins(pattern, text, starts):
            start, end = match.span(1)
            digits = re.sub(r"[ -]", "", match[1])
            if not digits.isascii() or len(set(digits)) < 2 or not luhn(digits):
                continue
            if match[1] == digits and _in_longer(text, start, end):
                continue
            if not any(issuer.match(digits) and len(digits) in lengths for issuer, lengths in _ISSUERS):
                continue
            if len(digits) == _WEAK and not _NAMED.search(text, max(0, start - _REACH), start):
                continue
            yield Found(start, end, "card_number")


def _in_longer(text: str, start: int, end: int) -> bool:
    """Whether the digits are part of an id, a path or a decimal number."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return any(sign.isalnum() or sign in "_/\\#@+" for sign in (before, after) if sign)
