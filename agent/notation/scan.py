"""Where a match of a rich pattern can begin at all, so that it need not be tried at every letter of a ticket.

Most of a text is plain words. What every match must hold, or begin with, is looked for first, with the fast means of
the language. It is a necessary condition only, so what is found stays the same.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, wraps
from typing import TypeVar

Found = TypeVar("Found")

_LONG = 100_000  # characters of a text whose digits are not kept: a log has a million of them
_SHORT = 1_000  # characters of a text that is worth remembering: a line of a brief, a quote
_DIGITS = re.compile(r"\d+")
_PLAIN_DIGITS = re.compile("[0-9]+")
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = bytes(code if chr(code).isalpha() or code > 127 else 32 for code in range(256)).lower()
# `re.IGNORECASE` takes these for i and s, `str.lower` does not: beside one of them nothing can be ruled out.
_TURNED = re.compile("[ıİſ]")


@lru_cache(maxsize=8)  # the sources of one brief: they are read for one notation after the other
def _small(text: str) -> tuple[str, frozenset[str]] | None:
    """The text in small letters, of the same length, and its runs of letters; None where they do not tell enough."""
    small = text.lower()
    if not text.isascii() and (len(small) != len(text) or _TURNED.search(text)):
        return None
    return small, frozenset(letters(small))


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
    known = _small(text)
    return None if known is None else known[0]


def words_of(text: str) -> frozenset[str] | None:
    """Its runs of letters in small letters; None where anything may stand there."""
    known = _small(text)
    return None if known is None else known[1]


def lacks(text: str, words: frozenset[str]) -> bool:
    """True if for certain none of the words (in small letters) stands in the text as a whole run of letters."""
    known = _small(text)
    return known is not None and known[1].isdisjoint(words)


def begins(pattern: re.Pattern[str], text: str, starts: Iterable[int]) -> Iterator[re.Match[str]]:
    """As `pattern.finditer(text)`, where no match begins elsewhere than at one of the `starts`, given in order."""
    last = 0
    for start in starts:
        if start >= last:
            match = pattern.match(text, start)
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


def starts_with(
    text: str, words: frozenset[str], led: frozenset[str] = frozenset(), by: Iterable[str] = ()
) -> list[int] | None:
    """Where `begins_with` looks, in order; None where that is anywhere."""
    known = _small(text)
    if known is None:
        return None
    small, held = known
    spots: set[int] = set()
    for word in held & words:
        for written in (word, *(lead + word for lead in by)) if word in led else (word,):
            spot = small.find(written)
            while spot >= 0:
                spots.add(spot)
                spot = small.find(written, spot + 1)
    return sorted(spots)


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


def remembered(find: Callable[[str], list[Found]]) -> Callable[[str], list[Found]]:
    """`find` with a memory for short texts: on its way down the road a quote is read half a dozen times."""
    kept = lru_cache(maxsize=512)(lambda text: tuple(find(text)))

    @wraps(find)
    def finder(text: str) -> list[Found]:
        return list(kept(text)) if len(text) <= _SHORT else find(text)

    _MEMORIES.append(kept.cache_clear)
    return finder


_MEMORIES: list[Callable[[], None]] = []


def forget() -> None:
    """Forget every text, so that a benchmark's next one is new."""
    for clear in _MEMORIES:
        clear()
