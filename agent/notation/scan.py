"""Where a match of a rich pattern can begin at all, so that it need not be tried at every letter of a ticket.

Most of a text is plain words. What every match must hold, or begin with, is looked for first, with the fast means of
the language. It is a necessary condition only, so what is found stays the same.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, wraps
from itertools import accumulate
from typing import Protocol, Self, TypeVar


class Mention(Protocol):
    """What a finder finds in a text."""

    @property
    def start(self) -> int:
        """Where it begins."""

    def moved(self, by: int) -> Self:
        """The same, so many characters further on."""


Found = TypeVar("Found", bound=Mention)

_LONG = 100_000  # characters of a text whose digits are not kept: a log has a million of them
_SHORT = 1_000  # characters of a text that is worth remembering: a line of a brief, a quote
_MOST = 512  # texts remembered
GAP = "\n\n"
"""What may stand between texts that are read as one: no notation reaches over an empty line."""
_DIGITS = re.compile(r"\d+")
_PLAIN_DIGITS = re.compile("[0-9]+")
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = bytes(code if chr(code).isalpha() or code > 127 else 32 for code in range(256)).lower()
# `re.IGNORECASE` takes these for i and s, `str.lower` does not: beside one of them nothing can be ruled out.
_TURNED = re.compile("[ıİſ]")


def letters(text: str) -> set[str]:
    """The runs of letters in a text; those of ASCII in small letters, others as written."""
    # A table of bytes blanks all else, many times faster than an expression collects the runs.
    parts = set(text.encode("utf-8", "surrogatepass").translate(_LETTERS).decode("utf-8", "surrogatepass").split())
    if text.isascii():
        return parts
    odd = [part for part in parts if not part.isascii()]
    return parts.difference(odd).union(_WORD.findall(" ".join(odd)))


def small_letters(text: str) -> str | None:
    """The text in small letters, of the same length; None where a pattern that minds no case may read it otherwise."""
    small = text.lower()
    return small if text.isascii() or (len(small) == len(text) and not _TURNED.search(text)) else None


@lru_cache(maxsize=8)  # the sources of one brief: they are read for one notation after the other
def words_of(text: str) -> frozenset[str] | None:
    """Its runs of letters in small letters; None where anything may stand there."""
    small = small_letters(text)
    return None if small is None else frozenset(letters(small))


def lacks(text: str, words: frozenset[str]) -> bool:
    """True if for certain none of the words (in small letters) stands in the text as a whole run of letters."""
    held = words_of(text)
    return held is not None and held.isdisjoint(words)


def begins(
    pattern: re.Pattern[str], text: str, starts: Iterable[int], end: int = sys.maxsize
) -> Iterator[re.Match[str]]:
    """As `pattern.finditer(text)`, where no match begins elsewhere than at one of the `starts`, given in order.

    `end`: where the text is taken to end.
    """
    last = 0
    for start in starts:
        if start >= last:
            match = pattern.match(text, start, end)
            if match:
                yield match
                last = match.end()


def begins_with(
    pattern: re.Pattern[str],
    text: str,
    words: frozenset[str],
    led: frozenset[str] = frozenset(),
    by: Iterable[str] = (),
) -> Iterator[re.Match[str]]:
    """As `pattern.finditer(text)`, where every match begins with one of the words, a whole run of small letters.

    `led`: those of them before which one of `by` may stand inside the match, such as `a ` in `a dozen`.
    """
    starts = starts_with(text, words, led, by)
    return pattern.finditer(text) if starts is None else begins(pattern, text, starts)


def places_of(text: str, parts: Iterable[str]) -> list[int]:
    """Where one of the parts stands, in order; overlapping places too."""
    places: set[int] = set()
    for part in parts:
        place = text.find(part)
        while place >= 0:
            places.add(place)
            place = text.find(part, place + 1)
    return sorted(places)


def starts_with(
    text: str, words: frozenset[str], led: frozenset[str] = frozenset(), by: Iterable[str] = ()
) -> list[int] | None:
    """Where `begins_with` looks, in order; None where that is anywhere."""
    small, held = small_letters(text), words_of(text)
    if small is None or held is None:
        return None
    standing = held & words
    return places_of(small, [*standing, *(lead + word for word in standing & led for lead in by)])


def has_digit(text: str) -> bool:
    """True if a digit of any script stands in the text."""
    return bool(runs_of_digits(text))


def runs_of_digits(text: str) -> list[tuple[int, int]]:
    """Start and end of each run of digits, of any script. The list is shared: it is not to be changed."""
    return _kept_runs(text) if len(text) <= _LONG else _runs(text)


def _runs(text: str) -> list[tuple[int, int]]:
    digits = _PLAIN_DIGITS if text.isascii() else _DIGITS
    return [match.span() for match in digits.finditer(text)]


_kept_runs = lru_cache(maxsize=8)(_runs)


def spots(start: re.Pattern[str], text: str) -> list[int]:
    """Where the matches of a pattern of one character begin."""
    return [match.start() for match in start.finditer(text)]


def is_short(text: str) -> bool:
    """Whether a `remembered` finder remembers it."""
    return len(text) <= _SHORT


def starts_of(texts: Iterable[str]) -> list[int]:
    """Where each of the texts begins in one that is made of them, with `GAP` between them."""
    return list(accumulate((len(text) + len(GAP) for text in texts), initial=0))[:-1]


def apart(found: Iterable[Found], starts: Sequence[int]) -> list[list[Found]]:
    """What was found in texts that were read as one: that of each, as if read alone. `starts`: see `starts_of`."""
    parts: list[list[Found]] = [[] for _ in starts]
    for mention in found:
        place = bisect_right(starts, mention.start) - 1
        parts[place].append(mention.moved(-starts[place]))
    return parts


def remembered(find: Callable[[str], list[Found]]) -> Callable[[str], list[Found]]:
    """`find` with a memory for short texts: on its way down the road a quote is read half a dozen times."""
    kept: dict[str, tuple[Found, ...]] = {}

    @wraps(find)
    def finder(text: str) -> list[Found]:
        known = kept.get(text)
        if known is None:
            found = find(text)
            if is_short(text):
                if len(kept) >= _MOST:
                    kept.clear()
                kept[text] = tuple(found)
            return found
        return list(known)

    def together(texts: Sequence[str]) -> None:
        fresh = [text for text in texts if text not in kept]
        if len(kept) + len(fresh) > _MOST:
            kept.clear()
        kept.update(zip(fresh, map(tuple, apart(find(GAP.join(fresh)), starts_of(fresh))), strict=True))

    _MEMORIES.append(kept.clear)
    _TOGETHER.append(together)
    return finder


_MEMORIES: list[Callable[[], None]] = [words_of.cache_clear, _kept_runs.cache_clear]
_TOGETHER: list[Callable[[Sequence[str]], None]] = []


def read_together(texts: Iterable[str]) -> None:
    """Read the short ones of these texts for every notation, as one text, so that asking for each then costs nothing.

    Most of what it costs to read a line of a brief is the looking for what might stand there, not what does.
    """
    short = [text for text in dict.fromkeys(texts) if text and is_short(text)][:_MOST]
    for together in _TOGETHER:
        together(short)


def forgotten(forget_it: Callable[[], None]) -> None:
    """Have `forget` empty one more memory."""
    _MEMORIES.append(forget_it)


def forget() -> None:
    """Forget every text, so that a benchmark's next one is new."""
    for clear in _MEMORIES:
        clear()
