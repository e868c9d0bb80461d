"""How a finding is said to people: a short name for its code, and what it means for the brief. JSON keeps the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.vocabulary import REPRODUCTION_GAP

if TYPE_CHECKING:
    from schemas.escalation import Finding

NAMES: dict[str, str] = {
    "ask_differs": "Another ask than decided",
    "ask_missing": "Nothing is asked for",
    "ask_object": "Unclear ask",
    "ask_verb": "Ask without its verb",
    "brief_long": "Long brief",
    "date_differs": "Another date",
    "deadline_format": "Unreadable deadline",
    "deadline_late": "Deadline too late",
    "deadline_past": "Deadline has passed",
    "derivation_layout": "Unreadable derivation",
    "derivation_operand": "Derivation without its values",
    "derivation_quote": "Derivation without its quote",
    "derivation_wrong": "Wrong derivation",
    "description_length": "Length of the description",
    "gap_not_question": "Gap is not a question",
    "headline_lines": "Headline of several lines",
    "headline_long": "Long headline",
    "internal_word": "Internal word to the customer",
    "invented_attempt": "Attempt without a source",
    "invented_step": "Step without a source",
    "leadership_asks_missing": "Nothing is asked of Leadership",
    "leadership_asks_unwanted": "Leadership is not asked here",
    "line_empty": "Empty line",
    "missing_section": "Missing section",
    "need_to_know": "Detail for Security only",
    "no_tool_call": "Answer in another form",
    "promise": "Promise to the customer",
    "reported_as_confirmed": "Reported, written as confirmed",
    "repro_absent": "Steps to reproduce left out",
    "repro_gap": "Gap in the steps to reproduce",
    "repro_incomplete": "Steps to reproduce incomplete",
    "repro_missing": "No steps to reproduce",
    "repro_part_missing": "Result missing",
    "repro_practices": "Worth adding to the steps",
    "revenue_unconfirmed": "Revenue not confirmed",
    "schema": "Answer in another form",
    "severity_differs": "Another severity than decided",
    "sla_differs": "Another SLA status than known",
    "target_differs": "Another target than decided",
    "target_line_missing": "Missing line",
    "tried_missing": "Nothing said of what was tried",
    "undecided": "Not for the customer",
    "untraceable_date": "Date without a source",
    "untraceable_id": "Id without a source",
    "untraceable_link": "Link without a source",
    "untraceable_name": "Name without a source",
    "untraceable_number": "Number without a source",
    "untraceable_quote": "Quote without a source",
    "untraceable_time": "Time without a source",
    "vague_step": "Vague step",
    "weekday_wrong": "Wrong weekday",
}


def named(code: str) -> str:
    """The name of a code; of one that another version of the program gave, its own words."""
    return NAMES.get(code) or code.replace("_", " ").capitalize()


def weight(finding: Finding) -> str:
    """What it means where it does not block: `makes it incomplete` or `advice`; "" where it blocks."""
    if finding.code == REPRODUCTION_GAP:
        return "makes it incomplete"
    return "" if finding.blocking else "advice"
