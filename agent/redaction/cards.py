"""Card numbers: a known issuer, a length of its cards, and a check digit that fits (ISO/IEC 7812-1)."""

import re
from collections.abc import Iterator

from agent.notation.scan import begins, runs_of_digits
from agent.redaction.found import Found

_BEGIN, _END = r"(?<![\d.])(?<!\d-)", r"(?!\d|[-.]\d)"
# Between the groups: blanks of any width, dashes, dots; one end of a line among them, where mail was wrapped.
_BETWEEN = r"[ \u00a0\u2000-\u200a\u202f]{1,2}|[-‐‑‒–—]|[./]"
_WRAPPED = r"[ \t]?\n[ \t>]{0,6}"
# Groups as they are printed on cards; looked for at every number, since others may stand before them in a row.
_WRITTEN = tuple(
    re.compile(rf"{_BEGIN}(?=({number}){_END})")
    for number in (
        rf"\d{{4}}(?P<a>{_BETWEEN})\d{{4}}(?P=a)\d{{4}}(?P=a)\d{{4}}(?:(?P=a)\d{{3}})?",
        rf"\d{{4}}(?P<a>{_BETWEEN})\d{{4}}(?P=a)\d{{4}}(?P=a)\d{{4}}",
        rf"\d{{4}}(?P<a>{_BETWEEN})\d{{6}}(?P=a)\d{{4,5}}",
        r"\d{13,19}",
    )
)
_WRITTEN_OVER_LINES = re.compile(
    rf"{_BEGIN}(?=(\d{{4}}(?:(?:{_WRAPPED})\d{{4}}(?P<a>[ -])\d{{4}}(?P=a)\d{{4}}|"
    rf"(?P<b>[ -])\d{{4}}(?:(?:{_WRAPPED})\d{{4}}(?P=b)\d{{4}}|(?P=b)\d{{4}}(?:{_WRAPPED})\d{{4}}))){_END})"
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
# A date of expiry, or a word for a code, and the code: behind a card number, on its line.
_BEHIND = re.compile(
    r"[^\n\d]{0,24}(?:\d{1,2}[ ]?[/-][ ]?(?:20)?\d\d[^\n\d]{1,16}|(?i:code|check)[ :]{1,3})"
    r"(?P<code>\d{3,4})(?![\w./-]{0,20}\d)"
)


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number fits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def cards(text: str) -> Iterator[Found]:
    """All card numbers, with spaces, dashes or neither, in digits of any script; and the security codes behind them."""
    # Each begins with a whole run of digits: four, or all of them.
    starts = [start for start, end in runs_of_digits(text) if (length := end - start) == 4 or 13 <= length <= 19]
    for pattern in (*_WRITTEN, _WRITTEN_OVER_LINES) if starts else ():
        for match in begins(pattern, text, starts):
            start, end = match.span(1)
            if not _is_card(text, start, end):
                continue
            if "\n" in match[1]:
                yield from _lines(text, start, end)
            else:
                yield Found(start, end, "card_number")
            if (code := _BEHIND.match(text, end)) is not None:
                yield Found(*code.span("code"), "security_code")


def _is_card(text: str, start: int, end: int) -> bool:
    written = text[start:end]
    digits = "".join(str(int(sign)) for sign in written if sign.isdecimal())
    if len(set(digits)) < 2 or not luhn(digits):
        return False
    if len(digits) == len(written) and _in_longer(text, start, end):
        return False
    if not any(issuer.match(digits) and len(digits) in lengths for issuer, lengths in _ISSUERS):
        return False
    weak = len(digits) == _WEAK or any(sign in "./\n" for sign in written)
    return not weak or _NAMED.search(text, max(0, start - _REACH), start) is not None or "\n" in written


def _lines(text: str, start: int, end: int) -> Iterator[Found]:
    """The parts of a number that stand on two lines, without the marks of a quoted mail between them."""
    for part in re.finditer(r"\d(?:[\d -]*\d)?", text[start:end]):
        yield Found(start + part.start(), start + part.end(), "card_number")


def _in_longer(text: str, start: int, end: int) -> bool:
    """Whether the digits are part of an id, a path or a decimal number."""
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    return any(sign.isalnum() or sign in "_/\\#@+" for sign in (before, after) if sign)
