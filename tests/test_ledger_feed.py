"""The calendar feed: what a calendar program would read, byte by byte and after parsing."""

import io
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli import verb_parser
from agent.errors import BadInput
from agent.ledger.database import Database
from agent.ledger.feed import KEPT, LONGEST, SHORTEST, Text, _span, calendar
from agent.ledger.store import Author, Ledger, Step, sha256_of
from agent.policy.settings import load_settings
from schemas.context import Override
from schemas.ledger import (
    Acknowledged,
    Closed,
    Duties,
    HandedOver,
    Opened,
    Overridden,
    Paused,
    Record,
    Rerouted,
    Resolved,
    Resumed,
    SeverityChanged,
    Timer,
    Updated,
)

SETTINGS = load_settings()
ANA, BEN, ENG = Author("Ana"), Author("Ben"), Author("Eve", "engineering")
ALL_DONE = Duties(team_notified=True, ticket_updated=True, customer_informed=True, learned="Look at the log first.")
HOSTILE = (
    "Down\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil\nATTACH:file:///etc/passwd\x00\x0b\x0c\x85"
    '\u2028X-EVIL:1\u202egpj.exe\u2066;RSVP=TRUE:,\\nC:\\NEW \\N \\\\ "q" ^n\' ' + "é🙂" * 30
)
Make = Callable[..., str]


def opened(ticket: str, **fields: Any) -> Opened:
    values: dict[str, Any] = {
        "ticket_sha256": "0" * 64,
        "headline": f"Invoices of {ticket} fail",
        "account": "Acme",
        "severity": "high",
        "owner": "engineering",
        "deciding_rule": "TEC-5",
        "ask": "Fix the export",
        "calendar": SETTINGS.calendar,
        "policy_version": SETTINGS.version,
        "policy_sha256": sha256_of(SETTINGS.model_dump_json()),
        "result_sha256": "0" * 64,
        **fields,
    }
    return Opened(ticket=ticket, next_hop=values["owner"], **values)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Database(str(tmp_path / "ledger.db")))


@pytest.fixture
def begin(ledger: Ledger, now: datetime) -> Make:
    """Opens an escalation and returns its id."""

    def make(ticket: str = "T-1", at: datetime = now, **fields: Any) -> str:
        return ledger.begin(opened(ticket, **fields), ANA, at=at, now=at, settings=SETTINGS).record.id

    return make


def write(ledger: Ledger, name: str, data: Any, at: datetime, by: Author = ANA) -> Record:
    return ledger.append(name, [Step(data, why="because")], by, at=at, now=at).record


def parsed(text: str) -> dict[str, icalendar.Event]:
    """The entries by UID; each UID once."""
    found = icalendar.Calendar.from_ical(text).walk("VEVENT")
    entries = {str(entry["UID"]): entry for entry in found}
    assert len(entries) == len(found)
    return entries


def by_slot(text: str) -> dict[str, icalendar.Event]:
    """The entries of the only escalation in the file, by the slot in their UID."""
    return {re.sub(r"^ESC-\d+-|-[0-9a-f]{16}@escalation$", "", uid): entry for uid, entry in parsed(text).items()}


def ended(text: str) -> set[str]:
    return {slot for slot, entry in by_slot(text).items() if entry["STATUS"] == "CANCELLED"}


def check_bytes(text: str) -> list[str]:
    """Lines end in CR LF and in nothing else, none is longer than 75 octets. Returns them unfolded."""
    raw = text.encode()
    assert raw.endswith(b"END:VCALENDAR\r\n")
    lines = raw.split(b"\r\n")
    assert lines.pop() == b""
    for line in lines:
        assert 0 < len(line) <= 75
        assert line.decode().isprintable()
    unfolded = text.replace("\r\n ", "").split("\r\n")
    assert all(re.match(r"[A-Z-]+[;:]", line) for line in unfolded if line)
    return unfolded


# --- what is in it ---


def test_each_running_time_is_an_entry(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    text = calendar(ledger.database, now)
    check_bytes(text)
    entries = by_slot(text)
    assert set(entries) == {"acknowledge", "customer", "deadline"}
    entry = entries["customer"]
    assert entry["SUMMARY"] == "ESC-1 High: Update the customer (Acme), news or not"
    assert entry["DESCRIPTION"].splitlines() == [
        "Who: Support",
        "What: Update the customer (Acme), news or not",
        "Overdue after: Tue 2026-03-03 17:00 UTC",
        "About: Invoices of T-1 fail",
        "Ticket: T-1",
        "Account: Acme",
    ]
    assert entry["CATEGORIES"].cats == ["High"]
    assert entry["STATUS"] == "CONFIRMED"
    assert entry["SEQUENCE"] == 1
    assert entry["DTSTAMP"].dt == entry["LAST-MODIFIED"].dt == now
    assert entry["DTSTART"].dt == now + timedelta(hours=4)
    [alarm] = entry.walk("VALARM")
    assert (alarm["ACTION"], alarm["TRIGGER"].dt) == ("DISPLAY", timedelta(0))
    assert alarm["DESCRIPTION"] == entry["SUMMARY"]


def test_the_file_names_itself_and_how_often_to_look(ledger: Ledger, now: datetime) -> None:
    lines = check_bytes(calendar(ledger.database, now, owner="engineering", holder="Ana\r\nX-EVIL:1"))
    for line in (
        "VERSION:2.0",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Escalations of Engineering\\, kept by Ana X-EVIL:1",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
    ):
        assert line in lines
    assert parsed(calendar(ledger.database, now)) == {}


def test_an_entry_lasts_until_it_is_overdue_but_not_for_days(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin("T-1", severity="medium")  # due after one business day, overdue after two
    begin("T-2", severity="critical")
    promise = Updated(audience="customer", text="Soon", promise="a patch", promise_due=now + timedelta(days=1))
    write(ledger, "ESC-2", promise, now + timedelta(minutes=1))
    entries = {(entry["SUMMARY"][:5], slot): entry for slot, entry in _slots(calendar(ledger.database, now))}

    def length(name: str, slot: str) -> timedelta:
        entry = entries[name, slot]
        found: timedelta = entry["DTEND"].dt - entry["DTSTART"].dt
        return found

    assert length("ESC-1", "customer") == LONGEST
    assert length("ESC-2", "customer") == timedelta(hours=2)
    assert length("ESC-2", "promise-2") == SHORTEST
    assert length("ESC-2", "acknowledge") == timedelta(minutes=15)


def test_an_entry_never_ends_where_it_begins(now: datetime) -> None:
    due, overdue = now + timedelta(seconds=0.2), now + timedelta(seconds=0.9)
    assert _span(Timer(kind="customer", who="Support", what="x", due=due, overdue=overdue)) == (now, now + SHORTEST)


def _slots(text: str) -> list[tuple[str, icalendar.Event]]:
    return [(uid.split("-", 2)[2].rpartition("-")[0], entry) for uid, entry in parsed(text).items()]


def test_times_are_in_utc_to_the_second(ledger: Ledger, begin: Make) -> None:
    at = datetime.fromisoformat("2026-03-03T11:00:00.750+02:00")
    begin(at=at)
    text = calendar(ledger.database, at)
    lines = check_bytes(text)
    times = [line for line in lines if line.startswith(("DT", "LAST"))]
    assert "DTSTAMP:20260303T090000Z" in times
    assert all(re.fullmatch(r"[A-Z-]+:\d{8}T\d{6}Z", line) for line in times)
    for entry in parsed(text).values():
        assert entry["DTEND"].dt > entry["DTSTART"].dt


# --- the same again ---


def test_the_same_state_gives_the_same_bytes(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin("T-1")
    begin("T-2")
    write(ledger, "ESC-1", Acknowledged(), now + timedelta(minutes=5), ENG)
    first = calendar(ledger.database, now + timedelta(hours=1))
    again = calendar(Database(ledger.database.url), now + timedelta(days=9))
    assert again == first


def test_an_update_keeps_the_uid_and_raises_the_sequence(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    before = by_slot(calendar(ledger.database, now))
    later = now + timedelta(hours=1)
    write(ledger, "ESC-1", Updated(audience="customer", text="We look into it"), later)
    after = by_slot(calendar(ledger.database, later))
    assert {slot: entry["UID"] for slot, entry in after.items()} == {s: e["UID"] for s, e in before.items()}
    assert {entry["SEQUENCE"] for entry in after.values()} == {2}
    assert after["customer"]["DTSTART"].dt == before["customer"]["DTSTART"].dt + timedelta(hours=1)
    assert after["deadline"]["DTSTART"].dt == before["deadline"]["DTSTART"].dt
    assert after["customer"]["DTSTAMP"].dt == later


def test_two_ledgers_do_not_share_a_uid(ledger: Ledger, begin: Make, now: datetime, tmp_path: Path) -> None:
    begin()
    other = Ledger(Database(str(tmp_path / "other.db")))
    other.begin(opened("T-1"), ANA, at=now, now=now, settings=SETTINGS)
    ours, theirs = parsed(calendar(ledger.database, now)), parsed(calendar(other.database, now))
    assert not set(ours) & set(theirs)


# --- what ended ---


def test_what_ended_is_cancelled_where_it_stood(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    before = by_slot(calendar(ledger.database, now))
    write(ledger, "ESC-1", Acknowledged(), now + timedelta(minutes=5), ENG)
    text = calendar(ledger.database, now + timedelta(minutes=6))
    entry = by_slot(text)["acknowledge"]
    assert ended(text) == {"acknowledge"}
    assert set(by_slot(text)) == {"acknowledge", "customer", "deadline", "internal"}
    assert entry["UID"] == before["acknowledge"]["UID"]
    assert (before["acknowledge"]["SEQUENCE"], entry["SEQUENCE"]) == (1, 2)
    assert entry["DTSTART"].dt == before["acknowledge"]["DTSTART"].dt
    assert entry["SUMMARY"].endswith(" (no longer due)")
    assert entry.walk("VALARM") == []
    check_bytes(text)


def test_a_time_that_runs_again_comes_back_under_its_uid(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    write(ledger, "ESC-1", Paused(), now + timedelta(minutes=1))
    paused = calendar(ledger.database, now)
    assert ended(paused) == {"customer"}
    write(ledger, "ESC-1", Resumed(), now + timedelta(minutes=9))
    resumed = calendar(ledger.database, now)
    assert ended(resumed) == {"silence"}
    assert by_slot(resumed)["customer"]["UID"] == by_slot(paused)["customer"]["UID"]


def test_after_the_end_all_is_cancelled_for_two_weeks(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    write(ledger, "ESC-1", Resolved(resolution="Patched", root_cause="A bug"), now + timedelta(hours=1))
    assert ended(calendar(ledger.database, now)) == {"acknowledge", "deadline"}
    last = now + timedelta(hours=2)
    write(ledger, "ESC-1", Closed(duties=ALL_DONE), last)
    text = calendar(ledger.database, last + KEPT)
    assert ended(text) == set(by_slot(text)) == {"acknowledge", "customer", "deadline", "close"}
    assert {entry["SEQUENCE"] for entry in parsed(text).values()} == {3}
    assert parsed(calendar(ledger.database, last + KEPT + timedelta(seconds=1))) == {}


def test_what_runs_stays_however_old_it_is(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    write(ledger, "ESC-1", Acknowledged(), now + timedelta(minutes=5), ENG)
    text = calendar(ledger.database, now + timedelta(days=400))
    assert set(by_slot(text)) == {"customer", "deadline", "internal"}
    assert ended(text) == set()


def test_each_promise_has_an_entry_of_its_own(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    for days in (3, 2):
        promise = {"promise": f"a patch in {days} days", "promise_due": now + timedelta(days=days)}
        write(ledger, "ESC-1", Updated(audience="customer", text="Soon", **promise), now + timedelta(minutes=days))
    before = by_slot(calendar(ledger.database, now))
    assert before["promise-2"]["DTSTART"].dt == now + timedelta(days=3)
    assert before["promise-3"]["DTSTART"].dt == now + timedelta(days=2)
    assert "in 2 days" in before["promise-3"]["SUMMARY"]
    write(ledger, "ESC-1", Updated(audience="customer", text="Here it is", keeps=3), now + timedelta(minutes=9))
    text = calendar(ledger.database, now)
    assert ended(text) == {"promise-3"}
    assert by_slot(text)["promise-2"]["UID"] == before["promise-2"]["UID"]
    assert by_slot(text)["promise-2"]["DTSTART"].dt == now + timedelta(days=3)


def test_promises_for_the_same_moment_are_not_mixed_up(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    due = now + timedelta(days=1)
    for text in ("a patch", "a call"):
        write(ledger, "ESC-1", Updated(audience="customer", text="Soon", promise=text, promise_due=due), now)
    entries = by_slot(calendar(ledger.database, now))
    assert "a patch" in entries["promise-2"]["SUMMARY"]
    assert "a call" in entries["promise-3"]["SUMMARY"]


# --- whose it is ---


def test_a_holder_and_an_owner_see_their_own(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin("T-1")
    begin("T-2", owner="product")
    assert {uid[:5] for uid in parsed(calendar(ledger.database, now, owner="product"))} == {"ESC-2"}
    assert {uid[:5] for uid in parsed(calendar(ledger.database, now, holder="ANA"))} == {"ESC-1", "ESC-2"}
    assert parsed(calendar(ledger.database, now, holder="Ben")) == {}


def test_what_went_to_somebody_else_is_cancelled_for_the_one_before(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    write(ledger, "ESC-1", HandedOver(to="Ben", note="as it stands"), now + timedelta(minutes=1))
    write(ledger, "ESC-1", Acknowledged(), now + timedelta(minutes=2), BEN)
    hers, his = (calendar(ledger.database, now, holder=name) for name in ("Ana", "Ben"))
    assert ended(hers) == set(by_slot(hers)) == {"acknowledge", "customer", "deadline", "handover"}
    assert ended(his) == set()
    assert set(by_slot(his)) == {"acknowledge", "customer", "deadline"}
    rerouted = Rerouted(owner="product", next_hop="product")
    write(ledger, "ESC-1", rerouted, now + timedelta(minutes=3))
    theirs = calendar(ledger.database, now, owner="engineering")
    assert ended(theirs) == set(by_slot(theirs))


# --- what must not be in it ---


def test_of_a_security_case_nothing_is_told(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin(owner="security", severity="critical", ask="Find who read Acme's payslips")
    promise = {"promise": "a word by noon", "promise_due": now + timedelta(hours=3)}
    write(ledger, "ESC-1", Updated(audience="customer", text="We look", **promise), now)
    write(ledger, "ESC-1", HandedOver(to="Ben", note="as it stands"), now + timedelta(minutes=1))
    text = calendar(ledger.database, now)
    entries = by_slot(text)
    assert {"acknowledge", "customer", "promise-2", "handover"} <= set(entries)
    for entry in entries.values():
        assert re.fullmatch(r"ESC-1 Critical: [A-Za-z' -]+", entry["SUMMARY"])
        assert entry.get("DESCRIPTION", "") == ""
    for word in ("Acme", "Invoices", "T-1", "payslips", "noon", "Ana", "Ben"):
        assert word not in text


def test_what_became_a_security_case_is_withdrawn(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    assert "Acme" in calendar(ledger.database, now)
    write(ledger, "ESC-1", Acknowledged(), now + timedelta(minutes=1), ENG)
    write(ledger, "ESC-1", Rerouted(owner="security", next_hop="security"), now + timedelta(minutes=2))
    text = calendar(ledger.database, now)
    assert "Acme" not in text
    assert ended(text) == {"internal"}
    assert {entry["SEQUENCE"] for entry in parsed(text).values()} == {3}


def test_a_persons_word_makes_a_security_case_too(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin()
    write(ledger, "ESC-1", Resolved(resolution="Patched", root_cause="A bug"), now + timedelta(hours=1))
    decided = Override(by="Ana", why="data were read", at=now, outcome="escalate", owner="security")
    write(ledger, "ESC-1", Overridden(override=decided), now + timedelta(hours=2))
    assert "Acme" not in calendar(ledger.database, now)


def test_a_hostile_headline_stays_one_value(ledger: Ledger, begin: Make, now: datetime) -> None:
    begin(headline=HOSTILE, account=HOSTILE, accounts=(HOSTILE,), ask=HOSTILE)
    begin("T-2")
    write(ledger, "ESC-1", SeverityChanged(severity="critical", evidence=HOSTILE), now)
    text = calendar(ledger.database, now)
    lines = check_bytes(text)
    assert lines.count("BEGIN:VEVENT") == len(parsed(text)) == 6
    assert not [line for line in lines if line.startswith(("UID:evil", "ATTACH", "X-EVIL"))]
    for character in "\u202e\u2066\u2028\x00\x0b\x0c\x85":
        assert character not in text
    entry = next(entry for uid, entry in parsed(text).items() if uid.startswith("ESC-1-customer"))
    about = next(line for line in entry["DESCRIPTION"].splitlines() if line.startswith("About: "))
    assert about.startswith("About: Down END:VEVENT BEGIN:VEVENT UID:evil ATTACH:file:///etc/passwd\\x00")
    assert "\\u202egpj.exe" in about
    assert ';RSVP=TRUE:,\\nC:\\NEW \\N \\\\ "q" ^n\'' in about
    assert len(entry["DESCRIPTION"].splitlines()) == 6


def test_the_library_alone_would_break_a_path(ledger: Ledger, begin: Make, now: datetime) -> None:
    r"""Its text type makes a line break of `\N`. If this fails, `Text` is no longer needed."""
    assert icalendar.vText(r"C:\NEW").to_ical() == rb"C:\nEW"
    begin(headline=r"C:\NEW is full")
    entry = by_slot(calendar(ledger.database, now))["customer"]
    assert r"About: C:\NEW is full" in entry["DESCRIPTION"].splitlines()


def test_a_byte_order_mark_is_seen_before_it_is_written(ledger: Ledger, begin: Make, now: datetime) -> None:
    """A reader strips one that begins a value, so none may reach it."""
    begin(headline="\ufeffPortal down")
    raw = calendar(ledger.database, now)
    assert b"\xef\xbb\xbf" not in (raw if isinstance(raw, bytes) else raw.encode())
    assert "About: \\ufeffPortal down" in by_slot(raw)["customer"]["DESCRIPTION"].splitlines()


@given(
    st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")) | st.just("\n") | st.sampled_from("\\;,:nN^")
    ).filter(lambda value: not value.startswith("\ufeff"))  # a byte order mark to the reader; ours are visible
)
def test_a_text_comes_back_as_it_was(value: str) -> None:
    event = icalendar.Event()
    event.add("summary", Text(value), encode=False)
    raw = event.to_ical()
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    assert icalendar.Event.from_ical(raw)["SUMMARY"] == value


# --- the verb ---


def test_the_verb_writes_the_bytes(
    ledger: Ledger, begin: Make, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    parser, module = verb_parser("ics")
    flags = ["--ledger", str(tmp_path / "ledger.db"), "--now", now.isoformat(), "--holder", "ana"]
    wanted = calendar(ledger.database, now, holder="ana").encode()
    assert module.run(parser.parse_args([*flags, "--out", str(tmp_path / "it.ics")])) == 0
    assert (tmp_path / "it.ics").read_bytes() == wanted
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw))
    assert module.run(parser.parse_args(flags)) == 0
    assert raw.getvalue() == wanted


def test_the_verb_makes_no_ledger_by_looking(tmp_path: Path) -> None:
    parser, module = verb_parser("ics")
    with pytest.raises(BadInput, match="no ledger at"):
        module.run(parser.parse_args(["--ledger", str(tmp_path / "none.db")]))
    assert not (tmp_path / "none.db").exists()


def test_it_is_the_same_on_a_server(ledger: Ledger, now: datetime, request: Any) -> None:
    server = Ledger(Database(request.getfixturevalue("postgres_cluster").fresh()))
    texts = []
    for each in (ledger, server):
        each.begin(opened("T-1"), ANA, at=now, now=now, settings=SETTINGS, key="one")
        write(each, "ESC-1", Acknowledged(), now + timedelta(minutes=5), ENG)
        texts.append(re.sub(r"-[0-9a-f]{16}@", "@", calendar(each.database, datetime(2026, 3, 9, tzinfo=UTC))))
    assert len(parsed(texts[0])) == 4
    assert texts[0].splitlines() == texts[1].splitlines()
