"""What is other in a brief that was written anew, so that nobody has to read the whole of it again."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_LINES = 12
"""Changed lines above which the whole brief is quicker to read."""
SECTION = re.compile(r"[A-Z][A-Z' ]{3,40}")
_DATE = re.compile(r"Date: ")  # of the brief itself: other each time, and no news


@dataclass(frozen=True, slots=True)
class Change:
    """Lines that stand in the place of others. `section`: under which title, empty in the head of the brief."""

    section: str
    was: tuple[str, ...]
    now: tuple[str, ...]


def revision(before: str, after: str) -> tuple[Change, ...] | None:
    """The changes from one text of a brief to the next; None where there are too many to be worth telling."""
    old, new = _lines(before), _lines(after)
    found = [
        Change(
            _section(old, begin) if end > begin else _section(new, start),
            tuple(map(_bare, old[begin:end])),
            tuple(map(_bare, new[start:stop])),
        )
        for kind, begin, end, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if kind != "equal"
    ]
    many = sum(max(len(change.was), len(change.now)) for change in found) > MOST_LINES
    return None if many else tuple(found)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip() and not _DATE.match(line)]


def _section(lines: list[str], at: int) -> str:
    return next((line for line in reversed(lines[: at + 1]) if SECTION.fullmatch(line)), "")


def _bare(line: str) -> str:
    return line.removeprefix("- ")
