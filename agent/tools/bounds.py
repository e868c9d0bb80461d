"""Answers of bounded size: long texts are shortened and long lists cut at their end, and the answer says so."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from agent.errors import BadInput
from agent.readers.decode import whole_letters

Row = TypeVar("Row", bound=BaseModel)

LIMIT = 24_000
"""Characters of an answer as JSON."""
# Characters of a text and entries of a list, tried one after the other until the answer fits.
LEVELS = ((4000, 200), (2000, 100), (1000, 50), (600, 25), (400, 12), (300, 6), (200, 3), (60, 1))
# Texts that are the answer itself. They are made to fit where they are made; this is only the last resort.
BODIES = ("text", "outline", "brief", "timeline")
LONGEST_BODY = 20_000
LONGEST_PART = 18_000
"""Of a text that comes in parts, in characters as JSON writes them."""


def compact(value: Any) -> str:
    """JSON without blanks, readable letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def part(text: str, offset: int) -> tuple[str, int | None]:
    """As much of a text as one answer holds, to the end of a line, and where the next part begins; None at the end.

    Raises BadInput for an offset behind the end.
    """
    if offset and offset >= len(text):
        raise BadInput(f"offset {offset}: the text has {len(text)} characters; leave it out to begin anew")
    end = offset + LONGEST_PART
    while len(compact(text[offset:end])) > LONGEST_PART:
        end -= max(1, (end - offset) // 8)
    if end >= len(text):
        return text[offset:], None
    line = text.rfind("\n", offset, end) + 1
    end = line if line > offset + (end - offset) // 2 else end
    return text[offset:end], end


def fitting(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The first of these rows, as many as one answer holds and at least one: the next page begins behind them."""
    taken, size = 0, 0
    for row in rows:
        size += len(row.model_dump_json())
        if taken and size > LONGEST_PART:
            break
        taken += 1
    return tuple(rows[:taken])


def fit(value: dict[str, Any]) -> dict[str, Any]:
    """The answer, cut as little as makes it fit. What was cut is named in `cut`."""
    value = {key: whole_letters(entry) for key, entry in value.items()}
    if len(compact(value)) <= LIMIT:
        return value
    for characters, entries in LEVELS:
        shorter = _shortened(value, characters, entries, LONGEST_BODY)
        if len(compact(shorter)) <= LIMIT:
            return shorter
    body = LIMIT // 2
    while len(compact(shorter)) > LIMIT and body:  # what JSON writes as escapes takes several characters for one
        shorter, body = _shortened(value, *LEVELS[-1], body), body // 2
    return shorter


def _shortened(value: dict[str, Any], characters: int, entries: int, body: int) -> dict[str, Any]:
    cut: dict[str, int] = {}
    shorter = {key: _cut(entry, key, characters, entries, body, cut) for key, entry in value.items()}
    return {**shorter, "cut": [*value.get("cut", ()), *_told(cut)]}


def _cut(value: Any, name: str, characters: int, entries: int, body: int, cut: dict[str, int]) -> Any:
    if isinstance(value, str):
        most = body if name in BODIES else characters
        if len(value) <= most:
            return value
        cut[f"{name}: shortened to {most:,} characters"] = cut.get(f"{name}: shortened to {most:,} characters", 0) + 1
        return value[: most - 1] + "…"
    if isinstance(value, list):
        if len(value) > entries:
            cut[f"{name}: the first {entries} of {len(value)}"] = 1
        return [_cut(entry, name, characters, entries, body, cut) for entry in value[:entries]]
    if isinstance(value, dict):
        return {key: _cut(entry, key, characters, entries, body, cut) for key, entry in value.items()}
    return value


def _told(cut: dict[str, int]) -> list[str]:
    return [text if times == 1 else f"{text}, {times} times" for text, times in list(cut.items())[:12]]
