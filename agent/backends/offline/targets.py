"""The lines that a target needs beyond the common ones (the seed's "What to include")."""

from agent.backends.offline.evidence import line, of_claim, retold, said, standing, values
from agent.backends.offline.message import moment
from agent.backends.offline.wording import say
from schemas.brief import TargetLabel, TargetLine
from schemas.context import Context
from schemas.decision import Decision
from schemas.facts import Claim, Facts
from schemas.ticket import Ticket
from schemas.vocabulary import GROUPS

UNKNOWN = "Unknown"


def target_lines(
    ticket: Ticket,
    context: Context,
    facts: Facts,
    decision: Decision,
    order: tuple[Claim, ...],
    title: str,
    *,
    in_steps: bool,
) -> tuple[TargetLine, ...]:
    """One line for each label that the decision's owner needs, 'Unknown' where nobody says it.

    `in_steps`: the environment stands under the reproduction and is not said again.
    """
    from agent.validate.target import required_labels

    made: dict[str, str] = {
        "Customer context": _account(ticket, context, facts, environment=not in_steps),
        "Business context": _business(ticket, context, facts),
        "Customer timeline": _timeline(facts),
        "Logs or errors": _errors(facts),
        "Customer use case": _first(facts, "use_case") or (said(order[0]) if order else UNKNOWN),
        "Frequency of request": _first(facts, "request_frequency") or UNKNOWN,
        "Competitive pressure": _first(facts, "competitive_pressure") or UNKNOWN,
        "Observed": _told(standing(facts.signals, *GROUPS["security"])) or UNKNOWN,
        "Potentially affected": _affected(facts),
        "Containment so far": _first(facts, "containment_step")
        or "Unknown: no containment step was found in the ticket",
        "Urgency": _urgency(decision),
        "Decision needed": say("ask", decision.ask or "decide", title=title),
    }
    labels: tuple[TargetLabel, ...] = required_labels(decision.owner)
    return tuple(TargetLine(label=label, text=made[label]) for label in labels)


def _first(facts: Facts, kind: str) -> str:
    return _told(standing(facts.measures, kind))


def _told(claims: tuple[Claim, ...]) -> str:
    return " ".join(retold([of_claim(claim) for claim in claims[:2]]))


def _account(ticket: Ticket, context: Context, facts: Facts, *, environment: bool = True) -> str:
    account = context.account
    parts: list[str] = []
    names = [c.subject for c in standing(facts.accounts, "reporter") if c.subject != "reporter"]
    name = (account.name if account else None) or (names[0] if names else None)
    if name:
        parts.append(f"Account: {line(name)}")
    if ticket.reporter:
        parts.append(f"Reporter: {line(ticket.reporter)}")
    plan = (account.plan if account else None) or values(standing(facts.accounts, "plan")[:1])
    if plan:
        parts.append(f"Plan: {plan}")
    if account and account.annual_value is not None:
        parts.append(f"Annual value: {account.annual_value:f} {account.currency or ''}".rstrip())
    elif worth := values(standing(facts.accounts, "annual_value")[:1]):
        parts.append(f"Annual value: {worth}")
    renewal = (
        account.renewal_date.isoformat()
        if account and account.renewal_date
        else values(standing(facts.measures, "renewal_date")[:1])
    )
    if renewal:
        parts.append(f"Renewal: {renewal}")
    if environment and (known := values(standing(facts.measures, "environment")[:1])):
        parts.append(f"Environment: {known}")
    return "; ".join(parts) or UNKNOWN


def _business(ticket: Ticket, context: Context, facts: Facts) -> str:
    telling = standing(facts.signals, *GROUPS["business"], "waiting_too_long", "no_progress", "sla_breached")
    quotes = _told(telling)
    account = _account(ticket, context, facts)
    return " ".join(part for part in (account + "." if account != UNKNOWN else "", quotes) if part) or UNKNOWN


def _timeline(facts: Facts) -> str:
    labels = (
        ("opened", "Opened"),
        ("started", "Started"),
        ("last_customer_update", ""),
        ("deadline_wanted", "Wanted by"),
        ("go_live_date", "Go-live"),
        ("renewal_date", "Renewal"),
    )
    parts = [
        f"{label}: {shown}" for kind, label in labels if label and (shown := values(standing(facts.measures, kind)[:1]))
    ]
    if facts.opened and not any(part.startswith("Opened") for part in parts):
        parts.insert(0, f"Opened: {facts.opened:%Y-%m-%d}")
    return "; ".join(parts) or UNKNOWN


def _errors(facts: Facts) -> str:
    messages = [f"“{line(c.value or c.quote)}”" for c in standing(facts.measures, "error_message")[:3]]
    codes = values(standing(facts.measures, "error_code")[:3])
    return "; ".join([*dict.fromkeys(messages), *([f"Code: {codes}"] if codes else [])]) or UNKNOWN


def _affected(facts: Facts) -> str:
    counts = values(standing(facts.measures, "records_affected", "users_affected", "customers_affected")[:3])
    scope = next((f"“{line(c.quote)}”" for c in standing(facts.scopes)), "")
    exposed = next((f"“{line(c.quote)}”" for c in standing(facts.signals, "data_exposure")), "")
    return "; ".join(part for part in (counts, scope or exposed) if part) or UNKNOWN


def _urgency(decision: Decision) -> str:
    grade = (decision.severity or "unknown").capitalize()
    by = decision.acknowledge_by or decision.deadline
    return f"{grade}; acknowledge by {moment(by)}" if by else grade
