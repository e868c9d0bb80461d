"""Dates behind words, counted from an anchor: what models derive and code repeats."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from timing import grows_linearly

from agent.notation import Day
from agent.validate.partial import months_behind
from agent.validate.relative import days_behind
from agent.validate.units import time_unit
from agent.validate.weekdays import numbered_weekdays
from schemas.ticket import Message, Ticket

ANCHOR = date(2026, 3, 10)  # a Tuesday


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("end of June", date(2026, 6, 30)),
        ("Ende Februar", date(2027, 2, 28)),
        ("since the end of January", date(2026, 1, 31)),
        ("end of the month", date(2026, 3, 31)),
        ("last Thursday", date(2026, 3, 5)),
        ("tomorrow", date(2026, 3, 11)),
        ("Monday week would do", date(2026, 3, 23)),
        ("明日", date(2026, 3, 11)),
        ("一昨日の夜", date(2026, 3, 8)),
        ("3日前", date(2026, 3, 7)),
        ("月末", date(2026, 3, 31)),
        ("fin de mes", date(2026, 3, 31)),
        ("fin du mois", date(2026, 3, 31)),
        ("Ende des Monats", date(2026, 3, 31)),
        ("fin mai", date(2026, 5, 31)),
    ],
)
def test_words_that_name_a_day(words: str, day: date) -> None:
    assert day in days_behind(words, ANCHOR)


def test_words_that_name_a_week_allow_its_days_and_no_other() -> None:
    days = days_behind("next week", ANCHOR)
    assert (min(days), max(days), len(days)) == (date(2026, 3, 16), date(2026, 3, 22), 7)
    assert max(days_behind("this week", ANCHOR)) == date(2026, 3, 15)


def test_words_that_name_no_day() -> None:
    assert days_behind("soon", ANCHOR) == []


@pytest.mark.parametrize(
    ("words", "days"),
    [
        # the last and the next, as with the name of a weekday
        ("the 25th", ["2026-02-25", "2026-03-25"]),
        ("no dia 24", ["2026-02-24", "2026-03-24"]),
        ("am 24.", ["2026-02-24", "2026-03-24"]),
        ("jusqu'au 24", ["2026-02-24", "2026-03-24"]),
        ("25日", ["2026-02-25", "2026-03-25"]),
        ("the first of the month", ["2026-03-01", "2026-04-01"]),
        # unless the words say which
        ("by the 3rd", ["2026-04-03"]),
        ("since the 25th", ["2026-02-25"]),
        ("the 1st of next month", ["2026-04-01"]),
        ("dia 5 do próximo mês", ["2026-04-05"]),
        ("来月3日まで", ["2026-04-03"]),
        ("Monday the 9th", ["2026-03-09"]),
        ("Tuesday the 24th", ["2026-02-24", "2026-03-24"]),
        # a year is left out: the near one, or both where neither is near
        ("the first of April", ["2026-04-01"]),
        ("5 March", ["2026-03-05"]),
        ("1 de abril", ["2026-04-01"]),
        ("12 October", ["2025-10-12", "2026-10-12"]),
        ("12 October last year", ["2025-10-12"]),
        ("先週の月曜", ["2026-03-02"]),
        ("来週の金曜日", ["2026-03-20"]),
        # no days
        ("15", []),
        ("the 2nd line", []),
        ("le 24 h", []),
        ("the first", []),
        ("fin de semana", []),
        ("午前10時", []),
        ("mid-month", []),
    ],
)
def test_a_day_that_is_named_in_part(words: str, days: list[str]) -> None:
    assert [str(day) for day in sorted(days_behind(words, ANCHOR))] == days


@pytest.mark.parametrize(
    ("words", "months"),
    [
        ("January", [(2026, 1)]),
        ("em janeiro", [(2026, 1)]),
        ("May", [(2026, 5)]),
        ("先月", [(2026, 2)]),
        ("el mes pasado", [(2026, 2)]),
        ("nächsten Monat", [(2026, 4)]),
        ("昨年十一月", [(2025, 11)]),
        ("last November", [(2025, 11)]),
        ("by October", [(2026, 10)]),
        ("October", [(2025, 10), (2026, 10)]),
        ("January 2024", [(2024, 1)]),
        ("soon", []),
        ("the 25th", []),
    ],
)
def test_a_month_that_is_named_alone(words: str, months: list[tuple[int, int]]) -> None:
    assert months_behind(words, ANCHOR) == [Day(year, month) for year, month in months]


@pytest.mark.parametrize("anchor", [date.min, date(1, 3, 1), date(9999, 12, 31), date.max])
def test_at_the_ends_of_the_calendar_nothing_raises(anchor: date) -> None:
    for words in (
        "the 31st",
        "1 January",
        "last month",
        "next month",
        "翌月",
        "end of next month",
        "Ende Januar",
        "木曜",
    ):
        days_behind(words, anchor)
        months_behind(words, anchor)


def said_on(text: str, *days: date) -> set[date]:
    """The days that a ticket names, whose every line is a message of one of the days."""
    sent, start = [], 0
    for line, day in zip(text.split("\n"), days, strict=True):
        time = datetime(day.year, day.month, day.day, tzinfo=UTC)
        sent.append(Message(start=start, end=start + len(line), speaker="customer", time=time))
        start += len(line) + 1
    return numbered_weekdays(Ticket(text=text, messages=tuple(sent)), text, ANCHOR)


def test_a_weekday_with_its_number_is_a_date() -> None:
    april = date(2026, 4, 14)
    assert said_on("El jueves 16 viene", april) == {date(2026, 4, 16)}
    assert said_on("jeudi 11 et vendredi 12", date(2026, 6, 15)) == {date(2026, 6, 11), date(2026, 6, 12)}
    assert said_on("quinta-feira, 16; 17日（金）", april) == {date(2026, 4, 16), date(2026, 4, 17)}
    assert said_on("Friday the 1st\nFriday the 1st", date(2026, 4, 28), date(2026, 12, 28)) == {
        date(2026, 5, 1),
        date(2027, 1, 1),
    }
    # not that weekday, no such day, too far off, a clock time, and two days that could be meant
    assert said_on("el viernes 16, Thursday 39, Thursday 11", april) == set()
    assert said_on("Thursday 16:30, Thursday 16 h, Thursday 16%", april) == set()
    assert said_on("Monday 9th", date(2026, 2, 23)) == set()


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("2秒で開きました", "seconds"),
        ("15分の遅れ", "minutes"),
        ("3時間", "hours"),
        ("3日間", "days"),
        ("2か月", "months"),
        ("2年前", "years"),
        ("5分の1", None),
        ("3日", None),
        ("3年", None),
        ("3週間目", None),
        ("2025年前半", None),
        ("1 wholesaler's format", None),
        ("5 s", "s"),
    ],
)
def test_what_a_number_measures(text: str, unit: str | None) -> None:
    digits = len(text) - len(text.lstrip("0123456789"))
    assert time_unit(text, digits, "") == unit


@pytest.mark.parametrize("piece", ["3 h ", "jueves 16 ", "the ", "先月", "first of the ", "十月", "5 March "])
def test_words_of_any_length_are_read_in_linear_time(piece: str) -> None:
    def reading(length: int) -> Callable[[], object]:
        text = piece * (length // len(piece))
        return lambda: (
            days_behind(text, ANCHOR),
            months_behind(text, ANCHOR),
            numbered_weekdays(Ticket(text=text), text, ANCHOR),
        )

    assert grows_linearly(reading, 10_000)
