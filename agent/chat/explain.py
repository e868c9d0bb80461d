"""Why, in the program's own words: from the decision and the facts, with no model.

A topic is `decision`, `severity`, `target`, `deadline`, `questions` or `changes`, or the id of a rule or of a fact.
"""

from collections.abc import Iterable

from agent.chat import secrets
from agent.errors import BadInput
from agent.render import render_decision, words
from agent.render.formats import text_environment
from agent.render.report import Reason, glance
from schemas.decision import Decision, FiredRule
from schemas.escalation import Escalation
from schemas.facts import Claim

TOPICS = ("decision", "severity", "target", "deadline", "questions", "changes")
Part = tuple[str, list[str]]


def explain(topic: str, result: Escalation) -> str:
    """The answer as text. Raises BadInput for something that this result does not know."""
    decision = result.decision
    wanted = topic.strip() or "decision"
    if wanted.lower() == "decision":
        return render_decision(decision, result.facts, "text", width=0)
    parts = _topic(wanted.lower(), result)
    if parts is None:
        rules = [rule for rule in decision.rules if rule.id == wanted.upper()]
        parts = [(_headline(rule), _about(rule, result)) for rule in rules]
    if not parts:
        claim = next((c for c in (*result.facts.claims(), *result.facts.removed) if c.id == wanted.lower()), None)
        if claim is None:
            raise BadInput(
                f"{wanted[:40]!r}: expected {', '.join(TOPICS)}, a rule that fired, or the id of a fact; see /facts"
            )
        parts = [(f"{claim.id}: {secrets.masked(words.claim_label(claim), result.facts)}", _claim(claim, result))]
    return _written(parts)


def _written(parts: list[Part]) -> str:
    template = text_environment(0, False).get_template("chat/answer.txt.j2")
    return template.render(parts=[part for part in parts if part[1]])


def _topic(topic: str, result: Escalation) -> list[Part] | None:
    decision = result.decision
    if topic == "severity":
        return _severity(decision, result)
    if topic == "target":
        return _target(decision, result)
    if topic == "deadline":
        rows = glance(decision, result.facts, words.zone_of(result.context)).clock
        return [("Times", [f"{label}: {value}" for label, value in rows]), _changes(decision)]
    if topic == "questions":
        asked = [f"{words.ASKED[q.ask]}: {q.text}" + (f" (why: {q.why})" if q.why else "") for q in decision.questions]
        return [("Questions", asked or ["Nothing is open that would change the decision."])]
    return [_changes(decision)] if topic == "changes" else None


def _severity(decision: Decision, result: Escalation) -> list[Part]:
    carry = [rule for rule in decision.rules if rule.severity is not None]
    counting = [rule for rule in carry if rule.state != "overridden" and rule.severity == decision.severity]
    rest = [f"{_headline(rule)}: {rule.because}" for rule in carry if rule not in counting]
    if decision.severity is None:
        none = f"None: {words.outcome(decision)}. Only an escalation has a severity."
        return [("Severity", [none]), ("Rules with a severity", rest), _changes(decision)]
    found = [line for rule in counting for line in (_headline(rule), *_about(rule, result))]
    return [(f"Severity: {words.severity_label(decision.severity)}", found), ("Others", rest), _changes(decision)]


def _target(decision: Decision, result: Escalation) -> list[Part]:
    decides = [rule for rule in decision.rules if rule.state == "decides"]
    found = [line for rule in decides for line in (_headline(rule), *_about(rule, result))]
    others = [f"{_headline(r)}: {r.because}" for r in decision.rules if r.state != "decides" and r.owner is not None]
    reason = glance(decision, result.facts).no_reason
    return [(words.outcome(decision), found or [reason]), ("Others", others), _changes(decision)]


def _changes(decision: Decision) -> Part:
    found = [f"{change.fact} → {change.then}" for change in decision.would_change]
    return ("What would change it", found or ["Nothing that is unknown; only other facts than these."])


def _headline(rule: FiredRule) -> str:
    tags = [words.severity_label(rule.severity)] if rule.severity else []
    tags += [words.owner_label(rule.owner)] if rule.owner else []
    tags += ["overridden"] if rule.state == "overridden" else []
    return f"{rule.id} {rule.clause}" + (f" ({', '.join(tags)})" if tags else "")


def _about(rule: FiredRule, result: Escalation) -> list[str]:
    seen = glance(result.decision, result.facts, words.zone_of(result.context))
    reasons: Iterable[Reason] = (*seen.why, *seen.also, *seen.overridden)
    found = next((reason for reason in reasons if reason.id == rule.id), None)
    if found is None:
        return []
    quoted = [f"“{quote.text}”" + (f" — {quote.who}" if quote.who else "") for quote in found.quotes]
    return [*quoted, *([found.because] if found.because else [])]


def _claim(claim: Claim, result: Escalation) -> list[str]:
    facts = result.facts
    used = [rule.id for rule in result.decision.rules if claim.id in rule.claims]
    lines = [f"“{words.clip(secrets.masked(claim.quote, facts))}”"]
    if claim.evidence is not None:
        lines.append(f"Said by {words.who(claim)}, in: “{words.clip(secrets.sentence(claim, facts))}”")
    reason = words.plain(secrets.masked(claim.reason, facts)) if claim.reason else ""
    lines.append(words.STATUS_WORDS[claim.status] + (f": {reason}" if reason else ""))
    return [*lines, f"Behind {', '.join(used)}" if used else "No rule rests on it"]
