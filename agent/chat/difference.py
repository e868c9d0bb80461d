"""What is other than before: the decision first, then what it rests on."""

from dataclasses import dataclass
from datetime import datetime

from agent.chat import secrets
from agent.render import words
from schemas.escalation import Escalation
from schemas.facts import Claim, Facts

MOST_FACTS = 10
"""Lines about facts; a long message holds dozens."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is other. `was` or `now` is "" where there was nothing, or is nothing any more.

    `line`: the same in one line of plain text.
    """

    label: str
    was: str
    now: str
    line: str


def difference(before: Escalation, after: Escalation) -> tuple[Change, ...]:
    """The changes from one result to the next; empty where nothing changed."""
    old, new = before.decision, after.decision
    found = _changed("Outcome", words.outcome(old), words.outcome(new))
    found += _changed("Severity", words.severity_label(old.severity), words.severity_label(new.severity))
    found += _changed("Deadline", _when(old.deadline), _when(new.deadline))
    found += _changed("Tier", old.tier, new.tier)
    before_rules = {rule.id: rule for rule in old.rules if rule.state != "overridden"}
    after_rules = {rule.id: rule for rule in new.rules if rule.state != "overridden"}
    for rule in (rule for key, rule in after_rules.items() if key not in before_rules):
        told = f"{rule.id} {rule.clause}: {rule.because}"
        found.append(Change("Rule", "", told, f"Now fires: {told}"))
    for rule in (rule for key, rule in before_rules.items() if key not in after_rules):
        told = f"{rule.id} {rule.clause}"
        found.append(Change("Rule", told, "", f"No longer fires: {told}"))
    asked = {question.text for question in old.questions}
    open_ = {question.text for question in new.questions}
    found += [Change("Question", text, "", f"No longer asked: {text}") for text in sorted(asked - open_)]
    found += [Change("Question", "", text, f"New question: {text}") for text in sorted(open_ - asked)]
    return (*found, *_facts(before, after))


def _facts(before: Escalation, after: Escalation) -> list[Change]:
    """Facts that are new, or count otherwise than before. A new reading may cut the same words a little differently."""
    found = []
    for claim in after.facts.claims():
        known = next((old for old in before.facts.claims() if _same(old, claim)), None)
        if known is None and claim.group == "person":
            continue  # who typed a note stands over it, and decides nothing
        told = _told(claim, after.facts)
        if known is None:
            found.append(Change("Fact", "", told, f"New: {told}"))
        elif known.status != claim.status:
            reason = f" ({words.plain(secrets.masked(claim.reason, after.facts))})" if claim.reason else ""
            now = f"{words.STATUS_WORDS[claim.status]}: {told}{reason}"
            found.append(Change("Fact", f"{words.STATUS_WORDS[known.status]}: {told}", now, now))
    more = len(found) - MOST_FACTS
    if more <= 0:
        return found
    return [
        *found[:MOST_FACTS],
        Change("Facts", "", f"and {more} more", f"and {more} more facts; /facts lists them all"),
    ]


def _same(old: Claim, new: Claim) -> bool:
    if (old.group, old.kind) != (new.group, new.kind):
        return False
    if old.evidence is None or new.evidence is None:
        return (old.value, old.quote) == (new.value, new.quote)
    return old.evidence.start < new.evidence.end and new.evidence.start < old.evidence.end


def _changed(label: str, old: str, new: str) -> list[Change]:
    return [Change(label, old, new, f"{label}: {old} → {new}")] if old != new else []


def _when(moment: datetime | None) -> str:
    return words.when(moment) if moment is not None else "none"


def _told(claim: Claim, facts: Facts) -> str:
    label = secrets.masked(words.claim_label(claim), facts)
    return f"{label}: “{words.clip(secrets.masked(claim.quote, facts))}”"
