"""Wrapping and colour for the text format. Widths are terminal columns, so wide characters count twice."""

import unicodedata
from collections.abc import Iterator

from agent.render.sanitise import Trusted, one_line, visible

_SGR = {
    "critical": "1;31",
    "high": "1;33",
    "medium": "1;36",
    "calm": "1;32",
    "title": "1",
    "warn": "33",
    "dim": "2",
}


def columns(text: str) -> int:
    """How many terminal columns the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _starts_list(word: str) -> bool:
    """A word that, at the start of a line, would read as a new item or step of the brief."""
    return word in {"-", "*", "•"} or (word[:-1].isdigit() and word[-1] in ".)")


def _lines(words: list[str], width: int, first: int, hang: int) -> Iterator[str]:
    line: list[str] = []
    used, room = 0, width - first
    for word in words:
        size = columns(word)
        if line and used + 1 + size > room and not _starts_list(word):
            yield " ".join(line)
            line, used, room = [], 0, width - hang
        used += size + (1 if line else 0)
        line.append(word)
    yield " ".join(line)


def wrap(text: str, prefix: str = "", hang: int = 2, *, width: int) -> Trusted:
    """One paragraph behind `prefix`, later lines indented by `hang`. Width 0: one line. No word is ever split."""
    clean, prefix = one_line(text), visible(prefix)
    if not width:
        return Trusted(f"{prefix}{clean}".rstrip())
    lines = _lines(clean.split(" "), width, columns(prefix), hang)
    return Trusted((prefix + f"\n{' ' * hang}".join(lines)).rstrip())


def block(text: str, prefix: str = "", *, width: int) -> Trusted:
    """Text whose line breaks matter, each line behind `prefix`, such as a message to the customer."""
    return Trusted("\n".join(wrap(line, prefix, len(prefix), width=width) for line in text.strip().splitlines()))


def paint(label: str, style: str, *, colour: bool) -> Trusted:
    """A label of our own in colour. The label is cleaned too: nothing from the ticket reaches the terminal raw."""
    clean = one_line(label)
    return Trusted(f"\x1b[{_SGR[style]}m{clean}\x1b[0m" if colour else clean)
