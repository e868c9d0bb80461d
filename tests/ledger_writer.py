"""Writers to a ledger in processes of their own, which a test may kill.

    with Writers() as writers:
        crew = writers.start("write", url=url, first=0)
        crew.line()                             # what a writer says next, as a dictionary
        os.kill(crew.pids[0], signal.SIGKILL)
        crew.finish()                           # what else was said; `crew.ended` holds how each process ended

`Writers` runs this module as a program. It has no connection and forks the writers, so that a kill costs no start.
"""

import importlib
import itertools
import json
import multiprocessing
import os
import select
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing import connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, Pool, event

from agent.errors import Refused
from agent.ledger.database import Database
from agent.ledger.store import Ledger, Step, Written
from agent.policy.settings import load_settings
from schemas.ledger import (
    Acknowledged,
    Attached,
    Data,
    Paused,
    Rerouted,
    Resolved,
    Resumed,
    SeverityChanged,
    Updated,
)
from tests.ledgers import ANA, FRIDAY, JO, open_one, opening

ROOT = Path(__file__).parents[1]
PATIENCE = 60  # seconds without a word, after which a writer is taken to hang

WRITES = 200
LIFE = 10  # writes to one escalation, the opening included
UPDATES = 25
CONTENDED = ("HD-1", "HD-2", "HD-3")
ROUNDS = 15

# What the ledger imports when it first writes: here, that is once and not in every writer.
NEEDED_LATER = (
    "agent.ledger.notices",
    "alembic.command",
    "holidays.countries.germany",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
)


class Crew:
    """Writers that were started together. Their process ids are theirs until `ended` is known."""

    def __init__(self, program: "subprocess.Popen[bytes]") -> None:
        self.pids: list[int] = []
        self.ended: list[int] = []
        """Exit codes; the negative number of the signal for one that was killed."""
        self._program = program
        self._rest = b""
        self._said: deque[dict[str, Any]] = deque()
        while not self.pids:
            self._read()

    def line(self) -> dict[str, Any] | None:
        """What a writer says next; None when all have ended."""
        while not self._said and not self.ended:
            self._read()
        return self._said.popleft() if self._said else None

    def finish(self) -> list[dict[str, Any]]:
        """All that is still to be said. Fails if a writer met with an error that it had not reckoned with."""
        lines = list(iter(self.line, None))
        assert [line for line in lines if "error" in line] == []
        return lines

    def _read(self) -> None:
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        if not select.select([self._program.stdout], [], [], PATIENCE)[0]:
            raise TimeoutError("a writer hangs")
        read = os.read(self._program.stdout.fileno(), 65536)
        if not read:
            raise EOFError("the program that starts the writers has ended")
        *lines, self._rest = (self._rest + read).split(b"\n")
        for line in map(json.loads, lines):
            self.pids = line.get("pids", self.pids)
            self.ended = line.get("ended", self.ended)
            if "done" in line:
                self._program.stdin.write(b"\n")
                self._program.stdin.flush()
            elif not line.keys() & {"pids", "ended"}:
                self._said.append(line)


class Writers:
    """Starts writers; one crew at a time."""

    def __enter__(self) -> Self:
        self._crew: Crew | None = None
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.ledger_writer"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that it can be ended with all its writers
        )
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._program.pid, signal.SIGKILL)
        self._program.communicate()

    def start(self, work: str, processes: int = 1, **options: Any) -> Crew:
        """Have the function `work` of this module done by so many processes at once."""
        if self._crew is not None and not self._crew.ended:  # a test that failed has left it
            self.__exit__()
            self.__enter__()
        assert self._program.stdin is not None
        order = {"work": work, "processes": processes, "options": options}
        self._program.stdin.write(json.dumps(order).encode() + b"\n")
        self._program.stdin.flush()
        self._crew = Crew(self._program)
        return self._crew

    def run(self, work: str, processes: int = 1, **options: Any) -> list[dict[str, Any]]:
        """Have it done, and return what was said. Fails if a process does not end well."""
        crew = self.start(work, processes, **options)
        said = crew.finish()
        assert crew.ended == [0] * processes
        return said


# What follows runs in the writers. Each is called with its place among the processes and what they all wait for.


def write(_place: int, _together: Barrier, *, url: str, first: int, last: int = WRITES, kill_at: int = 0) -> None:
    """The writes from `first` on, one after the other. Says a key when the ledger has said that it is written."""
    plan = Plan(Ledger(Database(url), outbox=True))
    _kill_at(kill_at)
    for number in range(first, last):
        written = plan.write(number)
        _say(key=key_of(number), repeated=written.repeated)


def make(_place: int, together: Barrier, *, url: str, upgrade: bool = False, kill_at: int = 0) -> None:
    """Open the ledger, which makes or changes its tables. Says which version it found."""
    _kill_at(kill_at)
    together.wait(PATIENCE)
    _say(found=Database(url, upgrade=upgrade).found)


def contend(place: int, together: Barrier, *, url: str) -> None:
    """Open the same tickets as the others, acknowledge the same escalations, and tell them all there is to tell."""
    ledger = Ledger(Database(url), outbox=True)
    together.wait(PATIENCE)
    for ticket in CONTENDED:
        _attempt("open", place, lambda ticket=ticket: open_one(ledger, ticket=ticket))
    together.wait(PATIENCE)
    ids = [record.id for record in map(ledger.for_ticket, CONTENDED) if record is not None]
    for id_ in ids:
        _attempt("acknowledge", place, lambda id_=id_: _append(ledger, id_, Acknowledged(), minutes=1))
    for number in range(UPDATES):
        update = Updated(audience="internal", text=f"{number} by {place}")
        id_ = ids[(place + number) % len(ids)]
        _append(ledger, id_, update, minutes=number, key=f"u-{place}-{number}")


def race(place: int, together: Barrier, *, url: str, id: str) -> None:
    """In each round: begin under one key, append under one key, and append to one version, all at once with others."""
    ledger = Ledger(Database(url), outbox=True)
    for number in range(ROUNDS):
        version = ledger.record(id).version
        seen = Updated(audience="internal", text=f"{number} by {place}")
        again = Updated(audience="internal", text=f"{number}, sent again")
        for what, attempt in (
            ("begin", lambda n=number: _begin(ledger, f"HD-{n + 2}", f"b-{n}")),
            ("version", lambda n=number, v=version, s=seen: _append(ledger, id, s, minutes=n, if_version=v)),
            ("append", lambda n=number, a=again: _append(ledger, id, [Step(a), Step(a)], minutes=n, key=f"a-{n}")),
        ):
            together.wait(PATIENCE)
            _attempt(what, number, attempt)
        together.wait(PATIENCE)


def key_of(number: int) -> str:
    """The key of a planned write."""
    return f"w-{number}"


class Plan:
    """What is written to a ledger under each number. It is always the same, if all before it have been written."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ids: dict[str, str] = {}

    def write(self, number: int) -> Written:
        """The write of this number."""
        life, place = divmod(number, LIFE)
        if place == 0:
            return _begin(self._ledger, f"HD-{life}", key_of(number), minutes=number)
        id_ = self._id(f"HD-{life // 2}" if place == 7 else f"HD-{life}")  # the seventh goes to an earlier escalation
        return _append(self._ledger, id_, _LIFE[place](number), minutes=number, key=key_of(number))

    def _id(self, ticket: str) -> str:
        if ticket not in self._ids:
            record = self._ledger.for_ticket(ticket)
            assert record is not None
            self._ids[ticket] = record.id
        return self._ids[ticket]


_LIFE: dict[int, Callable[[int], Data | Sequence[Step]]] = {
    1: lambda _: Acknowledged(),
    2: lambda n: Updated(
        audience="customer",
        text=f"We look into it ({n})",
        promise="a word",
        promise_due=FRIDAY + timedelta(minutes=n + 60),
    ),
    3: lambda n: [
        Step(SeverityChanged(severity="critical", evidence=f"the log of minute {n}"), "all users now"),
        Step(Rerouted(owner="engineering", next_hop="engineering"), "a fault of the code"),
    ],
    4: lambda _: Paused(),
    5: lambda _: Resumed(),
    6: lambda n: [
        Step(Updated(audience="internal", text=f"Found ({n})")),
        Step(Updated(audience="customer", text=f"Found ({n})", keeps=3), author=ANA),
        Step(Updated(audience="customer", text=f"Nothing more today ({n})"), author=ANA),
    ],
    7: lambda n: Updated(audience="internal", text=f"Seen again ({n})"),
    8: lambda n: Attached(ticket=f"OTHER-{n}", account=f"Account {n}", confirmed_by="support"),
    9: lambda n: Resolved(resolution=f"Restarted in minute {n}", root_cause="a lock that was never freed"),
}


def _begin(ledger: Ledger, ticket: str, key: str, *, minutes: int = 0) -> Written:
    at = FRIDAY + timedelta(minutes=minutes)
    result = json.dumps({"ticket": ticket})
    data = opening(ticket=ticket, severity="high")
    return ledger.begin(data, ANA, at=at, now=at, settings=load_settings(), result=result, key=key)


def _append(ledger: Ledger, id: str, data: Data | Sequence[Step], *, minutes: int, **options: Any) -> Written:
    at = FRIDAY + timedelta(minutes=minutes)
    return ledger.append(id, data, JO, at=at, now=at, why="it was so", **options)


def _attempt(what: str, number: int, attempt: Callable[[], Written]) -> None:
    try:
        outcome, said = "repeated" if attempt().repeated else "written", ""
    except Refused as error:
        outcome, said = type(error).__name__, str(error)
    _say(what=what, number=number, outcome=outcome, said=said)


def _kill_at(point: int) -> None:
    """Kill this process when the database is asked for the n-th time: a statement, a commit or the end of its use."""
    asked = itertools.count(1)

    def ask(*_: object) -> None:
        if next(asked) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", ask)
    event.listen(Engine, "commit", ask)
    event.listen(Pool, "checkin", ask)


def _say(**line: Any) -> None:
    # One call, so that lines stay whole with many writers, and nothing said is lost in a buffer with the killed one.
    os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")


def _work(work: str, place: int, together: Barrier, options: dict[str, Any]) -> None:
    try:
        globals()[work](place, together, **options)
    except Exception as error:
        together.abort()
        _say(place=place, error=f"{type(error).__name__}: {error}"[:1000])
        raise


def main() -> None:
    """Take orders until the input ends."""
    context = multiprocessing.get_context("fork")
    for name in NEEDED_LATER:
        importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        together = context.Barrier(order["processes"])
        crew = [
            context.Process(target=_work, args=(order["work"], place, together, order["options"]), daemon=True)
            for place in range(order["processes"])
        ]
        for process in crew:
            process.start()
        _say(pids=[process.pid for process in crew])
        running = [process.sentinel for process in crew]
        while running:
            for sentinel in connection.wait(running):
                running.remove(sentinel)
        _say(done=True)
        sys.stdin.readline()  # until it is known, nobody else may be given the process id of one that has ended
        for process in crew:
            process.join()
        _say(ended=[process.exitcode for process in crew])


if __name__ == "__main__":
    main()
