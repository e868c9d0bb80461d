"""Shape: no line empty, one-line headline, 3 to 5 sentences, asks with verb and object, the SLA line (policy 5)."""

import re

from agent.validate.fields import Field, says_nothing
from agent.validate.prose import split_sentences
from agent.validate.reproduction import unsupported
from agent.validate.sources import Sources
from schemas.brief import Ask, Brief
from schemas.decision import Decision
from schemas.escalation import Finding
from schemas.facts import Facts
from schemas.vocabulary import SlaState

HEADLINE_LENGTH = 200
FEWEST, MOST = 3, 5  # sentences of the description
ASK_WORDS = 4  # the verb and an object with what is wanted of it

_INFLECTED = {
    "investigate": r"investigat(?:e|es|ed|ing|ion)",
    "fix": r"fix(?:es|ed|ing)?",
    "decide": r"deci(?:de|des|ded|ding|sion)",
    "approve": r"approv(?:e|es|ed|ing|al)",
}
_SLA_WORDS: tuple[tuple[SlaState, re.Pattern[str]], ...] = (
    ("within", re.compile(r"\b(?:within|not (?:yet )?(?:been )?breached|no breach|met|in time)\b", re.IGNORECASE)),
    ("breached", re.compile(r"\b(?:breached|breach|violated|missed|overdue)\b", re.IGNORECASE)),
    ("at_risk", re.compile(r"\bat[ -]risk\b", re.IGNORECASE)),
    ("unknown", re.compile(r"\b(?:unknown|not (?:known|stated)|not applicable|no sla)\b", re.IGNORECASE)),
)
_SLA_LABEL = {"within": "Within SLA", "breached": "Breached", "at_risk": "At risk", "unknown": "Unknown"}


def check_structure(parts: tuple[Field, ...], brief: Brief, decision: Decision) -> list[Finding]:
    """Findings about the shape of the brief."""
    found = [
        Finding(code="line_empty", place=part.place, expected="text; 'Unknown' or 'Not applicable' where that is so")
        for part in parts
        if not part.text.strip()
    ]
    return (
        found
        + _headline(brief.headline)
        + _description(brief.description)
        + _asks(brief, decision)
        + _sla(brief, decision)
    )


def _headline(text: str) -> list[Finding]:
    line = text.strip()
    if "\n" in line or "\r" in line:
        return [_shape("headline_lines", "ESCALATION", line, "one line")]
    if len(line) > HEADLINE_LENGTH:
        expected = f"at most {HEADLINE_LENGTH} characters, not {len(line)}: what breaks, for whom, since when"
        return [_shape("headline_long", "ESCALATION", line, expected)]
    return []


def _shape(code: str, place: str, found: str, expected: str, blocking: bool = True) -> Finding:
    return Finding(code=code, place=place, found=found[:200], expected=expected, blocking=blocking)


def _description(text: str) -> list[Finding]:
    if not text.strip():
        return []
    count = len(split_sentences(text))
    if FEWEST <= count <= MOST:
        return []
    expected = f"{FEWEST} to {MOST} sentences, not {count}: what happens, since when, how it shows, how far it reaches"
    return [_shape("description_length", "ISSUE DESCRIPTION", text.strip(), expected)]


def _asks(brief: Brief, decision: Decision) -> list[Finding]:
    if not brief.asks:
        expected = "at least one ask: investigate, fix, decide or approve, and what"
        return [Finding(code="ask_missing", place="WHAT'S NEEDED", expected=expected)]
    found = [finding for number, ask in enumerate(brief.asks, 1) for finding in _ask(ask, f"WHAT'S NEEDED: {number}")]
    if decision.ask is not None and decision.ask not in {ask.verb for ask in brief.asks}:
        expected = f"an ask to {decision.ask}, which the decision calls for"
        found.append(_shape("ask_differs", "WHAT'S NEEDED", brief.asks[0].text, expected, blocking=False))
    return found


def _ask(ask: Ask, place: str) -> list[Finding]:
    text = ask.text.strip()
    if not text:
        return []
    if not re.match(rf"(?:please |to )?{_INFLECTED[ask.verb]}\b", text, re.IGNORECASE):
        return [_shape("ask_verb", place, text, f"text that begins with '{ask.verb.capitalize()}'")]
    if len(re.findall(r"\w[\w'’./-]*", text)) < ASK_WORDS:
        return [_shape("ask_object", place, text, f"what to {ask.verb}, and which result is wanted")]
    return []


def _sla(brief: Brief, decision: Decision) -> list[Finding]:
    text, state = brief.sla_status, decision.sla.state
    if not text.strip():
        return []
    hits = sorted(
        (match.start(), -len(match.group()), name) for name, pattern in _SLA_WORDS if (match := pattern.search(text))
    )
    if hits and hits[0][2] == state:
        return []
    expected = f"'{_SLA_LABEL[state]}', as the decision has it, with the basis"
    return [_shape("sla_differs", "IMPACT: SLA status", text.strip(), expected)]


def check_tried(brief: Brief, facts: Facts, sources: Sources) -> list[Finding]:
    """What was tried is listed, and nothing is listed that the ticket does not hold."""
    place = "WHAT'S BEEN TRIED"
    known = [claim for claim in facts.attempts if claim.status in ("counts", "reported")]
    listed = [tried for tried in brief.tried if not says_nothing(tried.action)]
    if known and not listed:
        expected = f"what was tried and what came of it, such as {known[0].quote[:80]!r}"
        return [Finding(code="tried_missing", place=place, expected=expected)]
    return [
        _shape(
            "invented_attempt", f"{place}: {number}", tried.action, "an attempt that the ticket describes, in its words"
        )
        for number, tried in enumerate(brief.tried, 1)
        if not says_nothing(tried.action) and unsupported(tried.action, sources, facts, least=0.2)
    ]
