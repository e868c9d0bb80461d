"""What a derivation of a date comes to: the days and months that its words may mean, counted from its anchor."""

from datetime import date

from agent.grounding.fold import fold_text
from agent.notation import Day, dates
from agent.validate.partial import months_behind
from agent.validate.relative import days_behind
from agent.validate.sources import Sources
from schemas.brief import Derivation, Operand


def days_meant(derivation: Derivation, sources: Sources) -> tuple[set[date], list[Day]]:
    """The days, and the months, behind the words of a derivation with two operands: the anchor, the words."""
    anchor, words = derivation.operands
    anchors = anchor_days(anchor, sources)
    days = {day for start in anchors for day in days_behind(words.value, start)}
    months = [month for start in anchors for month in months_behind(words.value, start)]
    if not days and not months:
        days = {day for start in anchors for day in days_behind(words.quote, start)}
    return days, months


def anchor_days(anchor: Operand, sources: Sources) -> list[date]:
    """The dates that an anchor may be: one, or one for each year in play if it names none."""
    if fold_text(anchor.value) in ("now", "today"):
        return [sources.now.date()]
    written = dates(anchor.value) or dates(anchor.quote)
    years = sorted(sources.years)
    found = [
        Day(year, day.month, day.day).as_date()
        for mention in written[:1]
        for day in mention.candidates
        for year in ((day.year,) if day.year else years)
    ]
    return [day for day in found if day is not None]


def of_day(stated: Day, value: date) -> bool:
    """True if the date as stated is this day, or leaves parts of it out."""
    pairs = ((stated.year, value.year), (stated.month, value.month), (stated.day, value.day))
    return all(written is None or written == right for written, right in pairs)


def of_month(stated: Day, month: Day) -> bool:
    """True if the date as stated is this month. Words that name a month name none of its days."""
    return stated.day is None and stated.month == month.month and stated.year in (None, month.year)
