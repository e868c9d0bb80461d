"""Revenue and reported claims: what nobody entitled confirmed is not written as a fact (policy 2.5 and 5)."""

import re

from agent.notation import Number, numbers
from agent.validate.fields import Field, says_nothing
from schemas.brief import Brief
from schemas.context import Context
from schemas.escalation import Finding
from schemas.facts import Claim, Facts
from schemas.ticket import Ticket

_MARKED = re.compile(
    r"\b(?:reported(?:ly)?|reports?|according to|not confirmed|unconfirmed|unverified|claims?|claimed|says?"
    r"|said|states?|stated|per (?:the )?(?:customer|reporter)|customer['’]s (?:estimate|figure|words|account)"
    r"|alleged(?:ly)?|estimate[sd]?|to be confirmed|confirmation pending|laut|según|selon|segundo|gemeldet)\b",
    re.IGNORECASE,
)
_MONEY_WORD = re.compile(
    r"\b(?:arr|mrr|revenue|contract|per year|a year|p\.a\.|annual\w*|renewal|deal|umsatz)\b", re.IGNORECASE
)
_COUNTS = {
    "customers_affected", "other_customers_affected", "customers_same_cause", "other_customers_same_cause",
    "users_affected", "records_affected",
}  # fmt: skip


def check_claims(
    parts: tuple[Field, ...], brief: Brief, facts: Facts, ticket: Ticket, context: Context
) -> list[Finding]:
    """Money that only the customer named, and counts that are only reported, stated without saying so."""
    return _revenue(parts, brief, facts, ticket, context) + _reported(brief, facts)


def _revenue(parts: tuple[Field, ...], brief: Brief, facts: Facts, ticket: Ticket, context: Context) -> list[Finding]:
    known: set[object] | None = None
    derived = {value for d in brief.derivations for number in numbers(d.value) for value in number.candidates}
    found = []
    for part in parts:
        if part.place not in ("IMPACT: Revenue at risk", "Business context") or says_nothing(part.text):
            continue
        for number in numbers(part.text):
            if not _is_money(number, part.text):
                continue
            known = _confirmed_money(facts, ticket, context) if known is None else known
            if known.intersection(number.candidates):
                continue
            if derived.intersection(number.candidates) or _MARKED.search(part.text):
                continue
            found.append(
                Finding(
                    code="revenue_unconfirmed",
                    place=part.place,
                    found=number.text,
                    expected="an amount from context or support; else marked 'reported, not confirmed', or 'Unknown'",
                )
            )
    return found


def _is_money(number: Number, text: str) -> bool:
    if number.currency:
        return True
    near = text[max(0, number.start - 20) : number.end + 25]
    return number.value >= 1000 and not number.percent and bool(_MONEY_WORD.search(near))


def _confirmed_money(facts: Facts, ticket: Ticket, context: Context) -> set[object]:
    """Amounts of the context, of grounded claims by support or system, and of what staff wrote in the ticket."""
    texts = []
    if context.account and context.account.annual_value is not None:
        texts.append(f"{context.account.annual_value}")
    claims = [
        claim for claim in (*facts.measures, *facts.accounts) if claim.kind in ("revenue_at_risk", "annual_value")
    ]
    texts += [
        claim.value for claim in claims if claim.asserted_by in ("support", "system") and claim.status == "counts"
    ]
    written = ticket.without_asked()
    texts += [written[m.start : m.end] for m in ticket.messages if m.speaker in ("support", "system")]
    if ticket.messages:
        texts.append(ticket.text[: ticket.messages[0].start])
    return {value for text in texts for number in numbers(text) for value in number.candidates}


def _reported(brief: Brief, facts: Facts) -> list[Finding]:
    lines = (("IMPACT: Customers affected", brief.customers_affected), ("ESCALATION", brief.headline))
    found = []
    for claim in facts.measures:
        if claim.kind not in _COUNTS or claim.status != "reported" or _also_counts(claim, facts):
            continue
        wanted = {value for number in numbers(claim.value) for value in number.candidates if value > 1}
        for place, text in lines:
            if _MARKED.search(text) or not any(wanted.intersection(number.candidates) for number in numbers(text)):
                continue
            expected = f"'reported, not confirmed': only {claim.asserted_by} says {claim.quote[:80]!r}"
            found.append(
                Finding(
                    code="reported_as_confirmed",
                    place=place,
                    found=claim.value[:200],
                    expected=expected,
                )
            )
    return found


def _also_counts(claim: Claim, facts: Facts) -> bool:
    values = {value for number in numbers(claim.value) for value in number.candidates}
    others = (other for other in facts.measures if other.status == "counts" and other.kind in _COUNTS)
    return any(values.intersection(number.candidates) for other in others for number in numbers(other.value))
