"""Weekdays by name, and days that a ticket names by weekday and number: `jueves 16`, `Thursday 16th`, `16日（木）`."""

import re
from bisect import bisect_right
from datetime import date, timedelta

from agent.notation import dates
from agent.notation.scan import begins_with, lacks
from schemas.ticket import Ticket

_WEEKDAYS = {
    name: index
    for line in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "mon tue wed thu fri sat sun",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "segunda terça quarta quinta sexta sábado domingo",
        "月曜 火曜 水曜 木曜 金曜 土曜 日曜",
    )
    for index, name in enumerate(line.split())
}
_LATIN = "|".join(sorted((name for name in _WEEKDAYS if "曜" not in name), key=len, reverse=True))
_WEEKDAY = re.compile(rf"(?<!\w)(?:{_LATIN})(?!\w)|[月火水木金土日]曜", re.IGNORECASE)
_NUMBERED = re.compile(
    rf"(?<!\w)(?P<name>{_LATIN})(?:-feira)?,? (?:(?:the|den|dem|le|el|día|dia) )?(?P<day>[0-3]?\d)(?:st|nd|rd|th|er|º)?"
    r"(?![\w%:/-]|[.,]\d| ?(?:h|[ap]\.?m|uhr|o'clock)\b)"
    r"|(?<!\d)(?P<day2>[0-3]?\d)日\s?[（(](?P<name2>[月火水木金土日])",
    re.IGNORECASE,
)
_NAMES = frozenset(_WEEKDAYS)
_NEAR = timedelta(days=20)  # nobody leaves out the month of a day that lies further off


def weekday_named(text: str) -> int | None:
    """0 for Monday to 6 for Sunday: the first weekday in the text, or None."""
    match = _WEEKDAY.search(text)
    return _WEEKDAYS[match.group().casefold()] if match else None


def may_be_numbered(text: str) -> bool:
    """False if for certain `numbered_weekdays` finds nothing in the text, nor in any part of it."""
    return "日" in text or not lacks(text, _NAMES)


def numbered_weekdays(ticket: Ticket, text: str, today: date) -> set[date]:
    """The days behind `jueves 16` in the ticket's `text`, counted from the date of the message that says it.

    The weekday is the proof: only the near day of that number that falls on it is meant, and if there are two (as in
    February and March) none is, since both would be a guess.
    """
    dated = sorted((message.start, message.time.date()) for message in ticket.messages if message.time is not None)
    starts = [start for start, _ in dated]
    found: set[date] = set()
    undated: date | None = None
    for match in _NUMBERED.finditer(text) if "日" in text else begins_with(_NUMBERED, text, _NAMES):
        weekday = _WEEKDAYS[(match["name"] or match["name2"] + "曜").casefold()]
        place = bisect_right(starts, match.start())
        if not dated and undated is None:
            undated = _first_date(text) or today
        anchor = dated[max(0, place - 1)][1] if dated else undated or today
        found |= _near(anchor, int(match["day"] or match["day2"]), weekday)
    return found


def _near(anchor: date, number: int, weekday: int) -> set[date]:
    if not date.min + _NEAR <= anchor <= date.max - _NEAR:
        return set()
    first = (anchor - _NEAR).toordinal()
    first += (weekday - first + 1) % 7  # ordinal 1 is a Monday
    window = (date.fromordinal(day) for day in range(first, (anchor + _NEAR).toordinal() + 1, 7))
    days = {day for day in window if day.day == number}
    return days if len(days) == 1 else set()


def _first_date(text: str) -> date | None:
    return next((day for mention in dates(text[:2000]) if (day := mention.candidates[0].as_date())), None)
