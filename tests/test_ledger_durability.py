"""What the ledger said is written stays written: through kills, many writers, edits by hand and broken databases."""

import os
import random
import signal
import socket
import sqlite3
import stat
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import NullPool, create_engine, event, func, select, text
from sqlalchemy.exc import DBAPIError

from agent.errors import BadInput, Conflict, EscalationError
from agent.ledger import check as check_module
from agent.ledger import database as database_module
from agent.ledger import patterns
from agent.ledger import tables as t
from agent.ledger.check import check
from agent.ledger.database import Database
from agent.ledger.fingerprint import Fingerprint
from agent.ledger.life import replay
from agent.ledger.store import Ledger, Step
from agent.ledger.where import is_there, shown
from schemas.ledger import Acknowledged, Data, Event, Record, Rejected, Reopened, Updated
from tests.ledger_writer import CONTENDED, LIFE, ROUNDS, UPDATES, WRITES, Plan, Writers, key_of
from tests.ledgers import FRIDAY, JO, Life, open_one
from tests.postgres import free_port

if TYPE_CHECKING:
    from tests.postgres import Cluster

pytestmark = pytest.mark.loopback  # the ledger's other database is a server on this machine

KILLED = -signal.SIGKILL
NEWS = Updated(audience="internal", text="Restarted, and we watch it")
GUARD = "events are never changed or removed"
STEPS = {3: 2, 6: 3}  # events of a planned write, where it has more than one


@pytest.fixture(scope="module")
def writers() -> Iterator[Writers]:
    with Writers() as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Record, list[Event]]]:
    """What the planned writes come to when nobody is killed."""
    ledger = Ledger(Database(str(tmp_path_factory.mktemp("undisturbed") / "ledger.db")))
    plan = Plan(ledger)
    for number in range(WRITES):
        plan.write(number)
    return lives(ledger)


def lives(ledger: Ledger) -> dict[str, tuple[Record, list[Event]]]:
    """Each ticket's record and events, without what depends on the escalation's number."""
    found = {}
    with ledger.database.reading() as connection:
        numbers = list(connection.execute(select(t.escalation.c.number)).scalars())
    for id_ in (f"ESC-{number}" for number in numbers):
        record = ledger.record(id_).model_copy(update={"id": ""})
        events = [e.model_copy(update={"escalation": "", "sha256": ""}) for e in ledger.events(id_)]
        found[record.ticket] = (record, events)
    return found


def planned_keys(writes: int = WRITES) -> list[str]:
    keys = []
    for number in range(writes):
        more = range(1, STEPS.get(number % LIFE, 1))
        keys += [key_of(number), *(f"{key_of(number)}.{place}" for place in more)]
    return keys


def assert_whole(url: str, keys: Sequence[str]) -> None:
    """The ledger has the events of these keys, each once, in unbroken order, with all that follows from them."""
    database = Database(url)
    with database.reading() as connection:
        rows = connection.execute(select(t.event.c.escalation, t.event.c.number, t.event.c.key)).all()
        outbox = list(connection.execute(select(t.outbox.c.key)).scalars())
    assert sorted(row.key for row in rows) == sorted(keys)
    for escalation in {row.escalation for row in rows}:
        numbers = sorted(row.number for row in rows if row.escalation == escalation)
        assert numbers == list(range(1, len(numbers) + 1))
    assert sorted(outbox) == sorted(f"ESC-{row.escalation}:{row.number}" for row in rows)
    checked = check(database)
    assert checked.faults == ()
    assert checked.events == len(keys)
    ledger = Ledger(database)
    for number in {row.escalation for row in rows}:
        record = ledger.record(f"ESC-{number}")
        assert replay(ledger.events(record.id)) == record.model_copy(update={"breaches": ()})


def count_of_events(url: str) -> int:
    with Database(url).reading() as connection:
        return connection.execute(select(func.count()).select_from(t.event)).scalar_one()


def append(ledger: Ledger, id_: str, data: Data | Sequence[Step] = NEWS, *, hours: float = 1, **options: Any) -> Any:
    at = FRIDAY + timedelta(hours=hours)
    return ledger.append(id_, data, JO, at=at, now=at, **options)


def by_hand(url: str, *statements: str) -> None:
    """Without this program: what a person with a database client does."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def drop_guard(url: str) -> None:
    if url.startswith("sqlite"):
        by_hand(url, "DROP TRIGGER event_no_update", "DROP TRIGGER event_no_delete")
    else:
        by_hand(url, "DROP TRIGGER event_is_kept ON event")


# Kills.


def test_a_writer_that_is_killed_again_and_again_loses_nothing_and_writes_nothing_twice(
    ledger_url: str, writers: Writers, undisturbed: dict[str, tuple[Record, list[Event]]]
) -> None:
    moments = random.Random(20261127)
    acknowledged: set[str] = set()
    written: Counter[str] = Counter()
    kills = 0
    while len(acknowledged) < WRITES:
        first = max(0, len(acknowledged) - moments.randrange(4))
        crew = writers.start("write", url=ledger_url, first=first)
        # The kill comes when it has said so much, and a moment later: while it opens the ledger, or around a write.
        heard = [crew.line() for _ in range(len(acknowledged) - first + moments.randrange(7))]
        time.sleep(moments.choice((0, moments.uniform(0, 0.001), moments.uniform(0, 0.02))))
        if not crew.ended:
            os.kill(crew.pids[0], signal.SIGKILL)
        heard += crew.finish()
        kills += crew.ended == [KILLED]
        for line in filter(None, heard):
            assert line["repeated"] or line["key"] not in acknowledged
            written[line["key"]] += not line["repeated"]
            acknowledged.add(line["key"])
    assert kills >= 30
    assert acknowledged == {key_of(number) for number in range(WRITES)}
    assert max(written.values()) == 1
    assert_whole(ledger_url, planned_keys())
    assert lives(Ledger(Database(ledger_url))) == undisturbed


@pytest.mark.parametrize("number", [0, 6], ids=["opening", "three_events"])
def test_a_write_that_is_killed_at_any_point_is_there_as_a_whole_or_not_at_all(
    ledger_url: str, writers: Writers, number: int
) -> None:
    """Each statement that the database is given, each commit and each end of a connection is such a point."""
    writers.run("write", url=ledger_url, first=0, last=number)
    before, after = len(planned_keys(number)), len(planned_keys(number + 1))
    found = []
    for point in range(1, 200):
        crew = writers.start("write", url=ledger_url, first=number, last=number + 1, kill_at=point)
        said = crew.finish()
        if crew.ended == [0]:
            assert said == [{"key": key_of(number), "repeated": found[-1] == after}]
            break
        assert crew.ended == [KILLED]
        assert said == []
        found.append(count_of_events(ledger_url))
    assert set(found) == {before, after}
    assert found == sorted(found)  # once it is written it stays
    assert found.count(before) >= 10
    assert_whole(ledger_url, planned_keys(number + 1))


# Many writers.


def test_eight_writers_at_once_lose_no_event_and_each_contended_step_has_one_winner(
    ledger_url: str, writers: Writers
) -> None:
    Database(ledger_url)
    said = writers.run("contend", 8, url=ledger_url)
    for what, loser in (("open", "Conflict"), ("acknowledge", "Refused")):
        outcomes = Counter(line["outcome"] for line in said if line["what"] == what)
        assert outcomes == {"written": len(CONTENDED), loser: 7 * len(CONTENDED)}
    ledger = Ledger(Database(ledger_url))
    records = [record for record in map(ledger.for_ticket, CONTENDED) if record is not None]
    assert {line["said"] for line in said if line["what"] == "open" and line["said"]} == {
        f"ticket {r.ticket!r} has an open escalation, {r.id}: log an update there, no twin is opened" for r in records
    }
    assert {line["said"] for line in said if line["what"] == "acknowledge" and line["said"]} == {
        f"{r.id} is acknowledged already (2026-11-27 17:01 UTC): log an update instead" for r in records
    }
    events = [event for record in records for event in ledger.events(record.id)]
    assert Counter(event.data.kind for event in events) == {
        "opened": len(CONTENDED),
        "acknowledged": len(CONTENDED),
        "updated": 8 * UPDATES,
    }
    updates = {f"u-{place}-{number}" for place in range(8) for number in range(UPDATES)}
    assert {event.key for event in events if event.data.kind == "updated"} == updates
    assert_whole(ledger_url, [event.key for event in events])


def test_of_two_writers_with_one_key_or_one_version_one_writes(ledger_url: str, writers: Writers) -> None:
    id_ = open_one(Ledger(Database(ledger_url), outbox=True)).record.id
    said = writers.run("race", 2, url=ledger_url, id=id_)
    outcomes = {what: Counter(line["outcome"] for line in said if line["what"] == what) for what in ("begin", "append")}
    assert outcomes == {what: {"written": ROUNDS, "repeated": ROUNDS} for what in outcomes}
    versions = [line for line in said if line["what"] == "version"]
    assert Counter(line["outcome"] for line in versions) == {"written": ROUNDS, "Conflict": ROUNDS}
    assert [line["said"] for line in versions if line["said"]] == [
        # Each round adds three events: this one, and the two under one key.
        f"{id_} has changed since version {1 + 3 * n}: 1 event, the last updated by Jo Park at 2026-11-27 "
        f"17:{n:02} UTC. Nothing was written: look (`escalation timeline`), then write with version {2 + 3 * n}"
        for n in range(ROUNDS)
    ]
    events = Ledger(Database(ledger_url)).events(id_)
    begun = [f"b-{n}" for n in range(ROUNDS)]
    again = {key for n in range(ROUNDS) for key in (f"a-{n}", f"a-{n}.1")}
    assert again < {event.key for event in events}
    assert_whole(ledger_url, [*(event.key for event in events), *begun])


def test_of_two_that_read_a_ticket_for_the_first_time_at_once_both_are_remembered(ledger_url: str) -> None:
    database, other = Database(ledger_url), Database(ledger_url)
    print_ = Fingerprint("HD-1", "0" * 64, None, FRIDAY, "Portal down", None, ("E-1",), ("it is down",), ("portal",))
    failed: list[Exception] = []

    def second() -> None:
        try:
            with other.writing() as connection:
                patterns.remember(connection, other, replace(print_, title="later"), outcome="handle", escalation=None)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=second)
    with database.writing() as connection:
        patterns.remember(connection, database, print_, outcome="handle", escalation=None)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "it waits for the first"
    thread.join(30)
    assert failed == []
    assert [row["title"] for row in patterns.reports_of(database, ["HD-1"])] == ["later"]


def test_a_writer_who_has_not_seen_the_newest_is_told_what_it_is(ledger_url: str) -> None:
    life = Life(ledger_url)
    seen = life.written.record.version
    life.then(Acknowledged(), 0.1, JO)
    life.then(NEWS, 0.5, JO)
    with pytest.raises(Conflict) as conflict:
        append(life.ledger, life.id, if_version=seen)
    assert str(conflict.value) == (
        "ESC-1 has changed since version 1: 2 events, the last updated by Jo Park at 2026-11-27 17:30 UTC. "
        "Nothing was written: look (`escalation timeline`), then write with version 3"
    )
    with pytest.raises(Conflict) as ahead:
        append(life.ledger, life.id, if_version=9)
    assert str(ahead.value) == "ESC-1 has version 3, not 9: look again (`escalation show`)"
    assert life.ledger.events(life.id)[-1] == life.written.events[-1]
    assert life.ledger.record(life.id) == life.written.record
    assert append(life.ledger, life.id, if_version=3).record.version == 4


def test_what_is_sent_again_is_not_written_again(ledger_url: str) -> None:
    ledger = Ledger(Database(ledger_url), outbox=True)
    opened = open_one(ledger)
    assert not opened.repeated
    steps = [Step(Acknowledged()), Step(NEWS)]
    first = append(ledger, opened.record.id, steps, key="once")
    between = append(ledger, opened.record.id, hours=2, key="between")
    # The hour is another one: what was written first holds, also where the version that was seen is not the newest.
    again = append(ledger, opened.record.id, steps, hours=3, key="once", if_version=1)
    assert (first.repeated, between.repeated, again.repeated) == (False, False, True)
    assert again.events == first.events
    assert [event.key for event in again.events] == ["once", "once.1"]
    assert again.record == between.record
    assert_whole(ledger_url, [opened.events[0].key, "once", "once.1", "between"])


def test_an_opening_that_is_sent_again_opens_no_twin(ledger_url: str) -> None:
    ledger = Ledger(Database(ledger_url), outbox=True)
    first = Plan(ledger).write(0)
    again = Plan(ledger).write(0)
    assert (first.repeated, again.repeated) == (False, True)
    assert again.record == first.record
    with pytest.raises(Conflict, match=r"^ticket 'HD-0' has an open escalation, ESC-1: log an update there, no twin"):
        open_one(ledger, ticket="HD-0")
    assert_whole(ledger_url, [key_of(0)])


def test_what_came_back_beside_an_open_escalation_of_its_ticket_is_no_twin(ledger_url: str) -> None:
    life = Life(ledger_url)
    life.then(Rejected(reason="wrong_team", way_on="ask Product"), 1, JO, why="a wish")
    second = open_one(life.ledger, FRIDAY + timedelta(hours=2)).record
    with pytest.raises(Conflict, match=rf"ticket 'HD-1' has an open escalation, {second.id}"):
        life.then(Reopened(severity="critical"), 3, why="it is back")
    assert life.ledger.record(life.id).state == "rejected"


def test_a_key_that_several_events_would_take_from_another_write_is_a_conflict(ledger_url: str) -> None:
    life = Life(ledger_url)
    append(life.ledger, life.id, key="k.1")
    with pytest.raises(Conflict, match="key"):
        append(life.ledger, life.id, [Step(NEWS), Step(NEWS)], key="k")
    assert len(life.ledger.events(life.id)) == 2


def test_a_key_of_another_escalation_is_a_conflict(ledger_url: str) -> None:
    life, other = Life(ledger_url), Life(ledger_url, ticket="HD-2")
    append(other.ledger, other.id, key="once")
    with pytest.raises(Conflict, match=f"'once'.* {other.id}"):
        append(life.ledger, life.id, key="once")
    assert len(life.ledger.events(life.id)) == 1


def test_a_key_that_begins_like_another_is_another(ledger_url: str) -> None:
    life = Life(ledger_url)
    append(life.ledger, life.id, key="2026")
    append(life.ledger, life.id, key="2026.11", hours=2)
    assert [event.key for event in append(life.ledger, life.id, key="2026").events] == ["2026"]


def test_a_reader_sees_one_state_throughout(ledger_url: str) -> None:
    life = Life(ledger_url)
    count = select(func.count()).select_from(t.event)
    with life.ledger.database.reading() as connection:
        before = connection.execute(count).scalar()
        life.then(NEWS, 1)
        assert connection.execute(count).scalar() == before == 1
    with life.ledger.database.reading() as connection:
        assert connection.execute(count).scalar() == 2


def test_check_finds_nothing_while_others_write(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    life = Life(ledger_url)

    def written_meanwhile(events: Any) -> Record:
        life.then(NEWS, 1)
        return replay(events)

    monkeypatch.setattr(check_module, "replay", written_meanwhile)
    assert check(Database(ledger_url)).faults == ()
    assert life.written.record.version == 2


# Edits by hand.


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET why = 'quiet'",
        "UPDATE event SET why = 'quiet' WHERE number = 1",
        "DELETE FROM event",
        "DELETE FROM event WHERE number = 2",
        "INSERT INTO event SELECT * FROM event WHERE number = 2 ON CONFLICT (key) DO UPDATE SET why = 'quiet'",
    ],
)
def test_the_database_itself_refuses_to_change_events(ledger_url: str, statement: str) -> None:
    life = Life(ledger_url)
    life.then(NEWS, 1)
    before = life.ledger.events(life.id)
    if ledger_url.startswith("sqlite"):  # its grammar takes ON for a join
        statement = statement.replace("number = 2 ON", "number = 2 AND true ON")
    with pytest.raises(DBAPIError, match=GUARD):
        by_hand(ledger_url, statement)
    assert life.ledger.events(life.id) == before


@pytest.mark.parametrize("statement", ["TRUNCATE event", "TRUNCATE escalation CASCADE"])
def test_the_server_refuses_to_empty_events(
    postgres_cluster: "Cluster", migrated_template: str, statement: str
) -> None:
    url = postgres_cluster.fresh(template=migrated_template)
    life = Life(url)
    with pytest.raises(DBAPIError, match=GUARD):
        by_hand(url, statement)
    assert len(life.ledger.events(life.id)) == 1


@pytest.mark.parametrize("columns", ["escalation, number", "key"])
def test_the_file_refuses_to_replace_events(tmp_path: Path, columns: str) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    life = Life(url)
    life.then(NEWS, 1)
    before = life.ledger.events(life.id)
    number = "number" if columns == "escalation, number" else "7"
    key = "'another'" if columns == "escalation, number" else "key"
    with pytest.raises(DBAPIError):
        by_hand(
            url,
            f"""REPLACE INTO event SELECT escalation, {number}, {key}, kind, at, recorded_at, "by", team, through,
            'forged', data, sha256 FROM event WHERE number = 2""",
        )
    assert life.ledger.events(life.id) == before


def two_lives(url: str) -> Ledger:
    """ESC-1 and ESC-2, of three events each, under a guard that somebody has taken away."""
    for ticket in ("HD-1", "HD-2"):
        life = Life(url, ticket=ticket)
        life.then(Acknowledged(), 1, JO)
        life.then(NEWS, 2, JO, why="the customer asked")
    drop_guard(url)
    assert check(life.ledger.database).faults == ()
    return life.ledger


LATER = "'2026-11-27 18:01:00.000000'"


@pytest.mark.parametrize(
    "edit",
    [
        "\"by\" = 'Eve'",
        "team = 'security'",
        "through = 'a robot'",
        "why = 'quiet'",
        "key = 'another'",
        f"at = {LATER}",
        f"recorded_at = {LATER}",
        "sha256 = '0'",
        """data = '{"kind":"monitored","text":"nothing"}'""",
        "kind = 'closed'",
        "data = '{'",
        """data = '{"kind":"promoted"}'""",
    ],
)
@pytest.mark.parametrize("number", [2, 3])
def test_an_event_that_was_edited_is_named(ledger_url: str, edit: str, number: int) -> None:
    ledger = two_lives(ledger_url)
    by_hand(ledger_url, f"UPDATE event SET {edit} WHERE escalation = 2 AND number = {number}")
    faults = check(ledger.database).faults
    assert any(fault.startswith(f"ESC-2: event {number} ") for fault in faults)
    assert all(fault.startswith("ESC-2: ") for fault in faults)


def test_an_event_that_was_edited_with_its_hash_is_betrayed_by_the_next(ledger_url: str) -> None:
    ledger = two_lives(ledger_url)
    first, second, _ = ledger.events("ESC-2")
    forged = check_module.chained(first.sha256, second.model_copy(update={"why": "quiet"}))
    by_hand(ledger_url, f"UPDATE event SET why = 'quiet', sha256 = '{forged}' WHERE sha256 = '{second.sha256}'")
    assert check(ledger.database).faults == ("ESC-2: event 3 was changed after it was written, or one before it",)


def test_events_that_were_moved_to_another_escalation_are_named(ledger_url: str) -> None:
    ledger = two_lives(ledger_url)
    by_hand(
        ledger_url, "DELETE FROM event WHERE escalation = 1", "UPDATE event SET escalation = 1 WHERE escalation = 2"
    )
    assert any(fault.startswith("ESC-1: event 1 ") for fault in check(ledger.database).faults)


@pytest.mark.parametrize(
    ("which", "fault"),
    [
        ("number = 2", "ESC-2: its events are not numbered 1, 2, 3: one is missing"),
        ("number = 1", "ESC-2: its events are not numbered 1, 2, 3: one is missing"),
        ("number = 3", "ESC-2: version is not what its events say"),
        ("number > 0", "ESC-2: it has no events"),
    ],
)
def test_an_event_that_was_removed_is_missed(ledger_url: str, which: str, fault: str) -> None:
    ledger = two_lives(ledger_url)
    by_hand(ledger_url, f"DELETE FROM event WHERE escalation = 2 AND {which}")
    faults = check(ledger.database).faults
    assert any(found.startswith(fault) for found in faults)
    assert all(found.startswith("ESC-2: ") for found in faults)


def test_a_row_that_was_edited_is_named_with_its_column(ledger_url: str) -> None:
    ledger = two_lives(ledger_url)
    other: dict[type, Any] = {str: "'other'", int: "9"}
    for column in t.escalation.c:
        if column.name in ("number", "updated_at"):
            continue
        value = LATER if column.name.endswith("_at") else other[column.type.python_type]
        kept = f"SELECT {column.name} FROM kept WHERE number = 2"
        by_hand(
            ledger_url,
            "CREATE TABLE kept AS SELECT * FROM escalation",
            f"UPDATE escalation SET {column.name} = {value} WHERE number = 2",
        )
        assert check(ledger.database).faults == (f"ESC-2: {column.name} is not what its events say",)
        by_hand(ledger_url, f"UPDATE escalation SET {column.name} = ({kept}) WHERE number = 2", "DROP TABLE kept")
    assert check(ledger.database).faults == ()


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE timer SET due_at = {LATER} WHERE escalation = 2 AND number = 0",
        f"UPDATE timer SET overdue_at = {LATER} WHERE escalation = 2 AND number = 0",
        "UPDATE timer SET who = 'nobody' WHERE escalation = 2",
        "UPDATE timer SET what = 'nothing' WHERE escalation = 2",
        "UPDATE timer SET kind = 'close' WHERE escalation = 2",
        "DELETE FROM timer WHERE escalation = 2 AND number = 1",
        "DELETE FROM timer WHERE escalation = 2",
        "INSERT INTO timer SELECT escalation, 9, kind, who, what, due_at, overdue_at FROM timer"
        " WHERE escalation = 2 AND number = 0",
    ],
)
def test_timers_that_were_edited_are_named(ledger_url: str, statement: str) -> None:
    ledger = two_lives(ledger_url)
    by_hand(ledger_url, statement)
    assert check(ledger.database).faults == ("ESC-2: its timers are not what its events say",)


def test_an_escalation_whose_row_was_removed_is_named(tmp_path: Path) -> None:
    """A server refuses that; a file whose client has not asked for foreign keys does not."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = two_lives(url)
    by_hand(url, "DELETE FROM timer WHERE escalation = 2", "DELETE FROM escalation WHERE number = 2")
    faults = check(ledger.database).faults
    assert faults
    assert all(fault.startswith("ESC-2: ") for fault in faults)


def test_a_policy_that_is_lost_is_named(ledger_url: str) -> None:
    ledger = two_lives(ledger_url)
    by_hand(ledger_url, "DELETE FROM policy")
    assert {fault.partition(":")[0] for fault in check(ledger.database).faults} == {"ESC-1", "ESC-2"}


# Files.


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / "ledger.db"
    before = os.umask(0)
    try:
        database = Database(str(file))
        with database.writing():
            found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()}
    finally:
        os.umask(before)
    assert found == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["why?.db", "100%25.db"])
def test_a_file_name_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    database = Database(str(tmp_path / name))
    open_one(Ledger(database))
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_writes_are_on_the_disk_before_they_are_acknowledged(tmp_path: Path) -> None:
    """A log that is written ahead, and synchronised at every commit: `synchronous=FULL` is 2."""
    file = tmp_path / "ledger.db"
    database = Database(str(file))
    for use in (database.reading, database.writing):
        with use() as connection:
            modes = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        assert modes == ["wal", 2, 1]
    assert file.read_bytes()[18:20] == b"\x02\x02"  # SQLite's mark of that log, which holds for every program


def test_a_write_is_in_the_log_when_it_is_acknowledged(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    ledger = Ledger(Database(str(file)))
    with ledger.database.reading() as reader:  # keeps the log from being folded into the file
        reader.exec_driver_sql("SELECT count(*) FROM event")
        open_one(ledger, headline="A headline to look for")
        assert b"A headline to look for" in file.with_name("ledger.db-wal").read_bytes()


# What breaks.


@contextmanager
def one_line(*words: str, never: str = "s3cret") -> Iterator[None]:
    """A BadInput of one line with these words."""
    with pytest.raises(BadInput) as caught:
        yield
    said = str(caught.value)
    assert len(said.splitlines()) == 1
    for word in words:
        assert word in said
    assert never not in said
    # The database's own error would be shown with it, and may hold more than one wants to read.
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_server_that_cannot_be_reached() -> None:
    url = f"postgresql://ana:s3cret@127.0.0.1:{free_port()}/ledger"
    with one_line("ledger 'postgresql+psycopg://ana@127.0.0.1:", "cannot be used: ", "Connection refused"):
        Database(url)


@pytest.mark.loopback
def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "CONNECT_SECONDS", 2)  # the driver takes no less
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with one_line("cannot be used: connection timeout expired; check that its server can be reached"):
            Database(f"postgresql://ana:s3cret@127.0.0.1:{silent.getsockname()[1]}/ledger")
        assert time.monotonic() - began < 8


def test_whoever_names_a_server_may_say_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://ana@db.example/ledger"
    monkeypatch.delenv("PGCONNECT_TIMEOUT", raising=False)
    assert database_module._patience(url) == {"connect_timeout": 10}
    assert database_module._patience(f"{url}?connect_timeout=60") == {}
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "60")
    assert database_module._patience(url) == {}


def test_a_row_that_somebody_holds_is_not_waited_for(
    postgres_cluster: "Cluster", migrated_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(postgres_cluster.fresh(template=migrated_template))
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 1)
    with life.ledger.database.engine.connect() as other, other.begin():
        other.execute(text("LOCK TABLE escalation, event"))
        with one_line("canceling statement due to lock timeout; somebody else is writing: try again"):
            life.then(NEWS, 1)
    life.then(NEWS, 1)
    assert len(life.ledger.events(life.id)) == 2


def test_a_file_beside_which_none_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "ledger.db-journal").mkdir()
    with one_line("ledger 'sqlite:////", "cannot be used: unable to open database file; name another with --ledger"):
        Database(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_a_name_that_no_disk_can_hold() -> None:
    assert not is_there(f"sqlite:////{'x' * 5_000}")
    with one_line("cannot be opened: File name too long"):
        Database(f"sqlite:////{'x' * 5_000}")


def test_a_server_without_that_database(postgres_cluster: "Cluster") -> None:
    with one_line('database "nowhere" does not exist'):
        Database(f"postgresql://postgres:s3cret@127.0.0.1:{postgres_cluster.port}/nowhere")


@pytest.fixture
def asks_for_a_password(postgres_cluster: "Cluster") -> Iterator[str]:
    """The name of a person from whom the server wants a password."""
    rules = postgres_cluster.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    admin = f"postgresql+psycopg://postgres@127.0.0.1:{postgres_cluster.port}/postgres"
    rules.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{before}")
    by_hand(admin, "CREATE ROLE locked LOGIN PASSWORD 'the right one'", "SELECT pg_reload_conf()")
    yield "locked"
    rules.write_text(before)
    by_hand(admin, "DROP ROLE locked", "SELECT pg_reload_conf()")


@pytest.mark.parametrize("form", ["{user}:s3cret@{host}", "{user}@{host}?password=s3cret"])
def test_a_wrong_password_is_not_shown(asks_for_a_password: str, postgres_cluster: "Cluster", form: str) -> None:
    place, query, rest = form.partition("?")
    url = f"postgresql://{place}/postgres{query}{rest}"
    with one_line("password authentication failed"):
        Database(url.format(user=asks_for_a_password, host=f"127.0.0.1:{postgres_cluster.port}"))


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgresql+psycopg://ana:s3cret@db/ledger", "postgresql+psycopg://ana@db/ledger"),
        ("postgresql+psycopg://ana:s3@cr:et@db/ledger", "postgresql+psycopg://ana@db/ledger"),
        ("postgresql+psycopg://ana:s3/cr?et@db/ledger", "postgresql+psycopg://ana@db/ledger"),
        ("postgresql+psycopg://ana@db/ledger", "postgresql+psycopg://ana@db/ledger"),
        ("postgresql+psycopg:///ledger", "postgresql+psycopg:///ledger"),
        ("postgresql+psycopg://ana@db/ledger?password=s3cret", "postgresql+psycopg://ana@db/ledger"),
        pytest.param("postgresql+psycopg://ana@db/ledger?password=s3@cret", "postgresql+psycopg://ana@db/ledger"),
        ("sqlite:////home/ana:b/a@b.db", "sqlite:////home/ana:b/a@b.db"),
    ],
)
def test_what_is_shown_of_a_url(url: str, seen: str) -> None:
    assert shown(url) == seen


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ana:s3cret@127.0.0.1:port/ledger",
        "postgresql://ana:s3cret@x:1@127.0.0.1/ledger",
        "mysql://ana:s3cret@127.0.0.1/ledger",
        "postgresql://",
        "sqlite://",
        "sqlite:///",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    with one_line("expected a file name, sqlite:///FILE or postgresql://USER@HOST/NAME"):
        Database(url)


def test_an_option_that_there_is_not() -> None:
    with one_line("invalid connection option"):
        Database("postgresql://ana:s3cret@127.0.0.1:1/ledger?nothing=1")


def test_memory_is_no_place_for_a_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with one_line(":memory:"):
        Database("sqlite:///:memory:")


def test_a_directory(tmp_path: Path) -> None:
    with one_line(repr(str(tmp_path)), "cannot be opened: Is a directory; name another with --ledger"):
        Database(str(tmp_path))


def test_a_text_file_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("What to do on Monday\n" * 500)
    with one_line(str(file), "cannot be used: file is not a database"):
        Database(str(file))
    assert file.read_text() == "What to do on Monday\n" * 500
    assert list(tmp_path.iterdir()) == [file]


def test_a_path_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with one_line("cannot be opened: Not a directory; name another with --ledger"):
        Database(str(tmp_path / "file" / "data" / "ledger.db"))
    with one_line("cannot be opened: File name too long"):
        Database(str(tmp_path / f"{'x' * 300}.db"))
    with one_line("cannot be opened: "):
        Database(str(tmp_path / "nul\0.db"))


def test_the_folder_of_somebody_who_is_not_there() -> None:
    with one_line("~nobody-of-that-name/ledger.db"):
        Database("~nobody-of-that-name/ledger.db")


@contextmanager
def as_nobody() -> Iterator[Path]:
    """As somebody for whom permissions hold, with a folder."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
    finally:
        if root:
            os.seteuid(0)


def test_what_may_not_be_written(tmp_path: Path) -> None:
    made = tmp_path / "made.db"
    Database(str(made)).engine.dispose()  # by us: nobody may not be allowed to read the program's own folder
    content = made.read_bytes()
    with as_nobody() as folder:
        file = folder / "ledger.db"
        file.write_bytes(content)
        file.chmod(0o400)
        with one_line(repr(str(file)), "cannot be opened: Permission denied; name another with --ledger"):
            Database(str(file))
        file.chmod(0o600)
        folder.chmod(0o500)
        try:
            with one_line("cannot be opened: Permission denied; name another with --ledger"):
                Database(str(folder / "data" / "ledger.db"))
            with one_line(str(file), "cannot be used: "):  # there is no room for the log beside it
                open_one(Ledger(Database(str(file))))
        finally:
            folder.chmod(0o700)


def test_a_database_with_other_tables(ledger_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if ledger_url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'shop.db'}"
    else:
        url = request.getfixturevalue("postgres_cluster").fresh()
    by_hand(url, "CREATE TABLE customer (name text)")
    with one_line("holds other tables and no ledger: name an empty database or a ledger's own"):
        Database(url)
    by_hand(url, "DROP TABLE customer")
    assert Database(url).found is None


@pytest.mark.parametrize(
    "version",
    ["'0001'", "'0000'", "'ae1027a6acf'", "NULL"],
)
def test_another_programs_database_that_alembic_keeps_too(
    ledger_url: str, tmp_path: Path, request: pytest.FixtureRequest, version: str
) -> None:
    if ledger_url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'shop.db'}"
    else:
        url = request.getfixturevalue("postgres_cluster").fresh()
    by_hand(
        url,
        "CREATE TABLE customer (name text)",
        "CREATE TABLE alembic_version (version_num varchar(32))",
        f"INSERT INTO alembic_version SELECT {version} WHERE {version} IS NOT NULL",
    )
    with one_line("holds other tables and no ledger"):
        Database(url, upgrade=True)


def test_a_file_with_other_tables_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    by_hand(f"sqlite:///{file}", "CREATE TABLE customer (name text)")
    before = file.read_bytes()
    with one_line("holds other tables"):
        Database(str(file))
    assert file.read_bytes() == before


@pytest.fixture
def reader_url(postgres_cluster: "Cluster") -> Iterator[str]:
    """An empty database of which somebody without rights has heard."""
    url = postgres_cluster.fresh()
    by_hand(url, "CREATE ROLE reader LOGIN")
    yield url.replace("postgres@", "reader:s3cret@")
    postgres_cluster.drop(url)
    by_hand(url.rpartition("/")[0] + "/postgres", "DROP ROLE reader")


def test_somebody_without_rights(reader_url: str) -> None:
    owner_url = reader_url.replace("reader:s3cret@", "postgres@")
    with one_line("permission denied for schema public"):
        Database(reader_url)
    Database(owner_url)
    with one_line("permission denied for table alembic_version"):
        Database(reader_url)
    by_hand(owner_url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    ledger = Ledger(Database(reader_url))
    assert ledger.for_ticket("HD-1") is None
    with one_line("permission denied for table policy"):
        open_one(ledger)


def test_a_server_that_only_answers(reader_url: str) -> None:
    """A stand-by that was not promoted."""
    url = reader_url.replace("reader:s3cret@", "postgres@")
    Database(url)
    by_hand(url, f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    with one_line("read-only transaction"):
        open_one(Ledger(Database(url)))


def test_a_server_that_goes_away_before_the_commit(postgres_cluster: "Cluster", migrated_template: str) -> None:
    url = postgres_cluster.fresh(template=migrated_template)
    life = Life(url)
    others = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{url.rpartition('/')[2]}'"

    def end(_: object) -> None:
        by_hand(f"{url.rpartition('/')[0]}/postgres", others)

    event.listen(life.ledger.database.engine, "commit", end)
    with one_line("terminating connection due to administrator command"):
        life.then(NEWS, 1)
    event.remove(life.ledger.database.engine, "commit", end)
    assert len(life.ledger.events(life.id)) == 1
    assert life.then(NEWS, 1).record.version == 2
    assert check(life.ledger.database).faults == ()


def test_a_file_that_another_program_keeps_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ledger.db"
    Database(str(file))
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    ledger = Ledger(Database(str(file)))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with one_line(str(file), "cannot be used: database is locked"):
            open_one(ledger)
        assert ledger.for_ticket("HD-1") is None  # readers do not wait
    assert open_one(ledger).record.version == 1


def test_a_full_disk_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    import resource

    file = tmp_path / "ledger.db"
    life = Life(f"sqlite:///{file}")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    written = 1
    with one_line(str(file), "cannot be used: "):
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 40_000, hard))
            while written < 1000:
                life.then(Updated(audience="internal", text="news " * 100), 1)
                written += 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert written > 1
    assert [event.number for event in life.ledger.events(life.id)] == list(range(1, written + 1))
    assert check(life.ledger.database).faults == ()
    assert life.then(NEWS, 2).record.version == written + 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("quiet", "half a letter: \udc80", id="half_in_why"),
        pytest.param("half a letter: \udc80", "quiet", id="half_in_data"),
        pytest.param("quiet", "a nul: \0", id="nul"),
    ],
)
def test_words_that_cannot_be_kept(ledger_url: str, text: str, why: str) -> None:
    life = Life(ledger_url)
    before = life.ledger.events(life.id)
    if ledger_url.startswith("sqlite") and "\0" in why:  # a file keeps that
        assert life.then(NEWS, 1, why=why).events[0].why == why
        return
    with pytest.raises(EscalationError):
        life.then(Updated(audience="internal", text=text), 1, why=why)
    assert life.ledger.events(life.id) == before
