"""What the ledger calls a ticket, its account, its area and its subject, from what is known of it. Pure."""

from schemas.context import Context
from schemas.facts import Facts
from schemas.ticket import Ticket

LONGEST = 200


def ticket_of(ticket: Ticket, facts: Facts, context: Context) -> str:
    """By what the ledger knows the ticket: its id, or the text that it had at first where it has none."""
    return context.ticket_id or ticket.id or facts.ticket_id or f"sha256:{origin_of(ticket)[:16]}"


def origin_of(ticket: Ticket) -> str:
    """The hash of the text that it had at first, whatever was said since."""
    return ticket.origin or ticket.sha256


def account_of(facts: Facts, context: Context) -> str | None:
    """The reporting account, from context, else as the ticket names it."""
    if context.account is not None and context.account.name:
        return context.account.name
    named = [c.subject for c in facts.accounts if c.kind == "reporter" and c.status in ("counts", "reported")]
    return next((name for name in named if name.casefold() not in ("", "reporter")), None)


def area_of(facts: Facts) -> str | None:
    """The product area, as the ticket names it."""
    return next((claim.value or claim.quote for claim in facts.measures if claim.kind == "product_area"), None)


def subject_of(ticket: Ticket, facts: Facts) -> str:
    """What the ticket is about, in its own line: its subject, else the first issue, else how it begins."""
    text = ticket.subject or next((claim.value for claim in facts.issues if claim.value), "") or ticket.text[:LONGEST]
    return " ".join(text.split())[:LONGEST]
