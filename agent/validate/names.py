"""Names of people, companies and products: capitalised words that neither begin a sentence nor are common property."""

import re
from dataclasses import dataclass

from agent.notation.scan import words_of
from agent.validate.sources import Sources, squash
from agent.validate.stems import stem
from agent.validate.vocabulary import FUNCTION_WORDS, ORDINARY

# The first class is searched for much faster than the second, which is the one that counts.
_CAPITAL = re.compile(r"[^\x00-@\[-\x7f](?<=[^\W\d_a-z])(?<![\w@/.#$-].)[\w]*(?:['’&.-][^\W_]\w*)*")
_JOIN = re.compile(r" (?:(?:of|de|da|von|van|der|den|du|la|le|&) )?\Z")
_CLOSED = re.compile(r"(?:^|[.!?:;…。•→>|\n]|[-–—*] ?|\d[.)])[\s\"'“”‘(\[¿¡]*\Z")
_APART = re.compile(r"[\s&/-]+")
_ENDING = re.compile(r"['’](?:s|ll|ve|d|m|re)?$")
_LOWER_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words."""

    start: int
    end: int
    text: str


def names(text: str) -> list[Name]:
    """Runs of capitalised words in order."""
    found: list[Name] = []
    for match in _CAPITAL.finditer(text):
        start, end = match.span()
        word = match.group()
        if not word[0].isupper():
            continue
        previous = found[-1] if found else None
        if previous and _JOIN.fullmatch(text[previous.end : start] or "-"):
            found[-1] = Name(previous.start, end, text[previous.start : end])
            continue
        found.append(Name(start, end, word))
    return found


def unknown_words(text: str, sources: Sources) -> frozenset[str]:
    """The capitalised words of a text that no source holds. Without one of them in it a part has no unknown name."""
    words = {word for word in _CAPITAL.findall(text) if word[0].isupper()}
    parts = {part for word in words for part in _APART.split(word) if part and part[0].isupper()}
    return frozenset(part for part in parts if not _known(part, sources))


def unknown_names(text: str, unknown: frozenset[str], sources: Sources) -> list[str]:
    """The names in a text that no source holds. `unknown`: words that none holds, those of this text among them.

    Texts in a language that capitalises nouns are not judged.
    """
    if not any(word in text for word in unknown):
        return []
    found = [bad for name in names(text) if (bad := _unknown(name, text, unknown, sources)) is not None]
    return [] if found and (_capitalises_nouns(text) or _title_case(text)) else found


def _unknown(name: Name, text: str, unknown: frozenset[str], sources: Sources) -> str | None:
    parts = [part for part in _APART.split(name.text) if part and part[0].isupper()]
    if unknown.isdisjoint(parts):
        return None
    initial = _begins_sentence(text, name.start)
    if initial:
        parts = parts[1:]
    missing = [part for part in parts if part in unknown]
    if not missing or (len(parts) > 1 and squash(name.text) in sources.squashed):
        return None
    return name.text if not initial or len(parts) > 1 else missing[0]


def _begins_sentence(text: str, start: int) -> bool:
    """True where a capital says nothing."""
    return start == 0 or bool(_CLOSED.search(text[max(0, start - 12) : start]))


def _known(word: str, sources: Sources) -> bool:
    plain = word.casefold()
    if plain in ORDINARY or plain in sources.words:
        return True
    plain = _ENDING.sub("", word).strip(".").casefold()
    if len(plain) < 2 or plain in ORDINARY or plain in sources.words:
        return True
    bare = plain.rstrip("s")
    if bare in ORDINARY or bare in sources.words or stem(plain) in sources.stems:
        return True
    squashed = squash(plain)
    if len(squashed) >= 4 and squashed in sources.squashed:
        return True
    if _initials(word, sources):
        return True
    return any(char.isdigit() for char in plain)  # T1, Q3, S3: judged as identifiers


def _initials(word: str, sources: Sources) -> bool:
    """`SSO` for words of the sources that begin so: single sign-on."""
    if not (3 <= len(word) <= 5 and word.isupper() and word.isalpha()):
        return False
    pattern = re.compile(r"(?<!\w)" + r"[ -]".join(rf"{letter}\w{{0,20}}" for letter in word.casefold()))
    return any(pattern.search(folded.text) for folded in sources.folded)


def _title_case(text: str) -> bool:
    """A Heading Written Like This: its capitals say nothing."""
    words = [word for word in _LOWER_WORD.findall(text)[:200] if len(word) > 3]
    return len(words) >= 6 and sum(word[0].isupper() for word in words) >= 0.9 * len(words)


def _capitalises_nouns(text: str) -> bool:
    held = words_of(text) if len(text) < 400 else None  # the first 200 words tell; a field has fewer
    words = [word.casefold() for word in _LOWER_WORD.findall(text)[:200]] if held is None else held
    return any(len(marks.intersection(words)) >= 2 for marks in FUNCTION_WORDS.values())
