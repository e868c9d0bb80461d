"""docs/week.md says what happens: a week of an escalation, command by command."""

from pathlib import Path

from tests import week


def test_the_week_goes_as_its_page_says(tmp_path: Path) -> None:
    text = week.PAGE.read_text(encoding="utf-8")
    assert week.page(text, tmp_path / "week.db") == text, "run: python -m tests.week, and read what changed"


def test_the_week_is_told_as_it_was(tmp_path: Path) -> None:
    told = week.page(week.PAGE.read_text(encoding="utf-8"), tmp_path / "week.db").rpartition("escalation timeline")[2]
    steps = (
        "escalated ticket",
        "Passed: nobody had acknowledged",
        "step 1",
        "step 2",
        "acknowledged it",
        "Promised for",
    )
    steps += ("keeps the promise", "de-escalated it", "handed it over to Ravi Iyer", "Ravi Iyer took it over")
    steps += ("now watched", "the customer's turn", "resolved it", "Root cause", "closed it", "Learned")
    place = 0
    for step in steps:
        place = told.find(step, place) + 1
        assert place, f"{step!r} is missing, or in another order"
