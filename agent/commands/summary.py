"""One line on stderr for what a verb found, so that a result in a file need not be opened to know what stands in it."""

from collections import Counter
from datetime import datetime, tzinfo

from schemas.decision import Decision
from schemas.escalation import Finding
from schemas.facts import Facts, Status

_NAMED = 3  # claims or facts named one by one; the rest is a number
_SHOWN = 100  # characters of one
_DOUBTFUL: tuple[Status, ...] = ("reported", "disputed", "withdrawn", "superseded")


def of_facts(facts: Facts) -> str:
    """How many claims count, what became of the others, and what a reader should look at."""
    from agent.grounding.attribution import ATTRIBUTED

    counts = Counter(claim.status for claim in facts.claims())
    doubtful = (f", {counts[status]} {status}" for status in _DOUBTFUL if counts[status])
    parts = [_many(counts["counts"], "claim counts", "claims count") + "".join(doubtful)]
    parts.append(f"{len(facts.removed)} removed" if facts.removed else "none removed")
    moved: dict[str, list[str]] = {}
    for claim in (*facts.claims(), *facts.removed):
        for part in claim.reason.split("; "):
            if part.startswith(ATTRIBUTED):
                moved.setdefault(part, []).append(claim.id)
    parts += [f"{', '.join(_some(ids))} {part}" for part, ids in moved.items()]
    if facts.instructions:
        parts.append(f"{_many(len(facts.instructions), 'passage instructs', 'passages instruct')} whoever reads it")
    if any(claim.kind == "secret_in_ticket" and claim.status != "withdrawn" for claim in facts.signals):
        parts.append("a secret stands in the ticket")
    return "; ".join(parts)


def of_decision(decision: Decision, zone: tzinfo | None) -> str:
    """The decision and what decides it; then what is assumed, open or would change it."""
    from agent.render import words

    said = words.outcome(decision)
    if decision.severity is not None:
        said += f", {words.severity_label(decision.severity)}"
    if decision.deadline is not None:
        said += f", deadline {words.when(decision.deadline, zone)}"
    parts = [said, _decided_by(decision)]
    parts.append(f"tier {decision.tier}{' (assumed)' if decision.tier_assumed else ''}")
    if decision.questions:
        parts.append(_many(len(decision.questions), "question", "questions"))
    if decision.would_change:
        changes = _some([f"{change.fact} → {change.then}" for change in decision.would_change])
        parts.append(f"would change it: {', '.join(changes)}")
    if decision.notes:
        parts.append(_many(len(decision.notes), "note", "notes"))
    return "; ".join(parts)


def of_findings(findings: tuple[Finding, ...], words: int) -> str:
    """Whether the brief is valid, what is only advice, and how long it is."""
    blocking = sum(finding.blocking for finding in findings)
    from agent.render.findings import named

    advice = list(dict.fromkeys(named(finding.code) for finding in findings if not finding.blocking))
    parts = [f"not valid: {_many(blocking, 'finding blocks', 'findings block')}" if blocking else "valid"]
    if advice:
        parts.append(f"advice: {', '.join(advice)}")
    parts.append(f"{words} words without labels and the message to the customer")
    return "; ".join(parts)


def of_age(last: datetime | None, now: datetime) -> str:
    """That the ticket is old, if it is."""
    from agent.age import silence

    past = silence(last, now)
    if not past or last is None:
        return ""
    return (
        f"the last word is of {last:%Y-%m-%d}, {past} before: deadline and updates count from the decision "
        "(`decide --now` looks from another time)"
    )


def _decided_by(decision: Decision) -> str:
    from agent.render import words

    own = decision.own_view
    if decision.override is not None and own is not None:
        return f"{decision.override.by} decided; the rules alone: {words.view(own.outcome, own.owner, own.severity)}"
    return f"decided by {decision.deciding_rule}" if decision.deciding_rule else "no rule decides"


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _some(lines: list[str]) -> list[str]:
    flat = (" ".join(line.split()) for line in lines[:_NAMED])
    shown = [line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…" for line in flat]
    more = len(lines) - _NAMED
    return [*shown, f"{more} more"] if more > 0 else shown
