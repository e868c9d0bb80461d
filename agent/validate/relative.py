"""Dates behind words: `yesterday`, `last Monday`, `in 3 days`, `end of the month`, counted from an anchor."""

import calendar
import re
from datetime import date, timedelta
from decimal import Decimal

from agent.notation import dates, numbers
from agent.validate.units import time_unit

_WEEKDAYS = {
    name: index
    for line in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "mon tue wed thu fri sat sun",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "segunda terça quarta quinta sexta sábado domingo",
    )
    for index, name in enumerate(line.split())
}
_MONTHS = (
    "january|januar|enero|janvier|janeiro", "february|februar|febrero|février|fevereiro",
    "march|märz|marzo|mars|março", "april|abril|avril", "may|mai|mayo|maio", "june|juni|junio|juin|junho",
    "july|juli|julio|juillet|julho", "august|agosto|août", "september|septiembre|septembre|setembro",
    "october|oktober|octubre|octobre|outubro", "november|noviembre|novembre|novembro",
    "december|dezember|diciembre|décembre|dezembro",
)  # fmt: skip
_WEEKDAY = re.compile(r"(?<!\w)(?:" + "|".join(sorted(_WEEKDAYS, key=len, reverse=True)) + r")(?!\w)", re.IGNORECASE)
_SHIFTS = {
    "day before yesterday": -2, "vorgestern": -2, "anteayer": -2, "avant-hier": -2, "anteontem": -2,
    "yesterday": -1, "last night": -1, "gestern": -1, "ayer": -1, "hier": -1, "ontem": -1,
    "day after tomorrow": 2, "übermorgen": 2, "pasado mañana": 2, "après-demain": 2, "depois de amanhã": 2,
    "tomorrow": 1, "morgen": 1, "mañana": 1, "demain": 1, "amanhã": 1,
    "today": 0, "this morning": 0, "this afternoon": 0, "tonight": 0, "this evening": 0, "now": 0,
    "heute": 0, "hoy": 0, "aujourd'hui": 0, "hoje": 0, "same day": 0, "end of day": 0, "eod": 0, "cob": 0,
}  # fmt: skip
_PAST = re.compile(
    r"\b(?:last|past|previous|ago|since|letzte\w*|vor|seit|pasado|desde|dernier|depuis|passad[ao])\b", re.I
)
_FUTURE = re.compile(
    r"\b(?:next|coming|in|within|by|until|from now|later|nächste\w*|bis|próxim[ao]|prochain|até)\b", re.I
)


def weekday_named(text: str) -> int | None:
    """0 for Monday to 6 for Sunday: the first weekday in the text, or None."""
    match = _WEEKDAY.search(text)
    return _WEEKDAYS[match.group().casefold()] if match else None


def days_behind(words: str, anchor: date) -> list[date]:
    """Every date that the words may mean, counted from the anchor. Empty if they name none."""
    text = words.casefold()
    written = [day.as_date() for mention in dates(words) for day in mention.candidates]
    if any(written):
        return [day for day in written if day is not None]
    for phrase, shift in _SHIFTS.items():
        if re.search(rf"(?<!\w){phrase}(?!\w)", text):
            return _moved(anchor, shift)
    if re.search(r"\b(?:end of|month-end|eom|ende|fin de|final de|fim de)\b", text):
        end = _end_of(text, anchor)
        if end:
            return [end]
    weekday = weekday_named(text)
    if weekday is not None:
        return _weekday(weekday, text, anchor)
    return _week(text, anchor) or _counted(words, anchor)


def _week(text: str, anchor: date) -> list[date]:
    """All days of `next week`, `last week`, `this week`: the words name no single one."""
    match = re.search(r"\b(next|coming|last|past|this)\s+week\b", text)
    if match is None:
        return []
    weeks = {"next": 1, "coming": 1, "this": 0}.get(match[1], -1)
    return [day for index in range(7) for day in _moved(anchor, 7 * weeks + index - anchor.weekday())]


def _moved(anchor: date, days: int) -> list[date]:
    try:
        return [anchor + timedelta(days=days)]
    except OverflowError:
        return []


def _end_of(text: str, anchor: date) -> date | None:
    if "month" in text or "eom" in text:
        month = anchor.month + (1 if "next" in text else 0)
        year = anchor.year + (month > 12)
        month = (month - 1) % 12 + 1
        return date(year, month, calendar.monthrange(year, month)[1])
    named = next((index for index, names in enumerate(_MONTHS, 1) if re.search(rf"\b(?:{names})\b", text)), None)
    if named is not None:
        year = anchor.year + (named < anchor.month and not _PAST.search(text))
        return date(year, named, calendar.monthrange(year, named)[1])
    if "quarter" in text:
        month = (anchor.month - 1) // 3 * 3 + 3
        return date(anchor.year, month, calendar.monthrange(anchor.year, month)[1])
    if "year" in text:
        return date(anchor.year, 12, 31)
    if "week" in text:  # the working week ends on Friday
        moved = _moved(anchor, 4 - anchor.weekday() + (7 if "next" in text else 0))
        return moved[0] if moved else None
    return None


def _weekday(weekday: int, text: str, anchor: date) -> list[date]:
    back = (anchor.weekday() - weekday) % 7
    ahead = (weekday - anchor.weekday()) % 7
    past = [*_moved(anchor, -(back or 7)), *_moved(anchor, weekday - anchor.weekday() - 7)]
    future = [*_moved(anchor, ahead or 7), *_moved(anchor, weekday - anchor.weekday() + 7)]
    same = [anchor] if not back else []
    if _PAST.search(text) and not re.search(r"\b(?:next|coming)\b", text):
        return past + same
    if re.search(r"\b(?:next|coming|nächste\w*|próxim[ao]|prochain)\b", text):
        return future
    return same + _moved(anchor, ahead or 7) + _moved(anchor, -(back or 7))


def _counted(words: str, anchor: date) -> list[date]:
    found: list[date] = []
    amounts = [(number.value, time_unit(words, number.end, number.unit)) for number in numbers(words)]
    single = re.search(r"\b(?:an?|last|next|one)\s+(day|week|month|year)\b", words, re.IGNORECASE)
    if single:
        amounts.append((Decimal(1), single[1].casefold()))
    for value, unit in amounts:
        if unit is None or value != value.to_integral_value() or value > 5000:
            continue
        sign = -1 if _PAST.search(words) and not re.search(r"\bin\b|\bfrom now\b", words, re.I) else 1
        for amount in {sign, -sign} if not (_PAST.search(words) or _FUTURE.search(words)) else {sign}:
            found += _step(anchor, amount * int(value), unit)
    return found


def _step(anchor: date, count: int, unit: str) -> list[date]:
    if unit.startswith(("d", "t", "j")):
        return _moved(anchor, count)
    if unit.startswith(("w", "se")):
        return _moved(anchor, 7 * count)
    if unit.startswith(("mo", "me", "mê")):
        month = anchor.month - 1 + count
        year, month = anchor.year + month // 12, month % 12 + 1
        if not 1 <= year <= 9999:
            return []
        return [date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))]
    if unit.startswith(("y", "a")) and 1 <= anchor.year + count <= 9999:
        day = min(anchor.day, calendar.monthrange(anchor.year + count, anchor.month)[1])
        return [date(anchor.year + count, anchor.month, day)]
    return []
