"""Secrets that only the reader of the ticket knew for one, masked in what a chat shows: it is read over shoulders.

What is a secret by its looks is a placeholder already (agent/redaction); this is for the words that a claim calls one.
"""

import re
from collections.abc import Iterator

from agent.redaction.placeholders import placeholders
from agent.redaction.values import looks_secret
from agent.render import report
from schemas.facts import Claim, Facts

MASK = "[secret]"
_KIND = "secret_in_ticket"
_TOKEN = re.compile(r"[^\s\"“”«»<>]+")
_EDGES = ".,;:!?()[]"
_SHORTEST_WORD = 4
_LEADS = re.compile(r"(?:\b(?:is|are|was|ist|lautet|war|est|es|é)|[:=])\s*\Z", re.IGNORECASE)


def masked(text: str, facts: Facts) -> str:
    """The text without the ticket's secrets: the quotes that hold one, and what looks like one beside such a quote.

    A quote may end before its secret (`My password is`), so the words of its sentence are looked at too.
    """
    claims = [claim for claim in facts.signals if claim.kind == _KIND]
    text = report.masked(text, [quote for quote in report.secrets_of(facts) if " " in quote or looks_secret(quote)])
    for token in sorted(
        {token for claim in claims for token in _beside(claim)}, key=lambda token: (-len(token), token)
    ):
        text = re.sub(rf"(?<!\w){re.escape(token)}(?!\w)", MASK, text)
    return text


def sentence(claim: Claim, facts: Facts) -> str:
    """The sentence that a claim stands in; of one that holds a secret, nothing."""
    if claim.kind == _KIND or claim.evidence is None:
        return MASK
    return masked(claim.evidence.sentence, facts)


def _beside(claim: Claim) -> Iterator[str]:
    if claim.evidence is None:
        return
    evidence = claim.evidence
    behind = max(0, evidence.end - evidence.sentence_start)
    led_to = _LEADS.search(evidence.sentence[:behind]) is not None
    for match in _TOKEN.finditer(evidence.sentence):
        token = match[0].strip(_EDGES)
        first = led_to and match.start() >= behind and not evidence.sentence[behind : match.start()].strip(" :=\"'“")
        if any(placeholders(match[0])):
            continue
        if looks_secret(token) or (first and len(token) >= _SHORTEST_WORD):
            yield token
