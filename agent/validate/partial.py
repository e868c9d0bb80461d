"""Days and months that words name in part: `the 25th`, `no dia 24`, `the first of April`, `January`, `先月`.

What is left out comes from the anchor, the date of the message that says it. The last and the next such day may both
be meant, as with the name of a weekday, unless the words say which or one is near and the other most of a year away.
"""

import re
from collections.abc import Iterable
from datetime import date

from agent.notation import Day, dates
from agent.notation.days import DAY_WORDS, MONTHS

_SURE_DAYS, _SURE_MONTHS = 90, 3  # so near, the day or month of this year is meant and no other year's
_LAST = re.compile(
    r"\b(?:last|past|previous|since|letzt\w+|vorig\w+|seit|pasado|desde|dernier|depuis|passado)\b|から", re.I
)
_NEXT = re.compile(
    r"\b(?:next|coming|by|until|till|before|nächst\w+|bis|próximo|que viene|hasta|prochain|avant|até|que vem)\b|まで",
    re.I,
)
_MONTH_SHIFTS = {
    -1: r"\blast month\b|\bm[eê]s pas(?:ado|sado)\b|\bmois (?:dernier|passé)\b|\b(?:letzt|vorig)\w+ monat|先月|前月",
    0: r"\bthis month\b|\beste m[eê]s\b|\bce mois\b|\bdiese\w* monat|今月|当月",
    1: r"\bnext month\b|\bpróximo m[eê]s\b|\bm[eê]s que v(?:iene|em)\b|\bmois prochain\b|\bnächst\w+ monat|来月|翌月",
}
_YEAR_SHIFTS = {
    -1: r"\blast year\b|\ba[ñn]o pas(?:ado|sado)\b|\ban(?:née)? dernier\w*\b|\b(?:letzt|vorig)\w+ jahr|昨年|去年",
    0: r"\bthis year\b|\beste a[ñn]o\b|\bcette année\b|\bdiese\w* jahr|今年|本年",
    1: r"\bnext year\b|\bpróximo a[ñn]o\b|\ba[ñn]o que v(?:iene|em)\b|\ban(?:née)? prochaine?\b|\bnächst\w+ jahr"
    r"|来年|翌年",
}
# The whole of the words, so that `the 2nd line` and `24 hours` name no day.
_LEAD = r"(?:[^\W\d_]+(?:['’]| )){0,4}?"
_OF_MONTH = r"(?: (?:of|de|do|del|du|des) (?:[^\W\d_]+ ){0,2}(?:month|mes|mês|mois|monats)(?: [^\W\d_]+){0,2})"
_NUMBERED = (
    re.compile(rf"{_LEAD}(?P<day>\d{{1,2}})(?:st|nd|rd|th){_OF_MONTH}?"),
    re.compile(
        rf"{_LEAD}(?:the|den|dem|der|am|zum|vom|el|al|del|le|au|du|o|no|ao|dia|día) (?P<day>\d{{1,2}})[.º]?{_OF_MONTH}?"
    ),
    re.compile(rf"{_LEAD}(?P<day>{'|'.join(sorted(DAY_WORDS, key=len, reverse=True))}){_OF_MONTH}"),
    re.compile(r"(?:[先前今当来翌]月の?)?(?P<day>\d{1,2})日(?:に|から|の|までに?)?"),
)


def days_numbered(words: str, anchor: date) -> list[date]:
    """The dates that a day without its year, or without its month and year, may mean. Empty if the words name none."""
    text = " ".join(words.casefold().split()).strip(" .,;:")
    written = {day for mention in dates(words) for day in mention.candidates if day.day and not day.year}
    if written:
        shift = _shift(_YEAR_SHIFTS, text)
        years = range(anchor.year - 1, anchor.year + 2) if shift is None else (anchor.year + shift,)
        return sorted(
            date.fromordinal(value)
            for day in written
            for value in _meant(_ordinals(Day(y, day.month, day.day) for y in years), anchor, _SURE_DAYS, text)
        )
    match = next((match for pattern in _NUMBERED if (match := pattern.fullmatch(text))), None)
    if match is None:
        return []
    number = DAY_WORDS.get(match["day"]) or int(match["day"])
    shift = _shift(_MONTH_SHIFTS, text)
    shifts = range(-2, 3) if shift is None else (shift,)  # two, since February may lack the day
    options = _ordinals(Day(*_month(anchor, by), number) for by in shifts)
    return sorted(date.fromordinal(value) for value in _meant(options, anchor, 0, text))


def months_behind(words: str, anchor: date) -> list[Day]:
    """The months, with their year, that the words may mean. They name none of its days."""
    text = words.casefold().strip(" .,;:")
    shift = _shift(_MONTH_SHIFTS, text)
    if shift is not None:
        return [Day(*_month(anchor, shift))]
    named = {day for mention in dates(words) for day in mention.candidates if day.month and not day.day}
    if text in MONTHS:
        named = {Day(None, MONTHS[text])}  # `May` alone is no date in a sentence, but it is one as an operand
    shift = _shift(_YEAR_SHIFTS, text)
    found = []
    for day in named:
        if day.year or shift is not None:
            found.append(Day(day.year or anchor.year + (shift or 0), day.month))
            continue
        options = [(day.month or 1) - anchor.month + 12 * by for by in (-1, 0, 1)]
        found += [Day(*_month(anchor, by)) for by in _near(options, 0, _SURE_MONTHS, text)]
    return sorted(found, key=lambda day: (day.year or 0, day.month or 0))


def _shift(table: dict[int, str], text: str) -> int | None:
    return next((shift for shift, pattern in table.items() if re.search(pattern, text)), None)


def _month(anchor: date, shift: int) -> tuple[int, int]:
    index = anchor.year * 12 + anchor.month - 1 + shift
    return index // 12, index % 12 + 1


def _ordinals(days: Iterable[Day]) -> list[int]:
    return [value.toordinal() for day in days if (value := day.as_date()) is not None]


def _meant(options: list[int], anchor: date, sure: int, text: str) -> list[int]:
    return options if len(options) < 2 else _near(options, anchor.toordinal(), sure, text)


def _near(options: list[int], origin: int, sure: int, text: str) -> list[int]:
    """Of several the last and the next; only one of them if the words say which, or if it is surely the one."""
    last = max((value for value in options if value <= origin), default=None)
    following = min((value for value in options if value >= origin), default=None)
    if _NEXT.search(text):
        last = None
    elif _LAST.search(text):
        following = None
    found = sorted({value for value in (last, following) if value is not None}, key=lambda value: abs(value - origin))
    return found[:1] if found and abs(found[0] - origin) <= sure else found
