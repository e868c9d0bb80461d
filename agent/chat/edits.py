"""A line of the brief in a person's words. Places have the names that findings use (agent/validate/fields.py)."""

import re
from typing import Any, get_args

from agent.errors import BadInput
from agent.validate.fields import fields
from schemas.brief import Ask, Brief, TargetLabel, TargetLine, Tried
from schemas.vocabulary import AskKind

DEADLINE = "WHAT'S NEEDED: Deadline"
_PLAIN: dict[str, str] = {
    "ESCALATION": "headline",
    "IMPACT: Customers affected": "customers_affected",
    "IMPACT: Workflow impact": "workflow_impact",
    "IMPACT: Revenue at risk": "revenue_at_risk",
    "IMPACT: SLA status": "sla_status",
    "ISSUE DESCRIPTION": "description",
    "CUSTOMER COMMUNICATION: Last update": "last_update",
    "CUSTOMER COMMUNICATION: Customer expectation": "customer_expectation",
    "CUSTOMER COMMUNICATION: Escalation risk": "escalation_risk",
    DEADLINE: "deadline",
    "CUSTOMER MESSAGE": "customer_message",
}
_OF_REPRODUCTION = {"Expected": "expected", "Actual": "actual", "Environment": "environment"}
_LISTS: dict[str, str] = {
    "WHAT'S NEEDED: Leadership": "leadership_asks",
    "SUPPORTING CONTEXT:": "supporting_context",
    "QUESTIONS:": "questions",
}
_NUMBER = re.compile(r"(?P<stem>.+?) ?(?P<number>\d{1,2})(?P<result> result)?$")


def places(brief: Brief) -> tuple[str, ...]:
    """The places that can be edited, in the order of the brief."""
    return tuple(field.place for field in fields(brief))


def survives(place: str) -> bool:
    """Whether words for this place may be put into a brief that was written anew: a numbered line may be another."""
    return _NUMBER.fullmatch(place) is None


def numbered(place: str) -> tuple[str, int, bool] | None:
    """A numbered line's place apart: its list, its number from 1, whether it is the result of what was tried."""
    found = _NUMBER.fullmatch(place)
    return None if found is None else (found["stem"], int(found["number"]), found["result"] is not None)


def edited(brief: Brief, place: str, text: str) -> Brief:
    """The brief with `text` at `place`. A numbered line may be the next one, and is taken out by an empty text.

    Raises BadInput for a place that this brief does not have.
    """
    text = " ".join(text.split()) if place != "CUSTOMER MESSAGE" else text.strip()
    if place in _PLAIN:
        return brief.model_copy(update={_PLAIN[place]: text})
    if place in get_args(TargetLabel):
        return brief.model_copy(update={"target_lines": _labelled(brief, place, text)})
    head, _, part = place.partition(": ")
    if head == "REPRODUCTION STEPS" and part in _OF_REPRODUCTION:
        return _reproduction(brief, {_OF_REPRODUCTION[part]: text})
    numbered = _NUMBER.fullmatch(place)
    if numbered is not None:
        changed = _numbered(brief, numbered["stem"], int(numbered["number"]), text, numbered["result"] is not None)
        if changed is not None:
            return changed
    raise BadInput(f"no line {place[:60]!r} in this brief: expected one of {'; '.join(places(brief))}")


def _labelled(brief: Brief, label: Any, text: str) -> tuple[TargetLine, ...]:
    kept = [line for line in brief.target_lines if line.label != label]
    at = next((i for i, line in enumerate(brief.target_lines) if line.label == label), len(kept))
    return (*kept[:at], TargetLine(label=label, text=text), *kept[at:])


def _reproduction(brief: Brief, changes: dict[str, Any]) -> Brief:
    return brief.model_copy(update={"reproduction": brief.reproduction.model_copy(update=changes)})


def _numbered(brief: Brief, stem: str, number: int, text: str, result: bool) -> Brief | None:
    if stem in _LISTS:
        lines = _put(getattr(brief, _LISTS[stem]), number, text, stem)
        return brief.model_copy(update={_LISTS[stem]: lines})
    if stem == "REPRODUCTION STEPS:":
        return _reproduction(brief, {"steps": _put(brief.reproduction.steps, number, text, stem)})
    if stem == "REPRODUCTION STEPS: Missing":
        return _reproduction(brief, {"gaps": _put(brief.reproduction.gaps, number, text, stem)})
    if stem == "WHAT'S BEEN TRIED:":
        return brief.model_copy(update={"tried": _put(brief.tried, number, _tried(brief, number, text, result), stem)})
    if stem == "WHAT'S NEEDED:":
        return brief.model_copy(update={"asks": _put(brief.asks, number, _ask(brief, number, text), stem)})
    return None


def _put(lines: tuple[Any, ...], number: int, value: Any, stem: str) -> tuple[Any, ...]:
    if not 1 <= number <= len(lines) + 1:
        raise BadInput(f"no line {f'{stem} {number}'!r} in this brief: expected a number from 1 to {len(lines) + 1}")
    kept = (value,) if value else ()
    return (*lines[: number - 1], *kept, *lines[number:])


def _tried(brief: Brief, number: int, text: str, result: bool) -> Tried | None:
    known = brief.tried[number - 1] if number <= len(brief.tried) else None
    if result:
        if known is None:
            raise BadInput(f"nothing tried under {number}: write what was tried first")
        return known.model_copy(update={"result": text or "Unknown"})
    return Tried(action=text, result=known.result if known else "Unknown") if text else None


def _ask(brief: Brief, number: int, text: str) -> Ask | None:
    if not text:
        return None
    first = text.split()[0].casefold()
    verb: AskKind | None = next((kind for kind in get_args(AskKind) if kind == first), None)
    if verb is None:
        verb = brief.asks[number - 1].verb if number <= len(brief.asks) else "investigate"
    return Ask(verb=verb, text=text)
