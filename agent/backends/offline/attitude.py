"""How a sentence means what it says: stated, denied, conditional, possible or asked (policy 2.2).

A word rule that ignores this turns "no data loss" into a Critical. The reach of a negator is its clause, as far as a
word rule can tell: up to a contrast ("but"), a cause ("because") or six words, whichever comes first.
"""

import re
from typing import Literal

from agent.backends.offline.lexicon import lists
from agent.backends.offline.passages import Passage

Attitude = Literal["stated", "denied", "conditional", "possible", "asked"]
_REACH = 6  # words between a negator and what it denies; eight over a list
_CLAUSE_END = re.compile(r"[;:()!?]|,|\.\s|\s-\s|\n\s*\n")
_HARD_END = re.compile(r"[;:()!?]|\.\s|\s-\s|\n\s*\n")
_VERB = re.compile(
    r"(?<!\w)(?:is|are|was|were|has|have|had|do|does|did|can|could|will|would|we|i|it|they|you|he|she)(?!\w)"
)
_JAPANESE_DENIAL = re.compile(r"^.{0,12}?(?:ありません|ない|なし|ではな|いません|していない)")


def attitude(passage: Passage, start: int, end: int, language: str) -> Attitude:
    """Of the words `low[start:end]` of the passage."""
    low = passage.low
    if _denied(low, start, end, "en") or (language != "en" and _denied(low, start, end, language)):
        return "denied"
    before = low[:start]
    for tongue in {"en", language}:
        if _stands_in_clause(lists(tongue).get("conditional"), before):
            return "conditional"
    for tongue in {"en", language}:
        if _stands_in_clause(lists(tongue).get("possible"), before[-80:]):
            return "possible"
    return "asked" if passage.is_question else "stated"


def _stands_in_clause(cue: "re.Pattern[str] | None", before: str) -> bool:
    return cue is not None and cue.search(_after_last(_HARD_END, before)) is not None


def _denied(low: str, start: int, end: int, language: str) -> bool:
    if language == "ja":
        return _JAPANESE_DENIAL.match(low[end:]) is not None
    cues = lists(language)
    before = low[max(0, start - 120) : start]
    if language == "en":
        # Blank out what looks like a negator and is none, so that what is left of it does not count.
        before = cues["not_negator"].sub(lambda m: "x" * len(m[0]), before)
    clause = _after_last(_CLAUSE_END, before)
    clause = _after_last(cues["boundary"], clause)
    for negator in cues["negator"].finditer(clause):
        if len(clause[negator.end() :].split()) <= _REACH:
            return True
    reach = _after_last(cues["boundary"], _after_last(_HARD_END, before))
    for denier in cues["denier"].finditer(reach):
        between = reach[denier.end() :]
        if len(between.split()) <= _REACH + 2 and not _VERB.search(between):
            return True
    after = cues.get("denied_after")
    if after is not None:
        tail = low[end : end + 60].lstrip()
        found = after.match(tail)
        return found is not None and not tail[found.end() :].lstrip().startswith(("only", "just"))
    return False


def _after_last(pattern: "re.Pattern[str]", text: str) -> str:
    last = 0
    for found in pattern.finditer(text):
        last = found.end()
    return text[last:]
