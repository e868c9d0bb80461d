"""The ledger's clock: exact times, the lines that prove them, and what holds for any calendar, pause and history."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Refused
from agent.ledger.life import apply, replay
from agent.ledger.moments import both, office_zone, span, when, zone_named
from agent.ledger.pages import timeline
from agent.ledger.reckoning import Clock, Reckoning
from agent.ledger.requirements import require
from agent.ledger.timers import acknowledge_amount, breached_before, timers
from agent.policy import clock
from agent.policy.settings import CadenceBounds, LadderSettings, load_settings
from schemas.context import Calendar, Override, Pause, Sla
from schemas.ledger import (
    ACTIVE,
    Acknowledged,
    Attached,
    Chased,
    Closed,
    Data,
    DeEscalated,
    Drafted,
    Duties,
    Event,
    HandedOver,
    Monitored,
    Overridden,
    Paused,
    Record,
    Rejected,
    RejectReason,
    Reopened,
    Rerouted,
    Rerun,
    Resolved,
    Resumed,
    Returned,
    SeverityChanged,
    Term,
    TermSet,
    Timer,
    Updated,
)
from schemas.vocabulary import Owner, Severity
from tests.ledgers import BERLIN, opening

ROOT = Path(__file__).parents[1]
SETTINGS = load_settings()
ALL_DONE = Duties(team_notified=True, ticket_updated=True, customer_informed=True, learned="Look at the log first.")
ALWAYS = Calendar(timezone="Europe/Berlin", days=(0, 1, 2, 3, 4, 5, 6), opens="00:00", closes="24:00")
DENVER = Calendar(timezone="America/Denver", holidays="US-CO")
HOURS = "Support hours: Mon, Tue, Wed, Thu, Fri 09:00 to 17:00 Europe/Berlin, holidays of DE-BE"
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
ENGINEERING = "engineering"


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    """A local time; `fold=1` of it is written with a trailing `*`, as the second 02:30 of an October night."""
    moment = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=ZoneInfo(zone), fold=int(text.endswith("*")))
    return moment.astimezone(UTC)


def lived(*steps: tuple[Any, ...], zone: str = "Europe/Berlin") -> Record:
    """The record of (local time, what happened, for which team); each step is one that the ledger would take."""
    return replay(history(*steps, zone=zone))


def history(*steps: tuple[Any, ...], zone: str = "Europe/Berlin") -> list[Event]:
    record, events = None, []
    for number, (moment, data, *team) in enumerate(steps, 1):
        event = happened(number, at(moment, zone), data, *team)
        require(record, event)
        record = apply(record, event)
        events.append(event)
    return events


def happened(number: int, moment: datetime, data: Data, team: str = "support") -> Event:
    return Event(
        escalation="ESC-1",
        number=number,
        key=str(number),
        at=moment,
        recorded_at=moment + timedelta(days=900),
        by="Ana Lima",
        team=team,
        why="because",
        data=data,
    )


def told(text: str = "We are still looking.", **fields: Any) -> Updated:
    return Updated(audience="customer", text=text, **fields)


def asked(text: str = "Any progress?", **fields: Any) -> Updated:
    return Updated(audience="internal", text=text, **fields)


def changed(severity: Severity) -> SeverityChanged:
    return SeverityChanged(severity=severity, evidence="now all users")


def running(record: Record, **fields: Any) -> dict[str, Timer]:
    """The timers by kind, each kind once, with their lines."""
    found = timers(record, SETTINGS.model_copy(update=fields), explain=True)
    assert len({timer.kind for timer in found}) == len(found)
    return {timer.kind: timer for timer in found}


def local(timer: Timer, zone: str = "Europe/Berlin") -> tuple[str, str]:
    """Due and overdue as support reads them."""
    return when(timer.due, ZoneInfo(zone)), when(timer.overdue, ZoneInfo(zone))


# What holds for any calendar, start, amount and pause.

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Denver",
    "America/St_Johns",
    "America/Santiago",  # its clocks change at midnight
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Chatham",
)
MINUTE = timedelta(minutes=1)
unhurried = settings(deadline=None)  # the first holiday of a country takes its time
FIRST, LAST = datetime(2026, 1, 1), datetime(2028, 12, 31)


def clock_text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Open two hours a day at the least: longer than any change of the clocks."""
    opens = draw(st.sampled_from((0, 0, 30, 7 * 60, 9 * 60, 13 * 60 + 45)))
    closes = draw(st.sampled_from((24 * 60, 24 * 60, 17 * 60, 18 * 60 + 30, opens + 120)))
    return Calendar(
        timezone=draw(st.sampled_from(ZONES)),
        days=tuple(draw(st.sets(st.integers(0, 6), min_size=1))),
        opens=clock_text(opens),
        closes=clock_text(closes),
        holidays=draw(st.sampled_from((None, "DE", "DE-BY", "US", "US-CO", "JP"))),
        closures=tuple(draw(st.lists(st.dates(FIRST.date(), LAST.date()), max_size=3))),
    )


# Half of the starts lie within days of a change of the clocks or the end of a February.
whole_minutes = st.one_of(
    st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    st.builds(
        lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + minutes * MINUTE,
        st.sampled_from(
            (date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 1), date(2028, 2, 29))
        ),
        st.integers(-3 * 24 * 60, 3 * 24 * 60),
    ),
).map(lambda moment: moment.replace(second=0, microsecond=0))
hours_of = calendars().map(clock.Hours.of)
amounts = st.integers(1, 60 * 60).map(lambda minutes: minutes * MINUTE)
day_counts = st.integers(1, 12)


@st.composite
def pauses_from(draw: st.DrawFn, start: datetime) -> tuple[Pause, ...]:
    """Some of them begin before the start, overlap, touch, or take no time at all."""
    pairs = draw(st.lists(st.tuples(st.integers(-2 * 24 * 60, 12 * 24 * 60), st.integers(0, 6 * 24 * 60)), max_size=4))
    return tuple(
        Pause(start=start + begin * MINUTE, until=start + (begin + length) * MINUTE) for begin, length in pairs
    )


def one_of_each(ticking: Clock, start: datetime, amount: timedelta, days: int) -> tuple[Reckoning, ...]:
    return ticking.on_clock(start, amount), ticking.support_time(start, amount), ticking.business_days(start, days)


@unhurried
@given(hours_of, whole_minutes, amounts, day_counts)
def test_without_pauses_it_is_the_policys_clock(
    hours: clock.Hours, start: datetime, amount: timedelta, days: int
) -> None:
    on_clock, support, business = one_of_each(Clock(hours), start, amount, days)
    assert on_clock.moment == start + amount
    assert support.moment == clock.add_support_time(start, amount, hours)
    assert business.moment == clock.add_business_days(start, days, hours)


@unhurried
@given(hours_of, whole_minutes, st.sampled_from(SEVERITIES))
def test_the_cadence_of_each_severity_is_the_policys(hours: clock.Hours, start: datetime, severity: Severity) -> None:
    expected = clock.cadence(severity, start, hours, SETTINGS)
    bounds: CadenceBounds = getattr(SETTINGS.cadence, severity)
    after = [Clock(hours).after(severity, start, amount).moment for amount in (*bounds.internal, *bounds.customer)]
    assert after == [
        expected.internal_due,
        expected.internal_overdue,
        expected.customer_due,
        expected.customer_overdue,
    ]


def openings_until(hours: clock.Hours, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    return list(takewhile(lambda opened: opened[0] < end, hours.openings(start)))


@unhurried
@given(st.data(), hours_of, whole_minutes, amounts, day_counts)
def test_stretches_are_the_sum(
    data: st.DataObject, hours: clock.Hours, start: datetime, amount: timedelta, days: int
) -> None:
    """In their order, apart, outside of pauses, in opening hours, and as much as was asked for."""
    pauses = data.draw(pauses_from(start))
    on_clock, support, business = one_of_each(Clock(hours, pauses), start, amount, days)
    for reckoning in (on_clock, support, business):
        assert all(stretch.start < stretch.end or stretch.day for stretch in reckoning.stretches)
        assert all(one.end <= other.start for one, other in pairwise(reckoning.stretches))
        assert reckoning.stretches[0].start >= start
    assert business.stretches[-1].end <= business.moment
    for reckoning in (on_clock, support):
        assert reckoning.stretches[-1].end == reckoning.moment
        assert sum((s.end - s.start for s in reckoning.stretches), timedelta()) == amount
        assert not any(p.start < s.end and s.start < p.until for s in reckoning.stretches for p in pauses if p.until)
    for stretch in (*support.stretches, *business.stretches):
        day = stretch.start.astimezone(hours.zone).date()
        opening_time, closing_time = hours.span(day)
        assert hours.is_open_day(day)
        assert opening_time <= stretch.start <= stretch.end <= closing_time
    if business.stretches[0].day is not None:
        assert [stretch.day for stretch in business.stretches] == list(range(1, days + 1))
        assert business.stretches[-1].end == business.moment
    else:  # a pause on the way: the support time up to where it would have been, counted outside of pauses
        plain = Clock(hours).business_days(start, days).moment
        wanted = sum(
            (min(closing, plain) - opening for opening, closing in openings_until(hours, start, plain)), timedelta()
        )
        assert sum((s.end - s.start for s in business.stretches), timedelta()) == wanted
        assert not any(p.start < s.end and s.start < p.until for s in business.stretches for p in pauses if p.until)
    assert not any(p.start <= business.moment < p.until for p in pauses if p.until)


@unhurried
@given(st.data(), hours_of, whole_minutes, amounts, st.integers(1, 20 * 24 * 60))
def test_a_pause_in_running_time_moves_the_result_by_its_length(
    data: st.DataObject, hours: clock.Hours, start: datetime, amount: timedelta, length: int
) -> None:
    """Of support time: by as much support time as passed in it."""
    begun = start + data.draw(st.integers(0, amount // MINUTE - 1)) * MINUTE
    pause = Pause(start=begun, until=begun + length * MINUTE)
    assert Clock(hours, (pause,)).on_clock(start, amount).moment == start + amount + length * MINUTE

    plain = Clock(hours).support_time(start, amount)
    stretch = data.draw(st.sampled_from(plain.stretches))
    begun = stretch.start + data.draw(st.integers(0, (stretch.end - stretch.start) // MINUTE - 1)) * MINUTE
    within = min(length, (hours.span(begun.astimezone(hours.zone).date())[1] - begun) // MINUTE) * MINUTE
    pause = Pause(start=begun, until=begun + within)
    assert Clock(hours, (pause,)).support_time(start, amount).moment == clock.add_support_time(
        start, amount + within, hours
    )


@unhurried
@given(st.data(), hours_of, whole_minutes, amounts, day_counts)
def test_one_more_pause_makes_nothing_due_earlier(
    data: st.DataObject, hours: clock.Hours, start: datetime, amount: timedelta, days: int
) -> None:
    pauses = data.draw(pauses_from(start))
    plain, fewer, more = (one_of_each(Clock(hours, p), start, amount, days) for p in ((), pauses[1:], pauses))
    assert [late.moment >= early.moment for early, late in zip(plain, more, strict=True)] == [True] * 3
    assert [late.moment >= early.moment for early, late in zip(fewer[:2], more[:2], strict=True)] == [True] * 2


def test_one_more_pause_makes_no_business_day_earlier() -> None:
    hours, start = clock.Hours.of(BERLIN), at("2026-11-30T15:00")
    first = Pause(start=at("2026-11-30T14:00"), until=at("2026-12-01T10:00"))
    second = Pause(start=at("2026-12-01T12:00"), until=at("2026-12-02T18:00"))
    one, two = (Clock(hours, pauses).business_days(start, 1).moment for pauses in ((second,), (first, second)))
    assert two >= one


@unhurried
@given(st.data(), hours_of, whole_minutes, amounts, day_counts)
def test_pauses_that_overlap_or_touch_count_once(
    data: st.DataObject, hours: clock.Hours, start: datetime, amount: timedelta, days: int
) -> None:
    pauses = data.draw(pauses_from(start))
    once = one_of_each(Clock(hours, tuple(_united(pauses))), start, amount, days)
    as_given = one_of_each(Clock(hours, pauses), start, amount, days)
    assert [r.moment for r in as_given] == [r.moment for r in once]


def _united(pauses: Sequence[Pause]) -> Iterator[Pause]:
    """The same time in pauses that keep apart."""
    open_pause: Pause | None = None
    for pause in sorted(pauses, key=lambda pause: pause.start):
        assert pause.until is not None
        if open_pause is None or open_pause.until is None:
            open_pause = pause
        elif pause.start <= open_pause.until:
            open_pause = Pause(start=open_pause.start, until=max(open_pause.until, pause.until))
        else:
            yield open_pause
            open_pause = pause
    if open_pause is not None:
        yield open_pause


@unhurried
@given(st.data(), hours_of, whole_minutes, amounts, day_counts)
def test_more_is_never_earlier(
    data: st.DataObject, hours: clock.Hours, start: datetime, amount: timedelta, days: int
) -> None:
    ticking = Clock(hours, data.draw(pauses_from(start)))
    less = one_of_each(ticking, start, amount, days)
    more = one_of_each(ticking, start, amount + MINUTE, days + 1)
    assert [late.moment > early.moment for early, late in zip(less, more, strict=True)] == [True] * 3


COUNTED = re.compile(r"^(.+?) to (.+?): (\d[^,]*?)(?:, (.+) in all)?$")
LENGTH = re.compile(r"(\d+) (d|h|min)")
UNITS = {"d": 24 * 60, "h": 60, "min": 1}


def minutes_in(words: str) -> int:
    """What `1 d 2 h 3 min` says."""
    return sum(int(number) * UNITS[unit] for number, unit in LENGTH.findall(words))


def counted_in(lines: Sequence[str]) -> tuple[list[int], int]:
    """The minutes of each stretch that the lines print, and the last running total of them."""
    found = [match for line in lines if (match := COUNTED.match(line)) and "closed" not in line]
    each = [minutes_in(match[3]) for match in found]
    return each, minutes_in(found[-1][4] or found[-1][3])


@unhurried
@given(st.data(), hours_of, whole_minutes, amounts, day_counts)
def test_explained_minutes_add_up(
    data: st.DataObject, hours: clock.Hours, start: datetime, amount: timedelta, days: int
) -> None:
    """Every stretch has its line, in the calendar's zone, and what the lines print is the amount."""
    on_clock, support, business = one_of_each(Clock(hours, data.draw(pauses_from(start))), start, amount, days)
    for reckoning in (on_clock, support):
        lines = reckoning.explain()
        each, in_all = counted_in(lines)
        assert each == [(stretch.end - stretch.start) // MINUTE for stretch in reckoning.stretches]
        assert sum(each) == in_all == amount // MINUTE
        begun = [line for line in lines if COUNTED.match(line) and "closed" not in line]
        assert [line.split(" to ")[0] for line in begun] == [when(s.start, hours.zone) for s in reckoning.stretches]
    lines = [line for line in business.explain() if "business day" in line]
    assert lines == [
        f"{when(s.end, hours.zone)[: len('Mon 2026-11-30 09:00')]}: business day {s.day}"
        for s in business.stretches
        if s.day is not None
    ]


# Any history that the ledger would take.


@st.composite
def anything(draw: st.DrawFn, record: Record, moment: datetime) -> Data:
    """Something that may happen next; whether the ledger takes it is for `require` to say."""
    severity = draw(st.sampled_from(SEVERITIES))
    owner = draw(st.sampled_from(get_args(Owner)))
    cause = draw(st.sampled_from(("", "a full disk")))
    later = moment + draw(st.integers(0, 5000)) * MINUTE
    promises = [promise.event for promise in record.promises if promise.kept is None]
    fix = draw(st.sampled_from(("open", "none", "unknown")))
    choices: tuple[Data, ...] = (
        Acknowledged(),
        Rejected(reason=draw(st.sampled_from(get_args(RejectReason))), way_on="Ask the other team."),
        asked(answers=draw(st.booleans())),
        told(),
        told(promise="A patch", promise_due=draw(st.sampled_from((None, later)))),
        told(keeps=draw(st.sampled_from(promises)) if promises else None),
        changed(severity),
        Rerouted(owner=owner, next_hop=draw(st.sampled_from(("l2_support", owner)))),
        DeEscalated(
            reason=draw(st.sampled_from(("root_cause_found", "workaround", "resolved_itself", "new_information"))),
            evidence="seen",
            duties=ALL_DONE,
            severity=draw(st.sampled_from((None, severity))),
            code_fix=fix,
            root_cause=cause,
        ),
        Returned(duties=ALL_DONE, root_cause=cause),
        Monitored(text="A fix is in place."),
        Resolved(resolution="A new release", root_cause=cause),
        Closed(duties=ALL_DONE, root_cause="a full disk"),
        Reopened(severity=severity, owner=draw(st.sampled_from((None, owner)))),
        HandedOver(to="Ben Okafor", team=draw(st.sampled_from((None, owner))), note="All of it."),
        Overridden(
            override=Override(by="Kim", why="I know", at=moment, outcome="escalate", severity=severity, owner=owner)
        ),
        Paused(),
        Resumed(),
        Chased(step=record.chased + 1, whom="the lead"),
        TermSet(term=Term(customer_hours=draw(st.sampled_from((0.5, 3, 30))), source="contract 2026-14")),
        Rerun(ticket="HD-1", ticket_sha256="1" * 64, severity=severity, owner=owner, result_sha256="2" * 64),
        Attached(ticket=f"HD-{record.version + 1}", account="Other", confirmed_by="support"),
    )
    return draw(st.sampled_from(choices))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Record, ...]:
    """The record after each of some events, which need not be written down in the order in which they happened."""
    start = draw(whole_minutes)
    sla = Sla(
        started=draw(st.sampled_from((None, start - timedelta(hours=3)))),
        due=start + draw(st.integers(-600, 6000)) * MINUTE,
        pauses=draw(pauses_from(start)),
        update_every=draw(st.sampled_from((None, 1, 6))),
    )
    first = opening(
        severity=draw(st.sampled_from(SEVERITIES)),
        calendar=draw(calendars()),
        sla=draw(st.sampled_from((None, sla))),
        deadline=draw(st.sampled_from((None, start + timedelta(days=1)))),
    )
    events = [happened(1, start, Drafted(ticket="HD-1")), happened(2, start, first)]
    records = [replay(events[:1]), replay(events)]
    moment = start
    for _ in range(draw(st.integers(0, 25))):
        moment += draw(st.sampled_from((-90, 0, 1, 20, 300, 2000, 6000))) * MINUTE
        team = draw(st.sampled_from(("support", ENGINEERING, "security")))
        event = happened(len(records) + 1, moment, draw(anything(records[-1], moment)), team)
        try:
            require(records[-1], event)
        except Refused:
            continue
        records.append(apply(records[-1], event))
    return tuple(records)


@unhurried
@given(histories())
def test_any_history_has_its_timers(records: tuple[Record, ...]) -> None:
    """In their order, due before overdue, the same whenever asked, and with lines for each."""
    for record in records:
        found = timers(record, SETTINGS, explain=True)
        assert found == timers(record, SETTINGS, explain=True)
        assert timers(record, SETTINGS) == tuple(timer.model_copy(update={"lines": ()}) for timer in found)
        assert [(t.due, t.kind) for t in found] == sorted((t.due, t.kind) for t in found)
        assert all(timer.due <= timer.overdue for timer in found)
        assert all(timer.lines and all(timer.lines) for timer in found)
        assert all(timer in timers(record, SETTINGS) or timer.kind == "acknowledge" for timer in _late(record))
        kinds = [timer.kind for timer in found]
        if record.state in ("draft", "closed"):
            assert kinds == []
        elif record.state in ACTIVE:
            assert kinds.count("acknowledge") + kinds.count("internal") == 1
            assert kinds.count("customer") + kinds.count("silence") == 1
            assert kinds.count("handover") == bool(record.receiver)
            assert "close" not in kinds
        else:
            assert kinds.count("close") == 1
            assert kinds.count("customer") == (not record.told_end)
            assert set(kinds) <= {"close", "customer"}


def _late(record: Record) -> tuple[Timer, ...]:
    return breached_before(record, SETTINGS, record.created_at + timedelta(days=900))


@unhurried
@given(histories())
def test_a_change_of_severity_is_never_itself_a_breach(records: tuple[Record, ...]) -> None:
    for record in records:
        if record.severity_at is not None and record.state in ACTIVE:
            late = {timer.kind for timer in breached_before(record, SETTINGS, record.severity_at)}
            assert late.isdisjoint(("acknowledge", "internal", "customer", "deadline"))


@unhurried
@given(st.data(), whole_minutes, st.integers(1, 5000))
def test_the_timer_of_the_sla_says_what_its_state_will_say(data: st.DataObject, start: datetime, length: int) -> None:
    sla = Sla(
        started=data.draw(st.sampled_from((None, start))),
        due=start + length * MINUTE,
        pauses=data.draw(pauses_from(start)),
    )
    (timer,) = (t for t in timers(replay([happened(1, start, opening(sla=sla))]), SETTINGS) if t.kind == "sla")
    after = max((pause.until for pause in sla.pauses if pause.until), default=start)
    for moment in (timer.due, timer.overdue, after + data.draw(st.integers(0, 9000)) * MINUTE):
        for now in (moment - MINUTE, moment, moment + MINUTE):
            if now >= after:
                state = "breached" if now > timer.overdue else "at_risk" if now >= timer.due else "within"
                assert clock.sla_status(sla, now, SETTINGS).state == state


# Exact times and lines.


def test_friday_afternoon() -> None:
    found = running(lived(("2026-11-27T16:00", opening(severity="high"))))
    assert {kind: local(timer) for kind, timer in found.items()} == {
        "acknowledge": ("Mon 2026-11-30 12:00 CET", "Mon 2026-11-30 16:00 CET"),
        "customer": ("Mon 2026-11-30 12:00 CET", "Mon 2026-11-30 16:00 CET"),
        "deadline": ("Mon 2026-11-30 12:00 CET", "Mon 2026-11-30 12:00 CET"),
    }
    assert found["customer"].lines == (
        HOURS,
        "Escalated: Fri 2026-11-27 16:00 CET",
        "High: customer update every 4 to 8 support hours",
        "Fri 2026-11-27 16:00 CET to 17:00: 1 h",
        "Sat 2026-11-28: closed, no support day",
        "Sun 2026-11-29: closed, no support day",
        "Mon 2026-11-30 09:00 CET to 12:00: 3 h, 4 h in all",
        "Due: Mon 2026-11-30 12:00 CET",
        "Overdue after 8 support hours: Mon 2026-11-30 16:00 CET",
    )
    assert found["acknowledge"].lines[1:3] == (
        "Reached Engineering: Fri 2026-11-27 16:00 CET",
        "High: to be acknowledged within 4 support hours",
    )
    assert found["acknowledge"].lines[-1] == "To be acknowledged by: Mon 2026-11-30 12:00 CET"
    assert found["deadline"].lines == ("High: 4 business hours, as less remains today: Mon 2026-11-30 12:00 CET",)
    assert (found["deadline"].who, found["customer"].who) == ("Engineering", "Support")


@pytest.mark.parametrize(
    ("zone", "start", "due", "overdue"),
    [
        ("Europe/Berlin", "2026-03-29T01:00", "Sun 2026-03-29 04:00 CEST", "Sun 2026-03-29 06:00 CEST"),
        ("Europe/Berlin", "2026-10-25T01:00", "Sun 2026-10-25 02:00 CET", "Sun 2026-10-25 04:00 CET"),
        ("Europe/Berlin", "2026-10-25T00:30", "Sun 2026-10-25 02:30 CEST", "Sun 2026-10-25 03:30 CET"),
        ("America/Denver", "2026-03-08T01:00", "Sun 2026-03-08 04:00 MDT", "Sun 2026-03-08 06:00 MDT"),
        ("America/Denver", "2026-11-01T00:30", "Sun 2026-11-01 01:30 MST", "Sun 2026-11-01 03:30 MST"),
    ],
)
def test_critical_counts_the_hours_that_pass_when_clocks_change(zone: str, start: str, due: str, overdue: str) -> None:
    record = lived((start, opening(calendar=Calendar(timezone=zone))), zone=zone)
    assert local(running(record)["customer"], zone) == (due, overdue)


@pytest.mark.parametrize(
    ("zone", "start", "line", "due"),
    [
        (
            "Europe/Berlin",
            "2026-03-27T16:00",
            "Mon 2026-03-30 09:00 CEST to 12:00: 3 h, 4 h in all",
            "Mon 2026-03-30 12:00 CEST",
        ),
        (
            "Europe/Berlin",
            "2026-10-23T16:00",
            "Mon 2026-10-26 09:00 CET to 12:00: 3 h, 4 h in all",
            "Mon 2026-10-26 12:00 CET",
        ),
        (
            "America/Denver",
            "2026-03-06T16:00",
            "Mon 2026-03-09 09:00 MDT to 12:00: 3 h, 4 h in all",
            "Mon 2026-03-09 12:00 MDT",
        ),
        (
            "America/Denver",
            "2026-10-30T16:00",
            "Mon 2026-11-02 09:00 MST to 12:00: 3 h, 4 h in all",
            "Mon 2026-11-02 12:00 MST",
        ),
    ],
)
def test_high_keeps_the_offices_hours_when_clocks_change(zone: str, start: str, line: str, due: str) -> None:
    record = lived((start, opening(severity="high", calendar=Calendar(timezone=zone))), zone=zone)
    timer = running(record)["customer"]
    assert local(timer, zone)[0] == due
    assert timer.lines[-3:-1] == (line, f"Due: {due}")


@pytest.mark.parametrize(
    ("start", "due", "lines"),
    [
        (  # 4 hours, one of which the night does not have
            "2026-03-28T23:30",
            "Sun 2026-03-29 04:30 CEST",
            ["Sat 2026-03-28 23:30 CET to Sun 2026-03-29 00:00 CET: 30 min"],
        ),
        (
            "2026-10-24T23:30",
            "Sun 2026-10-25 02:30 CET",
            ["Sat 2026-10-24 23:30 CEST to Sun 2026-10-25 00:00 CEST: 30 min"],
        ),
    ],
)
def test_a_desk_that_never_closes_counts_what_passes_when_clocks_change(start: str, due: str, lines: list[str]) -> None:
    timer = running(lived((start, opening(severity="high", calendar=ALWAYS))))["customer"]
    assert local(timer)[0] == due
    assert list(timer.lines[3:4]) == lines
    assert counted_in(timer.lines) == ([30, 210], 240)


@pytest.mark.parametrize(
    ("start", "line"),
    [
        ("2026-03-29T01:00", "Sun 2026-03-29 01:00 CET to Sun 2026-03-29 04:00 CEST: 2 h"),
        ("2026-10-25T01:00", "Sun 2026-10-25 01:00 CEST to Sun 2026-10-25 02:00 CET: 2 h"),
    ],
)
def test_a_stretch_over_a_change_of_the_clocks_names_both_zones(start: str, line: str) -> None:
    assert line in running(lived((start, opening())))["customer"].lines


@pytest.mark.parametrize(
    ("calendar", "start", "due", "overdue"),
    [
        (BERLIN, "2026-03-27T11:00", "Mon 2026-03-30 11:00 CEST", "Tue 2026-03-31 11:00 CEST"),
        (BERLIN, "2026-10-23T11:00", "Mon 2026-10-26 11:00 CET", "Tue 2026-10-27 11:00 CET"),
        (DENVER, "2026-03-06T11:00", "Mon 2026-03-09 11:00 MDT", "Tue 2026-03-10 11:00 MDT"),
        (DENVER, "2026-10-30T11:00", "Mon 2026-11-02 11:00 MST", "Tue 2026-11-03 11:00 MST"),
        # 02:30 does not exist on the 29th: an hour later by the new time. In October it is there twice: the first.
        (ALWAYS, "2026-03-28T02:30", "Sun 2026-03-29 03:30 CEST", "Mon 2026-03-30 02:30 CEST"),
        (ALWAYS, "2026-10-24T02:30", "Sun 2026-10-25 02:30 CEST", "Mon 2026-10-26 02:30 CET"),
        (ALWAYS, "2026-10-25T02:30*", "Mon 2026-10-26 02:30 CET", "Tue 2026-10-27 02:30 CET"),
    ],
)
def test_medium_keeps_the_local_time_when_clocks_change(calendar: Calendar, start: str, due: str, overdue: str) -> None:
    record = lived((start, opening(severity="medium", calendar=calendar)), zone=calendar.timezone)
    assert local(running(record)["customer"], calendar.timezone) == (due, overdue)


def test_midnight_at_a_desk_that_never_closes() -> None:
    high = running(lived(("2026-11-28T22:30", opening(severity="high", calendar=ALWAYS))))
    assert high["customer"].lines == (
        "Support hours: Mon, Tue, Wed, Thu, Fri, Sat, Sun 00:00 to 24:00 Europe/Berlin",
        "Escalated: Sat 2026-11-28 22:30 CET",
        "High: customer update every 4 to 8 support hours",
        "Sat 2026-11-28 22:30 CET to Sun 2026-11-29 00:00 CET: 1 h 30 min",
        "Sun 2026-11-29 00:00 CET to 02:30: 2 h 30 min, 4 h in all",
        "Due: Sun 2026-11-29 02:30 CET",
        "Overdue after 8 support hours: Sun 2026-11-29 06:30 CET",
    )
    # Close of business is midnight; with less than four hours left, it is four hours.
    assert local(high["deadline"])[0] == "Sun 2026-11-29 02:30 CET"
    exactly = running(lived(("2026-11-28T20:00", opening(severity="high", calendar=ALWAYS))))
    assert local(exactly["deadline"])[0] == "Sun 2026-11-29 00:00 CET"
    assert local(exactly["customer"])[0] == "Sun 2026-11-29 00:00 CET"
    medium = running(lived(("2026-12-31T00:00", opening(severity="medium", calendar=ALWAYS))))
    assert local(medium["customer"]) == ("Fri 2027-01-01 00:00 CET", "Sat 2027-01-02 00:00 CET")
    assert local(medium["deadline"])[0] == "Wed 2027-01-06 00:00 CET"  # the end of Tuesday


def test_a_german_holiday_closes_the_german_office_only() -> None:
    """Thursday, the 2nd of October 2025; the Day of German Unity is the Friday."""
    german = Calendar(timezone="Europe/Berlin", holidays="DE")
    timer = running(lived(("2025-10-02T16:00", opening(severity="high", calendar=german))))["customer"]
    assert timer.lines[3] == "Thu 2025-10-02 16:00 CEST to 17:00: 1 h"
    assert timer.lines[4].startswith("Fri 2025-10-03: closed, holiday in DE: ")
    assert timer.lines[5:7] == ("Sat 2025-10-04: closed, no support day", "Sun 2025-10-05: closed, no support day")
    assert local(timer) == ("Mon 2025-10-06 12:00 CEST", "Mon 2025-10-06 16:00 CEST")
    american = lived(("2025-10-02T16:00", opening(severity="high", calendar=DENVER)), zone="America/Denver")
    timer = running(american)["customer"]
    assert timer.lines[3:] == (
        "Thu 2025-10-02 16:00 MDT to 17:00: 1 h",
        "Fri 2025-10-03 09:00 MDT to 12:00: 3 h, 4 h in all",
        "Due: Fri 2025-10-03 12:00 MDT",
        "Overdue after 8 support hours: Fri 2025-10-03 16:00 MDT",
    )


def test_a_bavarian_holiday_closes_the_bavarian_office_only() -> None:
    due = {}
    for part in ("DE-BY", "DE-BE"):
        calendar = Calendar(timezone="Europe/Berlin", holidays=part)
        due[part] = running(lived(("2026-01-05T11:00", opening(severity="medium", calendar=calendar))))["customer"]
    assert local(due["DE-BE"]) == ("Tue 2026-01-06 11:00 CET", "Wed 2026-01-07 11:00 CET")
    assert local(due["DE-BY"]) == ("Wed 2026-01-07 11:00 CET", "Thu 2026-01-08 11:00 CET")
    assert due["DE-BY"].lines[3].startswith("Tue 2026-01-06: closed, holiday in DE-BY: ")
    assert due["DE-BY"].lines[4] == "Wed 2026-01-07 11:00: business day 1"


def test_a_holiday_has_one_name_on_every_machine() -> None:
    program = (
        "from datetime import date; from agent.policy.clock import Hours; from schemas.context import Calendar\n"
        "for land, day in (('DE', date(2025, 10, 3)), ('JP', date(2026, 7, 20))):\n"
        "    print(Hours.of(Calendar(holidays=land)).why_closed(day))"
    )
    names = set()
    for language in ("de_DE.UTF-8", "en_US.UTF-8"):
        environment = {"LANGUAGE": language, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
        run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, encoding="utf-8")
        assert run.returncode == 0, run.stderr
        names.add(run.stdout)
    assert len(names) == 1


def test_more_than_four_closed_days_are_counted_and_the_offices_own_are_named() -> None:
    week = tuple(date(2026, 8, day) for day in range(10, 15))
    calendar = Calendar(timezone="Europe/Berlin", closures=week)
    timer = running(lived(("2026-08-07T16:00", opening(severity="high", calendar=calendar))))["customer"]
    assert timer.lines[3:6] == (
        "Fri 2026-08-07 16:00 CEST to 17:00: 1 h",
        "Sat 2026-08-08 to Sun 2026-08-16: 9 days closed",
        "Mon 2026-08-17 09:00 CEST to 12:00: 3 h, 4 h in all",
    )
    easter = running(lived(("2026-04-02T16:00", opening(severity="high"))))["customer"]
    assert [line[:23] for line in easter.lines[4:8]] == [
        "Fri 2026-04-03: closed,",
        "Sat 2026-04-04: closed,",
        "Sun 2026-04-05: closed,",
        "Mon 2026-04-06: closed,",
    ]
    calendar = Calendar(timezone="Europe/Berlin", closures=week[:1])
    timer = running(lived(("2026-08-07T16:00", opening(severity="high", calendar=calendar))))["customer"]
    assert timer.lines[6] == "Mon 2026-08-10: closed, the office's own closure"
    assert local(timer)[0] == "Tue 2026-08-11 12:00 CEST"


def test_leap_day() -> None:
    medium = running(lived(("2028-02-28T11:00", opening(severity="medium"))))
    assert medium["customer"].lines[3:5] == (
        "Tue 2028-02-29 11:00: business day 1",
        "Due: Tue 2028-02-29 11:00 CET",
    )
    assert local(medium["customer"])[1] == "Wed 2028-03-01 11:00 CET"
    assert local(medium["deadline"])[0] == "Mon 2028-03-06 17:00 CET"
    high = running(lived(("2028-02-29T16:00", opening(severity="high"))))
    assert local(high["customer"])[0] == "Wed 2028-03-01 12:00 CET"
    critical = running(lived(("2028-02-29T23:00", opening())))
    assert local(critical["customer"]) == ("Wed 2028-03-01 01:00 CET", "Wed 2028-03-01 03:00 CET")
    assert running(lived(("2027-02-28T23:00", opening())))["customer"].lines[2] == (
        "Sun 2027-02-28 23:00 CET to Mon 2027-03-01 01:00 CET: 2 h"
    )


# Pauses.

NOON_TO_WEDNESDAY = Sla(started=at("2026-12-01T09:00"), due=at("2026-12-02T12:00"))
WAITING = (
    ("2026-12-01T10:00", opening(severity="high", sla=NOON_TO_WEDNESDAY)),
    ("2026-12-01T10:30", Acknowledged(), ENGINEERING),
    ("2026-12-01T11:00", told()),
    ("2026-12-01T12:00", Paused()),
)


def test_while_it_is_the_customers_turn_their_clocks_stand_and_the_teams_run() -> None:
    found = running(lived(*WAITING))
    assert sorted(found) == ["deadline", "internal", "silence"]
    assert local(found["internal"]) == ("Tue 2026-12-01 14:30 CET", "Tue 2026-12-01 14:30 CET")
    assert local(found["deadline"])[0] == "Tue 2026-12-01 17:00 CET"
    assert local(found["silence"]) == ("Thu 2026-12-03 12:00 CET", "Fri 2026-12-04 12:00 CET")


def test_a_resolution_ends_the_pause() -> None:
    """Without a root cause it stays in monitoring, so every clock runs on."""
    record = lived(*WAITING, ("2026-12-01T15:00", Resolved(resolution="A new release")))
    assert record.pauses == (Pause(start=at("2026-12-01T12:00"), until=at("2026-12-01T15:00")),)
    found = running(record)
    assert sorted(found) == ["customer", "internal", "sla"]
    assert local(found["customer"]) == ("Wed 2026-12-02 10:00 CET", "Wed 2026-12-02 14:00 CET")
    assert found["customer"].lines == (
        HOURS,
        "Last update to the customer (event 3): Tue 2026-12-01 11:00 CET",
        "High: customer update every 4 to 8 support hours",
        "Tue 2026-12-01 11:00 CET to 12:00: 1 h",
        "Tue 2026-12-01 12:00 CET to Tue 2026-12-01 15:00 CET: stands still, the customer's turn",
        "Tue 2026-12-01 15:00 CET to 17:00: 2 h, 3 h in all",
        "Wed 2026-12-02 09:00 CET to 10:00: 1 h, 4 h in all",
        "Due: Wed 2026-12-02 10:00 CET",
        "Overdue after 8 support hours: Wed 2026-12-02 14:00 CET",
    )
    # 3 hours later, and a quarter of its 27 hours before that.
    assert local(found["sla"]) == ("Wed 2026-12-02 08:15 CET", "Wed 2026-12-02 15:00 CET")
    # The word with the team was the resolution; the pause before it adds nothing.
    assert local(found["internal"])[0] == "Wed 2026-12-02 11:00 CET"


def test_the_internal_follow_up_takes_no_notice_of_a_pause() -> None:
    found = running(lived(*WAITING, ("2026-12-01T13:00", Resumed())))
    assert local(found["internal"])[0] == "Tue 2026-12-01 14:30 CET"
    assert local(found["customer"])[0] == "Tue 2026-12-01 16:00 CET"


@pytest.mark.parametrize(
    ("ending", "kinds"),
    [
        (Resolved(resolution="A new release", root_cause="a full disk"), ["close", "customer"]),
        (Rejected(reason="wrong_team", way_on="Ask Product."), ["close", "customer"]),
        (Returned(duties=ALL_DONE), ["close"]),
    ],
)
def test_every_ending_ends_the_pause(ending: Data, kinds: list[str]) -> None:
    record = lived(*WAITING, ("2026-12-01T15:00", ending))
    assert record.pauses[-1].until == at("2026-12-01T15:00")
    found = running(record)
    assert sorted(found) == kinds
    if "customer" in kinds:
        assert local(found["customer"])[0] == "Wed 2026-12-02 11:00 CET"


def test_several_pauses_on_the_clock() -> None:
    record = lived(
        ("2026-12-01T08:00", opening()),
        ("2026-12-01T08:30", Paused()),
        ("2026-12-01T09:00", Resumed()),
        ("2026-12-01T09:30", Paused()),
        ("2026-12-01T11:00", Resumed()),
    )
    assert running(record)["customer"].lines == (
        "Escalated: Tue 2026-12-01 08:00 CET",
        "Critical: customer update every 2 to 4 hours",
        "Tue 2026-12-01 08:00 CET to 08:30: 30 min",
        "Tue 2026-12-01 08:30 CET to Tue 2026-12-01 09:00 CET: stands still, the customer's turn",
        "Tue 2026-12-01 09:00 CET to 09:30: 30 min, 1 h in all",
        "Tue 2026-12-01 09:30 CET to Tue 2026-12-01 11:00 CET: stands still, the customer's turn",
        "Tue 2026-12-01 11:00 CET to 12:00: 1 h, 2 h in all",
        "Due: Tue 2026-12-01 12:00 CET",
        "Overdue after 4 hours: Tue 2026-12-01 14:00 CET",
    )


def test_a_pause_over_the_weekend_takes_support_time_only() -> None:
    record = lived(
        ("2026-11-27T15:00", opening(severity="high")),
        ("2026-11-27T16:00", Paused()),
        ("2026-11-30T10:00", Resumed()),
    )
    timer = running(record)["customer"]
    assert timer.lines[3:9] == (
        "Fri 2026-11-27 15:00 CET to 16:00: 1 h",
        "Fri 2026-11-27 16:00 CET to Mon 2026-11-30 10:00 CET: stands still, the customer's turn",
        "Sat 2026-11-28: closed, no support day",
        "Sun 2026-11-29: closed, no support day",
        "Mon 2026-11-30 10:00 CET to 13:00: 3 h, 4 h in all",
        "Due: Mon 2026-11-30 13:00 CET",
    )
    assert local(timer)[1] == "Mon 2026-11-30 17:00 CET"


def test_days_spent_in_pauses_are_no_business_days() -> None:
    record = lived(
        ("2026-11-30T10:00", opening(severity="medium")),
        ("2026-12-01T08:00", Paused()),
        ("2026-12-01T18:00", Resumed()),
        ("2026-12-03T08:00", Paused()),
        ("2026-12-04T18:00", Resumed()),
    )
    timer = running(record)["customer"]
    assert local(timer) == ("Wed 2026-12-02 10:00 CET", "Mon 2026-12-07 10:00 CET")
    assert timer.lines[3:6] == (
        "Mon 2026-11-30 10:00 CET to 17:00: 7 h",
        "Tue 2026-12-01 08:00 CET to Tue 2026-12-01 18:00 CET: stands still, the customer's turn",
        "Wed 2026-12-02 09:00 CET to 10:00: 1 h, 8 h in all",
    )


def test_an_update_in_a_pause_counts_from_the_answer_on() -> None:
    record = lived(
        ("2026-12-01T08:00", opening()),
        ("2026-12-01T08:30", Paused()),
        ("2026-12-01T10:00", told("Could you send the log?")),
        ("2026-12-02T09:00", Resumed()),
    )
    timer = running(record)["customer"]
    assert local(timer) == ("Wed 2026-12-02 11:00 CET", "Wed 2026-12-02 13:00 CET")
    assert timer.lines[:4] == (
        "Last update to the customer (event 3): Tue 2026-12-01 10:00 CET",
        "Critical: customer update every 2 to 4 hours",
        "Tue 2026-12-01 10:00 CET to Wed 2026-12-02 09:00 CET: stands still, the customer's turn",
        "Wed 2026-12-02 09:00 CET to 11:00: 2 h",
    )


def test_a_pause_that_was_over_is_not_mentioned() -> None:
    record = lived(
        ("2026-11-27T15:00", opening(severity="high")),
        ("2026-11-27T16:00", Paused()),
        ("2026-11-27T18:00", Resumed()),
        ("2026-11-27T18:00", told()),
    )
    timer = running(record)["customer"]
    assert local(timer)[0] == "Mon 2026-11-30 13:00 CET"
    assert not any("stands still" in line for line in timer.lines)


def test_a_closed_day_is_no_reason_on_the_walls_clock() -> None:
    record = lived(
        ("2026-11-27T16:00", opening()),
        ("2026-11-27T17:00", Paused()),
        ("2026-11-30T10:00", Resumed()),
    )
    assert running(record)["customer"].lines[2:5] == (
        "Fri 2026-11-27 16:00 CET to 17:00: 1 h",
        "Fri 2026-11-27 17:00 CET to Mon 2026-11-30 10:00 CET: stands still, the customer's turn",
        "Mon 2026-11-30 10:00 CET to 11:00: 1 h, 2 h in all",
    )


def test_lines_are_in_the_order_in_which_time_passed() -> None:
    record = lived(
        ("2026-11-27T16:00", opening(severity="high")),
        ("2026-11-30T08:00", Paused()),
        ("2026-11-30T11:00", Resumed()),
    )
    days = re.findall(r"2026-11-\d\d", " ".join(line[:14] for line in running(record)["customer"].lines[3:7]))
    assert days == ["2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30"]


def test_a_short_pause_does_not_cost_a_business_day() -> None:
    record = lived(
        ("2026-11-30T10:00", opening(severity="medium")),
        ("2026-12-01T09:55", Paused()),
        ("2026-12-01T10:05", Resumed()),
    )
    assert running(record)["customer"].due < at("2026-12-01T17:00")


def test_a_pause_of_a_day_moves_a_business_day() -> None:
    record = lived(
        ("2026-11-30T10:00", opening(severity="medium")),
        ("2026-11-30T10:01", Paused()),
        ("2026-12-01T09:59", Resumed()),
    )
    assert running(record)["customer"].due > at("2026-12-01T16:00")


def test_the_lines_of_business_days_give_the_whole_pause() -> None:
    record = lived(
        ("2026-11-30T10:00", opening(severity="medium")),
        ("2026-11-30T10:01", Paused()),
        ("2026-12-01T09:59", Resumed()),
    )
    assert (
        "Mon 2026-11-30 10:01 CET to Tue 2026-12-01 09:59 CET: stands still, the customer's turn"
        in running(record)["customer"].lines
    )


def test_the_lines_of_business_days_show_where_they_begin() -> None:
    """Friday evening: from Monday on, so Tuesday is the first day. Without Monday the lines prove Monday."""
    timer = running(lived(("2026-11-27T18:00", opening(severity="medium"))))["customer"]
    assert local(timer)[0] == "Tue 2026-12-01 09:00 CET"
    assert any("Mon 2026-11-30 09:00" in line for line in timer.lines)


@pytest.mark.parametrize("second", [31, 40, 59])
def test_lines_add_up_when_it_began_between_two_minutes(second: int) -> None:
    record = lived((f"2026-11-27T16:00:{second}", opening(severity="high")))
    lines = running(record)["customer"].lines
    assert "Fri 2026-11-27 16:00 CET to 17:00: 1 h" in lines
    assert "Mon 2026-11-30 09:00 CET to 12:00: 3 h, 4 h in all" in lines


def test_support_time_is_given_in_hours() -> None:
    reckoning = Clock(clock.Hours.of(BERLIN)).support_time(at("2026-12-01T09:00"), timedelta(hours=48))
    assert reckoning.amount == "48 h of support time"
    assert reckoning.explain()[-1].endswith(": 8 h, 48 h in all")


def test_a_pause_of_years_on_the_clock() -> None:
    pause = Pause(start=at("2026-12-01T09:00"), until=at("2028-12-01T09:00"))
    ticking = Clock(clock.Hours.of(BERLIN), (pause,))
    assert ticking.on_clock(at("2026-12-01T08:00"), timedelta(hours=2)).moment == at("2028-12-01T10:00")


def test_a_pause_of_years_in_support_hours() -> None:
    pause = Pause(start=at("2026-12-01T10:00"), until=at("2028-12-01T09:00"))
    ticking = Clock(clock.Hours.of(BERLIN), (pause,))
    assert ticking.support_time(at("2026-12-01T09:00"), timedelta(hours=2)).moment == at("2028-12-01T10:00")


def test_a_pause_of_years_in_business_days() -> None:
    pause = Pause(start=at("2026-12-01T12:00"), until=at("2028-12-01T09:00"))
    ticking = Clock(clock.Hours.of(BERLIN), (pause,))
    assert ticking.business_days(at("2026-12-01T09:00"), 1).moment >= at("2028-12-01T09:00")


def test_many_business_days() -> None:
    hours = clock.Hours.of(BERLIN)
    reckoning = Clock(hours).business_days(at("2026-12-01T09:00"), 300)
    assert len(reckoning.stretches) == 300
    assert reckoning.moment == clock.add_business_days(at("2026-12-01T09:00"), 300, hours)


def test_nothing_ends_a_pause_before_it_began() -> None:
    """Time would count twice: the update would be overdue at 10:30, before it is due."""
    steps = (("2026-12-01T09:00", opening()), ("2026-12-01T12:00", Paused()))
    with pytest.raises(Refused, match="before"):
        lived(*steps, ("2026-12-01T09:30", Resolved(resolution="A new release")))


def test_an_update_of_before_the_pause_is_no_reminder() -> None:
    record = lived(
        ("2026-12-01T09:00", opening()),
        ("2026-12-01T12:00", Paused()),
        ("2026-12-01T11:00", told()),
    )
    assert running(record)["silence"].what == "The customer has not answered: remind them (1 of 2)"


def test_an_earlier_event_does_not_hide_a_later_word_with_the_team() -> None:
    record = lived(
        ("2026-12-01T09:00", opening()),
        ("2026-12-01T09:10", Acknowledged(), ENGINEERING),
        ("2026-12-01T12:00", asked()),
        ("2026-12-01T11:00", Monitored(text="A fix is in place.")),
    )
    assert running(record)["internal"].due == at("2026-12-01T14:00")


# Another severity.


def test_raised_while_overdue_it_is_due_now_and_no_breach_yet() -> None:
    high = lived(("2026-11-30T09:00", opening(severity="high")), ("2026-11-30T09:30", Acknowledged(), ENGINEERING))
    assert local(running(high)["customer"]) == ("Mon 2026-11-30 13:00 CET", "Mon 2026-11-30 17:00 CET")
    record = lived(
        ("2026-11-30T09:00", opening(severity="high")),
        ("2026-11-30T09:30", Acknowledged(), ENGINEERING),
        ("2026-12-01T10:00", changed("critical")),
    )
    found = running(record)
    assert sorted(found) == ["customer", "internal"]
    for timer in found.values():
        assert local(timer) == ("Tue 2026-12-01 10:00 CET", "Tue 2026-12-01 10:15 CET")
    assert found["customer"].lines[:5] == (
        "Escalated: Mon 2026-11-30 09:00 CET",
        "Critical: customer update every 2 to 4 hours",
        "Mon 2026-11-30 09:00 CET to 11:00: 2 h",
        "Due: Mon 2026-11-30 11:00 CET",
        "Severity changed Tue 2026-12-01 10:00 CET, after that time: due then",
    )
    assert breached_before(record, SETTINGS, at("2026-12-01T10:15")) == ()
    late = breached_before(record, SETTINGS, at("2026-12-01T10:15") + timedelta(seconds=1))
    assert sorted(timer.kind for timer in late) == ["customer", "internal"]


def test_raised_before_anything_is_past_it_counts_from_the_last_update() -> None:
    record = lived(
        ("2026-12-01T09:00", opening(severity="high")),
        ("2026-12-01T11:00", told()),
        ("2026-12-01T12:00", changed("critical")),
    )
    found = running(record)
    assert local(found["customer"]) == ("Tue 2026-12-01 13:00 CET", "Tue 2026-12-01 15:00 CET")
    # Nobody acknowledged: the quarter of an hour is counted from the change.
    assert found["acknowledge"].lines == (
        "Severity became Critical: Tue 2026-12-01 12:00 CET",
        "Critical: to be acknowledged within 15 minutes",
        "Tue 2026-12-01 12:00 CET to 12:15: 15 min",
        "To be acknowledged by: Tue 2026-12-01 12:15 CET",
    )


def test_lowered_while_overdue() -> None:
    critical = (("2026-12-01T09:00", opening()), ("2026-12-01T09:10", Acknowledged(), ENGINEERING))
    assert local(running(lived(*critical))["customer"])[1] == "Tue 2026-12-01 13:00 CET"
    high = running(lived(*critical, ("2026-12-01T14:00", changed("high"))))
    # By the slower table it was due at 13:00: so it is due now, and overdue when the slower table says so.
    assert local(high["customer"]) == ("Tue 2026-12-01 14:00 CET", "Tue 2026-12-01 17:00 CET")
    assert high["customer"].lines[-2:] == (
        "Severity changed Tue 2026-12-01 14:00 CET, after that time: due then",
        "Overdue after 8 support hours: Tue 2026-12-01 17:00 CET",
    )
    medium = running(lived(*critical, ("2026-12-01T14:00", changed("medium"))))
    assert local(medium["customer"]) == ("Wed 2026-12-02 09:00 CET", "Thu 2026-12-03 09:00 CET")
    assert local(medium["deadline"])[0] == "Tue 2026-12-08 17:00 CET"


def test_a_change_of_severity_keeps_pauses() -> None:
    record = lived(
        ("2026-12-01T09:00", opening(severity="high")),
        ("2026-12-01T09:30", Paused()),
        ("2026-12-01T11:30", Resumed()),
        ("2026-12-01T12:00", changed("critical")),
    )
    assert local(running(record)["customer"]) == ("Tue 2026-12-01 13:00 CET", "Tue 2026-12-01 15:00 CET")


def test_the_line_of_overdue_says_what_was_counted() -> None:
    record = lived(("2026-11-30T09:00", opening(severity="high")), ("2026-12-01T10:00", changed("critical")))
    timer = running(record)["customer"]
    assert timer.overdue == at("2026-12-01T10:15")
    assert not timer.lines[-1].startswith("Overdue after 4 hours: Tue")
    assert "15 min" in timer.lines[-1]


def test_raised_in_a_pause_it_is_due_when_the_customer_has_answered() -> None:
    record = lived(
        ("2026-12-01T08:00", opening(severity="high")),
        ("2026-12-01T13:00", Paused()),
        ("2026-12-01T14:00", changed("critical")),
        ("2026-12-02T09:00", Resumed()),
    )
    assert local(running(record)["customer"]) == ("Wed 2026-12-02 09:00 CET", "Wed 2026-12-02 09:15 CET")


def test_raised_to_high_at_the_weekend_it_is_due_at_the_next_opening() -> None:
    record = lived(
        ("2026-11-25T10:00", opening(severity="medium")),
        ("2026-11-25T11:00", Acknowledged(), ENGINEERING),
        ("2026-11-28T12:00", changed("high")),
    )
    assert local(running(record)["customer"]) == ("Mon 2026-11-30 09:00 CET", "Mon 2026-11-30 09:15 CET")


def test_what_is_due_as_severity_changes_is_not_overdue_at_once() -> None:
    record = lived(
        ("2026-12-01T08:00", opening(severity="high")),
        ("2026-12-01T08:10", Acknowledged(), ENGINEERING),
        ("2026-12-01T10:10", changed("critical")),
    )
    timer = running(record)["internal"]
    assert (timer.due, timer.overdue) == (at("2026-12-01T10:10"), at("2026-12-01T10:25"))


def test_raised_after_a_hand_over_it_is_not_late_already() -> None:
    record = lived(
        ("2026-12-01T10:00", opening(severity="high")),
        ("2026-12-01T10:10", Acknowledged(), ENGINEERING),
        ("2026-12-01T10:20", HandedOver(to="Ben Okafor", note="All of it.")),
        ("2026-12-01T12:00", changed("critical")),
    )
    assert running(record)["handover"].due == at("2026-12-01T12:15")
    assert breached_before(record, SETTINGS, at("2026-12-01T12:00")) == ()


@pytest.mark.parametrize("taken", [1, 3])
def test_raised_to_critical_it_is_to_be_acknowledged_within_fifteen_minutes(taken: int) -> None:
    chases = tuple((f"2026-12-0{2 + n}T16:00", Chased(step=n, whom="the lead")) for n in range(1, taken + 1))
    record = lived(
        ("2026-12-01T10:00", opening(severity="high")),
        *chases,
        ("2026-12-07T10:00", changed("critical")),
    )
    assert running(record)["acknowledge"].due == at("2026-12-07T10:15")


def test_reopened_the_lines_say_so() -> None:
    record = lived(
        ("2026-12-01T10:00", opening(severity="high")),
        ("2026-12-01T12:00", Resolved(resolution="A new release", root_cause="a full disk")),
        ("2026-12-08T10:00", Reopened(severity="high")),
    )
    lines = running(record)["customer"].lines
    assert not any(line.startswith("Severity changed") for line in lines)


@pytest.mark.parametrize(
    "then",
    [(Acknowledged(), ENGINEERING), (Rerouted(owner="security", next_hop="security"),), (Monitored(text="A fix."),)],
)
def test_after_a_reopening_the_customers_update_counts_from_there(then: tuple[Any, ...]) -> None:
    record = lived(
        ("2026-12-01T10:00", opening()),
        ("2026-12-01T12:00", Resolved(resolution="A new release", root_cause="a full disk")),
        ("2026-12-08T10:00", Reopened(severity="critical")),
        ("2026-12-08T10:05", *then),
    )
    timer = running(record)["customer"]
    assert local(timer) == ("Tue 2026-12-08 12:00 CET", "Tue 2026-12-08 14:00 CET")
    assert timer.lines[0] == "Reopened: Tue 2026-12-08 10:00 CET"


# The SLA.


def test_sla_at_risk_and_breached() -> None:
    sla = Sla(started=at("2026-12-01T09:00"), due=at("2026-12-01T17:00"))
    timer = running(lived(("2026-12-01T09:45", opening(sla=sla))))["sla"]
    assert timer.lines == (
        "SLA due Tue 2026-12-01 17:00 CET",
        "At risk 2 h before: Tue 2026-12-01 15:00 CET",
    )
    assert local(timer) == ("Tue 2026-12-01 15:00 CET", "Tue 2026-12-01 17:00 CET")


@pytest.mark.parametrize("started", [None, "2026-12-01T14:00"])
def test_sla_is_at_risk_an_hour_before_at_the_least(started: str | None) -> None:
    sla = Sla(started=at(started) if started else None, due=at("2026-12-01T17:00"))
    timer = running(lived(("2026-12-01T14:45", opening(sla=sla))))["sla"]
    assert local(timer)[0] == "Tue 2026-12-01 16:00 CET"


def test_pauses_of_help_desk_and_ledger_move_the_sla_once() -> None:
    """One of before its start counts from the start; one that overlaps counts for what it adds."""
    before = Pause(start=at("2026-12-01T08:00"), until=at("2026-12-01T09:15"))
    desk = Pause(start=at("2026-12-01T09:30"), until=at("2026-12-01T10:30"))
    sla = Sla(started=at("2026-12-01T09:00"), due=at("2026-12-01T17:00"), pauses=(before, desk))
    record = lived(
        ("2026-12-01T09:45", opening(sla=sla)),
        ("2026-12-01T10:00", Paused()),
        ("2026-12-01T11:00", Resumed()),
    )
    timer = running(record)["sla"]
    assert timer.lines == (
        "SLA due Tue 2026-12-01 17:00 CET",
        "Plus 1 h 45 min of pauses: Tue 2026-12-01 18:45 CET",
        "At risk 2 h before: Tue 2026-12-01 16:45 CET",
    )
    assert local(timer) == ("Tue 2026-12-01 16:45 CET", "Tue 2026-12-01 18:45 CET")


def test_no_pause_heals_a_breach() -> None:
    sla = Sla(started=at("2026-12-01T09:00"), due=at("2026-12-01T17:00"))
    record = lived(
        ("2026-12-01T09:45", opening(sla=sla)),
        ("2026-12-01T18:00", Paused()),
        ("2026-12-03T09:00", Resumed()),
    )
    assert local(running(record)["sla"])[1] == "Tue 2026-12-01 17:00 CET"


def test_a_pause_that_lasts_at_the_escalation_ends_with_the_answer() -> None:
    sla = Sla(started=at("2026-12-01T09:00"), due=at("2026-12-01T17:00"), pauses=(Pause(start=at("2026-12-01T10:00")),))
    record = lived(("2026-12-01T11:00", opening(sla=sla)), ("2026-12-01T12:00", Resumed()))
    assert local(running(record)["sla"])[1] == "Tue 2026-12-01 19:00 CET"


# How often the customer hears.


@pytest.mark.parametrize(
    ("every", "due", "overdue", "rule"),
    [
        (1, "10:00", "10:00", "Critical: customer update every 2 to 4 hours; the SLA tightens that to 1 hours"),
        (2.5, "11:00", "11:30", "Critical: customer update every 2 to 4 hours; the SLA tightens that to 2.5 hours"),
        (4, "11:00", "13:00", "Critical: customer update every 2 to 4 hours"),
        (9, "11:00", "13:00", "Critical: customer update every 2 to 4 hours"),
    ],
)
def test_an_sla_tightens_the_cadence_and_never_loosens_it(every: float, due: str, overdue: str, rule: str) -> None:
    sla = Sla(due=at("2026-12-09T17:00"), update_every=every)
    timer = running(lived(("2026-12-01T09:00", opening(sla=sla))))["customer"]
    assert (timer.due, timer.overdue) == (at(f"2026-12-01T{due}"), at(f"2026-12-01T{overdue}"))
    if every > 1:  # "1 hours" is no English
        assert timer.lines[1] == rule


def test_a_term_loosens_the_customers_cadence_and_nothing_else() -> None:
    term = TermSet(term=Term(customer_hours=24, source="contract 2026-14, section 4"))
    steps = (("2026-12-01T09:00", opening()), ("2026-12-01T09:10", Acknowledged(), ENGINEERING))
    found = running(lived(*steps, ("2026-12-01T09:20", term)))
    assert found["customer"].lines == (
        "Escalated: Tue 2026-12-01 09:00 CET",
        "Contract term (contract 2026-14, section 4): customer update every 24 hours",
        "Tue 2026-12-01 09:00 CET to Wed 2026-12-02 09:00 CET: 24 h",
        "Due: Wed 2026-12-02 09:00 CET",
        "Overdue after 24 hours: Wed 2026-12-02 09:00 CET",
    )
    assert found["internal"] == running(lived(*steps))["internal"]


def test_a_term_counts_in_the_unit_of_the_severity() -> None:
    term = TermSet(term=Term(customer_hours=5, source="contract 2026-14"))
    high = running(lived(("2026-12-01T15:00", opening(severity="high")), ("2026-12-01T15:10", term)))
    assert local(high["customer"])[0] == "Wed 2026-12-02 12:00 CET"
    medium = running(lived(("2026-12-01T15:00", opening(severity="medium")), ("2026-12-01T15:10", term)))
    assert local(medium["customer"])[0] == "Tue 2026-12-08 15:00 CET"


def test_an_sla_of_a_day_and_a_half_tightens_to_one_day() -> None:
    sla = Sla(due=at("2026-12-09T17:00"), update_every=1.5)
    timer = running(lived(("2026-12-01T09:00", opening(severity="medium", sla=sla))))["customer"]
    assert timer.overdue < at("2026-12-03T09:00")


def test_one_business_day_is_no_days() -> None:
    record = lived(("2026-12-01T09:00", opening(severity="medium")))
    lines = [line for timer in running(record).values() for line in timer.lines]
    assert not any(re.search(r"\b1 (hours|support hours|business days)", line) for line in lines)


def test_an_update_satisfies_one_slot_once() -> None:
    steps = (("2026-12-01T09:00", opening()), ("2026-12-01T10:45", told()))
    found = running(lived(*steps))
    assert local(found["customer"]) == ("Tue 2026-12-01 12:45 CET", "Tue 2026-12-01 14:45 CET")
    # Written down late for a time before the last one: the last one still counts.
    again = running(lived(*steps, ("2026-12-01T10:00", told("We are on it."))))
    assert again["customer"] == found["customer"]
    # A word to the customer is none with the team.
    assert found["acknowledge"] == running(lived(*steps[:1]))["acknowledge"]


def test_all_accounts_are_to_be_told() -> None:
    attached = Attached(ticket="HD-2", account="Südwind", confirmed_by="support")
    record = lived(("2026-12-01T09:00", opening()), ("2026-12-01T09:30", attached))
    assert running(record)["customer"].what == (
        "Update the customers, each in their own ticket (Nordwind, Südwind), news or not"
    )


# Nobody acknowledges.


def test_ladder_of_a_critical_one() -> None:
    """Each step when another quarter of an hour has passed, until there is no further step."""
    steps: tuple[tuple[Any, ...], ...] = (("2026-11-27T18:00", opening()),)
    expected = [
        ("18:15", "18:30", "notify the team again (step 1 of 3)"),
        ("18:30", "18:45", "call the team's lead (step 2 of 3)"),
        ("18:45", "19:00", "tell Support's leadership (step 3 of 3)"),
    ]
    for number, (due, overdue, what) in enumerate(expected, 1):
        record = lived(*steps)
        timer = running(record)["acknowledge"]
        assert (timer.due, timer.overdue) == (at(f"2026-11-27T{due}"), at(f"2026-11-27T{overdue}"))
        assert timer.what == f"Engineering is to acknowledge; if not: {what}"
        # Late from the first quarter of an hour on, whatever steps were taken.
        assert breached_before(record, SETTINGS, at("2026-11-27T18:15")) == ()
        (late,) = breached_before(record, SETTINGS, at("2026-11-27T18:16"))
        assert (late.kind, late.due, late.overdue) == ("acknowledge", at("2026-11-27T18:15"), at("2026-11-27T18:15"))
        steps = (*steps, (f"2026-11-27T{due}", Chased(step=number, whom="the team")))
    capped = running(lived(*steps))
    assert sorted(capped) == ["customer", "internal"]
    assert local(capped["internal"])[0] == "Fri 2026-11-27 20:45 CET"
    assert capped["internal"].lines[0] == "Last word with Engineering: Fri 2026-11-27 18:45 CET"
    acknowledged = running(lived(*steps[:2], ("2026-11-27T18:20", Acknowledged(), ENGINEERING)))
    assert local(acknowledged["internal"])[0] == "Fri 2026-11-27 20:20 CET"


def test_ladder_in_support_hours_and_business_days() -> None:
    high, medium = [], []
    for taken in range(3):
        chased = (("2026-11-27T16:30", Chased(step=taken, whom="the team")),) if taken else ()
        high.append(running(lived(("2026-11-27T16:00", opening(severity="high")), *chased))["acknowledge"])
        medium.append(running(lived(("2026-11-26T11:00", opening(severity="medium")), *chased))["acknowledge"])
    assert [local(timer)[0][:20] for timer in high] == [
        "Mon 2026-11-30 12:00",
        "Mon 2026-11-30 16:00",
        "Tue 2026-12-01 12:00",
    ]
    assert local(high[-1])[1] == "Tue 2026-12-01 16:00 CET"
    assert [local(timer)[0][:20] for timer in medium] == [
        "Fri 2026-11-27 11:00",
        "Mon 2026-11-30 11:00",
        "Tue 2026-12-01 11:00",
    ]
    assert high[1].lines[-2:] == (
        "Mon 2026-11-30 09:00 CET to 16:00: 7 h, 8 h in all",
        "Step 2 of 3 due: Mon 2026-11-30 16:00 CET",
    )


def test_the_lines_of_a_later_step_prove_it() -> None:
    record = lived(
        ("2026-11-27T16:00", opening(severity="high")), ("2026-11-30T12:00", Chased(step=1, whom="the team"))
    )
    timer = running(record)["acknowledge"]
    assert local(timer)[0] == "Mon 2026-11-30 16:00 CET"
    assert counted_in(timer.lines)[1] == 8 * 60


def test_a_ladder_of_the_policy_file_and_a_step_that_was_left_out() -> None:
    record = lived(("2026-11-27T18:00", opening()))
    one_step = LadderSettings(steps=("ring the bell",))
    found = running(record, ladder=one_step)
    assert found["acknowledge"].what == "Engineering is to acknowledge; if not: ring the bell (step 1 of 1)"
    skipped = lived(("2026-11-27T18:00", opening()), ("2026-11-27T18:20", Chased(step=2, whom="the lead")))
    assert running(skipped)["acknowledge"].due == at("2026-11-27T18:45")
    assert "acknowledge" not in running(skipped, ladder=one_step)


def test_another_team_has_a_ladder_of_its_own() -> None:
    record = lived(
        ("2026-11-27T18:00", opening()),
        ("2026-11-27T18:20", Chased(step=1, whom="the team")),
        ("2026-11-27T19:00", Rerouted(owner="security", next_hop="security")),
    )
    timer = running(record)["acknowledge"]
    assert timer.what == "Security is to acknowledge; if not: notify the team again (step 1 of 3)"
    assert timer.due == at("2026-11-27T19:15")


def test_time_to_acknowledge() -> None:
    assert [acknowledge_amount(severity, SETTINGS) for severity in ("critical", "high", "medium")] == [0.25, 4, 1]


# The customer is silent.


def test_silence_reminds_and_then_asks_to_decide() -> None:
    steps: tuple[tuple[Any, ...], ...] = (("2026-12-01T09:00", opening()), ("2026-12-01T10:00", Paused()))
    first = running(lived(*steps))["silence"]
    assert first.what == "The customer has not answered: remind them (1 of 2)"
    assert first.lines == (
        HOURS,
        "Waiting since: Tue 2026-12-01 10:00 CET",
        "No answer for 2 business days while it is the customer's turn",
        "Wed 2026-12-02 10:00: business day 1",
        "Thu 2026-12-03 10:00: business day 2",
        "Due: Thu 2026-12-03 10:00 CET",
    )
    assert local(first) == ("Thu 2026-12-03 10:00 CET", "Fri 2026-12-04 10:00 CET")

    steps = (*steps, ("2026-12-03T11:00", told("Could you send the log?")))
    second = running(lived(*steps))["silence"]
    assert second.what == "The customer has not answered: remind them (2 of 2)"
    assert second.lines[1] == "Last reminder: Thu 2026-12-03 11:00 CET"
    assert second.lines[4:6] == ("Sat 2026-12-05: closed, no support day", "Sun 2026-12-06: closed, no support day")
    assert local(second) == ("Mon 2026-12-07 11:00 CET", "Tue 2026-12-08 11:00 CET")

    steps = (*steps, ("2026-12-07T11:00", told("Could you send the log?")))
    third = running(lived(*steps))["silence"]
    assert third.what == "The customer has not answered 2 reminders: decide how it goes on"
    assert local(third)[0] == "Wed 2026-12-09 11:00 CET"

    answered = running(lived(*steps, ("2026-12-08T09:00", Resumed())))
    assert "silence" not in answered
    # The last reminder was sent in the pause, so the cadence begins with the answer.
    assert local(answered["customer"])[0] == "Tue 2026-12-08 11:00 CET"
    anew = running(lived(*steps, ("2026-12-08T09:00", Resumed()), ("2026-12-08T10:00", Paused())))["silence"]
    assert anew.what == "The customer has not answered: remind them (1 of 2)"
    assert local(anew)[0] == "Thu 2026-12-10 10:00 CET"


def test_lines_that_count_business_days_give_the_calendar() -> None:
    waiting = lived(("2026-12-01T09:00", opening()), ("2026-12-01T10:00", Paused()))
    resolved = lived(
        ("2026-12-01T09:00", opening()),
        ("2026-12-01T10:00", Resolved(resolution="A new release", root_cause="a full disk")),
    )
    assert HOURS in running(resolved)["close"].lines
    assert HOURS in running(waiting)["silence"].lines


# Promises, hand-overs, monitoring, the end.


def test_a_promise_is_due_when_it_was_promised_for() -> None:
    due = at("2026-12-02T14:00")
    steps: tuple[tuple[Any, ...], ...] = (
        ("2026-12-01T09:00", opening()),
        ("2026-12-01T10:00", told(promise="A patch", promise_due=due)),
        ("2026-12-01T10:30", told(promise="A report of what happened")),
    )
    timer = running(lived(*steps))["promise"]
    assert (timer.due, timer.overdue, timer.who) == (due, due, "Support")
    assert timer.what == "Keep what was promised to the customer: A patch"
    assert timer.lines == ("Promised to the customer in event 2, for Wed 2026-12-02 14:00 CET",)
    # The customer's turn does not take a promise back; keeping it does.
    assert running(lived(*steps, ("2026-12-01T11:00", Paused())))["promise"] == timer
    assert "promise" not in running(lived(*steps, ("2026-12-01T11:00", told(keeps=2))))
    both_made = (*steps[:2], ("2026-12-01T10:30", told(promise="A report", promise_due=at("2026-12-03T09:00"))))
    kept = lived(*both_made, ("2026-12-01T11:00", told(keeps=3)))
    assert running(kept)["promise"] == timer
    found = [t for t in timers(lived(*both_made), SETTINGS) if t.kind == "promise"]
    assert [t.due for t in found] == [due, at("2026-12-03T09:00")]


def test_a_hand_over_that_nobody_takes_on() -> None:
    steps = (
        ("2026-12-01T10:00", opening(severity="high")),
        ("2026-12-01T10:30", Acknowledged(), ENGINEERING),
        ("2026-12-01T15:00", HandedOver(to="Ben Okafor", note="All of it.")),
    )
    found = running(lived(*steps))
    assert sorted(found) == ["customer", "deadline", "handover", "internal"]
    timer = found["handover"]
    assert (timer.who, timer.what) == ("Ben Okafor", "Take on the hand-over (Ben Okafor)")
    assert timer.lines == (
        HOURS,
        "Handed over: Tue 2026-12-01 15:00 CET",
        "High: to be taken on within the time to acknowledge, 4 h of support time",
        "Tue 2026-12-01 15:00 CET to 17:00: 2 h",
        "Wed 2026-12-02 09:00 CET to 11:00: 2 h, 4 h in all",
        "Due: Wed 2026-12-02 11:00 CET",
    )
    before = running(lived(*steps[:2]))
    taken_on = running(lived(*steps, ("2026-12-01T16:00", Acknowledged())))
    assert taken_on == before == {kind: found[kind] for kind in before}


def test_a_hand_over_to_a_team_is_to_be_acknowledged() -> None:
    record = lived(
        ("2026-12-01T10:00", opening()),
        ("2026-12-01T10:05", Acknowledged(), ENGINEERING),
        ("2026-12-01T15:00", HandedOver(to="Product", team="product", note="All of it.")),
    )
    found = running(record)
    assert sorted(found) == ["acknowledge", "customer"]
    assert found["acknowledge"].what.startswith("Product is to acknowledge")
    assert found["acknowledge"].due == at("2026-12-01T15:15")


def test_monitoring_follows_up_and_asks_no_more() -> None:
    workaround = DeEscalated(
        reason="workaround",
        evidence="it exports again",
        duties=ALL_DONE,
        severity="high",
        code_fix="open",
        root_cause="a full disk",
    )
    steps = (
        ("2026-12-01T09:00", opening(rules=("TEC-3",))),
        ("2026-12-01T09:05", Acknowledged(), ENGINEERING),
        ("2026-12-01T10:00", workaround),
    )
    assert sorted(running(lived(*steps))) == ["customer", "deadline", "internal"]
    found = running(lived(*steps, ("2026-12-01T11:00", Monitored(text="A fix is in place."))))
    assert sorted(found) == ["customer", "internal"]
    assert found["internal"].what == "Check with Engineering for progress"
    assert local(found["internal"])[0] == "Tue 2026-12-01 15:00 CET"
    unknown = running(lived(*steps[:2], ("2026-12-01T11:00", Monitored(text="A fix is in place."))))
    assert unknown["internal"].what == "Check with Engineering for progress; the root cause is still unknown"
    assert local(unknown["internal"])[0] == "Tue 2026-12-01 13:00 CET"


def test_resolved_is_confirmed_and_closed() -> None:
    steps = (
        ("2026-11-27T10:00", opening(severity="high")),
        ("2026-11-27T16:00", Resolved(resolution="A new release", root_cause="a full disk")),
    )
    found = running(lived(*steps))
    assert sorted(found) == ["close", "customer"]
    assert found["customer"].what == "Confirm with the customer that it is solved"
    assert found["customer"].lines[1] == "Resolved: Fri 2026-11-27 16:00 CET"
    assert local(found["customer"]) == ("Mon 2026-11-30 12:00 CET", "Mon 2026-11-30 16:00 CET")
    assert found["close"].lines == (
        HOURS,
        "Resolved: Fri 2026-11-27 16:00 CET",
        "To be closed within 1 business day",
        "Sat 2026-11-28: closed, no support day",
        "Sun 2026-11-29: closed, no support day",
        "Mon 2026-11-30 16:00: business day 1",
        "Due: Mon 2026-11-30 16:00 CET",
    )
    assert local(found["close"]) == ("Mon 2026-11-30 16:00 CET", "Tue 2026-12-01 16:00 CET")
    # What was said before it was resolved confirms nothing.
    assert running(lived(*steps, ("2026-11-27T15:00", told()))) == found
    confirmed = lived(*steps, ("2026-11-30T10:00", told("It is solved.")))
    assert running(confirmed) == {"close": found["close"]}
    assert running(lived(*steps, ("2026-11-30T10:00", Closed(duties=ALL_DONE)))) == {}


def test_rejected_is_told_to_the_customer() -> None:
    steps = (
        ("2026-11-27T18:00", opening()),
        (
            "2026-11-27T20:00",
            Rejected(reason="insufficient_info", way_on="Send the log of the failed login."),
            "product",
        ),
    )
    found = running(lived(*steps))
    assert list(found) == ["customer", "close"]
    assert found["customer"].what == "Tell the customer how it goes on"
    assert found["close"].what == "Take the way on (Send the log of the failed login.), then reopen it or close it"
    assert found["customer"].lines[0] == "Rejected: Fri 2026-11-27 20:00 CET"
    assert local(found["customer"]) == ("Fri 2026-11-27 22:00 CET", "Sat 2026-11-28 00:00 CET")
    assert running(lived(*steps, ("2026-11-27T21:00", told("Please send the log.")))).keys() == {"close"}


def test_what_has_not_begun_owes_nothing_and_what_is_back_with_support_its_closing() -> None:
    assert running(lived(("2026-12-01T09:00", Drafted(ticket="HD-1")))) == {}
    returned = lived(("2026-12-01T09:00", opening()), ("2026-12-01T10:00", Returned(duties=ALL_DONE)))
    assert [timer.what for timer in running(returned).values()] == ["Solve it in support, then resolve it and close it"]


# The ask.


def test_deadline_as_decided_and_set_anew() -> None:
    decided = opening(
        severity="medium", deadline=at("2026-12-04T09:00"), deadline_basis="Medium: before the go-live on Friday"
    )
    steps = (("2026-12-01T09:00", decided), ("2026-12-01T09:05", Acknowledged(), ENGINEERING))
    timer = running(lived(*steps))["deadline"]
    assert timer.lines == ("Medium: before the go-live on Friday: Fri 2026-12-04 09:00 CET",)
    assert timer.what == "Answer the ask: fix the login and say which release holds it"
    assert local(timer) == ("Fri 2026-12-04 09:00 CET", "Fri 2026-12-04 09:00 CET")
    high = running(lived(*steps, ("2026-12-02T14:00", changed("high"))))["deadline"]
    assert high.lines == ("High: 4 business hours, as less remains today: Thu 2026-12-03 10:00 CET",)
    assert "deadline" not in running(lived(*steps, ("2026-12-02T14:00", changed("critical"))))
    assert "deadline" not in running(
        lived(*steps, ("2026-12-02T14:00", asked("Fixed in 4.2", answers=True), "product"))
    )


def test_a_long_ask_is_cut_at_a_word() -> None:
    ask = "find out " + "why the nightly export fails " * 4
    timer = running(lived(("2026-12-01T09:00", opening(severity="high", ask=ask))))["deadline"]
    assert timer.what == "Answer the ask: find out why the nightly export fails why the nightly export fails why the …"
    empty = running(lived(("2026-12-01T09:00", opening(severity="high", ask=""))))["deadline"]
    assert empty.what == "Answer the ask"


def test_raised_severity_never_moves_the_deadline_back() -> None:
    friday = at("2026-11-27T17:00")
    record = lived(
        ("2026-11-20T10:00", opening(severity="medium", deadline=friday, deadline_basis="Medium: within 5 days")),
        ("2026-11-20T10:05", Acknowledged(), ENGINEERING),
        ("2026-11-27T16:00", changed("high")),
    )
    assert running(record)["deadline"].due <= friday


@pytest.mark.parametrize("then", [Rerouted(owner="security", next_hop="security"), changed("high")])
def test_a_deadline_set_anew_is_not_after_the_sla(then: Data) -> None:
    one = at("2026-12-01T13:00")
    record = lived(
        ("2026-12-01T09:00", opening(severity="medium", sla=Sla(due=one), deadline=one, deadline_basis="SLA")),
        ("2026-12-01T10:00", then),
    )
    assert running(record)["deadline"].due == one


def test_a_deadline_set_anew_by_a_lower_severity_is_not_after_the_sla() -> None:
    sla = Sla(due=at("2026-12-01T13:00"))
    record = lived(("2026-12-01T09:00", opening(sla=sla)), ("2026-12-01T10:00", changed("high")))
    assert running(record)["deadline"].lines == ("The SLA runs out then: Tue 2026-12-01 13:00 CET",)
    later = lived(("2026-12-01T09:00", opening(sla=sla)), ("2026-12-01T13:00", changed("high")))
    assert local(running(later)["deadline"])[0] == "Tue 2026-12-01 17:00 CET"


# A customer who reads another clock.


def test_support_in_denver_and_a_customer_in_tokyo() -> None:
    fields: dict[str, Any] = {"severity": "high", "calendar": DENVER, "customer_zone": "Asia/Tokyo"}
    record = lived(("2026-07-09T15:00", opening(**fields)), zone="America/Denver")
    timer = running(record)["customer"]
    assert timer.lines[3:6] == (
        "Thu 2026-07-09 15:00 MDT to 17:00: 2 h",
        "Fri 2026-07-10 09:00 MDT to 11:00: 2 h, 4 h in all",
        "Due: Fri 2026-07-10 11:00 MDT",
    )
    assert both(timer.due, record.model_dump(mode="json")) == (
        "Fri 2026-07-10 11:00 MDT (Sat 2026-07-11 02:00 JST for the customer)"
    )
    # Marine Day closes Tokyo, not Denver; Independence Day, kept on the Friday, closes Denver.
    marine = running(lived(("2026-07-17T16:00", opening(**fields)), zone="America/Denver"))["customer"]
    assert local(marine, "America/Denver")[0] == "Mon 2026-07-20 12:00 MDT"
    fourth = running(lived(("2026-07-02T16:00", opening(**fields)), zone="America/Denver"))["customer"]
    assert local(fourth, "America/Denver")[0] == "Mon 2026-07-06 12:00 MDT"
    assert fourth.lines[4] == "Fri 2026-07-03: closed, holiday in US-CO: Independence Day (observed)"


def test_days_of_the_timeline_are_supports_days() -> None:
    events = history(
        ("2026-07-09T23:30", opening(calendar=DENVER, customer_zone="Asia/Tokyo")),
        ("2026-07-10T00:30", told()),
        zone="America/Denver",
    )
    text = timeline(events, SETTINGS, "text", width=100, colour=False)
    days = re.findall(r"\w{3} 2026-07-\d\d \(\w+\)", text)
    assert days == ["Thu 2026-07-09 (MDT)", "Fri 2026-07-10 (MDT)"]
    assert text.index("23:30") < text.index(days[1]) < text.index("00:30")


# Times and lengths in words.


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/Berlin", "Mon 2026-11-30 09:00 CET"),
        ("UTC", "Mon 2026-11-30 08:00 UTC"),
        ("Asia/Kathmandu", "Mon 2026-11-30 13:45 UTC+0545"),
        ("America/Sao_Paulo", "Mon 2026-11-30 05:00 UTC-03"),
        ("Pacific/Honolulu", "Sun 2026-11-29 22:00 HST"),
    ],
)
def test_when(zone: str, words: str) -> None:
    assert when(at("2026-11-30T09:00"), ZoneInfo(zone)) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 min"),
        (1, "1 min"),
        (60, "1 h"),
        (90, "1 h 30 min"),
        (-90, "1 h 30 min"),
        (24 * 60, "24 h"),
        (48 * 60 - 1, "47 h 59 min"),
        (48 * 60, "2 d"),
        (50 * 60 + 5, "2 d 2 h 5 min"),
    ],
)
def test_span(minutes: int, words: str) -> None:
    assert span(minutes * MINUTE) == words


@pytest.mark.parametrize("name", [None, "", "Mars/Olympus", "../../etc/passwd", "Europe"])
def test_a_zone_that_this_machine_does_not_know(name: str | None) -> None:
    assert zone_named(name) is None
    assert both(at("2026-11-30T09:00"), {"customer_zone": name}) == "Mon 2026-11-30 08:00 UTC"


def test_the_customers_time_is_given_where_it_differs() -> None:
    record = {"calendar": {"timezone": "Europe/Berlin"}, "customer_zone": "Europe/Paris"}
    assert both(at("2026-11-30T09:00"), record) == "Mon 2026-11-30 09:00 CET"
    # London is an hour behind; in the week between the two changes Denver is seven hours behind, not eight.
    record["customer_zone"] = "America/Denver"
    assert both(at("2026-03-20T09:00"), record) == (
        "Fri 2026-03-20 09:00 CET (Fri 2026-03-20 02:00 MDT for the customer)"
    )
    assert both(at("2026-11-30T09:00"), record) == (
        "Mon 2026-11-30 09:00 CET (Mon 2026-11-30 01:00 MST for the customer)"
    )
    assert office_zone({}) == ZoneInfo("UTC")
