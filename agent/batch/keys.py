"""Names of items: printable wherever they are shown, and each one once."""

import hashlib
import re

MOST = 200  # code points of a key

# Line breaks, controls, what turns the direction of writing or has no width (all of Unicode's format characters), and
# the halves of characters that stand for undecodable bytes of a file's name. A character that this Python does not know
# yet stays: the next one may, and a key must be the same under both.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    """The text with what no terminal, table or page should meet written as an escape: two names stay two."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # the byte itself
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class Keys:
    """Gives each name once: ` #2`, ` #3` behind one that was given before.

    Eight bytes are kept of a name, so memory grows by some 70 bytes with each, whatever its length.
    """

    def __init__(self) -> None:
        self._given: set[int] = set()
        self._last: dict[int, int] = {}

    def unique(self, name: str) -> str:
        """The name itself, or with the next number behind it."""
        name = printable(name)
        if len(name) > MOST:
            name = f"{name[: MOST - 17]}…{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        first = _hash(name)
        if first not in self._given:
            self._given.add(first)
            return name
        number = self._last.get(first, 1)
        while True:
            number += 1
            candidate = f"{name} #{number}"
            if _hash(candidate) not in self._given:
                break
        self._last[first] = number
        self._given.add(_hash(candidate))
        return candidate


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
