"""Validation of a brief, pure: the same brief, decision, facts, ticket, context and time give the same findings."""

from datetime import datetime
from typing import TYPE_CHECKING

from schemas.brief import Brief
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Finding
from schemas.facts import Facts
from schemas.ticket import Ticket

if TYPE_CHECKING:
    from agent.validate.parse import ParsedBrief

__all__ = ["parse_brief", "validate_brief", "validate_text"]


def validate_brief(
    brief: Brief, decision: Decision, facts: Facts, ticket: Ticket, context: Context, now: datetime
) -> tuple[Finding, ...]:
    """Everything that stands against the brief (policy section 5), blocking findings first. Never raises on a Brief.

    `now` is aware. A brief is good if no finding is blocking and none has the code `repro_incomplete`.
    """
    from agent.validate.claims import check_claims
    from agent.validate.deadline import check_deadline, limit_of
    from agent.validate.derive import check_derivations
    from agent.validate.fields import fields
    from agent.validate.grounds import Check
    from agent.validate.promise import check_promises
    from agent.validate.reproduction import check_reproduction
    from agent.validate.sources import sources
    from agent.validate.structure import check_structure, check_tried
    from agent.validate.target import check_target
    from agent.validate.trace import check_trace

    parts = fields(brief)
    known = sources(ticket, context, decision, facts, now, "\n".join(part.text for part in parts))
    limit = limit_of(decision, facts, context, now)
    derived, proven = check_derivations(brief, known)
    found = [
        *check_structure(parts, brief, decision),
        *(check_deadline(brief.deadline, decision, limit, now) if brief.deadline.strip() else []),
        *check_target(brief, decision),
        *check_reproduction(brief, decision, facts, known),
        *check_tried(brief, facts, known),
        *derived,
        *check_trace(parts, Check(known, proven, limit, facts.language not in ("en", "und"))),
        *check_claims(parts, brief, facts, ticket, context),
        *check_promises(brief, ticket),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: not finding.blocking))


def parse_brief(text: str) -> "ParsedBrief":
    """A brief written elsewhere, as text or Markdown in the seed's layout. Never raises."""
    from agent.validate.parse import parse

    return parse(text)


def validate_text(
    text: str, decision: Decision, facts: Facts, ticket: Ticket, context: Context, now: datetime
) -> tuple[Finding, ...]:
    """As `validate_brief`, for text: its header is compared with the decision too, and its length is looked at."""
    from agent.validate.header import check_date, check_length
    from agent.validate.parse import compare, parse

    parsed = parse(text)
    header = (*compare(parsed, decision), *check_date(parsed.date, decision, context, now))
    found = (*parsed.findings, *header, *check_length(parsed.brief))
    said = {(finding.code, finding.place) for finding in found}
    judged = validate_brief(parsed.brief, decision, facts, ticket, context, now)
    rest = (finding for finding in judged if not _covered(finding, said))
    return tuple(sorted(dict.fromkeys((*found, *rest)), key=lambda finding: not finding.blocking))


_OF_EMPTY = ("line_empty", "description_length", "ask_missing", "deadline_format", "repro_missing", "repro_absent")


def _covered(finding: Finding, said: set[tuple[str, str]]) -> bool:
    """True for what a missing section brings with it, for the same finding twice, and for the optional message."""
    if (finding.code, finding.place) in said or (finding.code == "line_empty" and finding.place == "CUSTOMER MESSAGE"):
        return True
    return finding.code in _OF_EMPTY and ("missing_section", finding.place.split(":")[0]) in said
