"""Words reduced so that `exported`, `exporting` and `exports` meet: enough to see whether a step stands in a ticket."""

import re
import unicodedata
from functools import cached_property, lru_cache

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d[\d.,:-]*\d|\d")

_GENERAL = """
a about above after again against all also am an and any are as at attempt attempted be because been before
being below between both but by can cannot check checked come confirm confirmed could customer customers
customer's did do does doing done down due each either ended every example few first following for found from
further gave get gets give given go goes got had has have having he her here him his how however i if in into is
issue it its just last like made make makes many may me might more most must my need needs new no nor not now of
off on once one only or other our out over own per please problem produced rather report reported result same
second see seen set several she should show showed shown shows since so some still such support team than that
the their them then there these they this those through times to too took tried try trying turned two under
unchanged until up upon us use used user users uses using very via was we went were what when where whether
which while who whole whose why will with within without would yet you your
"""
_ACTIONS = """
access account action app application appear begin box browse button choose clear click clicked close column
confirm continue create dialog dropdown enter field fill find finish form hit item launch left let line link
list load log login logged look menu name navigate next observe open opened option page pane panel perform pick
press proceed push record redirect refresh reload remain repeat restart return right row run save screen scroll
search section select send settings sign site start state step stop submit switch tab tap text then top type
value view wait watch window work works
"""
_COMMON = frozenset((_GENERAL + _ACTIONS).split())


_INNER_CAPITAL = re.compile(r"([a-z])(?=[A-Z])")
_INNER = "'.,:-"  # ASCII that may stand inside a word or a number
_PIECES = bytes(code if code > 127 or chr(code).isalnum() or chr(code) in _INNER else 32 for code in range(256))
_LAST_OF_ENDINGS = ("s", "g", "n", "d", "y")
_ENDINGS = (("ies", "y"), ("ing", ""), ("tion", "t"), ("ions", ""), ("ed", ""), ("es", ""), ("ly", ""), ("s", ""))


@lru_cache(maxsize=4096)  # tickets share most of their words
def stem(word: str) -> str:
    """The word without its commonest endings, small, without accents."""
    plain = word.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).replace("’", "'")
        plain = "".join(char for char in plain if not unicodedata.combining(char))
    plain = plain.removesuffix("'s")
    for ending, put in _ENDINGS if plain.endswith(_LAST_OF_ENDINGS) else ():
        if plain.endswith(ending) and len(plain) - len(ending) >= 3:
            plain = plain[: -len(ending)] + put
            break
    return plain[:-1] if len(plain) > 3 and plain.endswith("e") else plain


_COMMON_STEMS = frozenset(stem(word) for word in _COMMON)


class Stems:
    """Stems of all words and numbers of a text; `camelCase` and `snake_case` also give their parts.

    Of a plain word the stem begins as the word does. So stems are made of those words only that begin as what is asked
    for, which are found in all of them as one text: a brief asks for some thirty, a ticket holds a thousand.
    """

    def __init__(self, text: str) -> None:
        # A table of bytes blanks what is in no word, many times faster than an expression collects the words. Most
        # pieces then are words, and each is looked at once, since a log repeats its words.
        pieces = text.encode("utf-8", "surrogatepass").translate(_PIECES).decode("utf-8", "surrogatepass").split()
        self._pieces = {piece.strip(_INNER) for piece in set(pieces)}
        self._small = f" {' '.join(self._pieces).lower()} "

    def __contains__(self, wanted: str) -> bool:
        return wanted in self._beginning_as(wanted) or wanted in self._odd

    def begin(self, head: str) -> bool:
        """Whether a stem begins so."""
        return any(one.startswith(head) for one in self._beginning_as(head)) or any(
            one.startswith(head) for one in self._odd
        )

    def _beginning_as(self, wanted: str) -> list[str]:
        """Among others the stems of plain words that are what is wanted, or begin with it.

        Three letters and more stay of a word before its ending, and only the last letter of a stem may be none of the
        word's own (`tries`: `try`). Of `camelCase` the small form is taken, whose stem is one of the odd ones too.
        """
        text, key = self._small, " " + wanted[: max(3, len(wanted) - 1)]
        found = []
        place = text.find(key)
        while place >= 0:
            end = text.find(" ", place + 1)
            word = text[place + 1 : end]
            if word.isascii() and word.isalpha():
                found.append(stem(word))
            place = text.find(key, end)
        return found

    @cached_property
    def _odd(self) -> frozenset[str]:
        """Stems of the pieces that are no plain words, which are few."""
        rest = " ".join(
            piece
            for piece in self._pieces
            if not (piece.isalpha() and piece.isascii() and (piece[1:].islower() or piece.islower() or piece.isupper()))
        )
        words = set(WORD.findall(rest))
        split = _INNER_CAPITAL.sub(r"\1 ", rest)
        if split != rest:
            words.update(WORD.findall(split))
        return frozenset(map(stem, words))


def content(text: str) -> tuple[str, ...]:
    """Distinct stems of the words that carry meaning, in order; those any bug report would use are left out."""
    found = (stem(word) for word in WORD.findall(text) if len(word) > 2 or word.isdigit())
    return tuple(dict.fromkeys(part for part in found if part not in _COMMON_STEMS))


def supported(words: tuple[str, ...], source: Stems) -> float:
    """Share of `words` that stand in the source, a long common beginning included. 1.0 for no words."""
    if not words:
        return 1.0
    return sum(_stands(word, source) for word in words) / len(words)


def _stands(word: str, source: Stems) -> bool:
    if word in source:
        return True
    if len(word) < 5:
        return False
    # deactivate / deactivation, authenticate / authentication: the ending differs, the long beginning does not
    return source.begin(word[: max(5, len(word) - 3)])
