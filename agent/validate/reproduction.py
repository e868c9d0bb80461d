"""Reproduction: the seed's seven practices, no invented step, gaps flagged as questions (policy 5)."""

import re

from agent.validate.fields import says_nothing
from agent.validate.sources import Sources
from agent.validate.stems import WORD, content, supported
from schemas.brief import Brief
from schemas.decision import Decision, FiredRule
from schemas.escalation import Finding
from schemas.facts import Facts
from schemas.vocabulary import REPRODUCTION_GAP

PLACE = "REPRODUCTION STEPS"
_BUGS = ("bug_suspected", "bug_confirmed", "regression")
_LEAST = 0.5  # share of a step's content words that the ticket must hold

_VAGUE = re.compile(
    r"^(?:please |then |now |simply |just )*(?:try|attempt)(?:s|ing)?\b(?! (?:again|once more)\b.{12})"
    r"|\b(?:some|any|random|arbitrary) (?:data|text|values?|inputs?|stuff|information|details)\b"
    r"|\b(?:enter|use|add|input|type|put in|fill in) (?:data|values|something|anything|stuff|text|information)\b"
    r"|^(?:reproduce|repeat|trigger|observe|do|use|cause|see)"
    r" (?:it|this|that|the (?:issue|problem|bug|error|feature|above|app|system))\W*$"
    r"|^(?:use|test|check) the (?:feature|function(?:ality)?|app(?:lication)?|system|product|software)\b\W*$"
    r"|\b(?:as usual|and so on|etc\.?)\W*$|\bdo (?:something|anything|stuff)\b",
    re.IGNORECASE,
)
_FREQUENCY = re.compile(
    r"\b(?:always|every time|each time|every (?:run|call|export|login|attempt|page|user)|intermittent\w*|sometimes|"
    r"sporadic\w*|occasional\w*|consistent\w*|reproducib\w*|twice|repeated\w*|constant\w*|never|random\w*|rate|often|"
    r"frequen\w*|100 ?%|\d+ (?:of|out of|/) \d+|\d+ ?%|only (?:when|if|under|with|for|on)|each|every)\b",
    re.IGNORECASE,
)


def unsupported(text: str, sources: Sources, facts: Facts, least: float = _LEAST) -> bool:
    """True if most of what the text says stands nowhere in the sources.

    Not judged for a ticket in another language than English: a faithful translation shares no words with it.
    """
    words = content(text)
    if facts.language not in ("en", "und") or len(words) < 2:
        return False
    return supported(words, sources.stems) < least


def check_reproduction(brief: Brief, decision: Decision, facts: Facts, sources: Sources) -> list[Finding]:
    """Findings about the reproduction of a malfunction; none where the escalation is not about one."""
    if not (decision.owner == "engineering" or any(rule.id.startswith("TEC") for rule in _fired(decision))):
        return []
    if not brief.reproduction.applies:
        return _not_applied(decision, facts)
    return _steps(brief, facts, sources) + _result(brief) + _completeness(brief, decision, facts) + _gaps(brief)


def _fired(decision: Decision) -> list[FiredRule]:
    return [rule for rule in decision.rules if rule.state != "overridden"]


def _finding(code: str, place: str, found: str, expected: str, blocking: bool = True) -> Finding:
    return Finding(code=code, place=place, found=found[:200], expected=expected, blocking=blocking)


def _not_applied(decision: Decision, facts: Facts) -> list[Finding]:
    bug = next((claim for claim in facts.signals if claim.kind in _BUGS and claim.status == "counts"), None)
    if decision.owner != "engineering" or bug is None:
        return []
    expected = f"a reproduction, or its gaps as questions: the ticket speaks of a bug ({bug.quote[:80]!r})"
    return [_finding("repro_absent", PLACE, "Not applicable", expected)]


def _steps(brief: Brief, facts: Facts, sources: Sources) -> list[Finding]:
    found = []
    alone = len(brief.reproduction.steps) < 3  # "Save." is a step among others, and none by itself
    for number, step in enumerate(brief.reproduction.steps, 1):
        place = f"{PLACE}: {number}"
        text = step.strip()
        if not text:
            continue
        if says_nothing(text) or _VAGUE.search(text) or (alone and len(WORD.findall(text)) < 2):
            expected = "one specific action with its exact place and values ('try to export' is no step), or a gap"
            found.append(_finding("vague_step", place, text, expected))
        elif unsupported(text, sources, facts):
            expected = "a step that the ticket gives; what it does not give belongs into the gaps, as a question"
            found.append(_finding("invented_step", place, text, expected))
    return found


def _result(brief: Brief) -> list[Finding]:
    part, asked = brief.reproduction, bool(brief.reproduction.gaps)
    found = []
    for name, text in (("Expected", part.expected), ("Actual", part.actual), ("Environment", part.environment)):
        if not text.strip() or not says_nothing(text) or (asked and text.strip().casefold() != "not applicable"):
            continue
        expected = f"{name.lower()} from the ticket, or 'Unknown' and a gap that asks for it"
        found.append(_finding("repro_part_missing", f"{PLACE}: {name}", text.strip(), expected))
    return found


def _completeness(brief: Brief, decision: Decision, facts: Facts) -> list[Finding]:
    part = brief.reproduction
    steps = [step for step in part.steps if step.strip() and not says_nothing(step)]
    gaps = [gap for gap in part.gaps if gap.strip()]
    if decision.owner not in ("engineering", "security"):
        return []  # to reproduce it is what L2 support is asked for (the seed's "What to include")
    urgent = decision.severity == "critical" or decision.owner == "security"
    if steps:
        return [] if gaps else _practices(brief, facts)
    if not gaps:
        if urgent and any(not says_nothing(tried.action) for tried in brief.tried):
            return [_finding("repro_gap", PLACE, "", "the gap flagged as a question", blocking=False)]
        return [
            _finding("repro_missing", PLACE, "", "steps from the ticket, or each gap as a question to whom can answer")
        ]
    if urgent:
        expected = "goes out with its gap flagged: steps to follow as soon as somebody has them"
        return [_finding("repro_gap", PLACE, gaps[0], expected, blocking=False)]
    expected = "answers to the gaps: without steps a high or medium escalation to engineering is incomplete"
    return [_finding(REPRODUCTION_GAP, PLACE, gaps[0], expected, blocking=False)]


def _practices(brief: Brief, facts: Facts) -> list[Finding]:
    """Of the seven practices, those that neither the brief nor a gap speaks of. Advice only: the ticket decides."""
    part = brief.reproduction
    said = " ".join(
        (*part.steps, part.expected, part.actual, part.environment, brief.description, brief.workflow_impact)
    )
    missing = []
    if not _FREQUENCY.search(said):
        missing.append("how often it happens")
    if not brief.supporting_context and not brief.target_lines and '"' not in said and "“" not in said:
        missing.append("evidence")
    if not brief.tried and not facts.attempts:
        missing.append("what was ruled out")
    if not missing:
        return []
    expected = f"the brief or a gap speaks of: {', '.join(missing)}"
    return [_finding("repro_practices", PLACE, "", expected, blocking=False)]


def _gaps(brief: Brief) -> list[Finding]:
    return [
        _finding("gap_not_question", f"{PLACE}: Missing {number}", gap, "a question, with whom to ask")
        for number, gap in enumerate(brief.reproduction.gaps, 1)
        if gap.strip() and not re.search(r"[?？;]|¿", gap)
    ]
