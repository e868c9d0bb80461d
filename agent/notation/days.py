"""Calendar dates as people write them. Weekday names and relative words are not dates; see validate/derive."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from typing import Literal, NamedTuple, Self

from agent.notation.scan import begins, begins_with, has_digit, lacks, remembered, runs_of_digits, starts_with


class Day(NamedTuple):
    """Parts of a date; None for a part that is not written."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def as_date(self) -> date | None:
        """The date if all parts are known and it exists."""
        if self.year is None or self.month is None or self.day is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None


class DateMention(NamedTuple):
    """A date as written. `candidates` has two readings for `03/04/2026`, day first."""

    start: int
    end: int
    text: str
    candidates: tuple[Day, ...]

    @property
    def year(self) -> int | None:
        return self.candidates[0].year

    @property
    def month(self) -> int | None:
        return self.candidates[0].month

    @property
    def day(self) -> int | None:
        return self.candidates[0].day

    def moved(self, by: int) -> Self:
        """The same, so many characters further on."""
        return type(self)._make((self.start + by, self.end + by, *self[2:]))


_MONTHS_BY_LANGUAGE = (
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jän feber maerz apr mai jun jul aug sept okt nov dez",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene febr mar abr mayo jun jul ago setiembre oct nov dic",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mrz avr mai juin juil aout sept octobre nov déc",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
)
MONTHS: dict[str, int] = {
    name: index for line in reversed(_MONTHS_BY_LANGUAGE) for index, name in enumerate(line.split(), start=1)
}
_KANJI = {sign: value for value, sign in enumerate("一二三四五六七八九十", start=1)}
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
# Days in words. Other languages than English and German have an ordinal for the first day only.
DAY_WORDS: dict[str, int] = {
    **{word: day for day, word in enumerate(_ORDINALS.split(), start=1)},
    **dict.fromkeys(("primero", "primeiro", "premier", "erster", "ersten"), 1),
}
_DAY_WORD = "|".join(sorted(DAY_WORDS, key=len, reverse=True))
_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_ORDINAL = r"(?:st|nd|rd|th|er|º|ª|\.)?"

_MONTH_NAMES = frozenset(MONTHS)
# `3rdMarch`: an ordinal's letters and the month are one run of letters.
_MONTH_RUNS = _MONTH_NAMES | {mark + name for mark in ("st", "nd", "rd", "th", "er", "º", "ª") for name in MONTHS}
_GLUED = _MONTH_RUNS - _MONTH_NAMES
_REACH = 12  # characters from the first digit of a day to the name of its month: `22nd of March`
_DAY_BEGINNINGS = frozenset(word.partition("-")[0] for word in DAY_WORDS)
_LONGEST_LEAD = 10  # letters of a word such as `since` or `Anfang` before a month, and some
_SEPARATORS = frozenset("/.-")
_SEPARATED = re.compile(r"(?<![\w-])\d{1,4}[/.-]\d|(?<=-)\d{4}[/.]\d")
_NUMBER = re.compile(r"(?<![\w.,/:-])\d")
_Places = Literal["separated", "kanji", "day first", "month first", "month alone", "day in words", "behind a word"]


# Each with the places where it can begin, which are told much faster than it is tried.
_PATTERNS: tuple[tuple[str, re.Pattern[str], _Places], ...] = (
    (
        "iso",
        re.compile(r"(?<![\w-])(?P<year>(?:19|20)\d\d)-(?P<month>[01]?\d)-(?P<day>[0-3]?\d)(?=T\d\d|\b)(?!-\d)"),
        "separated",
    ),
    (
        "iso",
        re.compile(
            r"(?<![\w/.])(?P<year>(?:19|20)\d\d)(?P<sep>[/.])(?P<month>[01]?\d)(?P=sep)(?P<day>[0-3]?\d)(?![\w/])"
        ),
        "separated",
    ),
    (
        "iso",
        re.compile(r"(?P<year>(?:19|20)\d\d)\s?年\s?(?P<month>[01]?\d)\s?月(?:\s?(?P<day>[0-3]?\d)\s?日)?"),
        "kanji",
    ),
    ("month-day", re.compile(r"(?<!\d)(?P<month>[01]?\d)\s?月\s?(?P<day>[0-3]?\d)\s?日"), "kanji"),
    ("month-only", re.compile(r"(?<!\d)(?P<month>[01]?\d)\s?月(?!\s?\d)"), "kanji"),
    (
        "kanji",
        re.compile(
            r"(?<![\d一二三四五六七八九十])(?P<month>十[一二]?|[一二三四五六七八九])月(?!間)"
            r"(?:(?P<day>三?十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])日)?"
        ),
        "kanji",
    ),
    (
        "numeric",
        re.compile(
            r"(?<![\w/.,-])(?P<first>[0-3]?\d)(?P<sep>[/.-])(?P<second>[0-3]?\d)(?P=sep)(?P<year>(?:19|20)?\d\d)(?![\w/-]|\.\d)"
        ),
        "separated",
    ),
    ("numeric", re.compile(r"(?<![\w/.,-])(?P<first>[0-3]?\d)/(?P<second>[0-3]?\d)(?![\w/%]|[.,]\d)"), "separated"),
    ("day-dots", re.compile(r"(?<![\w/.,-])(?P<first>[0-3]\d)\.(?P<second>[01]\d)\.(?!\d)"), "separated"),
    (
        "words",
        re.compile(
            rf"(?<![\w.,/:-])(?P<day>[0-3]?\d){_ORDINAL}(?:[ \u00a0-]?(?:of |de |d')?){_MONTH}"
            rf"(?:,?[ \u00a0-](?:de |of )?{_YEAR})?",
            re.IGNORECASE,
        ),
        "day first",
    ),
    (
        "words",
        re.compile(
            rf"(?<!\w){_MONTH}[ \u00a0-](?:the )?(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:%\w]|[.,/]\d)(?:,? {_YEAR})?",
            re.IGNORECASE,
        ),
        "month first",
    ),
    (
        "words",  # `the first of April`; `first April` may be an adjective, `premier avril` and `ersten April` are not
        re.compile(
            rf"(?<!\w)(?:(?P<day>premier|erste[nr]) |(?P<of>{_DAY_WORD}) (?:of|de) )"
            rf"{_MONTH}(?:,?[ \u00a0-](?:de |of )?{_YEAR})?",
            re.IGNORECASE,
        ),
        "day in words",
    ),
    ("words", re.compile(rf"(?<!\w){_MONTH},?[ \u00a0-](?:of |de )?{_YEAR}", re.IGNORECASE), "month first"),
    (
        "month",
        re.compile(
            r"(?<!\w)(?P<month>January|February|April|June|July|August|September|October|November|December|Januar|"
            r"Februar|März|Juni|Juli|Oktober|Dezember|Janeiro|Fevereiro|Março"
            # Spanish, French and Portuguese write months small, hasty English too. Names (Julio, Abril), verbs (march)
            # and adjectives (august) are left out.
            r"|january|february|april|june|july|september|october|november|december|enero|febrero|marzo|abril|junio|julio"
            r"|agosto|septiembre|setiembre|octubre|noviembre|diciembre|janvier|février|avril|juin|juillet|août|septembre"
            r"|octobre|novembre|décembre|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro)(?!\w)"
        ),
        "month alone",
    ),
    (
        "month",
        re.compile(
            r"\b(?:[Ii]n|[Ss]ince|[Ff]rom|[Uu]ntil|[Bb]y|[Oo]f|[Tt]o|[Ee]arly|[Ll]ate|[Mm]id|[Ll]ast|[Nn]ext|[Tt]his)"
            r"[ -]"
            r"(?P<month>March|May|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)(?!\w)"
        ),
        "behind a word",
    ),
    (
        "month",  # words of other languages that are also other words
        re.compile(
            r"\b(?:[Ee]n|[Dd]e|[Dd]esde|[Hh]asta|[Dd]epuis|[Dd]ébut|[Mm]i|[Ff]in|[Ii]m|[Ss]eit|[Bb]is|[Aa]b|Anfang|Mitte|Ende)"
            r"[ -](?P<month>mayo|mars|mai|Mai)(?!\w)"
        ),
        "behind a word",
    ),
)


def _year(written: str) -> int:
    value = int(written)
    return value if value > 99 else 2000 + value


def _kanji(written: str) -> int:
    """`十一` is 11, `二十` is 20, `三十一` is 31."""
    tens, ten, units = written.rpartition("十")
    return (_KANJI[tens] if tens else 1) * 10 * bool(ten) + (_KANJI[units] if units else 0)


def _candidates(kind: str, match: re.Match[str]) -> tuple[Day, ...]:
    named = match.re.groupindex
    stated = match["year"] if "year" in named else None
    year = _year(stated) if stated else None
    if kind in ("numeric", "day-dots"):
        first, second = int(match["first"]), int(match["second"])
        pairs = [(first, second)] if kind == "day-dots" else [(first, second), (second, first)]
        days = [Day(year, month, day) for day, month in pairs if 1 <= month <= 12 and 1 <= day <= 31]
        return tuple(dict.fromkeys(days))
    written = match["month"].lower()
    if kind == "kanji":
        month, day = _kanji(written), _kanji(match["day"]) if match["day"] else None
    else:
        month = int(written) if written.isdigit() else MONTHS.get(written, 0)  # 0: a long s or a dotless i in it
        said = (match["day"] if "day" in named else None) or (match["of"] if "of" in named else None)
        day = DAY_WORDS.get(said.lower()) or (int(said) if said.isdigit() else 0) if said else None
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return ()
    return (Day(year, month, day),)


@remembered
def dates(text: str) -> list[DateMention]:
    """All calendar dates in `text`, in order, without overlaps; the earlier and fuller notation wins."""
    numbered, months = has_digit(text), not lacks(text, _MONTH_RUNS)
    unspaced = "月" in text
    if not (months or unspaced or numbered):
        return []
    separated = [
        start
        for start, end in runs_of_digits(text)
        if text[end : end + 1] in _SEPARATORS and _SEPARATED.match(text, start)
    ]
    if not (months or unspaced or separated):
        return []
    months_at = starts_with(text, _MONTH_NAMES)
    taken = bytearray(len(text))
    found: list[DateMention] = []
    for kind, pattern, places in _PATTERNS:
        matches: Iterable[re.Match[str]] = ()
        # A match whose first digit or whose month's name is part of another date overlaps it and would be left out; nor
        # does it keep another from being found, since inside a match none of the same pattern begins.
        if places == "separated":
            separated = [start for start in separated if not taken[start]]
            matches = begins(pattern, text, separated)
        elif places == "kanji":
            matches = pattern.finditer(text) if unspaced else ()
        elif months and (numbered or places not in ("day first", "month first")):
            if months_at is not None:
                months_at = [start for start in months_at if not taken[start]]
            matches = pattern.finditer(text) if months_at is None else _named(pattern, text, places, months_at)
        for match in matches:
            start, end = match.span("month") if kind == "month" else match.span()
            end -= kind == "words" and text[end - 1] == "."  # it ends the sentence, or a month's short form
            if 1 in taken[start:end]:
                continue
            candidates = _candidates(kind, match)
            if candidates and match.group() != "24/7":
                taken[start:end] = b"\x01" * (end - start)
                found.append(DateMention(start, end, text[start:end], candidates))
    found.sort(key=lambda mention: mention.start)
    return found


def _named(pattern: re.Pattern[str], text: str, places: _Places, months: list[int]) -> Iterable[re.Match[str]]:
    """The matches of a pattern with a month's name, tried only where one can begin. `months`: where a name begins."""
    if places == "day in words":
        return begins_with(pattern, text, _DAY_BEGINNINGS)
    if places == "behind a word":
        return begins(pattern, text, _words_before(text, months))
    if places == "day first":
        return begins(pattern, text, _days_before(text, months))
    return begins(pattern, text, months)


def _days_before(text: str, months: list[int]) -> list[int]:
    """Where a day may begin that stands before the name of its month."""
    starts = [start for start, end in runs_of_digits(text) if end - start < 3]
    if lacks(text, _GLUED):
        starts = [
            start
            for start in starts
            if (place := bisect_right(months, start)) < len(months) and months[place] - start <= _REACH
        ]
    return [start for start in starts if _NUMBER.match(text, start)]


def _words_before(text: str, months: list[int]) -> list[int]:
    """Where the words before the names of months begin."""
    starts = []
    for month in months:
        end = start = month - 1
        if end > 0 and text[end] in " -":
            while start > 0 and end - start <= _LONGEST_LEAD and text[start - 1].isalpha():
                start -= 1
            if start < end:
                starts.append(start)
    return starts


def _agree(a: Day, b: Day) -> bool:
    pairs = ((a.year, b.year), (a.month, b.month), (a.day, b.day))
    shared = [(x, y) for x, y in pairs if x is not None and y is not None]
    return bool(shared) and all(x == y for x, y in shared)


def dates_agree(a: DateMention, b: DateMention) -> bool:
    """True if some reading of each agrees in every part that both have, and they share a part."""
    return any(_agree(x, y) for x in a.candidates for y in b.candidates)
