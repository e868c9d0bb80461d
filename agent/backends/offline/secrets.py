"""Credentials and card numbers that stand in the ticket: a warning, and words that no quote may repeat (policy 1)."""

import re
from dataclasses import dataclass

from agent.grounding.fold import joined

_SHAPES = re.compile(
    r"""(?<![\w-])(?:
      AKIA[0-9A-Z]{16}
    | (?:sk|pk|rk)_(?:live|test)_[0-9A-Za-z]{10,64}
    | sk-[0-9A-Za-z_-]{20,120}
    | gh[pousr]_[0-9A-Za-z]{30,100}
    | glpat-[0-9A-Za-z_-]{16,64}
    | xox[abprs]-[0-9A-Za-z-]{10,100}
    | AIza[0-9A-Za-z_-]{30,60}
    | eyJ[0-9A-Za-z_-]{8,2000}\.[0-9A-Za-z_-]{4,4000}(?:\.[0-9A-Za-z_-]{4,1000})?
    | -----BEGIN[ ](?:\w{2,12}[ ])?PRIVATE[ ]KEY-----[\s\S]{0,6000}?(?:-----END[^\n]{0,40}-----|$)
    )(?![\w])""",
    re.X,
)
# "password: x", "the api key is x", "pw = x". The value must look like one: a digit, a sign, or quotes around it.
_LABELLED = re.compile(
    r"(?i)(?<!\w)(?:pass ?words?|pass ?phrase|passwd|pwd|pw|passwort|kennwort|contraseña|mot de passe|senha|"
    r"api[ _-]?keys?|api[ _-]?tokens?|access[ _-]?(?:tokens?|keys?)|secret(?:[ _-]?(?:access[ _-]?)?keys?)?|"
    r"client[ _-]?secret|"
    r"auth[ _-]?tokens?|bearer|tokens?|private key|pin|cvv|cvc)"
    r"(?:[ ]?(?:is|was|ist|es|est|lautet|=>|=|:)+|[ ])[ ]?(?P<value>[\"'`]?[^\s\"'`<>,;]{4,200})"
)
_CARD = re.compile(r"(?<![\d.-])(?:(?:\d{4}[ -]){3}\d{4}|\d{4}[ -]\d{6}[ -]\d{5}|\d{13,19})(?!\d|-\d)")
# Zero-width signs join: a quote that began behind one would begin inside a word.
_JOINERS = "\u200b\u200c\u200d\u2060\ufeff"
_LABEL = re.compile(rf"\w[\w{_JOINERS} ,.'’/-]*\w")
_PLACEHOLDER = re.compile(
    r"(?i)^[\"'`]?(?:x{3,}|\*+|\.{3,}|<|\[|\{|\$|%|your|redacted|removed|hidden|null|none|true|false|example|"
    r"changeme\W)"
)


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands, and the words beside it that may be quoted in its place. Code points."""

    start: int
    end: int
    label_start: int
    label_end: int
    kind: str


def find_secrets(text: str) -> tuple[Secret, ...]:
    """Every secret of the text, in its order, none inside another."""
    found = [_secret(text, m.start(), m.end(), "key") for m in _SHAPES.finditer(text)]
    for match in _LABELLED.finditer(text):
        value = match["value"]
        if _looks_secret(value, joined=text[match.end() - len(value) - 2 : match.end() - len(value)]):
            found.append(_secret(text, match.start("value"), match.end("value"), "credential"))
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if digits == match[0] and text[max(0, match.start() - 1) : match.end() + 1].strip(" \n,;:()\"'") != digits:
            continue  # part of a longer id
        if 13 <= len(digits) <= 19 and digits[0] in "3456" and len(set(digits)) > 1 and luhn(digits):
            found.append(_secret(text, match.start(), match.end(), "card number"))
    found.sort(key=lambda secret: (secret.start, -secret.end))
    kept: list[Secret] = []
    for secret in found:
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
    return tuple(kept)


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number fits (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _looks_secret(value: str, *, joined: str) -> bool:
    core = value.strip("\"'`.,;:!?)(")
    if len(core) < 4 or _PLACEHOLDER.match(value) or core.startswith(("http", "www")):
        return False
    assigned = any(sign in joined for sign in ":=")
    mixed = any(c.isdigit() for c in core) and any(c.isalpha() for c in core)
    signs = any(not c.isalnum() and c not in "-._/'" for c in core)
    return (mixed or signs) and (assigned or len(core) >= 6 or value[:1] in "\"'`")


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
    return (_in_word(text[cut - 1]) and _in_word(text[cut])) or joined(text, cut)


def _in_word(char: str) -> bool:
    return char.isalnum() or char in _JOINERS


def _line_end(text: str, at: int, most: int) -> int:
    stop = text.find("\n", at, at + most)
    return min(len(text), at + most) if stop < 0 else stop


def _line_before(text: str, line: int) -> tuple[int, int]:
    if line <= 0:
        return 0, 0
    start = max(text.rfind("\n", 0, line - 1) + 1, line - 80)
    return start, line - 1
