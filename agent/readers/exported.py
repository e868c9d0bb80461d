"""JSON exports: which help desk wrote it, and what a single unknown JSON becomes."""

import json
from collections.abc import Callable
from typing import Any

from agent.errors import BadInput
from agent.readers import freshdesk, github, intercom, jira, zendesk
from agent.readers.canonical import Source, render
from agent.readers.cut import Part, cut
from agent.readers.spans import find_spans
from schemas.ticket import Span, Ticket

_READERS: tuple[tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], Source]], ...] = (
    (intercom.is_export, intercom.read),
    (jira.is_export, jira.read),
    (freshdesk.is_export, freshdesk.read),
    (zendesk.is_export, zendesk.read),
    (github.is_export, github.read),
)
LISTS = ("tickets", "issues", "conversations", "items", "results", "data")


def read_json(text: str, notes: tuple[str, ...], *, sure: bool) -> Ticket | None:
    """A ticket from JSON text; None where the text is no JSON and the file's name does not promise it (`sure`).

    Raises BadInput for several tickets in one file, and for nesting deeper than the parser's stack.
    """
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items) and len(repeated) < 5:
            keys = [key for key, _ in items]
            repeated.append(next(key for key in keys if keys.count(key) > 1)[:40])
        return found

    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except RecursionError as error:
        raise BadInput("the JSON is nested too deeply, expected an exported ticket: export the ticket alone") from error
    except ValueError as error:
        if _is_lines(text):
            raise BadInput(
                "the file holds several JSON documents, expected one ticket: pass them one at a time"
            ) from error
        if sure:
            raise BadInput(
                f"the file is not valid JSON ({error}), expected an exported ticket: export it again"
            ) from error
        return None
    try:
        source = _recognise(value)
        ticket = render(source) if source is not None else _unknown(text)
    except RecursionError as error:
        raise BadInput("the JSON is nested too deeply, expected an exported ticket: export the ticket alone") from error
    extra = [*notes]
    if repeated:
        extra.append(f"JSON keys stand more than once, the last value was read: {', '.join(sorted(set(repeated)))}.")
    return ticket.model_copy(update={"notes": (*extra, *ticket.notes)}) if extra else ticket


def is_export(value: dict[str, Any]) -> bool:
    """Whether this object is one ticket as a known help desk exports it."""
    return _reader(value) is not None


def _is_lines(text: str) -> bool:
    """Newline-delimited JSON: the first two lines are objects of their own."""
    lines = [line for line in text[:2_000_000].split("\n", 3) if line.strip()][:2]
    try:
        return len(lines) == 2 and all(isinstance(json.loads(line), dict) for line in lines)
    except (ValueError, RecursionError):
        return False


def _recognise(value: Any) -> Source | None:
    if isinstance(value, list):
        tickets = [item for item in value if isinstance(item, dict) and _reader(item)]
        if len(tickets) > 1:
            raise BadInput(f"the file holds {len(tickets)} tickets, expected one: pass them one at a time")
        value = tickets[0] if len(tickets) == 1 and len(value) == 1 else None
    if not isinstance(value, dict):
        return None
    reader = _reader(value)
    if reader is not None:
        return reader(value)
    for key in LISTS:
        if isinstance(value.get(key), list) and any(isinstance(item, dict) for item in value[key]):
            return _recognise(value[key])
    return None


def _reader(value: dict[str, Any]) -> Callable[[dict[str, Any]], Source] | None:
    return next((read for is_export, read in _READERS if is_export(value)), None)


def _unknown(text: str) -> Ticket:
    """JSON of no known help desk: its own text, all of it a payload, with nobody as its speaker."""
    short = cut(text, [Part(start=0, body=0, end=len(text), speaker="unknown")])
    spans = find_spans(short.text, (), [Span(start=0, end=len(short.text), kind="machine")])
    return Ticket(
        text=short.text,
        format="json",
        messages=tuple(part.message() for part in short.parts),
        spans=spans,
        notes=("This JSON is no export of a known help desk: it was kept as it is.", *short.notes),
    )
