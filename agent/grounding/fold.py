"""The reversible fold: what may differ between a quote and the ticket, with a map back to the ticket's offsets.

Policy 2.1: Unicode NFKC, case, white space, typographic quotes and dashes, zero-width characters. Nothing else is
forgiven, and a match must begin and end on token boundaries. Offsets are code points, ends exclusive.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge

# Invisible characters: soft hyphen, zero-width and joiners, bidi marks, variation selectors, tag characters.
ZERO_WIDTH = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff"
)
_WIDE_SPACE = "\x1c-\x1f\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SINGLE = str.maketrans(dict.fromkeys("‘’‚‛′´ʼʹ‹›＇", "'"))
_DOUBLE = str.maketrans(dict.fromkeys("“”„‟″«»〝〞＂", '"'))
_DASH = str.maketrans(dict.fromkeys("‐‑‒–—―−⁃﹘﹣－", "-"))
_SIGNS = {**_SINGLE, **_DOUBLE, **_DASH}

# What does not stay as it is, once every blank is a space: runs of spaces, and everything outside ASCII. Two patterns
# that each begin with one plain class are several times faster than one; only zero-width text needs the joint one.
_OTHER = re.compile("[^\x00-\x7f]+")
_RUN = re.compile(" {2,}")
_INVISIBLE = re.compile(f"[{ZERO_WIDTH}]")
_JOINT = re.compile(f" [ {ZERO_WIDTH}]+|[{ZERO_WIDTH}][ {ZERO_WIDTH}]*|[^\x00-\x7f{ZERO_WIDTH}]+")
# What fills a placeholder up to the length of its secret (agent/redaction/placeholders.py): how much of it a quote has,
# or whether it has dots for it, does not matter.
_PADDED = re.compile(r"\[(?:[a-z][a-z-]{1,12}-|[sp])\d{1,6}([·•…][·•… ]*)\]|⟦\w?(·+)⟧|⦅\w?(·+)⦆")
_ODD_BLANK = re.compile("[\x0b\x0c" + _WIDE_SPACE + "]")
# Scripts that write words without spaces between them, or (Hangul) glue particles to them.
_UNSEGMENTED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_GROUP_SPACE = "\u00a0\u202f\u2009"  # what separates thousands; an ordinary space does so too rarely to tell
_ISO_DATE_END = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d$")
_BESIDE = frozenset(';:!?()"/-')  # signs that no token holds
_SHORT = 1_000  # characters of a text that is worth remembering: a quote, a value
_LIMIT = 5_000  # occurrences looked at; a one-letter quote in a 5 MB log has no use for more


def _extends(char: str) -> bool:
    """Whether the character joins the one before it under NFKC (marks, jamo, half-width voicing)."""
    return unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff" or char in "\uff9e\uff9f"


@lru_cache(maxsize=8192)
def _fold_cluster(cluster: str) -> str:
    """NFKC and case of one base character with its marks. Blanks that NFKC brings in (U+00A8) are left out."""
    plain = unicodedata.normalize("NFKC", cluster.translate(_SIGNS)).casefold()
    return unicodedata.normalize("NFKC", plain).translate(_SIGNS).replace(" ", "")


def _clusters(run: str) -> Iterator[str]:
    start = 0
    for index in range(1, len(run)):
        if not _extends(run[index]):
            yield run[start:index]
            start = index
    yield run[start:]


def _fold_run(run: str) -> str | None:
    """The whole run at once where the fold keeps one character for one; None where it does not."""
    folded = run.translate(_SIGNS)
    if not unicodedata.is_normalized("NFKC", folded):
        return None
    folded = folded.casefold()
    return folded if len(folded) == len(run) and unicodedata.is_normalized("NFKC", folded) else None


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the way back.

    The map is a list of pieces: a linear piece goes one to one; an atomic piece (a run of blanks, a ligature, a
    decomposed letter) goes as a whole, and no match may begin or end inside it.
    """

    source: str
    text: str
    _folded: tuple[int, ...]
    _original: tuple[int, ...]
    _atomic_end: tuple[int, ...]  # original end of an atomic piece, -1 for a linear one

    def start_of(self, position: int) -> int | None:
        """Original offset of the folded character, or None inside an atomic piece."""
        piece = bisect_right(self._folded, position) - 1
        shift = position - self._folded[piece]
        if self._atomic_end[piece] < 0:
            return self._original[piece] + shift
        return self._original[piece] if shift == 0 else None

    def end_of(self, position: int) -> int | None:
        """Original end (exclusive) of a match that ends before this folded position, or None inside a piece."""
        piece = bisect_right(self._folded, position - 1) - 1
        if self._atomic_end[piece] < 0:
            return self._original[piece] + position - self._folded[piece]
        following = self._folded[piece + 1] if piece + 1 < len(self._folded) else len(self.text)
        return self._atomic_end[piece] if position == following else None

    def nearest_start(self, position: int) -> int:
        """Original offset at or before the folded position: never None."""
        piece = bisect_right(self._folded, position) - 1
        linear = self._atomic_end[piece] < 0
        return self._original[piece] + (position - self._folded[piece] if linear else 0)

    def nearest_end(self, position: int) -> int:
        """Original end at or after the folded position: never None."""
        if position <= 0:
            return self.nearest_start(0)
        piece = bisect_right(self._folded, position - 1) - 1
        end = self._atomic_end[piece]
        return end if end >= 0 else self._original[piece] + position - self._folded[piece]

    def position_of(self, offset: int) -> int:
        """Folded position of an original offset; for an offset inside a piece, where that piece begins."""
        piece = bisect_right(self._original, offset) - 1
        following = self._folded[piece + 1] if piece + 1 < len(self._folded) else len(self.text)
        if self._atomic_end[piece] >= 0:
            return self._folded[piece] if offset < self._atomic_end[piece] else following
        return min(self._folded[piece] + offset - self._original[piece], following)

    def whole(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source without the tokens that its ends cut in two, and without blanks at its ends.

        What is left stands here for `occurrences` too, unless it begins inside a placeholder, whose padding is then no
        padding any more. Start and end are the same where no whole token is left.
        """
        while start < end and not self._begins(start):
            start += 1
        while start < end and not self._ends(end):
            end -= 1
        return start, end

    def _begins(self, offset: int) -> bool:
        position = self.position_of(offset)
        if self.text[position : position + 1] in ("", " ") or self.start_of(position) != offset:
            return False
        return self._opens(position)

    def _ends(self, offset: int) -> bool:
        position = self.position_of(offset)
        if self.text[position - 1 : position] in ("", " ") or self.end_of(position) != offset:
            return False
        return self._closes(position)

    def occurrences(self, needle: str, *, inside_tokens: bool = False) -> Iterator[tuple[int, int]]:
        """Original (start, end) of each place where the folded needle stands on token boundaries (policy 2.1).

        `inside_tokens`: also within a token, as an order does that is written into a file's name.
        """
        if not needle:
            return
        position, length, one_to_one = self.text.find(needle), len(needle), len(self._folded) == 1
        start: int | None
        end: int | None
        for _ in range(_LIMIT):
            if position < 0:
                return
            if inside_tokens or self._on_boundaries(position, position + length):
                start, end = position, position + length
                if not one_to_one:
                    start, end = self.start_of(position), self.end_of(position + length)
                if start is not None and end is not None:
                    yield start, end
            position = self.text.find(needle, position + 1)

    def _on_boundaries(self, start: int, end: int) -> bool:
        text = self.text
        if (not start or _apart(text, start)) and (end >= len(text) or _apart(text, end)):
            return True  # most quotes
        return self._opens(start) and self._closes(end)

    def _opens(self, start: int) -> bool:
        """Whether a token may begin at this folded position."""
        return not start or not (joined(self.text, start) or self._groups(start - 1))

    def _closes(self, end: int) -> bool:
        """Whether a token may end before this folded position."""
        text = self.text
        if end >= len(text):
            return True
        if joined(text, end):
            # The date of an ISO timestamp is a token of its own: 2014-06-30 in 2014-06-30T02:47:35.
            stamped = text[end] == "t" and text[end + 1 : end + 3].isdigit() and text[end + 3 : end + 4] == ":"
            return stamped and _ISO_DATE_END.search(text, max(0, end - 11), end) is not None
        return not self._groups(end)

    def _groups(self, blank: int) -> bool:
        """Whether this blank separates thousands: a thin or fixed one between a digit and three digits."""
        text = self.text
        return (
            text[blank] == " "
            and blank > 0
            and text[blank - 1].isdigit()
            and len(text[blank + 1 : blank + 4]) == 3
            and text[blank + 1 : blank + 4].isdigit()
            and self.source[self.nearest_start(blank)] in _GROUP_SPACE
        )


def _apart(text: str, cut: int) -> bool:
    """Whether a cut before `text[cut]` plainly splits no token and stands beside no blank between thousands."""
    left, right = text[cut - 1], text[cut]
    if left == " ":
        return not text[cut - 2 : cut - 1].isdigit()
    if right in " .,":
        return not left.isdigit()
    return left in _BESIDE or right in _BESIDE


def _is_word(char: str) -> bool:
    if char.isascii():
        return char.isalnum()
    return (char.isalnum() or unicodedata.category(char)[0] == "M") and not _UNSEGMENTED.match(char)


def joined(text: str, cut: int) -> bool:
    """Whether a cut before `text[cut]` would split a token."""
    left, right = text[cut - 1], text[cut]
    if _is_word(left) and _is_word(right):
        return True
    if right == "'" and left == "n" and text[cut + 1 : cut + 2] == "t" and not text[cut + 2 : cut + 3].isalnum():
        return True  # "can" is not in "can't"
    if right in ".,_'" and _is_word(left):
        after = text[cut + 1 : cut + 2]
        return _glues(right, left, after)
    if left in ".,_'" and _is_word(right):
        before = text[cut - 2 : cut - 1] if cut >= 2 else ""
        return _glues(left, before, right)
    return False


def _glues(sign: str, left: str, right: str) -> bool:
    """Whether the sign belongs to a token: 4.2.1, 12,000, 1'000, snake_case; but not a full stop or `_emphasis_`."""
    if not left or not right:
        return False
    if sign == "_":
        return _is_word(left) and _is_word(right)
    return left.isdigit() and right.isdigit()


def fold(text: str) -> Folded:
    """Fold a text. Linear in its length; never fails."""
    return _fold_short(text) if len(text) <= _SHORT else _fold_long(text)


@lru_cache(maxsize=512)  # a quote is folded half a dozen times on its way down the road
def _fold_short(text: str) -> Folded:
    return _fold(text)


@lru_cache(maxsize=2)  # the ticket, which is folded for grounding and for validation
def _fold_long(text: str) -> Folded:
    return _fold(text)


def _fold(text: str) -> Folded:
    if text.isascii() and text.isprintable() and "  " not in text:  # a line in plain English: most quotes
        return Folded(text, text.lower(), (0,), (0,), (-1,))
    base = text.lower()
    if len(base) != len(text):  # a letter whose small form is two; case folding sees to it below
        base = text.translate(_ASCII_LOWER)
    base = base.replace("\n", " ").replace("\t", " ").replace("\r", " ")
    if _ODD_BLANK.search(base):
        base = _ODD_BLANK.sub(" ", base)
    parts: list[str] = []
    folded, original, atomic_end = [0], [0], [-1]
    length = last = 0

    def atomic(piece: str, start: int, end: int) -> None:
        nonlocal length
        if piece:
            folded.append(length)
            original.append(start)
            atomic_end.append(end)
            parts.append(piece)
            length += len(piece)
        folded.append(length)
        original.append(end)
        atomic_end.append(-1)

    padding = _padding(base)
    special = merge(_without(_special(base), list(padding)), padding) if padding else _special(base)
    for start, end in special:
        run = base[start:end]
        filled = (start, end) in padding
        if filled or run[0] == " " or _INVISIBLE.match(run):
            parts.append(base[last:start])
            length += start - last
            atomic(" " if " " in run and not filled else "", start, end)
            last = end
            continue
        if start > last and _extends(run[0]) and base[start - 1] != " ":
            start -= 1  # the mark belongs to the ASCII letter before it
            run = base[start:end]
        parts.append(base[last:start])
        length += start - last
        last = end
        whole = _fold_cluster(run) if len(run) == 1 else _fold_run(run)
        if whole is not None and len(whole) == len(run):
            parts.append(whole)
            length += len(whole)
            continue
        offset = start
        for cluster in _clusters(run):
            piece = _fold_cluster(cluster)
            if len(piece) == len(cluster) == 1:
                parts.append(piece)
                length += 1
            else:
                atomic(piece, offset, offset + len(cluster))
            offset += len(cluster)
    parts.append(base[last:])
    return Folded(text, "".join(parts), tuple(folded), tuple(original), tuple(atomic_end))


def _special(base: str) -> Iterable[tuple[int, int]]:
    """Spans of `base`, in order, that may not stay one character for one."""
    runs = [match.span() for match in _RUN.finditer(base)] if "  " in base else []
    if base.isascii():
        return runs
    if _INVISIBLE.search(base):
        return [match.span() for match in _JOINT.finditer(base)]
    return merge((match.span() for match in _OTHER.finditer(base)), runs)


def _padding(base: str) -> dict[tuple[int, int], None]:
    """What fills placeholders, in order."""
    if not ("·" in base or "…" in base or "•" in base):
        return {}
    return dict.fromkeys(match.span(match.lastindex or 0) for match in _PADDED.finditer(base))


def _without(found: Iterable[tuple[int, int]], padding: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What the padding leaves of the spans: `⟦` and the like stand right beside it."""
    place = 0
    for start, end in found:
        while place < len(padding) and padding[place][1] <= start:
            place += 1
        at, ahead = start, place
        while ahead < len(padding) and padding[ahead][0] < end:
            if at < padding[ahead][0]:
                yield at, padding[ahead][0]
            at, ahead = max(at, padding[ahead][1]), ahead + 1
        if at < end:
            yield at, end


_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}

_QUOTATION = "\"'`"
_TRAILING = ".,;:!?"


def fold_text(text: str) -> str:
    """The folded text alone, without blanks at its ends: for comparing two short texts."""
    return fold(text).text.strip()


@lru_cache(maxsize=512)
def needles(quote: str) -> tuple[str, ...]:
    """What to look for, in order: the folded quote, without quotation marks around it, without a closing stop.

    The marks are the reporter's own wrapping; inside the quote every sign must stand in the ticket.
    """
    whole = fold_text(quote)
    found = [whole] if whole else []
    bare = whole.strip(_QUOTATION + " ")
    for candidate in (bare, bare.rstrip(_TRAILING + _QUOTATION + " ")):
        if candidate and candidate not in found:
            found.append(candidate)
    return tuple(found)


def stands_in(value: str, quote: str) -> bool:
    """Whether the value stands in the quote, folded and on token boundaries. An empty value does not."""
    haystack = fold(quote)
    # A plain loop: every value is asked this, and a generator for each form of it costs as much as the look itself.
    for needle in needles(value):
        if needle in haystack.text and next(haystack.occurrences(needle), None) is not None:
            return True
    return False
