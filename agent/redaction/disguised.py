"""Secrets that are written in another way: percent-encoded, as HTML entities, escaped in JSON, with invisible signs
between their letters, in base64 or in hexadecimal digits.

`unmasked` gives what the lines with such writing say, and for each character where it stands in the text. Secrets are
looked for there as in any text, and so is whatever was found elsewhere in the ticket.
"""

import base64
import binascii
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.notation.scan import GAP
from agent.redaction.found import Found

_INVISIBLE = "\u00ad\u034f\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
_WRITTEN = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})+)|(?P<entity>&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});)|"
    rf"(?P<escape>\\u[0-9A-Fa-f]{{4}}|\\[\"/\\])|(?P<nothing>[{_INVISIBLE}])"
)
_SIGNS = re.compile(rf"%[0-9A-Fa-f]{{2}}|&[#A-Za-z][0-9A-Za-z]{{1,8}};|\\[u\"/\\]|[{_INVISIBLE}]")
_ROUNDS = 2  # what a mail program encoded may have been encoded before
_BASE64 = re.compile(r"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{6,20000}={0,2}(?![0-9A-Za-z+/_=-])")
_LONG_BASE64 = re.compile(r"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{16,20000}={0,2}(?![0-9A-Za-z+/_=-])")
_HEXADECIMAL = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}){5,10000}(?![0-9A-Za-z])")
_USER_AND_PASSWORD = re.compile(r"[\w.@$\\+-]{1,60}:[\x20-\x7e\u00a1-\u024f]{3,100}")
_SHORTEST_ENCODED = 16  # characters of credentials in base64
_MANY = 100  # values above which they are not looked for inside longer texts
_SHORTEST = 5  # characters of a value that is looked for in base64 and in hexadecimal digits


@dataclass(frozen=True, slots=True)
class Unmasked:
    """What some lines say. `at[n]`: where its character n begins in the text; `to[n]`: where it ends there."""

    text: str
    at: Sequence[int]
    to: Sequence[int]

    def found(self, one: Found) -> Found:
        """The same, in the text as it is written."""
        return Found(self.at[one.start], self.to[one.end - 1], one.kind)


def unmasked(text: str) -> Unmasked | None:
    """What the lines say that hold anything but plain writing; None where none does."""
    if not any(sign in text for sign in "%&\\") and text.isascii():
        return None
    lines = _lines(text)
    if not lines:
        return None
    said: list[str] = []
    at: list[int] = []
    to: list[int] = []
    for first, last in lines:
        at.extend(range(first, last))
        to.extend(range(first + 1, last + 1))
        said.extend((text[first:last], GAP))
        at.extend([last] * len(GAP))
        to.extend([last] * len(GAP))
    whole = Unmasked("".join(said), at, to)
    for _ in range(_ROUNDS):
        plainer = _plainer(whole)
        if plainer is whole:
            break
        whole = plainer
    return whole


def encoded(text: str) -> Iterator[Found]:
    """A user's name and password, a private key, or credentials of a registry, in base64."""
    long = " ".join({word for word in text.split() if len(word) >= _SHORTEST_ENCODED})
    if not any(_of_base64(match[0]) for match in _LONG_BASE64.finditer(long)):
        return
    for match in _LONG_BASE64.finditer(text):
        said = _of_base64(match[0])
        if said is None:
            continue
        if "PRIVATE KEY-----" in said:
            yield Found(*match.span(), "private_key")
        elif _USER_AND_PASSWORD.fullmatch(said) or '"auths"' in said:
            yield Found(*match.span(), "password")


def encoded_again(text: str, values: Iterable[str]) -> Iterator[tuple[Found, str]]:
    """Places where one of the values stands in base64 or hexadecimal digits, alone or with more, and the value.

    The kind of each is that of a password until the caller says otherwise.
    """
    looked_for = {value: None for value in values if len(value) >= _SHORTEST}
    if not looked_for:
        return
    for pattern, reading in ((_BASE64, _of_base64), (_HEXADECIMAL, _of_hexadecimal)):
        for match in pattern.finditer(text):
            said = reading(match[0])
            if said is None:
                continue
            if len(looked_for) <= _MANY:
                value = next((value for value in looked_for if value in said), None)
            else:  # alone, or behind a user's name
                value = next((part for part in (said, said.partition(":")[2]) if part in looked_for), None)
            if value is not None and value != match[0]:
                yield Found(*match.span(), "password"), value


def _lines(text: str) -> list[tuple[int, int]]:
    """The lines that hold such writing, neighbours together."""
    lines: list[tuple[int, int]] = []
    at = 0
    while (sign := _SIGNS.search(text, at)) is not None:
        first = text.rfind("\n", 0, sign.start()) + 1
        last = text.find("\n", sign.end())
        last = len(text) if last < 0 else last
        if lines and lines[-1][1] + 1 == first:
            lines[-1] = lines[-1][0], last
        else:
            lines.append((first, last))
        at = last
    return lines


def _plainer(given: Unmasked) -> Unmasked:
    said: list[str] = []
    at: list[int] = []
    to: list[int] = []
    last = 0
    for match in _WRITTEN.finditer(given.text):
        plain = _plain(match)
        if plain is None:
            continue
        start, end = match.span()
        said.append(given.text[last:start])
        at.extend(given.at[last:start])
        to.extend(given.to[last:start])
        for sign, width in plain:
            said.append(sign)
            at.append(given.at[start])
            to.append(given.to[start + width - 1])
            start += width
        last = end
    if not last:
        return given
    said.append(given.text[last:])
    at.extend(given.at[last:])
    to.extend(given.to[last:])
    return Unmasked("".join(said), at, to)


def _plain(match: re.Match[str]) -> list[tuple[str, int]] | None:
    """The characters that are meant, and how many of the written ones each takes; None where it means itself."""
    written = match[0]
    if match["nothing"] is not None:
        return []
    if match["percent"] is not None:
        try:
            meant = bytes.fromhex(written.replace("%", "")).decode()
        except ValueError:
            return None
        return [(sign, 3 * len(sign.encode())) for sign in meant]
    if match["entity"] is not None:
        meant = html.unescape(written)
    elif written[1] == "u":
        meant = chr(int(written[2:], 16))
    else:
        meant = written[1]
    return [(meant, len(written))] if len(meant) == 1 and not "\ud800" <= meant <= "\udfff" else None


def _of_base64(written: str) -> str | None:
    plain = written.rstrip("=").translate(_URLSAFE)
    if len(plain) % 4 == 1:
        return None
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4)).decode()
    except (binascii.Error, ValueError):
        return None


def _of_hexadecimal(written: str) -> str | None:
    try:
        return bytes.fromhex(written).decode()
    except ValueError:
        return None


_URLSAFE = str.maketrans("-_", "+/")
