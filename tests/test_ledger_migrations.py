"""The ledger's tables through its versions, on both databases, and what a kill in the middle of a change leaves."""

import hashlib
import json
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Index, MetaData, NullPool, String, create_engine, select, text

from agent.errors import BadInput
from agent.ledger import database as database_module
from agent.ledger import tables as t
from agent.ledger.check import check
from agent.ledger.database import SCHEMA, Database, migrate, upgrade
from agent.ledger.store import Ledger
from agent.ledger.where import shown
from schemas.ledger import Acknowledged, Monitored, Updated
from tests.ledger_writer import Writers
from tests.ledgers import ANA, FRIDAY, JO, open_one

if TYPE_CHECKING:
    from tests.postgres import Cluster

pytestmark = pytest.mark.loopback  # the ledger's other database is a server on this machine

FIRST = "0001"
KILLED = -signal.SIGKILL
Fresh = Callable[..., str]
"""Makes a database: an empty one, or a copy of another."""

# What the first version wrote, byte for byte: the hashes are over these texts.
POLICY = (
    '{"version":"1.0","account":{"high_value_from":100000.0,"high_value_plans":["enterprise"],"low_value_plans":'
    '["free","trial","starter","basic","hobby","personal"]},"pattern":{"accounts":3,"window_days":30},'
    '"sla":{"at_risk_share":0.25,"at_risk_minutes":60.0},"deadline":{"critical_minutes":15.0,'
    '"high_business_hours":4.0,"medium_business_days":5},"cadence":{"critical":{"internal":[2.0,2.0],'
    '"customer":[2.0,4.0]},"high":{"internal":[4.0,4.0],"customer":[4.0,8.0]},"medium":{"internal":[1.0,1.0],'
    '"customer":[1.0,2.0]}},"calendar":{"timezone":"UTC","days":[0,1,2,3,4],"opens":"09:00","closes":"17:00",'
    '"holidays":null,"closures":[]},"routing":{"skip_l2_hop":false},"ladder":{"steps":["notify the team again",'
    '"call the team\'s lead","tell Support\'s leadership"]},"silence":{"business_days":2,"reminders":2},'
    '"closing":{"business_days":1}}'
)
POLICY_SHA256 = "511288505f176d6713e0650a44f80b1dccb130365f993ad688b832d27f555ec3"
OPENED = (
    '{"kind":"opened","ticket":"HD-%d","ticket_sha256":"' + "0" * 64 + '","headline":"Portal down for all users",'
    '"account":"Nordwind","accounts":["Nordwind"],"severity":"critical","owner":"engineering",'
    '"next_hop":"engineering","leadership":false,"expedite":false,"deciding_rule":"TEC-3","rules":["TEC-3"],'
    '"product_area":null,"ask":"fix the login and say which release holds it","deadline":null,"deadline_basis":"",'
    '"calendar":{"timezone":"Europe/Berlin","days":[0,1,2,3,4],"opens":"09:00","closes":"17:00","holidays":"DE-BE",'
    '"closures":[]},"customer_zone":null,"sla":null,"bug_record":null,"code_fix":"unknown","policy_version":"1.0",'
    f'"policy_sha256":"{POLICY_SHA256}","result_sha256":""}}'
)
RECORD = (
    '{"id":"ESC-%d","version":%d,"state":"%s","state_at":"%s","ticket":"HD-%d","ticket_sha256":"' + "0" * 64 + '",'
    '"headline":"Portal down for all users","account":"Nordwind","accounts":["Nordwind"],"severity":"critical",'
    '"owner":"engineering","with_team":"engineering","deciding_rule":"TEC-3","rules":["TEC-3"],'
    '"ask":"fix the login and say which release holds it","holder":"Ana Lima",%s,'
    '"calendar":{"timezone":"Europe/Berlin","holidays":"DE-BE"},%s'
    f'"policy_version":"1.0","policy_sha256":"{POLICY_SHA256}"}}'
)


def event_rows(escalation: int, *told: tuple[str, int, str, bool, str]) -> list[tuple[str, dict[str, Any]]]:
    """Events with the chain of hashes as the first version made it: key, minute, kind, by whom, data."""
    rows: list[tuple[str, dict[str, Any]]] = []
    previous = ""
    for number, (key, minute, kind, by_jo, data) in enumerate(told, start=1):
        by, team = ("Jo Park", "engineering") if by_jo else ("Ana Lima", "support")
        at = f"2026-11-27T17:{minute:02}:00+00:00"
        hashed = ["event-1", previous, f"ESC-{escalation}", number, key, at, at, by, team, "", "", data]
        previous = hashlib.sha256(json.dumps(hashed, ensure_ascii=False).encode()).hexdigest()
        row = {"escalation": escalation, "number": number, "key": key, "kind": kind}
        row |= {"at": f"2026-11-27 17:{minute:02}:00", "recorded_at": f"2026-11-27 17:{minute:02}:00"}
        row |= {"by": by, "team": team, "through": "", "why": "", "data": data, "sha256": previous}
        rows.append(("event", row))
    return rows


def escalation_row(number: int, **fields: Any) -> dict[str, Any]:
    row = {"number": number, "urgency": 3, "owner": "engineering", "with_team": "engineering"}
    row |= {"ticket": f"HD-{number}", "live_ticket": f"HD-{number}", "account": "Nordwind"}
    row |= {"headline": "Portal down for all users", "holder": "Ana Lima", "deciding_rule": "TEC-3"}
    return row | {"product_area": None, "policy_sha256": POLICY_SHA256} | fields


FIRST_ROWS: list[tuple[str, dict[str, Any]]] = [
    ("policy", {"sha256": POLICY_SHA256, "version": "1.0", "body": POLICY}),
    (
        "escalation",
        escalation_row(
            1,
            version=3,
            state="monitoring",
            created_at="2026-11-27 17:00:00",
            opened_at="2026-11-27 17:00:00",
            updated_at="2026-11-27 17:30:00",
            next_due_at="2026-11-27 19:00:00",
            next_overdue_at="2026-11-27 19:30:00",
            record=RECORD
            % (
                1,
                3,
                "monitoring",
                "2026-11-27T17:30:00Z",
                1,
                '"created_at":"2026-11-27T17:00:00Z","opened_at":"2026-11-27T17:00:00Z",'
                '"routed_at":"2026-11-27T17:00:00Z","acknowledged_at":"2026-11-27T17:09:00Z",'
                '"first_acknowledged_at":"2026-11-27T17:09:00Z","last_contact":"2026-11-27T17:30:00Z"',
                '"monitored_at":"2026-11-27T17:30:00Z",',
            ),
        ),
    ),
    *event_rows(
        1,
        ("k-1", 0, "opened", False, OPENED % 1),
        ("k-2", 9, "acknowledged", True, '{"kind":"acknowledged"}'),
        ("k-3", 30, "monitored", True, '{"kind":"monitored","text":"Restarted; we watch"}'),
    ),
    (
        "timer",
        {
            "escalation": 1,
            "number": 0,
            "kind": "customer",
            "who": "Support",
            "what": "Update the customer (Nordwind), news or not",
            "due_at": "2026-11-27 19:00:00",
            "overdue_at": "2026-11-27 21:00:00",
        },
    ),
    (
        "timer",
        {
            "escalation": 1,
            "number": 1,
            "kind": "internal",
            "who": "Support",
            "what": "Check with Engineering for progress; the root cause is still unknown",
            "due_at": "2026-11-27 19:30:00",
            "overdue_at": "2026-11-27 19:30:00",
        },
    ),
]
# An update of a program that knew no `answers` yet, and a timer in the words of that time.
FIRST_UPDATE: list[tuple[str, dict[str, Any]]] = [
    (
        "escalation",
        escalation_row(
            2,
            version=2,
            state="open",
            created_at="2026-11-27 17:01:00",
            opened_at="2026-11-27 17:01:00",
            updated_at="2026-11-27 17:05:00",
            next_due_at="2026-11-27 17:16:00",
            next_overdue_at="2026-11-27 17:31:00",
            record=RECORD
            % (
                2,
                2,
                "open",
                "2026-11-27T17:01:00Z",
                2,
                '"created_at":"2026-11-27T17:01:00Z","opened_at":"2026-11-27T17:01:00Z",'
                '"routed_at":"2026-11-27T17:01:00Z","last_internal":{"event":2,"at":"2026-11-27T17:05:00Z",'
                '"by":"Jo Park","text":"Looking"},"last_contact":"2026-11-27T17:05:00Z"',
                "",
            ),
        ),
    ),
    *event_rows(
        2,
        ("k-4", 1, "opened", False, OPENED % 2),
        (
            "k-5",
            5,
            "updated",
            True,
            '{"kind":"updated","audience":"internal","text":"Looking","promise":"","promise_due":null,"keeps":null}',
        ),
    ),
    (
        "timer",
        {
            "escalation": 2,
            "number": 0,
            "kind": "acknowledge",
            "who": "Support",
            "what": "Engineering has not acknowledged: notify the team again (step 1 of 3)",
            "due_at": "2026-11-27 17:16:00",
            "overdue_at": "2026-11-27 17:31:00",
        },
    ),
    (
        "timer",
        {
            "escalation": 2,
            "number": 1,
            "kind": "customer",
            "who": "Support",
            "what": "Update the customer (Nordwind), news or not",
            "due_at": "2026-11-27 19:01:00",
            "overdue_at": "2026-11-27 21:01:00",
        },
    ),
]


@pytest.fixture(scope="module")
def writers() -> Iterator[Writers]:
    with Writers() as running:
        yield running


@pytest.fixture(params=("sqlite", "postgresql"))
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fresh]:
    """Databases of one kind: unlike `ledger_url`, without a ledger's tables."""
    if request.param == "sqlite":
        numbers = count(1)

        def make(template: str | None = None) -> str:
            file = tmp_path / f"{next(numbers)}.db"
            if template is not None:
                shutil.copyfile(template.removeprefix("sqlite:///"), file)
            return f"sqlite:///{file}"

        yield make
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    made = []

    def create(template: str | None = None) -> str:
        made.append(cluster.fresh(template))
        return made[-1]

    yield create
    for url in made:
        cluster.drop(url)


def at_version(version: str, url: str) -> Database:
    """The ledger as a program opens it whose newest version is that one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_module, "SCHEMA", version)
        patch.setattr(database_module, "migrate", partial(migrate, revision=version))
        return Database(url, upgrade=True)


def insert(database: Database, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """Rows as they are, without the program's own types."""
    moment = "{}.000000" if database.is_sqlite else "{}+00"
    with database.writing() as connection:
        for table, row in rows:
            values = {
                name: moment.format(value) if name == "at" or name.endswith("_at") else value
                for name, value in row.items()
            }
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)
        if not database.is_sqlite:  # a server counts for itself
            connection.execute(text("SELECT setval('escalation_number_seq', max(number)) FROM escalation"))


@pytest.fixture
def old_url(fresh: Fresh) -> str:
    """A ledger of the first version, with what it wrote."""
    url = fresh()
    insert(at_version(FIRST, url), FIRST_ROWS)
    return url


def shape(url: str) -> tuple[str | None, frozenset[str]]:
    """The version of the tables, and the names of all that is there."""
    names = (
        "SELECT name FROM sqlite_master"
        if url.startswith("sqlite")
        else "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with create_engine(url, poolclass=NullPool).connect() as connection:
        found = frozenset(connection.execute(text(names)).scalars())
        if "alembic_version" not in found:
            return None, found
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one(), found


def set_version(url: str, version: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def script() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", "agent.ledger:migrations")
    return ScriptDirectory.from_config(config)


def revisions() -> list[str]:
    return [revision.revision for revision in reversed(list(script().walk_revisions()))]


def differences(url: str, metadata: MetaData) -> list[Any]:
    """Between the tables of the database and those of `metadata`."""

    def known(_: object, name: str | None, kind: str, reflected: bool, __: object) -> bool:
        # Each database's own full-text index is written by hand.
        own = kind == "table" and str(name).startswith(("report_terms", "report_vocabulary"))
        return not (reflected and (own or (kind == "index" and name == "ix_report_terms")))

    with create_engine(url, poolclass=NullPool).connect() as connection:
        options = {"include_object": known, "compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_the_program_knows_the_newest_of_its_migrations() -> None:
    assert script().get_heads() == [SCHEMA]
    assert revisions() == [f"{number:04}" for number in range(1, len(revisions()) + 1)]  # compared as texts


def test_the_versions_lead_step_by_step_to_what_the_program_sees(fresh: Fresh) -> None:
    url = fresh()
    before: str | None = None
    for revision in revisions():
        assert at_version(revision, url).found == before
        assert shape(url)[0] == revision
        if revision == FIRST:
            insert(at_version(FIRST, url), FIRST_ROWS)
        before = revision
    assert Database(url).found == SCHEMA
    assert differences(url, t.metadata) == []
    assert_reads(Ledger(Database(url)))
    assert check(Database(url)).faults == ()


def test_step_by_step_is_the_same_as_at_once(fresh: Fresh) -> None:
    at_once, stepwise = fresh(), fresh()
    Database(at_once)
    for revision in revisions():
        at_version(revision, stepwise)
    assert shape(stepwise) == shape(at_once)


def test_a_difference_would_be_found(ledger_url: str) -> None:
    """The comparison sees a column, its type, whether it may be empty, an index and a table."""
    Database(ledger_url)
    assert differences(ledger_url, t.metadata) == []
    other = MetaData(naming_convention=t.metadata.naming_convention)
    for table in t.metadata.sorted_tables:
        table.to_metadata(other)
    escalation, timer = other.tables["escalation"], other.tables["timer"]
    escalation.append_column(Column("colour", String(8)))
    escalation.c.state.type = String(25)
    escalation.c.account.nullable = False
    timer.indexes.discard(next(index for index in timer.indexes if index.name == "ix_timer_due_at"))
    Index("ix_event_kind", other.tables["event"].c.kind)
    other.remove(other.tables["outbox"])
    found = [change[0] if isinstance(change, tuple) else change[0][0] for change in differences(ledger_url, other)]
    kinds = {"add_column", "modify_type", "modify_nullable", "remove_index", "add_index", "remove_table"}
    assert kinds <= set(found)


# An older ledger, and a newer one.


def test_an_older_ledger_is_brought_up_to_date(old_url: str) -> None:
    """A file by opening it, a server's only by a person who says so."""
    if not old_url.startswith("sqlite"):
        refused = (
            f"ledger {shown(old_url)!r} has older tables ({FIRST}, needed {SCHEMA}): when all who share it can "
            "update, run `escalation ledger upgrade`"
        )
        before = shape(old_url)
        with pytest.raises(BadInput) as error:
            Database(old_url)
        assert str(error.value) == refused
        assert shape(old_url) == before
    database = Database(old_url, upgrade=not old_url.startswith("sqlite"))
    assert database.found == FIRST
    assert shape(old_url)[0] == SCHEMA
    assert Database(old_url).found == SCHEMA
    ledger = Ledger(database, outbox=True)
    assert_reads(ledger)
    assert check(database).faults == ()
    at = FRIDAY.replace(hour=18)
    written = ledger.append("ESC-1", Updated(audience="internal", text="Still quiet"), JO, at=at, now=at)
    assert written.record.version == 4
    assert ledger.append("ESC-1", Acknowledged(), JO, at=at, now=at, key="k-2").repeated
    assert open_one(ledger, ticket="HD-3").record.id == "ESC-2"
    with database.reading() as connection:
        keys = connection.execute(select(t.outbox.c.key).order_by(t.outbox.c.key)).scalars()
        assert list(keys) == ["ESC-1:4", "ESC-2:1"]
    assert check(database).faults == ()


def assert_reads(ledger: Ledger) -> None:
    """What the first version wrote is what is read."""
    record = ledger.record("ESC-1")
    assert (record.state, record.version, record.holder) == ("monitoring", 3, ANA.by)
    assert ledger.for_ticket("HD-1") == record
    events = ledger.events("ESC-1")
    assert [event.key for event in events] == ["k-1", "k-2", "k-3"]
    assert events[2].data == Monitored(text="Restarted; we watch")
    assert events[0].at == FRIDAY
    assert ledger.settings_of(record).ladder.steps[0] == "notify the team again"


def test_what_an_older_program_wrote_is_whole(old_url: str) -> None:
    """Without fields that came later, and with rows and timers as they were derived at that time."""
    insert(at_version(FIRST, old_url), FIRST_UPDATE)
    database = Database(old_url, upgrade=True)
    assert check(database).faults == ()
    assert Ledger(database).events("ESC-2")[1].data == Updated(audience="internal", text="Looking")


def test_upgrading_says_which_version_it_found(fresh: Fresh, old_url: str) -> None:
    assert upgrade(old_url) == FIRST
    assert upgrade(old_url) == SCHEMA
    assert upgrade(fresh()) is None


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_newer_ledger_is_left_as_it_is(ledger_url: str, upgrade: bool) -> None:
    open_one(Ledger(Database(ledger_url)))
    set_version(ledger_url, "0099")
    before = shape(ledger_url)
    with pytest.raises(BadInput) as error:
        Database(ledger_url, upgrade=upgrade)
    assert str(error.value) == (
        f"ledger {shown(ledger_url)!r} was made by a newer program (tables 0099, this one knows {SCHEMA}): "
        "update this program"
    )
    assert shape(ledger_url) == before
    set_version(ledger_url, SCHEMA)
    assert Ledger(Database(ledger_url)).record("ESC-1").ticket == "HD-1"


# At the same time, and killed.


@pytest.mark.parametrize(("processes", "rounds"), [(2, 8), (8, 4)])
def test_an_empty_ledger_that_several_make_at_once_is_made_once(
    fresh: Fresh, writers: Writers, processes: int, rounds: int
) -> None:
    wanted = fresh()
    Database(wanted)
    for _ in range(rounds):
        url = fresh()
        said = writers.run("make", processes, url=url)
        assert {line["found"] for line in said} <= {None, SCHEMA}
        assert len(said) == processes
        assert shape(url) == shape(wanted)
    assert open_one(Ledger(Database(url))).record.id == "ESC-1"


def test_a_file_that_another_is_just_making_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        later = threading.Timer(0.2, other.execute, ["COMMIT"])
        later.start()
        try:
            assert Database(str(file)).found is None
        finally:
            later.join()


def test_an_older_ledger_that_several_bring_up_to_date_at_once(fresh: Fresh, old_url: str, writers: Writers) -> None:
    for _ in range(4):
        url = fresh(old_url)
        said = writers.run("make", 4, url=url, upgrade=True)
        assert {line["found"] for line in said} <= {FIRST, SCHEMA}
        assert shape(url)[0] == SCHEMA
        assert_reads(Ledger(Database(url)))
        assert check(Database(url)).faults == ()


@pytest.mark.parametrize(
    "start",
    [
        "empty",
        pytest.param("old"),
    ],
)
def test_a_migration_that_is_killed_at_any_point_leaves_the_old_version_or_the_new_one(
    fresh: Fresh, old_url: str, writers: Writers, start: str
) -> None:
    """Each statement that the database is given, each commit and each end of a connection is such a point."""
    template = old_url if start == "old" else fresh()
    whole = fresh(template if start == "old" else None)
    before = shape(whole)
    Database(whole, upgrade=True)
    after = shape(whole)
    found = []
    for point in range(1, 200):
        url = fresh(template if start == "old" else None)
        crew = writers.start("make", url=url, upgrade=True, kill_at=point)
        crew.finish()
        if crew.ended == [0]:
            break
        assert crew.ended == [KILLED]
        found.append(shape(url))
        assert found[-1] in (before, after)
        database = Database(url, upgrade=True)
        assert database.found == found[-1][0]
        assert shape(url) == after
        if start == "old":
            assert_reads(Ledger(database))
            assert check(database).faults == ()
    else:
        pytest.fail("the migration never ended")
    assert found.count(before) >= 15
    assert found[-1] == after
