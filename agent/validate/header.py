"""What a brief written as text has beside its fields: the date in its header, and its length."""

from datetime import UTC, datetime

from agent.notation import dates, times
from agent.validate.dating import of_day
from agent.validate.fields import fields, says_nothing
from agent.validate.weekdays import weekday_named
from agent.validate.zones import iana, zones_in
from schemas.brief import Brief
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Finding

MOST_WORDS, CLEARLY_LONG = 550, 700
"""What the guide to writing asks for, and from where on it is said; three of the 71 recorded briefs are longer."""


def length(brief: Brief) -> int:
    """Words of all fields, without labels and without the first message to the customer, which travels apart."""
    return sum(len(part.text.split()) for part in fields(brief) if part.kind != "message")


def check_length(brief: Brief) -> list[Finding]:
    """Advice only: a long brief may be right, but nobody finishes it in two minutes."""
    words = length(brief)
    if words <= CLEARLY_LONG:
        return []
    expected = f"about {MOST_WORDS} words at most, without the message to the customer: each thing said once"
    return [
        Finding(code="brief_long", place="The whole brief", found=f"{words} words", expected=expected, blocking=False)
    ]


def check_date(line: str | None, decision: Decision, context: Context, now: datetime) -> list[Finding]:
    """The `Date:` of the header, if it stands there, is when it was decided or `now`; another time that day is advice.

    The outline prints it; an old outline's date after a new decision, or a day that nobody named, shows here.
    """
    text = (line or "").strip()
    if says_nothing(text):
        return []
    office = iana(context.calendar.timezone) if context.calendar else None
    seen = [m.astimezone(zone) for m in (decision.decided_at, now) for zone in zones_in(text) or [UTC, office or UTC]]
    days = {moment.date() for moment in seen}
    named = {day for day in days for mention in dates(text)[:1] for c in mention.candidates if of_day(c, day)}
    weekday = weekday_named(text)
    expected = f"{decision.decided_at.astimezone(office or UTC):%Y-%m-%d %H:%M %Z}, when it was decided"
    if not named or (weekday is not None and weekday not in {day.weekday() for day in named}):
        return [Finding(code="date_differs", place="Date", found=text[:200], expected=expected)]
    clocks = {(mention.hour, mention.minute) for mention in times(text)}
    if clocks and not clocks & {(moment.hour, moment.minute) for moment in seen}:
        return [Finding(code="date_differs", place="Date", found=text[:200], expected=expected, blocking=False)]
    return []
