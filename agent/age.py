"""How old a ticket is when somebody decides about it. Deadline and updates count from the decision on."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from schemas.facts import Facts
from schemas.ticket import Ticket

OLD = timedelta(days=30)
"""From this silence on it is said. As long as the policy's window for patterns: what is older is history there too."""


def last_word(ticket: Ticket) -> datetime | None:
    """When the newest message was written; else when the ticket was opened. None where no time is known."""
    return _newest((*(message.time for message in ticket.messages), ticket.opened))


def last_quoted(facts: Facts) -> datetime | None:
    """The newest time behind these facts, for whoever has no ticket at hand. A newer message may be quoted nowhere."""
    quoted = (claim.evidence.time for claim in facts.claims() if claim.evidence is not None)
    return _newest((*quoted, facts.opened))


def silence(last: datetime | None, now: datetime) -> str:
    """Such as `11 years`, if the last word is older than `OLD`; else nothing."""
    if last is None or (past := now - _aware(last)) <= OLD:
        return ""
    years, months = past.days // 365, past.days // 30
    return f"{years} years" if years > 1 else f"{months} months" if months > 1 else f"{past.days} days"


def _newest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), key=_aware, default=None)


def _aware(moment: datetime) -> datetime:
    """A time without a zone may be off by half a day, which is nothing here."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
