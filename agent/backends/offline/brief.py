"""The brief from facts and decision, without a model: the ticket's own sentences, quoted and attributed.

What nobody said is 'Unknown' and a question. The validator's findings are used once, to take back what a word rule got
wrong, before the brief is handed over.
"""

from datetime import datetime

from agent.backends.offline.evidence import line, said, standing, values, weighted
from agent.backends.offline.message import customer_message, moment
from agent.backends.offline.targets import target_lines
from agent.backends.offline.wording import say, wording
from schemas.brief import Ask, Brief, Reproduction, Tried
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Finding
from schemas.facts import Claim, Facts
from schemas.ticket import Ticket

UNKNOWN = "Unknown"
NOT_APPLICABLE = "Not applicable"
HEADLINE = 150  # code points; the validator allows 200
_SLA = {"breached": "Breached", "at_risk": "At risk", "within": "Within SLA", "unknown": "Unknown"}
_RISKS = (
    "churn_threat",
    "legal_risk",
    "pr_risk",
    "executive_request",
    "waiting_too_long",
    "no_progress",
    "deal_or_renewal_at_risk",
)
_BLOCKING = (
    "work_blocked",
    "service_down",
    "major_function_broken",
    "data_loss",
    "data_exposure",
    "unauthorized_access",
)
_COUNTS = ("customers_affected", "other_customers_affected", "customers_same_cause", "other_customers_same_cause")


def draft(ticket: Ticket, context: Context, facts: Facts, decision: Decision, now: datetime) -> Brief:
    """A brief for this decision. `now` is aware; it is used to check the brief, not to write it."""
    from agent.validate import validate_brief

    brief = _brief(ticket, context, facts, decision, now)
    for _ in range(2):
        findings = [f for f in validate_brief(brief, decision, facts, ticket, context, now) if f.blocking]
        if not findings:
            break
        brief = _taken_back(brief, findings)
    return brief


def _brief(ticket: Ticket, context: Context, facts: Facts, decision: Decision, now: datetime) -> Brief:
    order = weighted(facts, decision)
    title = _title(ticket, facts, order)
    reproduction, missing = _reproduction(facts, decision, order)
    return Brief(
        headline=_headline(title, facts),
        customers_affected=_customers(ticket, context, facts),
        workflow_impact=_workflow(facts, order),
        revenue_at_risk=_revenue(context, facts),
        sla_status=f"{_SLA[decision.sla.state]}: {decision.sla.explanation}"
        if decision.sla.explanation
        else _SLA[decision.sla.state],
        description=_description(facts, order),
        reproduction=reproduction,
        tried=tuple(
            Tried(action=line(c.subject or c.quote), result=line(c.value) if c.value else UNKNOWN)
            for c in standing(facts.attempts)[:8]
        ),
        last_update=_last_update(facts),
        customer_expectation=_expectation(facts),
        escalation_risk=_risk(facts),
        asks=(Ask(verb=decision.ask or "investigate", text=say("ask", decision.ask or "investigate", title=title)),),
        deadline=_deadline(decision, facts, context, now),
        supporting_context=_supporting(ticket, context, facts),
        target_lines=target_lines(ticket, context, facts, decision, order, title),
        leadership_asks=_leadership(decision),
        derivations=(),
        customer_message=customer_message(title, facts, decision, missing),
        questions=_questions(context, facts, decision),
    )


def _title(ticket: Ticket, facts: Facts, order: tuple[Claim, ...]) -> str:
    issue = next(iter(standing(facts.issues)), None)
    words = (issue.value if issue else "") or ticket.subject or (order[0].quote if order else "") or "the ticket"
    return line(words).removesuffix("…").rstrip()


def _headline(title: str, facts: Facts) -> str:
    started = standing(facts.measures, "started")
    since = f", since {line(started[0].value)}" if started and started[0].value else ""
    headline = title + since if started and started[0].value not in title else title
    return headline if len(headline) <= HEADLINE else title[:HEADLINE].rstrip()


def account_name(context: Context, facts: Facts) -> str | None:
    """Name of the reporting account, from context or ticket."""
    if context.account and context.account.name:
        return context.account.name
    named = [c.subject for c in standing(facts.accounts, "reporter") if c.subject and c.subject != "reporter"]
    return named[0] if named else None


def _customers(ticket: Ticket, context: Context, facts: Facts) -> str:
    name = account_name(context, facts)
    parts = [f"The reporting account ({name})" if name else "The reporting customer"]
    if ticket.reporter and not name:
        parts = [f"The reporting customer ({line(ticket.reporter)})"]
    parts += [f"also {c.subject}" for c in standing(facts.accounts, "same_symptoms", "same_cause") if c.subject]
    for label, kinds in (("customers", _COUNTS), ("users", ("users_affected",)), ("records", ("records_affected",))):
        shown = values(standing(facts.measures, *kinds)[:2])
        if shown:
            parts.append(f"{label} affected: {shown}")
    scope = next(iter(standing(facts.scopes)), None)
    if scope is not None:
        parts.append(f"scope reported: “{line(scope.quote)}”")
    return "; ".join(parts)


def _workflow(facts: Facts, order: tuple[Claim, ...]) -> str:
    blocking = [c for kind in _BLOCKING for c in standing(facts.signals, kind)]
    first = next(iter(blocking), None) or next((c for c in order if c.group in {"signal", "issue"}), None)
    return said(first) if first is not None else UNKNOWN


def _revenue(context: Context, facts: Facts) -> str:
    account = context.account
    if account and account.annual_value is not None:
        return (
            f"Annual value of the account: {account.annual_value:f} {account.currency or ''}".rstrip()
            + " (from context)"
        )
    stated = [
        c for c in standing(facts.accounts, "annual_value") + standing(facts.measures, "revenue_at_risk") if c.value
    ]
    counted = [c for c in stated if c.status == "counts" and c.asserted_by in {"support", "system"}]
    if counted:
        voice = "support" if counted[0].asserted_by == "support" else "the help desk"
        return f"{line(counted[0].value)} (stated by {voice})"
    return f"Reported by the customer, not confirmed: {line(stated[0].value)}" if stated else UNKNOWN


def _description(facts: Facts, order: tuple[Claim, ...]) -> str:
    telling = [claim for claim in order if len(claim.quote.split()) > 1 or not claim.quote.isascii()]
    telling.sort(key=lambda claim: claim.group != "issue")  # what it is about, then what decides
    voices: set[str] = set()
    sentences: list[str] = []
    for claim in telling[:4]:
        sentences.append(said(claim, again=claim.asserted_by in voices))
        voices.add(claim.asserted_by)
    measures = {c.kind for c in standing(facts.measures)}
    signals = {c.kind for c in standing(facts.signals)}
    padding = (
        ("no_start", "started" not in measures),
        ("no_extent", not measures & {"users_affected", "customers_affected"} and not standing(facts.scopes)),
        ("no_cause", not signals & {"bug_confirmed", "code_change_needed"}),
        ("no_workaround", not standing(facts.workarounds)),
    )
    for name, holds in padding:
        if holds and len(sentences) < 4:
            sentences.append(say("padding", name))
    return " ".join(sentences[:5])


def _reproduction(facts: Facts, decision: Decision, order: tuple[Claim, ...]) -> tuple[Reproduction, tuple[str, ...]]:
    """The reproduction, and the names of what it lacks (keys of the table `gap`)."""
    technical = decision.owner == "engineering" or any(
        r.id.startswith("TEC") and r.state != "overridden" for r in decision.rules
    )
    bug = standing(
        facts.signals, "bug_suspected", "bug_confirmed", "regression", "major_function_broken", "service_down"
    )
    if not technical and not (bug and decision.owner == "l2_support"):
        empty = Reproduction(
            applies=False, steps=(), expected=NOT_APPLICABLE, actual=NOT_APPLICABLE, environment=NOT_APPLICABLE, gaps=()
        )
        return empty, ()
    part = {
        kind: standing(facts.reproduction, kind) for kind in ("start_state", "step", "expected", "actual", "frequency")
    }
    environment = values(standing(facts.reproduction, "environment") + standing(facts.measures, "environment")[:2])
    steps = tuple(line(c.quote) for c in part["start_state"] + part["step"])
    actual = values(part["actual"][:2]) or _seen(facts, order)
    found = {
        "steps": steps,
        "expected": part["expected"],
        "actual": actual,
        "environment": environment,
        "frequency": part["frequency"],
    }
    missing = tuple(name for name, value in found.items() if not value)
    reproduction = Reproduction(
        applies=True,
        steps=steps,
        expected=values(part["expected"][:2]) or UNKNOWN,
        actual=actual or UNKNOWN,
        environment=environment or UNKNOWN,
        gaps=tuple(say("gap", name) for name in missing),
    )
    return reproduction, missing


def _seen(facts: Facts, order: tuple[Claim, ...]) -> str:
    """What happens, as the reporter says it, with the error text where there is one."""
    own = [c for c in order if c.group in {"signal", "issue"} and c.asserted_by != "support"]
    shown = [f"“{line(c.quote)}”" for c in own[:1]]
    errors = [c for c in standing(facts.measures, "error_message") if not any(c.value in text for text in shown)]
    errors.sort(key=lambda c: c.asserted_by != "quoted")  # a log's own words before a sentence about them
    shown += [f"error text: “{line(c.value)}”" for c in errors[:1]]
    return "; ".join(shown)


def _last_update(facts: Facts) -> str:
    updates = standing(facts.measures, "last_customer_update")
    if not updates:
        return UNKNOWN
    last = updates[-1]
    when = last.evidence.time if last.evidence else None
    words = f"support wrote “{line(last.quote)}”"
    return f"{when:%Y-%m-%d}: {words}" if when else words[0].upper() + words[1:]


def _expectation(facts: Facts) -> str:
    parts = [f"“{line(c.quote)}”" for c in standing(facts.measures, "customer_expectation")[:2]]
    wanted = values(standing(facts.measures, "deadline_wanted")[:1])
    if wanted and not any(wanted in part for part in parts):
        parts.append(f"wanted by: {wanted}")
    return "; ".join(parts) or UNKNOWN


def _risk(facts: Facts) -> str:
    for kind in _RISKS:
        for claim in standing(facts.signals, kind):
            return say("risk", kind, quote=line(claim.quote))
    return say("risk", "none")


def _deadline(decision: Decision, facts: Facts, context: Context, now: datetime) -> str:
    from agent.validate.deadline import limit_of

    limit = limit_of(decision, facts, context, now)
    if limit is None:
        return UNKNOWN
    zone = decision.deadline.tzinfo if decision.deadline else None
    return moment(limit.astimezone(zone) if zone else limit)


def _supporting(ticket: Ticket, context: Context, facts: Facts) -> tuple[str, ...]:
    found: list[str] = []
    name = context.ticket_id or ticket.id or facts.ticket_id
    if name:
        found.append(f"Ticket {name}")
    label = {
        "bug_record": "Bug record",
        "same_issue_ticket": "Same issue",
        "ticket": "Ticket",
        "attachment": "Attachment",
    }
    for claim in standing(facts.references):
        text = f"{label.get(claim.kind, claim.kind.capitalize())} {claim.value}"
        if claim.value != name and text not in found:
            found.append(text)
    found += [f"Attachment {name}" for name in ticket.attachments if f"Attachment {name}" not in found]
    if context.bug_record:
        found.append(f"Bug record {context.bug_record}")
    found += [f"Related ticket {related.ticket} ({related.account})" for related in context.related]
    return tuple(found[:12]) or ("The ticket itself; it has no id.",)


def _leadership(decision: Decision) -> tuple[str, ...]:
    if not decision.leadership or decision.owner == "leadership":
        return ()
    known = wording()["leadership"]
    asks = [known[r.id] for r in decision.rules if r.leadership and r.state != "overridden" and r.id in known]
    asks = asks or [known[r.id] for r in decision.rules if r.state != "overridden" and r.id in known]
    return tuple(dict.fromkeys(asks)) or (known["other"],)


def _questions(context: Context, facts: Facts, decision: Decision) -> tuple[str, ...]:
    measures = {c.kind for c in standing(facts.measures)}
    asked = " ".join(question.text for question in decision.questions)
    wanted = (
        ("started", decision.owner in {"engineering", "l2_support", "security"} and "started" not in measures),
        (
            "extent",
            decision.owner != "product"
            and not measures & {"users_affected", "customers_affected"}
            and not facts.scopes,
        ),
        ("containment", decision.owner == "security" and "containment_step" not in measures),
        ("use_case", decision.owner == "product" and "use_case" not in measures),
        ("value", decision.high_value is None and context.account is None and "annual value" not in asked),
    )
    return tuple(say("question", name) for name, holds in wanted if holds)


def _taken_back(brief: Brief, findings: list[Finding]) -> Brief:
    """The brief without what the validator could not trace: the line becomes 'Unknown', the step a gap."""
    changes: dict[str, object] = {}
    places = {finding.place for finding in findings}
    for place, field in _LINES.items():
        if place in places:
            changes[field] = UNKNOWN
    bad = {
        int(p.rsplit(" ", 1)[1])
        for p in places
        if p.startswith("REPRODUCTION STEPS: ") and p[-1].isdigit() and "Missing" not in p
    }
    parts = {
        part for part in ("expected", "actual", "environment") if f"REPRODUCTION STEPS: {part.capitalize()}" in places
    }
    if bad or parts:
        old = brief.reproduction
        steps = tuple(step for number, step in enumerate(old.steps, 1) if number not in bad)
        gaps = [say("gap", name) for name in ("steps", *sorted(parts)) if name != "steps" or bad]
        changes["reproduction"] = old.model_copy(
            update={
                "steps": steps,
                "gaps": tuple(dict.fromkeys((*old.gaps, *gaps))),
                **dict.fromkeys(parts, UNKNOWN),
            }
        )
    tried = {int(p.split(": ")[1].split(" ")[0]) for p in places if p.startswith("WHAT'S BEEN TRIED: ")}
    if tried:
        changes["tried"] = tuple(t for number, t in enumerate(brief.tried, 1) if number not in tried)
    support = {int(p.rsplit(" ", 1)[1]) for p in places if p.startswith("SUPPORTING CONTEXT: ")}
    if support:
        kept = tuple(text for number, text in enumerate(brief.supporting_context, 1) if number not in support)
        changes["supporting_context"] = kept or (UNKNOWN,)
    labels = {t.label for t in brief.target_lines if t.label in places}
    if labels:
        changes["target_lines"] = tuple(
            t.model_copy(update={"text": UNKNOWN}) if t.label in labels else t for t in brief.target_lines
        )
    return brief.model_copy(update=changes)


_LINES = {
    "IMPACT: Customers affected": "customers_affected",
    "IMPACT: Workflow impact": "workflow_impact",
    "IMPACT: Revenue at risk": "revenue_at_risk",
    "CUSTOMER COMMUNICATION: Last update": "last_update",
    "CUSTOMER COMMUNICATION: Customer expectation": "customer_expectation",
    "CUSTOMER COMMUNICATION: Escalation risk": "escalation_risk",
}
