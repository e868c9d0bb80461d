"""The database of a run: SQLite in a folder of its own, readable by its owner alone.

Three things are kept. `answers`: each answer of the model under the hash of its request, so that no request is paid
twice, whatever else changes. `tickets`: one row for each ticket of the source, with its state. `results`: its
result. Everything a program needs to go on after a crash is in here, nothing is in memory only.

One connection writes and one reads, so that a thread may write while others go on.
"""

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol

from agent.backends.base import NO_USAGE
from agent.errors import BadInput
from schemas.escalation import Usage

VERSION = "1"
_CUT_OFF = "cut off"  # name of a setting
LONGEST_NAME = 200  # characters of a model's name
MOST_UNPACKED = 1 << 26  # bytes; many times the largest result
FILE, LOCK = "run.sqlite", "lock.sqlite"
DATABASES = frozenset({FILE, LOCK} | {f"{name}{end}" for name in (FILE, LOCK) for end in ("-wal", "-shm", "-journal")})

State = Literal["waiting", "done", "failed", "unreadable"]
"""`waiting`: no result yet. `failed`: the model gave nothing usable. `unreadable`: the source's item is no ticket."""
Paid = Literal["live", "batch"]

_LEVEL = 3  # zlib's level: a fifth of the usual one's time for a tenth more bytes

USAGE = tuple(Usage.model_fields)
_RESULT = ("outcome", "owner", "leadership", "severity", "deadline", "brief_status", "ticket_id", "title", "backend")
_COLUMNS = ("key", "state", "error", *_RESULT, "redacted", *USAGE)

_TABLES = f"""
create table run (name text primary key, value text not null) without rowid;
create table answers (
    request text primary key,
    message blob not null,
    paid text not null,
    model text,
    input_tokens integer, output_tokens integer, cache_read_tokens integer, cache_write_tokens integer
) without rowid;
create table tickets (
    key text primary key,
    place integer not null,
    fingerprint text not null,
    started text not null,
    scan integer not null,
    state text not null default 'waiting',
    error text, redacted text,
    outcome text, owner text, leadership integer, severity text, deadline text, brief_status text,
    ticket_id text, title text, backend text,
    {", ".join(f"{name} integer" for name in USAGE)}
) without rowid;
create index tickets_place on tickets (scan, place);
create index tickets_state on tickets (scan, state);
create table results (key text primary key, escalation blob not null) without rowid;
create table submissions (
    attempt text primary key,
    time text not null,
    requests integer not null,
    place text not null,
    organization text, batch text unique,
    state text not null
) without rowid;
create table deferred (
    custom_id text primary key,
    attempt text not null,
    request text not null,
    ticket text not null,
    tokens integer not null,
    state text not null,
    kind text, error text
) without rowid;
create index deferred_attempt on deferred (attempt, state);
create index deferred_request on deferred (request, state);
create index deferred_ticket on deferred (ticket, state)
"""
# answers.request: SHA-256 of the request; message: as it came, compressed JSON; paid: live or batch; model: by its own
# word.
# tickets.place: in the source; fingerprint: of the ticket and all else that its result depends on; started: the time
# that its decision is made from; scan: the last run that found it in the source.
# submissions, deferred: see agent/batch/submissions.py.

_ENTER = (
    "insert into tickets (key, place, fingerprint, started, scan) values (?, ?, ?, ?, ?) on conflict (key) do update "
    "set place = excluded.place, fingerprint = excluded.fingerprint, started = excluded.started, scan = excluded.scan, "
    f"state = 'waiting', {', '.join(f'{name} = null' for name in _COLUMNS[2:])}"
)
_FINISH = f"update tickets set {', '.join(f'{name} = ?' for name in _COLUMNS[1:])} where key = ?"


@dataclass(frozen=True, slots=True)
class Known:
    """What the run knows of a ticket: the hash of all that its result depends on, and from when it is decided."""

    fingerprint: str
    started: str
    state: State
    backend: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket's row, without the result itself. Times are ISO 8601; `error` is the line that a person would see."""

    key: str
    state: State
    error: str | None = None
    outcome: str | None = None
    owner: str | None = None
    leadership: bool = False
    severity: str | None = None
    deadline: str | None = None
    brief_status: str | None = None
    ticket_id: str | None = None
    title: str | None = None
    backend: str | None = None
    redacted: str | None = None
    usage: Usage = NO_USAGE


class Results(Protocol):
    """What a run gave: as its folder holds it, or with the originals (agent/batch/restored.py)."""

    def rows(self, scan: int) -> Iterator[Row]:
        """Every ticket that this scan of the source found, in the source's order."""

    def count(self, scan: int) -> dict[State, int]:
        """How many tickets of this scan are in each state."""

    def result(self, key: str) -> bytes | None:
        """A ticket's result as JSON."""

    def spent(self) -> dict[Paid, Usage]:
        """All that the folder's answers cost, by the way in which they were paid."""

    def paid(self) -> Iterator[tuple[Paid, str | None, Usage]]:
        """Each answer by itself: how it was paid, which model gave it, its usage."""

    def cut_off(self) -> int:
        """Calls of all runs that were left before their answer came."""


class RunFolder:
    """One run's database, open: `with RunFolder(path) as folder`. Nobody else may have it open.

    Raises BadInput for a folder that holds something else, is in use, or was made by another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: sqlite3.Connection | None = None
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (path / FILE).exists() and any(entry.name not in DATABASES for entry in path.iterdir()):
                raise BadInput(f"--run {str(path)!r} holds other files: name a new folder, or that of an earlier run")
            for name in (LOCK, FILE):
                os.close(os.open(path / name, os.O_RDWR | os.O_CREAT, 0o600))  # it holds what customers wrote
        except OSError as error:
            raise BadInput(f"--run {str(path)!r} cannot be used: {error.strerror or error}; name another") from None
        try:
            self._take_lock()
            self._writer = self._connection()
            self._prepare()
            self._reader = self._connection()
        except sqlite3.Error as error:
            self.close()
            raise BadInput(f"--run {str(path)!r} cannot be used as a run folder ({error}): name another") from None
        except BadInput:
            self.close()
            raise

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        for connection in (getattr(self, "_reader", None), getattr(self, "_writer", None), self._lock):
            if connection is not None:
                connection.close()

    def _take_lock(self) -> None:
        """An exclusive transaction on a file of its own: it ends with the process, however that ends."""
        self._lock = sqlite3.connect(self.path / LOCK, isolation_level=None, timeout=0)
        try:
            self._lock.execute("begin exclusive")
        except sqlite3.OperationalError:
            raise BadInput(
                f"--run {str(self.path)!r} is in use by another run: wait until it ends, or name another folder"
            ) from None

    def _connection(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path / FILE, isolation_level=None, check_same_thread=False, timeout=30)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")  # what was paid for survives a lost current, too
        return connection

    def _prepare(self) -> None:
        tables = {name for (name,) in self._writer.execute("select name from sqlite_master where type = 'table'")}
        if not tables:
            with self.together():
                for statement in _TABLES.split(";"):
                    self._writer.execute(statement)
                self._writer.execute("insert into run values ('version', ?)", (VERSION,))
            return
        found = (
            self._writer.execute("select value from run where name = 'version'").fetchone() if "run" in tables else None
        )
        if found is None or found[0] != VERSION:
            raise BadInput(f"--run {str(self.path)!r} was made by another version or program: name a new folder")

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written in the block stands as a whole, on the disk when it ends, or not at all."""
        if self._writer.in_transaction:
            yield
            return
        self._writer.execute("begin immediate")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):
                self._writer.execute("rollback")
            raise
        self._writer.execute("commit")

    # The run itself

    def setting(self, name: str) -> str | None:
        """What was kept under a name."""
        row = self._reader.execute("select value from run where name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a value of the run under a name."""
        self._writer.execute("insert or replace into run values (?, ?)", (name, value))

    def cut_off(self) -> int:
        """Calls of all runs that were left before their answer came."""
        return int(self.setting(_CUT_OFF) or 0)

    def keep_cut_off(self, calls: int) -> None:
        """So many more."""
        self.keep_setting(_CUT_OFF, str(self.cut_off() + calls))

    # Tickets

    def known(self, key: str) -> Known | None:
        """A ticket that an earlier run, or this one, has met."""
        query = "select fingerprint, started, state, backend from tickets where key = ?"
        row = self._reader.execute(query, (key,)).fetchone()
        return None if row is None else Known(*row)

    def enter(self, key: str, place: int, known: Known, scan: int) -> None:
        """A ticket that waits: a new one, or one that changed, whose old result goes. Its answers stay.

        `place`: its number in the source.
        """
        with self.together():
            self._writer.execute(_ENTER, (key, place, known.fingerprint, known.started, scan))
            self._writer.execute("delete from results where key = ?", (key,))

    def seen(self, tickets: Sequence[tuple[int, str]], scan: int) -> None:
        """Tickets that are as they were stand in the source still, at these places."""
        changes = [(scan, place, key) for place, key in tickets]
        with self.together():
            self._writer.executemany("update tickets set scan = ?, place = ? where key = ?", changes)

    def finish(self, row: Row, escalation: bytes | None) -> None:
        """A ticket's row and, where it has one, its result as JSON: both or neither."""
        usage = [getattr(row.usage, name) for name in USAGE]
        values = [getattr(row, name) for name in _COLUMNS[1 : -len(USAGE)]]
        with self.together():
            self._writer.execute(_FINISH, (*values, *usage, row.key))
            self._writer.execute("delete from results where key = ?", (row.key,))
            if escalation is not None:
                self._writer.execute("insert into results values (?, ?)", (row.key, packed(escalation)))

    def rows(self, scan: int) -> Iterator[Row]:
        """Every ticket that this scan of the source found, in the source's order."""
        query = f"select {', '.join(_COLUMNS)} from tickets where scan = ? order by place"
        for values in self._reader.execute(query, (scan,)):
            fields = dict(zip(_COLUMNS, values, strict=True))
            usage = Usage(**{name: fields.pop(name) or 0 for name in USAGE})
            yield Row(**fields | {"leadership": bool(fields["leadership"]), "usage": usage})

    def count(self, scan: int) -> dict[State, int]:
        """How many tickets of this scan are in each state."""
        found = self._reader.execute("select state, count(*) from tickets where scan = ? group by state", (scan,))
        return dict(found.fetchall())

    def result(self, key: str) -> bytes | None:
        """A ticket's result as JSON."""
        row = self._reader.execute("select escalation from results where key = ?", (key,)).fetchone()
        return None if row is None else unpacked(row[0])

    # Answers

    def answer(self, request: str) -> bytes | None:
        """The message that answered a request, as JSON."""
        return _answer(self._reader, request)

    def keep_answer(self, request: str, message: bytes, paid: Paid, usage: Usage) -> None:
        """A message under the hash of its request, with what it cost."""
        model = json.loads(message).get("model")
        self._writer.execute(
            "insert or ignore into answers values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                request,
                packed(message),
                paid,
                model.encode("utf-8", "replace").decode()[:LONGEST_NAME] if isinstance(model, str) else None,
                usage.input_tokens,
                usage.output_tokens,
                usage.cache_read_tokens,
                usage.cache_write_tokens,
            ),
        )

    def spent(self) -> dict[Paid, Usage]:
        """All that this folder's answers cost, by the way in which they were paid."""
        sums = ", ".join(f"total({name})" for name in USAGE[1:-1])
        found = self._reader.execute(f"select paid, count(*), {sums} from answers group by paid")
        return {
            paid: Usage(calls=calls, **{name: int(value) for name, value in zip(USAGE[1:-1], values, strict=True)})
            for paid, calls, *values in found
        }

    def paid(self) -> Iterator[tuple[Paid, str | None, Usage]]:
        """Each answer by itself: how it was paid, which model gave it, its usage. A price hangs on all three."""
        columns = ", ".join(USAGE[1:-1])
        for paid, model, *values in self._reader.execute(f"select paid, model, {columns} from answers"):
            yield paid, model, Usage(calls=1, **dict(zip(USAGE[1:-1], values, strict=True)))

    @property
    def writer(self) -> sqlite3.Connection:
        """For agent/batch/submissions.py, whose tables are `submissions` and `deferred`."""
        return self._writer


class StoredAnswers:
    """The answers of a run folder that another process has open, for reading only. Called with a request's hash."""

    def __init__(self, path: Path) -> None:
        self._reader = sqlite3.connect(f"{(path / FILE).resolve().as_uri()}?mode=ro", uri=True, timeout=30)

    def __call__(self, request: str) -> bytes | None:
        return _answer(self._reader, request)


def _answer(reader: sqlite3.Connection, request: str) -> bytes | None:
    row = reader.execute("select message from answers where request = ?", (request,)).fetchone()
    return None if row is None else unpacked(row[0])


def packed(text: bytes) -> bytes:
    """As texts are kept here; `unpacked` reads it."""
    return zlib.compress(text, _LEVEL)


def unpacked(kept: bytes) -> bytes:
    """Raises BadInput for what is none of ours: a folder that somebody else made must not fill the memory."""
    try:
        opened = zlib.decompressobj()
        data = opened.decompress(kept, MOST_UNPACKED)
        if not opened.eof:
            raise BadInput(f"the run folder holds a text of more than {MOST_UNPACKED:,} bytes: name another folder")
        return data
    except zlib.error as error:
        raise BadInput(f"the run folder holds what cannot be unpacked ({error}): name another folder") from None
