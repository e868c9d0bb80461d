"""A turn of a chat without a model: plain requests by their words, and everything else as a statement by support.

English only. What is asked in other words is answered with how to ask it; nothing is guessed.
"""

import re
from collections.abc import Callable

from schemas.chat import Action, ActionKind, Turn
from schemas.escalation import Escalation

NOT_UNDERSTOOD = (
    "No model takes part, so only plain requests are understood, such as “why?”, “show brief”, "
    "“customer says: …” or a statement about the case; /help lists them all."
)
_RULE = re.compile(r"\b[A-Z]{3}-\d{1,2}\b")
_CLAIM = re.compile(
    r"\b(?:issue|signal|workaround|scope|measure|account|person|attempt|reproduction|reference)-\d{1,3}\b"
)
_CUSTOMER = re.compile(
    r"\s*(?:the\s+)?(?:customer|client|user|reporter|she|he|they)\s+(?:has\s+|have\s+)?(?:just\s+)?"
    r"(?:said|says|say|wrote|writes|replied|replies|answered|answers|responded)(?:\s+that|\s+back)?\s*:\s*(?P<words>.+)",
    re.IGNORECASE | re.DOTALL,
)
_WRONG = re.compile(r"\b(?:is|was|are|were)\s+(?:wrong|false|incorrect|not (?:true|right|correct)|a mistake)", re.I)
_TIER = re.compile(
    r"\s*(?:i\s*am|i'm|we\s*are|we're|tier|(?:this|it)(?: is|'s))\s*(?:is|at|on|in|=|:)*\s*(?P<tier>l1|l2|manager)\W*$",
    re.I,
)
_WHY = re.compile(r"\s*(?:but\s+)?(?:why|how come|explain|what is the reason|what makes|on what grounds)\b", re.I)
_CHANGES = re.compile(r"\bwhat (?:would|could|has to|must|needs to)\b.*\bchange|\bwould it take\b|^\s*what if\b", re.I)
_TOPICS = (
    ("deadline", re.compile(r"\b(?:deadline|by when|due|time|sla|when)\b", re.I)),
    ("questions", re.compile(r"\b(?:ask|question|questions)\b", re.I)),
    ("severity", re.compile(r"\b(?:severity|critical|high|medium|low|urgent|priority)\b", re.I)),
    ("target", re.compile(r"\b(?:target|team|whom|engineering|security|product|leadership|l2)\b", re.I)),
)
_SHOW = re.compile(r"\s*(?:show|print|see|display|list|give me|let me see|what(?:'s| is| are| does)?)\b", re.I)
_SHOWN = (
    ("questions", re.compile(r"\bquestions\b|\bask\b", re.I)),
    ("findings", re.compile(r"\b(?:findings?|missing)\b", re.I)),
    ("steps", re.compile(r"\b(?:steps?|next)\b", re.I)),
    ("facts", re.compile(r"\bfacts?\b", re.I)),
    ("message", re.compile(r"\b(?:message|update)\b", re.I)),
    ("decision", re.compile(r"\b(?:decision|decided|verdict)\b", re.I)),
    ("brief", re.compile(r"\bbrief\b", re.I)),
    ("ticket", re.compile(r"\bticket\b", re.I)),
)
_WRITE = re.compile(r"\b(?:write|draft|make|give|need|send|prepare|shorter|friendlier|tone|formal|rephrase)\b", re.I)
_TO_CUSTOMER = re.compile(
    r"\b(?:customer|client)\b.*\b(?:update|message|reply|mail|answer)\b"
    r"|\b(?:update|message|reply|mail|answer)\b.*\b(?:customer|client|them)\b",
    re.I,
)
_SAVE = re.compile(
    r"\s*save\b(?:\s+(?:it|this|that|all|everything|the \w+))?(?:\s+(?:as|to|in|into|under))?\s*(?P<name>\S+)?\s*$",
    re.I,
)
_COPY = re.compile(r"\s*copy\b(?:\s+(?:it|the))?(?:\s+(?P<what>brief|message|update|decision|questions))?\W*$", re.I)
_RECORD = re.compile(r"\s*(?:please\s+)?(?:open|record|track|put|log|write|follow)\b.*\bledger\b", re.I)
_UNDO = re.compile(r"\s*(?:undo|take (?:it|that) back|forget (?:it|that)|revert)\b\W*(?:that)?\W*$", re.I)
_DEADLINE = re.compile(r"\s*(?:(?:please\s+)?(?:set|move|change|make|put|bring|extend)\b.*)?\bdeadline\b.*\d", re.I)
_QUESTION = re.compile(r"\s*(?:who|what|when|where|which|how)\b", re.I)


def turn(words: str, result: Escalation) -> Turn:
    """What follows from these words, by the first rule that knows them."""
    for rule in (_undone, _relayed, _withdrawn, _held, _kept, _written, _asked_why, _another_time, _shown):
        done = rule(words, result)
        if done is not None:
            return Turn(actions=done, say="")
    asks = words.rstrip().endswith("?") or _QUESTION.match(words) is not None
    if asks or len(words.split()) < 2:
        return Turn(actions=(), say=NOT_UNDERSTOOD)
    return Turn(actions=(_do("support_said", text=words.strip()),), say="")


Found = tuple[Action, ...] | None
Rule = Callable[[str, Escalation], Found]


def _do(kind: ActionKind, target: str = "", text: str = "") -> Action:
    return Action(kind=kind, target=target, text=text)


def _undone(words: str, _: Escalation) -> Found:
    return (_do("undo"),) if _UNDO.match(words) else None


def _relayed(words: str, _: Escalation) -> Found:
    relayed = _CUSTOMER.fullmatch(words)
    return (_do("customer_said", text=relayed["words"].strip()),) if relayed else None


def _withdrawn(words: str, _: Escalation) -> Found:
    claim = _CLAIM.search(words)
    return (_do("withdraw", claim.group(), words.strip()),) if claim and _WRONG.search(words) else None


def _held(words: str, _: Escalation) -> Found:
    tier = _TIER.match(words)
    return (_do("tier", {"l1": "L1", "l2": "L2", "manager": "manager"}[tier["tier"].lower()]),) if tier else None


def _kept(words: str, _: Escalation) -> Found:
    if save := _SAVE.match(words):
        return (_do("save", text=save["name"] or ""),)
    if copy := _COPY.match(words):
        what = (copy["what"] or "brief").lower()
        return (_do("copy", "message" if what == "update" else what),)
    return (_do("record"),) if _RECORD.match(words) else None


def _written(words: str, _: Escalation) -> Found:
    wanted = _TO_CUSTOMER.search(words) and _WRITE.search(words) and not _WHY.match(words)
    return (_do("customer_message"),) if wanted else None


def _asked_why(words: str, _: Escalation) -> Found:
    if _CHANGES.search(words):
        return (_do("explain", "changes"),)
    if not _WHY.match(words):
        return None
    named = _RULE.search(words) or _CLAIM.search(words)
    if named:
        return (_do("explain", named.group()),)
    return (_do("explain", next((topic for topic, known in _TOPICS if known.search(words)), "decision")),)


def _another_time(words: str, _: Escalation) -> Found:
    asks = words.rstrip().endswith("?")
    return (_do("deadline", text=words.strip()),) if _DEADLINE.match(words) and not asks else None


def _shown(words: str, _: Escalation) -> Found:
    plain = words.strip(" .!?").lower()
    if not _SHOW.match(words) and len(plain.split()) > 2:
        return None
    what = next((name for name, known in _SHOWN if known.search(words)), None)
    return (_do("show", what),) if what else None
