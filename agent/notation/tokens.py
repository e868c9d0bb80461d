"""Tokens that must be copied, not paraphrased: ids, versions, addresses, paths, quoted strings."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple, Self

from agent.notation.scan import begins, forgotten, remembered, spots

IdentifierKind = Literal["url", "email", "uuid", "path", "version", "hex", "ticket", "code", "symbol"]


class Identifier(NamedTuple):
    """One token as written, without the punctuation of the sentence around it."""

    start: int
    end: int
    text: str
    kind: IdentifierKind

    def moved(self, by: int) -> Self:
        """The same, so many characters further on."""
        return type(self)._make((self.start + by, self.end + by, *self[2:]))


class Quoted(NamedTuple):
    """Text between quotation marks. `start` and `end` include the marks, `text` does not."""

    start: int
    end: int
    text: str


_APART = '<>"“”„«»‘`|()[]{},;'
_TRAIL = ".:!?'’*…"
# One of these stands in every identifier: what ends a sentence is none of it, and letters alone make only a UUID.
_TELLING = re.compile(
    # One class first: it is searched for much faster than a choice.
    rf"[\d/\\_@=.:A-Z-](?:(?<=[\d/\\_@=])|(?<=[.:])(?=[^\s{re.escape(_APART + _TRAIL)}])|(?<=[a-z][A-Z])"
    r"|(?<=-)(?=[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-)|(?<=[wW]\.))"
)
_PIECE = re.compile(rf"[^\s{re.escape(_APART)}]+")
_URL = re.compile(r"(?:https?|ftp|file|mailto|ssh|s3|jdbc)://?\S+|www\.\S+\.\S+", re.IGNORECASE)
_URL_SPAN = re.compile(r"(?:https?|ftp|file|ssh|s3|mailto)://?[^\s<>\"“”„«»`]+|www\.[^\s<>\"“”„«»`]+", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_UUID_LENGTH = 36
_VERSION = re.compile(
    r"v\d+(?:\.\w+){0,6}(?:[-+][\w.]+)?|\d+(?:\.\d+){2,6}(?:[.+-]?[A-Za-z][\w.]*|[+-]\w[\w.]*)?|\d+\.\d+(?:\.[Xx]|[a-z]\d*)",
    re.IGNORECASE,
)
_HEX = re.compile(r"0x[0-9a-f]+|(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,64}", re.IGNORECASE)
_TICKET = re.compile(r"#\d+|[A-Za-z][A-Za-z0-9_]{0,20}(?:[-_][A-Za-z0-9]+)*[-_#]\d[\w-]*")
_SYMBOL = re.compile(
    r"[A-Za-z$_][\w$]*(?:\.[A-Za-z$_][\w$]*)+|[a-z]+(?:[A-Z][a-z0-9]+)+|\w[^\W_]*_\w+|\w+(?:::|->)[\w:]+"
)
_FILE = re.compile(r"[\w+-]+(?:\.[\w+-]+){0,4}\.[A-Za-z][A-Za-z0-9]{0,5}")
_LINE_NUMBER = re.compile(r"(?<=[A-Za-z]\w):\d{1,7}(?::\d{1,7})?$")  # TiBlob.java:118 is one token
_LETTER = re.compile(r"[^\W\d_]")
_CODE = re.compile(r"(?=[^\W\d]*\d)(?=\d*[^\W\d])[\w-]{2,}")
_PATH = re.compile(r"(?:[A-Za-z]:)?[\\/~.]?[\w.@%+~-]*(?:[\\/][\w.@%+~-]+)+[\\/]?")


@remembered
def identifiers(text: str) -> list[Identifier]:
    """All tokens in `text` that name one thing exactly, in order. Plain words and plain numbers are not among them."""
    found: list[Identifier] = []
    skip = 0
    linked = ":/" in text or "www." in text.lower()
    urls = {match.start(): match for match in _URL_SPAN.finditer(text)} if linked else {}
    for start, piece in _telling_pieces(text):
        if start < skip:
            continue
        link = urls.get(start)
        if link is not None:
            body = link.group().rstrip(_TRAIL + ",;)]}")
            found.append(Identifier(start, start + len(body), body, "url"))
            skip = start + len(body)
            continue
        inside = _inside_short(piece) if len(piece) <= _SHORT else _inside(piece)
        found += [Identifier(start + begin, start + end, piece[begin:end], kind) for begin, end, kind in inside]
    return found


@lru_cache(maxsize=2048)  # a ticket, its decision and its brief hold the same times, links and ids
def _inside_short(piece: str) -> tuple[tuple[int, int, IdentifierKind], ...]:
    return _inside(piece)


forgotten(_inside_short.cache_clear)


def _inside(piece: str) -> tuple[tuple[int, int, IdentifierKind], ...]:
    """Start, end and kind of each identifier in a piece without blanks."""
    lead = len(piece) - len(piece.lstrip("'*~’" + "=:"))
    body = piece[lead:].rstrip(_TRAIL)
    # Longer tokens are payload (base64, minified code): one token is enough to compare them by.
    if not body or not any(c.isalpha() or c.isdigit() for c in body):
        return ()
    kind = _kind(_LINE_NUMBER.sub("", body[:300]))
    if kind is not None:
        return ((lead, lead + len(body), kind),)
    if _UNSPACED.search(body):
        # An id between Japanese words: `番号AB-12です`
        return tuple(
            (lead + run.start(), lead + run.end(), inner)
            for run in _LATIN_RUN.finditer(body)
            if (inner := _kind(run.group()[:300])) is not None
        )
    if "=" not in body and ":" not in body:
        return ()
    found: list[tuple[int, int, IdentifierKind]] = []
    offset = lead
    for part in _JOINT.split(body):
        inner = _kind(part[:300]) if part not in ("=", ":", "") else None
        if inner is not None:
            found.append((offset, offset + len(part), inner))
        offset += len(part)
    return tuple(found)


_SHORT = 100  # characters of a piece that is worth remembering
_JOINT = re.compile(r"([=:])")
# `2.418.360 kg` is a number, and `次のご連絡は3月12日` a sentence: Japanese puts no space between its words.
_UNSPACED = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
_LATIN_RUN = re.compile(r"[A-Za-z0-9](?:[!-~]*[A-Za-z0-9])?")
_NO_IDENTIFIER = re.compile(rf"\d{{1,3}}(?:\.\d{{3}}){{2,}}|(?=.*{_UNSPACED.pattern})[^A-Za-z]+")


def _telling_pieces(text: str) -> Iterator[tuple[int, str]]:
    """The pieces between blanks, brackets and the like that may be more than a plain word, with their starts."""
    end = 0
    for telling in _TELLING.finditer(text):
        start = telling.start()
        if start < end:
            continue
        while start > end and not ((before := text[start - 1]).isspace() or before in _APART):
            start -= 1
        piece = _PIECE.match(text, start)
        if piece:  # else the sign stands alone
            end = piece.end()
            yield start, piece.group()


def _kind(body: str) -> IdentifierKind | None:
    # Most pieces are plain numbers and words; each form is tried only where a sign of it stands.
    if body.isdecimal() or _NO_IDENTIFIER.fullmatch(body):
        return None
    if "@" in body and _EMAIL.fullmatch(body):
        return "email"
    if len(body) == _UUID_LENGTH and _UUID.fullmatch(body):
        return "uuid"
    numbered = _DIGIT.search(body) is not None
    if numbered:
        if (body[0] in "vV" or "." in body) and _VERSION.fullmatch(body):
            return "version"
        if _HEX.fullmatch(body):
            return "hex"
        if _TICKET.fullmatch(body):
            return "ticket"
    if ("/" in body or "\\" in body) and _looks_like_path(body):
        return "path"
    if _SYMBOL.fullmatch(body) and not _abbreviation(body):
        return "symbol"
    if "." in body and _FILE.fullmatch(body) and not _abbreviation(body) and _LETTER.search(body.rsplit(".", 1)[0]):
        return "path"
    if numbered and _CODE.fullmatch(body) and not _measured(body):
        return "code"
    return None


def _looks_like_path(body: str) -> bool:
    """`/var/log/x`, `C:\\x`, `src/a.py`; not `and/or`, `24/7`, `25/03/2026`, `CET/CEST`."""
    if not _PATH.fullmatch(body):
        return False
    if body[0] in "/\\~." or body[1:2] == ":":
        return True
    parts = re.split(r"[\\/]", body)
    return (len(parts) > 2 and not all(part.isdigit() for part in parts)) or (
        "." in parts[-1].strip(".") and any(c.isalpha() for c in parts[-1])
    )


def _abbreviation(body: str) -> bool:
    """e.g. i.e. U.S. a.m.: single letters between dots."""
    return all(len(part) <= 1 for part in body.split("."))


_MEASURED = re.compile(
    r"\d+(?:st|nd|rd|th|er|ms|s|sec|secs|min|mins|h|hr|hrs|d|days?|w|k|m|mm|mn|bn|b|x|px|pt|%|"
    r"[kmgt]i?b|[kmg]bps|[kmg]?hz|bit|am|pm|h\d\d|t)|\d+-\w+|[a-z]+-\d+(?:st|nd|rd|th)|\d{8}t\d+z?",
    re.IGNORECASE,
)


def _measured(body: str) -> bool:
    """A number with its unit (`500ms`, `2pm`) or a compound (`4-person`), not an id."""
    return bool(_MEASURED.fullmatch(body))


_QUOTES = re.compile(
    r"\"(?P<a>[^\"\n]{1,400})\"|[“„](?P<b>[^“”\n]{1,400})[”“]|«(?P<c>[^»\n]{1,400})»|`(?P<d>[^`\n]{1,400})`"
    r"|(?<!\w)['‘](?P<e>[^'‘’\n]{1,400}(?:['’]\w[^'‘’\n]{0,400}){0,8})['’](?!\w)"
)


_MARK = re.compile("[\"“„«`'‘]")


def quoted_strings(text: str) -> list[Quoted]:
    """All strings between quotation marks on one line, up to 400 characters. An apostrophe is not a mark."""
    return [
        Quoted(match.start(), match.end(), next(group for group in match.groups() if group is not None))
        for match in begins(_QUOTES, text, spots(_MARK, text))
    ]
