"""What a person reads of a result, in reading order, as plain values for the templates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

from agent.render import words
from schemas.decision import Decision, FiredRule, Question
from schemas.escalation import Escalation
from schemas.facts import Facts

LONGEST_SECRET = 200
"""Characters of a quote that is masked as a secret."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the ticket and who says them. `claim` is "" for a quote that no claim of this result carries."""

    text: str
    who: str
    claim: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule and what made it fire. `tags` are its class, severity and owner in words; `number` counts from 1."""

    number: int
    id: str
    clause: str
    because: str
    tags: tuple[str, ...]
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A claim that does not count, with the reason."""

    status: str
    label: str
    quote: str
    who: str
    reason: str
    claim: str


@dataclass(frozen=True, slots=True)
class Glance:
    """The decision for a reader in a hurry."""

    outcome: str
    severity: str
    clock: tuple[tuple[str, str], ...]
    why: tuple[Reason, ...]
    no_reason: str
    also: tuple[Reason, ...]
    overridden: tuple[Reason, ...]
    leadership: tuple[str, ...]
    need_to_know: bool
    questions: tuple[Question, ...]
    would_change: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    issues: tuple[str, ...]
    person: str
    doubts: tuple[Doubt, ...]
    known: tuple[Quote, ...]


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets that stand in the ticket: a report travels further than a ticket."""
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    return text


def secrets_of(facts: Facts) -> tuple[str, ...]:
    """The quotes that hold a secret, longest first. A quote as long as a paragraph is no secret by itself."""
    quotes = {claim.quote for claim in facts.signals if claim.kind == "secret_in_ticket" and claim.quote.strip()}
    return tuple(sorted((quote for quote in quotes if len(quote) <= LONGEST_SECRET), key=lambda q: (-len(q), q)))


def _quotes(rule: FiredRule, facts: Facts, zone: tzinfo | None) -> tuple[Quote, ...]:
    secrets = secrets_of(facts)
    claims = {claim.id: claim for claim in facts.claims()}
    quotes: dict[str, Quote] = {}
    for claim in (claims[key] for key in rule.claims if key in claims):
        shown = words.clip(masked(claim.quote, secrets))
        quotes.setdefault(claim.quote, Quote(shown, words.who(claim, zone), claim.id))
    for text in rule.quotes:
        quotes.setdefault(text, Quote(words.clip(masked(text, secrets)), "", ""))
    return tuple(quotes.values())


def _reason(number: int, rule: FiredRule, facts: Facts, zone: tzinfo | None) -> Reason:
    tags: list[str] = [rule.rule_class]
    if rule.severity is not None:
        tags.append(words.severity_label(rule.severity))
    if rule.owner is not None:
        tags.append(words.owner_label(rule.owner))
    return Reason(number, rule.id, rule.clause, rule.because, tuple(tags), _quotes(rule, facts, zone))


def _clock(decision: Decision, zone: tzinfo | None) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    if decision.acknowledge_by is not None:
        rows.append(("Acknowledge by", words.when(decision.acknowledge_by, zone)))
    if decision.deadline is not None:
        basis = f" ({decision.deadline_basis})" if decision.deadline_basis else ""
        rows.append(("Deadline", words.when(decision.deadline, zone) + basis))
    if decision.expedite:
        rows.append(("Notify now", f"{words.owner_label(decision.owner)}, at the same time as the next hop"))
    if decision.outcome == "escalate" or decision.sla.state != "unknown":
        rows.append(("SLA", words.sla(decision)))
    if decision.cadence is not None:
        rows.append(("Updates", decision.cadence.rule))
        for label, due, over in (
            ("Internal update", decision.cadence.internal_due, decision.cadence.internal_overdue),
            ("Customer update", decision.cadence.customer_due, decision.cadence.customer_overdue),
        ):
            rows.append((label, f"due {words.when(due, zone)}, overdue {words.when(over, zone)}"))
    rows.append(
        ("Tier", decision.tier + (" (assumed: neither given nor in the ticket)" if decision.tier_assumed else ""))
    )
    if decision.high_value is not None:
        rows.append(("Account", "high-value" if decision.high_value else "not high-value"))
    elif decision.outcome != "handle":
        rows.append(("Account", "value unknown, so not treated as high-value"))
    return tuple(rows)


def _no_reason(decision: Decision, facts: Facts) -> str:
    if not facts.understandable:
        return "The ticket does not say what is wrong or wanted."
    if decision.outcome == "needs_info":
        return "What would decide is claimed but not confirmed; the questions below settle it."
    return "No rule fires: nothing in the ticket calls for another team."


def _person(decision: Decision, zone: tzinfo | None) -> str:
    if decision.override is None:
        return ""
    override = decision.override
    said = f"{override.by} decided on {words.when(override.at, zone)}: {override.why}"
    if decision.own_view is not None:
        own = decision.own_view
        said += f" (the rules alone: {words.view(own.outcome, own.owner, own.severity)})"
    return said


def _doubts(facts: Facts, zone: tzinfo | None) -> Iterable[Doubt]:
    secrets = secrets_of(facts)
    for claim in facts.claims() + facts.removed:
        if claim.status != "counts":
            said = words.who(claim, zone) if claim.evidence is not None else ""
            takes_back = claim.status == "withdrawn" and claim.reason.startswith("takes back")
            yield Doubt(
                "Takes back" if takes_back else words.STATUS_WORDS[claim.status],
                words.claim_label(claim),
                words.clip(masked(claim.quote, secrets)),
                said,
                words.plain(claim.reason),
                claim.id,
            )


def glance(decision: Decision, facts: Facts, zone: tzinfo | None = None) -> Glance:
    """The decision and its reasons in words. `zone` None leaves each time in the zone it came in."""
    reasons = [(rule, _reason(number, rule, facts, zone)) for number, rule in enumerate(decision.rules, 1)]
    leading = [f"{rule.id}: {rule.clause}" for rule in decision.rules if rule.leadership and rule.state != "overridden"]
    return Glance(
        outcome=words.outcome(decision),
        severity=words.severity_label(decision.severity) if decision.severity is not None else "",
        clock=_clock(decision, zone),
        why=tuple(reason for rule, reason in reasons if rule.state == "decides"),
        no_reason=_no_reason(decision, facts),
        also=tuple(reason for rule, reason in reasons if rule.state == "fired"),
        overridden=tuple(reason for rule, reason in reasons if rule.state == "overridden"),
        leadership=tuple(leading) if decision.leadership else (),
        need_to_know=decision.owner == "security",
        questions=decision.questions,
        would_change=tuple((change.fact, change.then) for change in decision.would_change),
        notes=tuple(words.plain(note) for note in decision.notes),
        issues=tuple(
            f"Issue {issue.issue}, {issue.title}: {words.view(issue.outcome, issue.owner, issue.severity)}"
            + (f" ({', '.join(issue.rules)})" if issue.rules else "")
            for issue in (decision.issues if len(decision.issues) > 1 else ())
        ),
        person=_person(decision, zone),
        doubts=tuple(_doubts(facts, zone)),
        known=tuple(
            Quote(words.claim_label(claim), words.who(claim, zone), claim.id)
            for claim in facts.claims()
            if claim.status == "counts"
        ),
    )


def others(result: Escalation, zone: tzinfo | None) -> tuple[tuple[str, str, str], ...]:
    """Earlier tickets that are or may be the same: what is known, which ticket, and why. Others are left out.

    Besides the ones that were compared, also those that hang together with them, since the decision counts them too.
    """
    shown = []
    for similar in result.similar:
        if similar.same is False:
            continue
        parts = [similar.ticket, similar.account or "", words.when(similar.reported, zone)]
        if similar.escalation:
            parts.append(f"{similar.escalation}, {(similar.state or '').replace('_', ' ')}")
        why = f"{similar.confirmed_by}: {similar.why}" if similar.same else f"in common: {', '.join(similar.shared)}"
        shown.append(("The same" if similar.same else "Possible, confirm", ", ".join(filter(None, parts)), why))
    named = {similar.ticket for similar in result.similar}
    shown += [
        ("The same", f"{related.ticket}, {related.account}", "belongs to one of these")
        for related in result.context.related
        if related.confirmed_by == "ledger" and related.ticket not in named and shown
    ]
    return tuple(shown)


def steps(result: Escalation, zone: tzinfo | None) -> tuple[tuple[str, str, str], ...]:
    """Who, what, by when (empty when no time is set)."""
    return tuple(
        (step.who, step.what, words.when(step.by, zone) if step.by is not None else "") for step in result.next_steps
    )
