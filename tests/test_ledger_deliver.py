"""The outbox to a webhook, on both databases and against a receiver on this machine."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select
from standardwebhooks import Webhook

from agent.cli import verb_parser
from agent.errors import BadInput
from agent.ledger import deliver as module
from agent.ledger import tables as t
from agent.ledger import webhooks
from agent.ledger.database import Database
from agent.ledger.deliver import (
    CLAIM,
    LONGEST_PAUSE,
    SECRET,
    TIMEOUT,
    TRIES,
    URL,
    Delivered,
    deliver,
    pause_after,
    remind,
    target_from_environment,
)
from agent.ledger.store import Author, Ledger, Step, sha256_of
from agent.ledger.webhooks import Target
from agent.policy.settings import load_settings
from schemas.ledger import Acknowledged, HandedOver, Opened, Updated

if TYPE_CHECKING:
    from tests.postgres import Cluster

pytestmark = pytest.mark.loopback

SETTINGS = load_settings()
ANA, ENG = Author("Ana"), Author("Eve", "engineering")
KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PROMISE = {"promise": "a word by noon", "promise_due": datetime(2026, 3, 3, 12, tzinfo=UTC)}


class Receiver(ThreadingHTTPServer):
    """Answers with `status`, or as `by_id` or `hook` (by the number of the request) say; keeps what came in."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.by_id: dict[str, int] = {}
        self.hook: Callable[[int], int] | None = None
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    @property
    def target(self) -> Target:
        return Target.of(self.url, KEY)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.requests]


class Answering(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            self.server.requests.append((headers, body))
            number = len(self.server.requests)
        status = self.server.by_id.get(headers["webhook-id"], self.server.status)
        self.send_response(self.server.hook(number) if self.server.hook else status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def migrated(request: pytest.FixtureRequest) -> str:
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    url = cluster.fresh()
    Database(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database(str(tmp_path / "ledger.db"))
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    return Database(cluster.fresh(template=request.getfixturevalue("migrated")))


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database, outbox=True)


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


def begin(ledger: Ledger, at: datetime, ticket: str = "T-1", **fields: Any) -> str:
    values: dict[str, Any] = {
        "ticket_sha256": "0" * 64,
        "headline": "Invoices fail",
        "account": "Acme",
        "severity": "critical",
        "owner": "engineering",
        "deciding_rule": "TEC-1",
        "ask": "Fix the export",
        "calendar": SETTINGS.calendar,
        "policy_version": SETTINGS.version,
        "policy_sha256": sha256_of(SETTINGS.model_dump_json()),
        "result_sha256": "0" * 64,
        **fields,
    }
    data = Opened(**{"ticket": ticket, "next_hop": values["owner"], **values})
    return ledger.begin(data, ANA, at=at, now=at, settings=SETTINGS).record.id


def write(ledger: Ledger, name: str, data: Any, at: datetime, by: Author = ANA) -> None:
    ledger.append(name, [Step(data, why="because")], by, at=at, now=at)


def several(ledger: Ledger, at: datetime, count: int) -> list[str]:
    """So many events of one escalation. Returns the keys of their notices."""
    begin(ledger, at)
    for number in range(2, count + 1):
        write(ledger, "ESC-1", Updated(audience="internal", text=f"Step {number}"), at)
    return [f"ESC-1:{number}" for number in range(1, count + 1)]


def rows(database: Database) -> dict[str, Any]:
    with database.reading() as connection:
        return {row.key: row for row in connection.execute(select(t.outbox).order_by(t.outbox.c.number))}


def run(database: Database, receiver: Receiver, clock: Callable[[], datetime], **options: Any) -> Delivered:
    return deliver(database, receiver.target, clock=clock, **{"tries": 1, "timeout": 5.0, **options})


# --- what is sent ---


def test_oldest_first_each_once_and_signed(ledger: Ledger, database: Database, receiver: Receiver) -> None:
    now = datetime.now(UTC)
    keys = several(ledger, now, 3)
    done = deliver(database, receiver.target)
    assert done == Delivered(tuple(keys), (), 0, False)
    assert receiver.ids == keys
    bodies = [Webhook(KEY).verify(body, headers) for headers, body in receiver.requests]
    assert [body["type"] for body in bodies] == ["escalation.opened", "escalation.updated", "escalation.updated"]
    for row in rows(database).values():
        assert row.sent_at >= now
        assert (row.attempts, row.next_attempt_at, row.error) == (1, None, "")
    assert deliver(database, receiver.target) == Delivered((), (), 0, False)
    assert len(receiver.requests) == 3


def test_each_is_marked_before_the_next_is_sent(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock
) -> None:
    several(ledger, clock.now, 3)
    unsent: list[int] = []

    def look(_: int) -> int:
        unsent.append(sum(row.sent_at is None for row in rows(database).values()))
        return 200

    receiver.hook = look
    run(database, receiver, clock)
    assert unsent == [3, 2, 1]


def test_no_more_than_the_limit(ledger: Ledger, database: Database, receiver: Receiver, clock: Clock) -> None:
    keys = several(ledger, clock.now, 5)
    assert run(database, receiver, clock, limit=2) == Delivered(tuple(keys[:2]), (), 3, False)
    assert run(database, receiver, clock, limit=9).sent == tuple(keys[2:])


def test_nothing_is_laid_out_unless_asked_for(database: Database, clock: Clock) -> None:
    begin(Ledger(database), clock.now)
    assert rows(database) == {}


# --- what fails ---


def test_a_receiver_that_is_down_is_asked_once_and_later_again(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock
) -> None:
    keys = several(ledger, clock.now, 3)
    receiver.status = 503
    pauses = []
    for attempt in range(1, 12):
        done = run(database, receiver, clock, limit=1)
        [failure] = done.failed
        assert (failure.key, failure.attempts, done.sent, done.left) == (keys[0], attempt, (), 3)
        row = rows(database)[keys[0]]
        assert (row.attempts, row.next_attempt_at, row.sent_at) == (attempt, failure.again_at, None)
        assert row.error == failure.error == f"{receiver.target.origin} answered 503: send it again later"
        pauses.append((failure.again_at - clock.now) // timedelta(minutes=1))
        with database.writing() as connection:  # the others would be tried meanwhile
            connection.execute(
                t.outbox.update().where(t.outbox.c.key != keys[0]).values(next_attempt_at=failure.again_at)
            )
        clock.now = failure.again_at - timedelta(microseconds=1)
        assert run(database, receiver, clock) == Delivered((), (), 3, False)
        clock.now = failure.again_at
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    receiver.status = 200
    assert run(database, receiver, clock).sent == tuple(keys)
    assert rows(database)[keys[0]].error == ""


def test_when_the_receiver_fails_the_rest_waits(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock
) -> None:
    keys = several(ledger, clock.now, 4)
    receiver.by_id = {keys[1]: 500}
    done = run(database, receiver, clock)
    assert (done.sent, [failure.key for failure in done.failed], done.left) == ((keys[0],), [keys[1]], 3)
    assert receiver.ids == keys[:2]
    assert run(database, receiver, clock).sent == tuple(keys[2:])


@pytest.mark.parametrize("status", [400, 422])
def test_a_notice_that_is_refused_does_not_hold_up_the_others(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock, status: int
) -> None:
    keys = several(ledger, clock.now, 3)
    receiver.by_id = {keys[0]: status}
    done = run(database, receiver, clock)
    assert (done.sent, [failure.key for failure in done.failed], done.left) == (tuple(keys[1:]), [keys[0]], 1)
    assert f"answered {status}" in rows(database)[keys[0]].error


def test_neither_does_one_that_cannot_be_sent(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock
) -> None:
    values = {"created_at": clock.now, "body": "{}", "attempts": 0, "next_attempt_at": clock.now, "error": ""}
    with database.writing() as connection:
        connection.execute(insert(t.outbox).values(key="no id", **values))
    keys = several(ledger, clock.now, 2)
    done = run(database, receiver, clock)
    assert done.sent == tuple(keys)
    assert "webhook id 'no id'" in done.failed[0].error


@pytest.mark.parametrize("status", [401, 404, 307])
def test_a_receiver_that_knows_us_not_is_not_asked_again_for_each(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock, status: int
) -> None:
    several(ledger, clock.now, 3)
    receiver.status = status
    assert len(run(database, receiver, clock).failed) == 1
    assert len(receiver.requests) == 1


def test_after_gone_it_stops(ledger: Ledger, database: Database, receiver: Receiver, clock: Clock) -> None:
    keys = several(ledger, clock.now, 3)
    receiver.by_id = {keys[1]: 410}
    done = run(database, receiver, clock)
    assert (done.sent, done.gone, done.left) == ((keys[0],), True, 2)
    assert "wants no more events" in done.failed[0].error
    assert receiver.ids == keys[:2]


def test_a_receiver_that_is_not_there(ledger: Ledger, database: Database, clock: Clock) -> None:
    several(ledger, clock.now, 2)
    with Receiver() as server:
        target = server.target
    done = deliver(database, target, tries=1, timeout=2.0, clock=clock)
    assert [failure.attempts for failure in done.failed] == [1]
    assert "cannot be reached" in done.failed[0].error
    assert done.left == 2


# --- twice at the most where it cannot be helped ---


class Killed(BaseException):
    """Ends a deliverer as a signal would."""


def test_killed_between_sending_and_marking_it_goes_out_again_under_the_same_id(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = several(ledger, clock.now, 2)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(module, "_mark_sent", die)
        with pytest.raises(Killed):
            run(database, receiver, clock)
    assert rows(database)[keys[0]].sent_at is None
    clock.now += CLAIM - timedelta(microseconds=1)
    assert run(database, receiver, clock).sent == (keys[1],)
    clock.now += timedelta(microseconds=1)
    assert run(database, receiver, clock).sent == (keys[0],)
    assert receiver.ids == [keys[0], keys[1], keys[0]]
    first, _, again = (body for _, body in receiver.requests)
    assert first == again


def test_two_at_once_do_not_send_the_same(ledger: Ledger, database: Database, receiver: Receiver, clock: Clock) -> None:
    keys = several(ledger, clock.now, 4)
    others: list[tuple[str, ...]] = []

    def meanwhile(number: int) -> int:
        if number == 1:  # while the first is being sent, another deliverer starts and ends
            others.append(run(Database(database.url), receiver, clock).sent)
        return 200

    receiver.hook = meanwhile
    assert run(database, receiver, clock).sent == (keys[0],)
    assert others == [tuple(keys[1:])]
    assert receiver.ids == keys


def test_many_at_once_send_each_once(ledger: Ledger, database: Database, receiver: Receiver, clock: Clock) -> None:
    keys = several(ledger, clock.now, 24)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: run(Database(database.url), receiver, clock), range(4)))
    assert sorted(receiver.ids) == sorted(keys)
    assert sorted(key for each in done for key in each.sent) == sorted(keys)
    assert all(row.attempts == 1 for row in rows(database).values())


@pytest.mark.parametrize("other", [200, 503])
def test_who_comes_too_late_does_not_undo_what_another_did(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock, other: int
) -> None:
    """A process that slept past its claim, and failed."""
    [key] = several(ledger, clock.now, 1)
    before: list[Any] = []

    def slept(number: int) -> int:
        if number == 1:
            clock.now += CLAIM
            run(Database(database.url), receiver, clock)
            before.append(rows(database)[key])
            clock.now += timedelta(seconds=1)
            return 500
        return other

    receiver.hook = slept
    run(database, receiver, clock)
    assert rows(database)[key] == before[0]
    assert (before[0].sent_at is None) == (other == 503)


def test_a_claim_outlasts_the_longest_sending() -> None:
    longest = timedelta(seconds=TRIES * TIMEOUT + (TRIES - 1) * webhooks.MAX_WAIT)
    assert longest < CLAIM / 2
    assert pause_after(10_000) == LONGEST_PAUSE == timedelta(hours=6)


# --- what is overdue ---


def test_an_overdue_time_is_told_once_ever(
    ledger: Ledger, database: Database, receiver: Receiver, clock: Clock
) -> None:
    start = clock.now
    begin(ledger, start)
    overdue = start + timedelta(minutes=30)  # to be acknowledged in 15 minutes, the next step 15 later
    assert remind(database, overdue) == ()
    key = "ESC-1:acknowledge:2026-03-03T09:30:00Z"
    assert remind(database, overdue + timedelta(seconds=1)) == (key,)
    assert remind(database, overdue + timedelta(hours=1)) == ()
    clock.now = overdue + timedelta(hours=1)
    assert run(database, receiver, clock).sent == ("ESC-1:1", key)
    assert remind(database, clock.now) == ()
    assert remind(database, start + timedelta(hours=4, seconds=1)) == ("ESC-1:customer:2026-03-03T13:00:00Z",)


def test_the_next_time_is_told_again(ledger: Ledger, database: Database, clock: Clock) -> None:
    start = clock.now
    begin(ledger, start)
    remind(database, start + timedelta(hours=4, minutes=1))
    write(ledger, "ESC-1", Acknowledged(), start + timedelta(hours=5), ENG)
    write(ledger, "ESC-1", Updated(audience="customer", text="We look"), start + timedelta(hours=5))
    assert remind(database, start + timedelta(hours=5)) == ()
    assert remind(database, start + timedelta(hours=10)) == (
        "ESC-1:internal:2026-03-03T16:00:00Z",
        "ESC-1:customer:2026-03-03T18:00:00Z",
    )


def test_the_longest_overdue_comes_first_and_each_promise_is_told(
    ledger: Ledger, database: Database, clock: Clock
) -> None:
    begin(ledger, clock.now, "T-1")
    begin(ledger, clock.now + timedelta(minutes=1), "T-2", severity="medium")
    for text in ("a patch", "a call"):
        write(ledger, "ESC-2", Updated(audience="customer", text=text, **PROMISE), clock.now + timedelta(minutes=2))
    later = {"promise": "all", "promise_due": datetime(2026, 3, 9, tzinfo=UTC)}
    write(ledger, "ESC-2", Updated(audience="customer", text="x", **later), clock.now + timedelta(minutes=3))
    keys = remind(database, datetime(2026, 3, 3, 13, 30, tzinfo=UTC))
    assert keys == (
        "ESC-1:acknowledge:2026-03-03T09:30:00Z",
        "ESC-2:promise-2:2026-03-03T12:00:00Z",
        "ESC-2:promise-3:2026-03-03T12:00:00Z",
        "ESC-1:customer:2026-03-03T13:00:00Z",
    )
    assert all(webhooks._MESSAGE_ID.fullmatch(key) for key in keys)


def test_two_reminders_at_once_lay_it_once(ledger: Ledger, database: Database, clock: Clock) -> None:
    for number in range(6):
        begin(ledger, clock.now, f"T-{number}")
    late = clock.now + timedelta(days=1)
    with ThreadPoolExecutor(4) as pool:
        laid = list(pool.map(lambda _: remind(Database(database.url), late), range(4)))
    found = [key for each in laid for key in each]
    assert len(found) == len(set(found)) == 12
    assert len(rows(database)) == 6 + 12


def test_one_that_was_laid_since_we_looked_is_left_out(
    ledger: Ledger, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(ledger, clock.now)
    late = clock.now + timedelta(days=1)
    first = remind(database, late)
    assert len(first) == 2
    monkeypatch.setattr(module, "_known", lambda *_: set())
    assert remind(database, late) == ()
    assert len(rows(database)) == 3


def test_a_notice_repeats_no_word_of_the_ticket(ledger: Ledger, database: Database, clock: Clock) -> None:
    begin(ledger, clock.now)
    begin(ledger, clock.now, "T-2", owner="security", headline="Payslips were read")
    for name in ("ESC-1", "ESC-2"):
        write(ledger, name, Updated(audience="customer", text="We look", **PROMISE), clock.now)
        write(ledger, name, HandedOver(to="Ben", note="as it stands"), clock.now)
    late = clock.now + timedelta(days=1)
    keys = remind(database, late)
    kept = rows(database)
    assert {key.split(":")[1] for key in keys} == {"acknowledge", "customer", "promise-2", "handover"}
    for key in keys:
        body = kept[key].body
        assert not [word for word in ("Acme", "export", "noon", "Payslips", "We look") if word in body]
        value = json.loads(body)
        assert value["type"] == "escalation.overdue"
        assert value["timestamp"] == value["data"]["overdue"]
        assert value["data"]["headline"] == ("Invoices fail" if value["data"]["id"] == "ESC-1" else "")
    assert json.loads(kept["ESC-1:handover:2026-03-03T09:15:00Z"].body)["data"] == {
        "id": "ESC-1",
        "version": 3,
        "state": "handed_over",
        "severity": "critical",
        "owner": "engineering",
        "with_team": "engineering",
        "ticket": "T-1",
        "headline": "Invoices fail",
        "kind": "handover",
        "who": "Ben",
        "due": "2026-03-03T09:15:00+00:00",
        "overdue": "2026-03-03T09:15:00+00:00",
    }


# --- the verb ---


def verb(*flags: str) -> int:
    parser, found = verb_parser("deliver")
    code: int = found.run(parser.parse_args(list(flags)))
    return code


def test_it_is_off_unless_both_are_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=rf"set {URL} and {SECRET} \("):
        verb("--ledger", str(tmp_path / "none.db"))
    assert target_from_environment() is None
    monkeypatch.setenv(URL, "https://hooks.example.com/x")
    assert target_from_environment() is None
    with pytest.raises(BadInput, match=rf"set {SECRET} \("):
        verb()
    monkeypatch.setenv(SECRET, KEY)
    target = target_from_environment()
    assert target is not None
    assert (target.url, target.secret) == ("https://hooks.example.com/x", KEY)
    monkeypatch.setenv(URL, " ")
    assert target_from_environment() is None
    with pytest.raises(BadInput, match=rf"set {URL} \("):
        verb()
    other = target_from_environment("http://localhost:1/")
    assert other is not None
    assert other.origin == "http://localhost:1"
    with pytest.raises(BadInput, match="webhook URL"):
        target_from_environment("http://hooks.example.com")


def test_the_verb_sends_and_says_what(
    ledger: Ledger,
    database: Database,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=31)
    begin(ledger, start)
    monkeypatch.setenv(SECRET, KEY)
    monkeypatch.setenv(URL, receiver.url)
    flags = ("--ledger", database.url)
    key = f"ESC-1:acknowledge:{start + timedelta(minutes=30):%Y-%m-%dT%H:%M:%S}Z"
    assert verb(*flags, "--format", "text") == 0
    assert capsys.readouterr().out == f"Overdue, told now: {key}\nSent: ESC-1:1\nSent: {key}\n"
    assert verb(*flags, "--format", "text") == 0
    assert capsys.readouterr().out == "Nothing to send\n"
    several_more = Updated(audience="internal", text="Step")
    write(ledger, "ESC-1", several_more, start + timedelta(minutes=1))
    receiver.status = 410
    assert verb(*flags, "--url", receiver.url, "--format", "text") == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Not sent: ESC-1:2: {receiver.target.origin} answered 410 (gone)")
    assert lines[1:] == [
        "The receiver wants no more notices, so nothing else was sent: unset ESCALATION_WEBHOOK_URL, "
        "or name another receiver",
        "1 left in the outbox",
    ]
    assert KEY not in "".join(lines)
    write(ledger, "ESC-1", several_more, start + timedelta(minutes=2))
    receiver.status = 422
    assert verb(*flags, "--limit", "5") == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["laid"], found["sent"], found["left"], found["gone"]) == ([], [], 2, False)
    [failure] = found["failed"]
    assert (failure["key"], failure["attempts"]) == ("ESC-1:3", 1)


@pytest.mark.parametrize("limit", ["0", "-1", "10001"])
def test_the_limit_has_bounds(limit: str) -> None:
    with pytest.raises(BadInput, match=f"--limit {limit}: expected 1 to 10000"):
        verb("--limit", limit)
