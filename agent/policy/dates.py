"""Dates of the customer that move the deadline: go-live, renewal, the day they asked for (policy section 4, notes)."""

from datetime import date, datetime, timedelta

from schemas.context import Context
from schemas.facts import Facts

# A date without a year means the next such day; one that would be most of a year away was in the past.
NEAR = timedelta(days=330)
LABELS = {"go_live_date": "go-live", "renewal_date": "renewal", "deadline_wanted": "the day the customer asked for"}


def dated_claims(facts: Facts, context: Context, deal: bool, local_now: datetime) -> list[tuple[str, date]]:
    """Label and day of each date of the customer, in order; what does not parse as a day is left out."""
    found = []
    for claim in facts.measures:
        if claim.kind in LABELS and claim.status == "counts" and (deal or claim.kind != "renewal_date"):
            from agent.notation import dates  # here, since most tickets name no such date and start-up counts

            for mention in dates(claim.value) or dates(claim.quote):
                day = resolve(mention.year, mention.month, mention.day, local_now)
                if day is not None:
                    found.append((LABELS[claim.kind], day))
                    break
    if deal and context.account and context.account.renewal_date:
        found.append((LABELS["renewal_date"], context.account.renewal_date))
    return found


def resolve(year: int | None, month: int | None, day: int | None, local_now: datetime) -> date | None:
    """The day meant, or None where month or day is missing or the date has clearly passed."""
    if month is None or day is None:
        return None
    today = local_now.date()
    for candidate in [year] if year else [today.year, today.year + 1]:
        try:
            value = date(candidate, month, day)
        except ValueError:
            continue
        if year or today <= value <= today + NEAR:
            return value
    return None
