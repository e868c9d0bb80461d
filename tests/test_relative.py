"""Dates behind words, counted from an anchor: what models derive and code repeats."""

from datetime import date

import pytest

from agent.validate.relative import days_behind

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
