"""What is other than before, a line each: the decision first, then what it rests on."""

from datetime import datetime

from agent.chat import secrets
from agent.render import words
from schemas.escalation import Escalation
from schemas.facts import Claim, Facts

MOST_FACTS = 10
"""Lines about facts; a long message holds dozens."""


def difference(before: Escalation, after: Escalation) -> tuple[str, ...]:
    """The changes from one result to the next; empty where nothing changed."""
    old, new = before.decision, after.decision
    lines = _changed("Outcome", words.outcome(old), words.outcome(new))
    lines += _changed("Severity", words.severity_label(old.severity), words.severity_label(new.severity))
    lines += _changed("Deadline", _when(old.deadline), _when(new.deadline))
    lines += _changed("Tier", old.tier, new.tier)
    before_rules = {rule.id: rule for rule in old.rules if rule.state != "overridden"}
    after_rules = {rule.id: rule for rule in new.rules if rule.state != "overridden"}
    lines += [f"Now fires: {r.id} {r.clause}: {r.because}" for key, r in after_rules.items() if key not in before_rules]
    lines += [f"No longer fires: {r.id} {r.clause}" for key, r in before_rules.items() if key not in after_rules]
    asked = {question.text for question in old.questions}
    open_ = {question.text for question in new.questions}
    lines += [f"No longer asked: {text}" for text in sorted(asked - open_)]
    lines += [f"New question: {text}" for text in sorted(open_ - asked)]
    lines += _facts(before, after)
    return tuple(lines)


def _facts(before: Escalation, after: Escalation) -> list[str]:
    """Facts that are new, or count otherwise than before. A new reading may cut the same words a little differently."""
    lines = []
    for claim in after.facts.claims():
        known = next((old for old in before.facts.claims() if _same(old, claim)), None)
        if known is None and claim.group == "person":
            continue  # who typed a note stands over it, and decides nothing
        if known is None:
            lines.append(f"New: {_told(claim, after.facts)}")
        elif known.status != claim.status:
            reason = f" ({secrets.masked(claim.reason, after.facts)})" if claim.reason else ""
            lines.append(f"{words.STATUS_WORDS[claim.status]}: {_told(claim, after.facts)}{reason}")
    more = len(lines) - MOST_FACTS
    return lines if more <= 0 else [*lines[:MOST_FACTS], f"and {more} more facts; /facts lists them all"]


def _same(old: Claim, new: Claim) -> bool:
    if (old.group, old.kind) != (new.group, new.kind):
        return False
    if old.evidence is None or new.evidence is None:
        return (old.value, old.quote) == (new.value, new.quote)
    return old.evidence.start < new.evidence.end and new.evidence.start < old.evidence.end


def _changed(label: str, old: str, new: str) -> list[str]:
    return [f"{label}: {old} → {new}"] if old != new else []


def _when(moment: datetime | None) -> str:
    return words.when(moment) if moment is not None else "none"


def _told(claim: Claim, facts: Facts) -> str:
    label = secrets.masked(words.claim_label(claim), facts)
    return f"{label}: “{words.clip(secrets.masked(claim.quote, facts))}”"
