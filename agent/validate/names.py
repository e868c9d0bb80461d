"""Names of people, companies and products: capitalised words that neither begin a sentence nor are common property."""

import re
from dataclasses import dataclass

from agent.notation.scan import words_of
from agent.validate.sources import Sources, squash
from agent.validate.stems import stem
from agent.validate.vocabulary import FUNCTION_WORDS, ORDINARY

_CAPITAL = re.compile(r"[^\W\d_a-z](?<![\w@/.#$-].)[\w]*(?:['’&.-][^\W_]\w*)*")
_JOIN = re.compile(r" (?:(?:of|de|da|von|van|der|den|du|la|le|&) )?\Z")
_CLOSED = re.compile(r"(?:^|[.!?:;…。•→>|\n]|[-–—*] ?|\d[.)])[\s\"'“”‘(\[¿¡]*\Z")
_LOWER_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words. `initial`: its first word begins a sentence, where a capital says nothing."""

    start: int
    end: int
    text: str
    initial: bool


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
            found[-1] = Name(previous.start, end, text[previous.start : end], previous.initial)
            continue
        found.append(Name(start, end, word, bool(_CLOSED.search(text[max(0, start - 12) : start])) or start == 0))
    return found


def unknown_names(text: str, sources: Sources) -> list[str]:
    """The names in a text that no source holds. Texts in a language that capitalises nouns are not judged."""
    if _capitalises_nouns(text) or _title_case(text):
        return []
    return [bad for name in names(text) if (bad := _unknown(name, sources)) is not None]


def _unknown(name: Name, sources: Sources) -> str | None:
    parts = [part for part in re.split(r"[\s&/-]+", name.text) if part and part[0].isupper()]
    if name.initial:
        parts = parts[1:]
    missing = [part for part in parts if not _known(part, sources)]
    if not missing or (len(parts) > 1 and squash(name.text) in sources.squashed):
        return None
    return name.text if not name.initial or len(parts) > 1 else missing[0]


def _known(word: str, sources: Sources) -> bool:
    plain = re.sub(r"['’](?:s|ll|ve|d|m|re)?$", "", word).strip(".").casefold()
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
