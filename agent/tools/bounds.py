"""Answers of bounded size: long texts are shortened and long lists cut at their end, and the answer says so."""

import json
from typing import Any

LIMIT = 24_000
"""Characters of an answer as JSON."""
# Characters of a text and entries of a list, tried one after the other until the answer fits.
LEVELS = ((4000, 200), (2000, 100), (1000, 50), (600, 25), (400, 12), (300, 6), (200, 3), (60, 1))
# Texts that are the answer itself. They are made to fit where they are made; this is only the last resort.
BODIES = ("text", "outline", "brief", "timeline")
LONGEST_BODY = 20_000


def compact(value: Any) -> str:
    """JSON without blanks, readable letters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def fit(value: dict[str, Any]) -> dict[str, Any]:
    """The answer, cut as little as makes it fit. What was cut is named in `cut`."""
    value = {key: _clean(entry) for key, entry in value.items()}
    if len(compact(value)) <= LIMIT:
        return value
    for characters, entries in LEVELS:
        shorter = _shortened(value, characters, entries, LONGEST_BODY)
        if len(compact(shorter)) <= LIMIT:
            return shorter
    return _shortened(value, *LEVELS[-1], LIMIT // 4)


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


def _clean(value: Any) -> Any:
    """Without halves of letters, which no JSON can carry."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [_clean(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _clean(entry) for key, entry in value.items()}
    return value
