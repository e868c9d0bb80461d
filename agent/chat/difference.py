"""What is other than before, a line each: the decision first, then what it rests on."""

from agent.render import words
from schemas.escalation import Escalation
from schemas.facts import Claim


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
    known, now = _claims(before), _claims(after)
    lines += [f"New: {_claim(claim)}" for key, claim in now.items() if key not in known]
    lines += [
        f"{words.STATUS_WORDS[claim.status]}: {_claim(claim)}" + (f" ({claim.reason})" if claim.reason else "")
        for key, claim in now.items()
        if key in known and known[key].status != claim.status
    ]
    return tuple(lines)


def _changed(label: str, old: str, new: str) -> list[str]:
    return [f"{label}: {old} → {new}"] if old != new else []


def _when(moment: object) -> str:
    from datetime import datetime

    return words.when(moment) if isinstance(moment, datetime) else "none"


def _claims(result: Escalation) -> dict[tuple[str, str, str, str], Claim]:
    """By what they say, since ids count anew with every reading."""
    return {(claim.group, claim.kind, claim.value, claim.quote): claim for claim in result.facts.claims()}


def _claim(claim: Claim) -> str:
    return f"{words.claim_label(claim)}: “{words.clip(claim.quote)}”"
