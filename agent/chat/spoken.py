"""What a model says to the person, sentence by sentence: nothing that code did not decide, nothing that stands nowhere.

A sentence that names a severity, a team or an outcome other than the decided one is withheld, and so is one with a
number, a date, a time, an id or a quote that neither the ticket nor the decision holds. It is a check of words: it
withholds too much rather than too little, and the decision itself is always printed by code.
"""

import re

from agent.notation import quoted_strings
from agent.validate.derive import Proven
from agent.validate.fields import Field
from agent.validate.grounds import Check
from agent.validate.prose import split_sentences
from agent.validate.sources import Sources, sources
from agent.validate.trace import check_trace
from schemas.decision import Decision
from schemas.escalation import Escalation
from schemas.ticket import Ticket

PLACE = "answer"
TEAM, SEVERITY, OUTCOME, NOWHERE = "a team", "a severity", "an outcome", "something that stands nowhere"

_NAMED = {
    "critical": r"critical(?:ly)?|kritisch\w*|critique|cr[ií]tic[oa]s?|critico|critica|kritiek|krytyczn\w+",
    "high": r"high|hoch|hohe[rsn]?|élevée?|haute?|alt[oa]|hoog|wysok\w+",
    "medium": r"medium|mittel|mittlere[rsn]?|moyenne?|medi[oa]|médi[oa]|gemiddeld|średni\w*",
    "low": r"low|niedrige?[rsn]?|gering\w*|basse|faible|baj[oa]|baix[oa]|bass[oa]|laag|nisk\w+",
}
_SCALE = (
    r"severity|priority|urgency|schweregrad\w*|dringlichkeit|priorität|gravité|sévérité|priorité|gravedad|severidad|"
    r"prioridad|gravidade|severidade|prioridade|gravità|priorità|ernst|prioriteit"
)
_GRADE = {severity: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for severity, words in _NAMED.items()}
_ON_SCALE = re.compile(rf"\b(?:{_SCALE})\b", re.IGNORECASE)
_CAPITAL = {
    "high": re.compile(r"\bHigh\b(?! [A-Z])"),
    "medium": re.compile(r"\bMedium\b"),
    "low": re.compile(r"\bLow\b"),
}
_CODED = re.compile(r"\b(?:P[0-5]|SEV(?:ERITY)?[- ]?[0-5])\b", re.IGNORECASE)
_TEAMS = {
    "l2_support": re.compile(r"\b(?:L[23]|second[- ]level|tier[- ]?[23])\b", re.IGNORECASE),
    "engineering": re.compile(r"\bEngineering\b|\b(?:engineers|developers|entwickl(?:er|ung)\w*|ingénieurs)\b", re.I),
    "product": re.compile(r"\bProduct\b(?! [A-Z])|\bproduct (?:team|management|managers?)\b"),
    "security": re.compile(r"\bSecurity\b(?! [A-Z])|\bsecurity (?:team|incident response)\b"),
    "leadership": re.compile(r"\bLeadership\b|\bleadership\b|\bGeschäftsführung\b|\bdirection générale\b"),
}
_ESCALATES = re.compile(r"\b(?:escal|eskal)\w+", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not?|never|without|nicht|kein\w*|ohne|pas|aucune?|sans|sin|não|sem|non|senza|niet|geen)\b|n['’]t\b",
    re.IGNORECASE,
)
_TRACED = ("untraceable_number", "untraceable_date", "untraceable_time", "untraceable_quote", "untraceable_id")


class Listener:
    """Hears a model's answer for one turn. `moves`: facts change in this turn, so the decision is not to be named."""

    def __init__(self, result: Escalation, heard: Ticket, *, moves: bool) -> None:
        self._decision = result.decision
        self._moves = moves
        self._known: Sources = sources(
            heard, result.context, result.decision, result.facts, result.decision.decided_at, ""
        )

    def objection(self, sentence: str) -> str:
        """What a sentence states that is not for the model to state; empty if it may be said."""
        bare = _without_quotes(sentence, self._known)
        said = _severities(bare)
        if said and (self._moves or said != {self._decision.severity}):
            return SEVERITY
        teams = {team for team, known in _TEAMS.items() if known.search(bare)}
        if teams and (self._moves or not teams <= _decided(self._decision)):
            return TEAM
        if _ESCALATES.search(bare) and (self._moves or _escalates(bare) != (self._decision.outcome == "escalate")):
            return OUTCOME
        field = Field(PLACE, sentence, "fact")
        found = check_trace((field,), Check(self._known, Proven(), limit=None, translated=True))
        return NOWHERE if any(finding.code in _TRACED for finding in found) else ""


def sentences(text: str, *, whole: bool) -> list[str]:
    """The sentences that are complete. `whole`: no more will come, so the last one is complete too."""
    found = split_sentences(text)
    return found if whole else found[:-1]


def _without_quotes(sentence: str, known: Sources) -> str:
    """Words that are quoted from the ticket are the ticket's, not the model's."""
    for quote in reversed(quoted_strings(sentence)):
        if known.holds(quote.text):
            sentence = sentence[: quote.start] + "…" + sentence[quote.end :]
    return sentence


def _severities(text: str) -> set[str | None]:
    if _CODED.search(text):
        return {"code"}
    scaled = _ON_SCALE.search(text) is not None
    return {
        severity
        for severity, named in _GRADE.items()
        if named.search(text)
        and (severity == "critical" or scaled or (severity in _CAPITAL and _CAPITAL[severity].search(text)))
    }


def _decided(decision: Decision) -> set[str]:
    named: set[str] = {team for team in (decision.owner, decision.next_hop) if team is not None}
    return named | {"leadership"} if decision.leadership else named


def _escalates(text: str) -> bool:
    return _DENIES.search(text) is None
