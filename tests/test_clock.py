"""Deadlines, cadence and the SLA state: exact times, including the days that such clocks get wrong."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import BadInput
from agent.policy import clock
from schemas.context import Calendar, Pause, Sla
from tests.facts_factory import SETTINGS

OFFICE = clock.Hours.of(Calendar())
BERLIN = clock.Hours.of(Calendar(timezone="Europe/Berlin"))
ALWAYS = clock.Hours.of(Calendar(days=(0, 1, 2, 3, 4, 5, 6), opens="00:00", closes="24:00"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("severity", "now", "expected"),
    [
        ("critical", "2026-03-14T23:55", "2026-03-15T00:10"),  # Saturday night: the clock, not the office
        ("high", "2026-03-11T10:30", "2026-03-11T17:00"),  # by close of business
        ("high", "2026-03-11T13:00", "2026-03-11T17:00"),  # exactly four hours left
        ("high", "2026-03-11T13:01", "2026-03-12T09:01"),  # less remains: four business hours
        ("high", "2026-03-13T16:00", "2026-03-16T12:00"),  # Friday 16:00
        ("high", "2026-03-14T12:00", "2026-03-16T13:00"),  # Saturday: from the next opening
        ("high", "2026-03-11T06:00", "2026-03-11T17:00"),  # before opening: the whole day remains
        ("medium", "2026-03-11T10:30", "2026-03-18T17:00"),
        ("medium", "2026-03-13T18:00", "2026-03-23T17:00"),  # after hours on Friday counts from Monday
    ],
)
def test_deadlines(severity: str, now: str, expected: str) -> None:
    assert clock.deadline(severity, at(now), OFFICE, SETTINGS)[0] == at(expected)


def test_cadence_of_each_severity() -> None:
    critical = clock.cadence("critical", at("2026-03-14T23:00"), OFFICE, SETTINGS)
    assert (critical.internal_due, critical.customer_overdue) == (at("2026-03-15T01:00"), at("2026-03-15T03:00"))
    high = clock.cadence("high", at("2026-03-13T16:00"), OFFICE, SETTINGS)
    assert (high.customer_due, high.customer_overdue) == (at("2026-03-16T12:00"), at("2026-03-16T16:00"))
    medium = clock.cadence("medium", at("2026-03-13T11:00"), OFFICE, SETTINGS)
    assert (medium.customer_due, medium.customer_overdue) == (at("2026-03-16T11:00"), at("2026-03-17T11:00"))
    assert high.rule == "internal every 4 support hours, customer every 4-8 support hours"


def test_clock_changes_move_the_office_not_the_elapsed_time() -> None:
    # Friday 27 March 16:00 in Berlin is 15:00 UTC; the clocks go forward on Sunday.
    due = clock.add_support_time(at("2026-03-27T15:00"), timedelta(hours=4), BERLIN)
    assert due == at("2026-03-30T10:00")  # 12:00 in Berlin, now two hours ahead of UTC
    autumn = clock.add_support_time(at("2026-10-23T14:00"), timedelta(hours=4), BERLIN)
    assert autumn == at("2026-10-26T11:00")
    # A 24/7 office: four elapsed hours over the missing hour.
    assert clock.add_support_time(at("2026-03-29T00:30"), timedelta(hours=4), ALWAYS) == at("2026-03-29T04:30")


def test_midnight_in_a_calendar_that_never_closes() -> None:
    assert clock.add_support_time(at("2026-03-11T23:59"), timedelta(minutes=2), ALWAYS) == at("2026-03-12T00:01")
    assert clock.add_business_days(at("2026-02-28T10:00"), 1, ALWAYS) == at("2026-03-01T10:00")


def test_holidays_and_closures_of_one_office_only() -> None:
    german = clock.Hours.of(Calendar(timezone="Europe/Berlin", holidays="DE"))
    american = clock.Hours.of(Calendar(timezone="America/Denver", holidays="US"))
    assert not german.is_open_day(date(2026, 5, 1))
    assert american.is_open_day(date(2026, 5, 1))
    assert not clock.Hours.of(Calendar(closures=(date(2026, 3, 11),))).is_open_day(date(2026, 3, 11))


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-03-11T09:00", "within"),
        ("2026-03-11T14:00", "at_risk"),  # a quarter of eight hours left
        ("2026-03-11T15:30", "at_risk"),
        ("2026-03-11T16:00", "at_risk"),
        ("2026-03-11T16:01", "breached"),
    ],
)
def test_sla_state(now: str, state: str) -> None:
    sla = Sla(started=at("2026-03-11T08:00"), due=at("2026-03-11T16:00"))
    assert clock.sla_status(sla, at(now), SETTINGS).state == state


def test_pauses_move_the_due_time_and_the_arithmetic_is_printed() -> None:
    pause = Pause(start=at("2026-03-11T10:00"), until=at("2026-03-11T12:00"))
    sla = Sla(started=at("2026-03-11T08:00"), due=at("2026-03-11T16:00"), pauses=(pause,))
    status = clock.sla_status(sla, at("2026-03-11T16:30"), SETTINGS)
    assert status.state == "at_risk"
    assert status.explanation == (
        "due 2026-03-11 16:00 UTC, plus 2 h of pauses = 2026-03-11 18:00 UTC, now 2026-03-11 16:30 UTC, "
        "1 h 30 min left (19% of the whole)"
    )
    still = Sla(due=at("2026-03-11T16:00"), pauses=(Pause(start=at("2026-03-11T10:00")),))
    assert clock.sla_status(still, at("2026-03-12T10:00"), SETTINGS).state == "within"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"timezone": "Mars/Olympus"}, "IANA"),
        ({"opens": "9 am"}, "local time"),
        ({"opens": "17:00", "closes": "09:00"}, "after it opens"),
        ({"days": ()}, "Monday"),
        ({"holidays": "ATLANTIS"}, "country"),
    ],
)
def test_impossible_calendars_say_what_was_expected(fields: dict[str, object], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        clock.Hours.of(Calendar.model_validate(fields))


def test_a_calendar_that_never_opens_ends_in_a_message() -> None:
    closed = Calendar(days=(0,), closures=tuple(date(2026, 1, 5) + timedelta(weeks=w) for w in range(120)))
    with pytest.raises(BadInput, match="no open day"):
        clock.add_support_time(at("2026-01-05T10:00"), timedelta(hours=1), clock.Hours.of(closed))


moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))


@given(moments, st.integers(1, 3000), st.sampled_from([OFFICE, BERLIN, ALWAYS]))
def test_support_time_adds_up(start: datetime, minutes: int, hours: clock.Hours) -> None:
    """Two parts one after the other end where the whole does, and never outside opening hours."""
    whole = clock.add_support_time(start, timedelta(minutes=minutes), hours)
    half = clock.add_support_time(start, timedelta(minutes=minutes // 2), hours)
    if minutes // 2:
        assert clock.add_support_time(half, timedelta(minutes=minutes - minutes // 2), hours) == whole
    day = (whole - timedelta(microseconds=1)).astimezone(hours.zone).date()
    opening, closing = hours.span(day)
    assert opening < whole <= closing
    assert whole >= start + timedelta(minutes=minutes)


@given(moments, st.sampled_from(["critical", "high", "medium"]))
def test_deadlines_lie_ahead_and_due_comes_before_overdue(now: datetime, severity: str) -> None:
    assert clock.deadline(severity, now, BERLIN, SETTINGS)[0] > now
    cadence = clock.cadence(severity, now, BERLIN, SETTINGS)
    assert now < cadence.internal_due <= cadence.internal_overdue
    assert now < cadence.customer_due <= cadence.customer_overdue


@pytest.mark.parametrize(
    ("decided", "deadline", "daily"),
    [
        ("2026-03-02T10:00", "2026-03-09T17:00", "2026-03-03T10:00"),
        ("2026-03-02T17:30", "2026-03-10T17:00", "2026-03-04T09:00"),  # after closing: in with the next opening
    ],
)
def test_business_days_count_from_the_day_on_which_a_ticket_comes_in(decided: str, deadline: str, daily: str) -> None:
    """The two examples of docs/policy.md."""
    assert clock.deadline("medium", at(decided), OFFICE, SETTINGS)[0] == at(deadline)
    assert clock.cadence("medium", at(decided), OFFICE, SETTINGS).internal_due == at(daily)
