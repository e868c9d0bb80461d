"""Dates behind words: `yesterday`, `last Monday`, `in 3 days`, `end of the month`, counted from an anchor."""

import calendar
import re
from datetime import date, timedelta
from decimal import Decimal

from agent.notation import dates, numbers
from agent.notation.days import MONTHS
from agent.validate.partial import days_numbered
from agent.validate.units import time_unit
from agent.validate.weekdays import weekday_named

_SHIFTS = {
    "day before yesterday": -2, "vorgestern": -2, "anteayer": -2, "avant-hier": -2, "anteontem": -2,
    "yesterday": -1, "last night": -1, "gestern": -1, "ayer": -1, "hier": -1, "ontem": -1,
    "day after tomorrow": 2, "übermorgen": 2, "pasado mañana": 2, "après-demain": 2, "depois de amanhã": 2,
    "tomorrow": 1, "morgen": 1, "mañana": 1, "demain": 1, "amanhã": 1,
    "today": 0, "this morning": 0, "this afternoon": 0, "tonight": 0, "this evening": 0, "now": 0,
    "heute": 0, "hoy": 0, "aujourd'hui": 0, "hoje": 0, "same day": 0, "end of day": 0, "eod": 0, "cob": 0,
}  # fmt: skip
# Japanese puts no space between words, so these stand anywhere; the longer word comes first.
_UNSPACED_SHIFTS = {
    "一昨日": -2, "おととい": -2, "昨日": -1, "昨夜": -1, "昨晩": -1, "明後日": 2, "あさって": 2, "明日": 1, "翌日": 1,
    "本日": 0, "今日": 0, "今朝": 0, "今晩": 0, "今夜": 0,
}  # fmt: skip
_UNSPACED_WEEKS = {"先週": -1, "今週": 0, "来週": 1}
_PAST = re.compile(
    r"\b(?:last|past|previous|ago|since|letzte\w*|vor|seit|pasado|desde|dernier|depuis|passad[ao])\b|[先昨]|(?<!午)前",
    re.I,
)
_FUTURE = re.compile(
    r"\b(?:next|coming|in|within|by|until|from now|later|nächste\w*|bis|próxim[ao]|prochain|até)\b"
    r"|(?<!以)来|翌|次の|(?<!午)後|まで",
    re.I,
)
_NEXT = re.compile(r"\b(?:next|coming|nächste\w*|próxim[ao]|prochain)\b|次の")
_END = re.compile(r"\b(?:end of|month-end|eom|ende|monatsende|fin|final (?:de|del|do)|fim d[eo])\b|月末|年末")
_WEEK_ON = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day week\b")
_NEXT_MONTH = re.compile(r"next|nächst|próxim|que viene|que vem|prochain|来月|翌月")


def days_behind(words: str, anchor: date) -> list[date]:
    """Every date that the words may mean, counted from the anchor. Empty if they name none."""
    text = words.casefold()
    written = [day.as_date() for mention in dates(words) for day in mention.candidates]
    if any(written):
        return [day for day in written if day is not None]
    for phrase, shift in _SHIFTS.items():
        if phrase in text and re.search(rf"(?<!\w){phrase}(?!\w)", text):
            return _moved(anchor, shift)
    for phrase, shift in _UNSPACED_SHIFTS.items():
        if phrase in text:
            return _moved(anchor, shift)
    if _END.search(text):
        end = _end_of(text, anchor)
        if end:
            return [end]
    numbered, weekday = days_numbered(words, anchor), weekday_named(text)
    if weekday is not None:
        numbered = [day for day in numbered if day.weekday() == weekday]
        near = [day for day in numbered if day in _weekday(weekday, text, anchor)]
        numbered = near or numbered  # `Monday the 9th` of February: that of March is a Monday too
    if numbered:
        return numbered
    if weekday is not None:
        week = next((shift for name, shift in _UNSPACED_WEEKS.items() if name in text), None)
        if week is not None:
            return _moved(anchor, 7 * week + weekday - anchor.weekday())
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
    if re.search(r"month|eom|\bmes\b|\bmês\b|\bmois\b|monat|月末", text):
        month = anchor.month + bool(_NEXT_MONTH.search(text))
        year = anchor.year + (month > 12)
        month = (month - 1) % 12 + 1
        return date(year, month, calendar.monthrange(year, month)[1]) if year <= 9999 else None
    named = next((MONTHS[word] for word in re.findall(r"[^\W\d_]{4,}|ma[yi]", text) if word in MONTHS), None)
    if named is not None:
        year = anchor.year + (named < anchor.month and not _PAST.search(text))
        return date(year, named, calendar.monthrange(year, named)[1]) if year <= 9999 else None
    if re.search(r"quarter|trimestre|quartal", text):
        month = (anchor.month - 1) // 3 * 3 + 3
        return date(anchor.year, month, calendar.monthrange(anchor.year, month)[1])
    if re.search(r"year|\baño\b|\bano\b|\bannée\b|\bjahres\b|年末", text):
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
    if _WEEK_ON.search(text):  # British: `Monday week` is the Monday after the coming one
        return _moved(anchor, (ahead or 7) + 7)
    if _PAST.search(text) and not _NEXT.search(text):
        return past + same
    if _NEXT.search(text):
        return future
    return same + _moved(anchor, ahead or 7) + _moved(anchor, -(back or 7))


def _counted(words: str, anchor: date) -> list[date]:
    found: list[date] = []
    amounts = [(number.value, time_unit(words, number.end, number.unit)) for number in numbers(words)]
    single = re.search(r"\b(?:an?|last|next|one)\s+(day|week|month|year)\b", words, re.IGNORECASE)
    if single:
        amounts.append((Decimal(1), single[1].casefold()))
    past = bool(_PAST.search(words))  # once, not for each number
    sign = -1 if past and not re.search(r"\bin\b|\bfrom now\b", words, re.I) else 1
    signs = (sign,) if past or _FUTURE.search(words) else (sign, -sign)
    for value, unit in dict.fromkeys(amounts):
        if unit is None or value != value.to_integral_value() or value > 5000:
            continue
        for amount in signs:
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
