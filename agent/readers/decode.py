"""Bytes of unknown origin to clean text: what was seen, guessed or replaced is said in notes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.errors import BadInput

MAX_BYTES = 20_000_000
"""Sources above this size (bytes, or characters of a str) are refused before anything is decoded."""

_SAMPLE = 64_000  # bytes shown to the encoding detector, which is too slow for megabytes

_MAGIC = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh9", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xd0\xcf\x11\xe0", "an Outlook .msg or old Office file"),
    (b"\x7fELF", "an executable"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
)
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# What Western European text uses above ASCII; anything else makes the guess of cp1252 doubtful.
_WESTERN = frozenset("äöüÄÖÜßàâçéèêëîïôùûœæÀÂÇÉÈÊËÎÏÔÙÛŒÆáíóúñÁÍÓÚÑ¿¡åøæÅØãõÃÕìòÌÒ€„“”‘’‚–—…°«»·£§©®´×½²³µ•™\xa0")

_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_ANSI = re.compile(r"\x1b\[[0-9;?]{0,32}[ -/]?[@-~]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Clean text and what was done to get it."""

    text: str
    notes: tuple[str, ...] = ()


def refuse_if_too_big(source: bytes | str) -> None:
    """Raise BadInput above MAX_BYTES, before any work is spent on the source."""
    if len(source) > MAX_BYTES:
        unit = "bytes" if isinstance(source, bytes) else "characters"
        raise BadInput(
            f"the ticket has {len(source):,} {unit}, expected at most {MAX_BYTES:,}: "
            "attach the log separately and pass the ticket's own text"
        )


def decode(source: bytes) -> Decoded:
    """Decode and clean. Raises BadInput for binary data, naming what was seen."""
    if what := other_format(source):
        raise BadInput(f"the ticket looks like {what}, expected text, .eml or JSON: export it as text first")
    text, notes = _to_text(source)
    cleaned = clean(text)
    return Decoded(cleaned.text, notes + cleaned.notes)


def other_format(source: bytes) -> str | None:
    """What a file is that begins like one of the known formats that hold no text."""
    return next((what for magic, what in _MAGIC if source.startswith(magic)), None)


def _to_text(source: bytes) -> tuple[str, tuple[str, ...]]:
    for bom, encoding in _BOMS:
        if source.startswith(bom):
            text = source[len(bom) :].decode(encoding, errors="replace")
            if encoding != "utf-8":
                return text, (f"The text was read as {encoding} (byte order mark).",)
            return text, _replacements(text)
    if _looks_utf16(source):
        little = source[1::2].count(0) > source[0::2].count(0)
        encoding = "utf-16-le" if little else "utf-16-be"
        return source.decode(encoding, errors="replace"), (f"The text was read as {encoding} (guessed).",)
    _refuse_binary(source)
    try:
        return source.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    encoding = guess_encoding(source)
    text = source.decode(encoding, errors="replace")
    return text, (f"The text is not UTF-8; it was read as {encoding} (guessed).", *_replacements(text))


def _replacements(text: str) -> tuple[str, ...]:
    count = text.count("\ufffd")
    return (f"{count} undecodable characters were replaced by U+FFFD.",) if count else ()


def _looks_utf16(source: bytes) -> bool:
    sample = source[:4000]
    if len(sample) < 4 or len(source) % 2:
        return False
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    return max(even, odd) > half * 0.6 and min(even, odd) < half * 0.05


def _refuse_binary(source: bytes) -> None:
    sample = source[:_SAMPLE]
    nul = sample.count(0)
    control = sum(sample.count(code) for code in (*range(1, 9), *range(14, 27), *range(28, 32)))
    if (nul + control) * 20 > len(sample):
        raise BadInput(
            f"the ticket looks like binary data ({nul} NUL and {control} control bytes in the first {len(sample)}), "
            "expected text, .eml or JSON: export it as text first"
        )


def guess_encoding(source: bytes) -> str:
    """For bytes that are no UTF-8: the detector's guess, but cp1252 where the text reads as Western European in it.

    On the few accented letters of a short ticket the detector often prefers a rarer code page (cp1250, cp1006).
    """
    from charset_normalizer import from_bytes

    # A sample around the first byte above ASCII, not the first bytes: those may all be ASCII.
    first = next((i for i, byte in enumerate(source) if byte > 0x7F), 0)
    sample = source[max(0, first - 200) : first + _SAMPLE]
    western = sample.decode("cp1252", errors="replace")
    above = [ch for ch in western if ch > "\x7f"]
    if len(above) * 4 < len(western) and all(ch in _WESTERN for ch in above):
        return "cp1252"
    best = from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"


_DEEPEST = 60  # levels of JSON; nothing that this program reads has more than a dozen
_LISTS = (list, tuple)
_NESTED = (dict, *_LISTS, Mapping)  # what is no `dict` but a `Mapping` takes several times longer to tell


def whole_letters(value: Any, depth: int = 0) -> Any:
    r"""JSON data without halves of letters, which no UTF-8 can carry: `"\ud83d"` alone is one, and JSON allows it.

    What is nested deeper than any schema becomes None.
    """
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if not isinstance(value, _NESTED):
        return value
    if depth >= _DEEPEST:
        return None
    # Most of an answer is plain words, which need no call of their own.
    if isinstance(value, _LISTS):
        return [one if isinstance(one, str) and one.isascii() else whole_letters(one, depth + 1) for one in value]
    return {
        key if isinstance(key, str) and key.isascii() else whole_letters(key): (
            one if isinstance(one, str) and one.isascii() else whole_letters(one, depth + 1)
        )
        for key, one in value.items()
    }


def clean(text: str) -> Decoded:
    """Normalise newlines; replace what no ticket needs and no terminal or encoder should meet."""
    notes: list[str] = []
    if text.startswith("\ufeff"):
        text = text[1:]
    if _NEWLINES.search(text):
        text = _NEWLINES.sub("\n", text)
    if "\x1b" in text:
        text, count = _ANSI.subn("", text)
        if count:
            notes.append(f"{count} terminal colour codes were removed.")
    text, count = _CONTROL.subn(" ", text)  # a space, so that quotes of it still fold to the same words
    if count:
        notes.append(f"{count} control characters were replaced by spaces.")
    text, count = _SURROGATE.subn("\ufffd", text)
    if count:
        notes.append(f"{count} half surrogates were replaced by U+FFFD.")
    return Decoded(text, tuple(notes))
