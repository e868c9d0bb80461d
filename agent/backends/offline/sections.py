"""Which part of a report a passage stands in: steps, expected, actual and so on, as templates and writers head them."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from agent.backends.offline.passages import Passage

SectionName = Literal[
    "", "step", "expected", "actual", "environment", "frequency", "evidence", "tried", "start_state", "other"
]


@cache
def _headed() -> tuple[tuple[SectionName, re.Pattern[str]], ...]:
    """Each section's heading: its words, the marks of wiki and Markdown headings around them, perhaps a colon."""
    text = files(__package__).joinpath("lexicon", "sections.toml").read_text(encoding="utf-8")
    names: dict[SectionName, list[str]] = tomllib.loads(text)["headings"]
    return tuple(
        (
            "" if name == "other" else name,
            re.compile(
                rf"[\s#*_=]{{0,20}}(?:h[1-6]\.)?[\s#*_]{{0,20}}(?:{'|'.join(words)})"
                r"(?P<colon>[\s*_#]{0,5}[:：-])?[\s*_#]{0,20}",
                re.IGNORECASE,
            ),
        )
        for name, words in names.items()
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """A passage and its section. `text_start` is where its words begin after an inline heading ("Expected: ...")."""

    passage: Passage
    section: SectionName
    text_start: int
    is_heading: bool = False


def place(passages: Sequence[Passage]) -> tuple[Placed, ...]:
    """Each passage with its section. A section ends at the next heading, and with its message."""
    placed: list[Placed] = []
    section: SectionName = ""
    message: int | None = -1
    inline = False  # "Expected: ..." on one line ends with its paragraph
    for passage in passages:
        if passage.message != message or (inline and placed and passage.start - placed[-1].passage.end > 1):
            section, message, inline = "", passage.message, False
        if passage.kind in {"prose", "heading"}:
            found = _heading(passage)
            if found is not None:
                section, rest = found
                alone = rest >= len(passage.text)
                inline = not alone
                placed.append(Placed(passage, section, passage.start + rest, is_heading=alone))
                continue
            if passage.kind == "heading":
                section = ""
        placed.append(Placed(passage, section, passage.start))
    return tuple(placed)


def _heading(passage: Passage) -> tuple[SectionName, int] | None:
    """The section that the passage opens, and where the words after the heading begin in it."""
    for name, pattern in _headed():
        found = pattern.match(passage.text)
        if found is None:
            continue
        alone = found.end() >= len(passage.text)
        if alone and (passage.kind == "heading" or found["colon"] or len(passage.text) < 40):
            return name, len(passage.text)
        if found["colon"] and found["colon"].strip(" *_#") in {":", "："}:
            return name, found.end()
        first = passage.text.find("\n")
        if first > 0 and found.end() >= first:  # a heading line that the splitter joined to what follows
            return name, first + 1
    return None
