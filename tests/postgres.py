"""A throwaway PostgreSQL for the tests: a server of its own on the loopback, which leaves nothing behind.

    with cluster() as server:
        migrated = server.fresh()                # an empty database, as a URL for SQLAlchemy
        copy = server.fresh(template=migrated)   # and a copy of it, once nobody is connected to `migrated` any more
        server.drop(copy)

Tests take the fixture `postgres_cluster`, which is one such server for the whole run.
"""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest
from psycopg import sql

HOST = "127.0.0.1"
USER = "postgres"
PROGRAMS = ("initdb", "pg_ctl", "postgres")
DEBIAN = Path("/usr/lib/postgresql")
MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30  # a cluster has 40 MB, its log of changes up to 130, each database 8
ATTEMPTS = 5
PATIENCE = 120

# The data live for minutes, so nothing is waited for that only protects them from a crash.
SETTINGS = """
listen_addresses = '{host}'
unix_socket_directories = '{folder}'
max_connections = 60
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
"""

# Its input ends when the tests end, however they end: also if they are killed, the server stops and the folder goes.
KEEPER = 'cat; "$1/pg_ctl" stop --silent --pgdata "$2/data" --mode immediate; cd / && rm -rf "$2"'


def unavailable() -> str | None:
    """Why no cluster can be had on this machine, in one line; nothing if it can."""
    if os.name != "posix":
        return "the throwaway PostgreSQL needs a POSIX system"
    if programs() is None:
        return "no PostgreSQL server programs (initdb, pg_ctl): install them (Debian, Ubuntu: package `postgresql`)"
    return None


def absent(reason: str, *, required: bool) -> NoReturn:
    """Ends a test that cannot have its cluster: skipped, or failed where a skip would hide that nothing was tested."""
    if required:
        pytest.fail(f"ESCALATION_REQUIRE_POSTGRES is set, but: {reason}", pytrace=False)
    pytest.skip(reason)


def programs() -> Path | None:
    """The folder of the server's programs: the one on PATH, else the newest that Debian has installed."""
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).resolve().parent] if on_path else []  # initdb needs the others beside it, not a link
    numbered = [folder for folder in DEBIAN.glob("*/bin") if folder.parent.name.isdecimal()]
    folders += sorted(numbered, key=lambda folder: int(folder.parent.name), reverse=True)
    return next((folder for folder in folders if all(shutil.which(folder / name) for name in PROGRAMS)), None)


class Cluster:
    """A running server. It holds no connection of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self._prefix = f"postgresql+psycopg://{USER}@{HOST}:{port}/"
        self._numbers = itertools.count(1)

    def fresh(self, template: str | None = None) -> str:
        """The URL of a new database: empty, or a copy of the one at the URL `template`, which nobody may be using."""
        name = f"test_{next(self._numbers)}"
        source = "template1" if template is None else self._name(template)
        self._run("CREATE DATABASE {} TEMPLATE {}", name, source)
        return self._prefix + name

    def drop(self, url: str) -> None:
        """Removes the database, also while somebody is connected to it."""
        self._run("DROP DATABASE {} WITH (FORCE)", self._name(url))

    def _name(self, url: str) -> str:
        if not url.startswith(self._prefix):
            raise ValueError(f"{url!r} is no database of this cluster")
        return url.removeprefix(self._prefix)

    def _run(self, statement: Any, *names: str) -> None:
        with psycopg.connect(host=HOST, port=self.port, user=USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new server until the block is left."""
    reason = unavailable()
    bin_folder = programs()
    if reason or bin_folder is None:
        raise RuntimeError(reason)
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_parent(owner)))  # short: a socket's path has about 100 characters
    try:
        options: dict[str, Any] = {"cwd": folder, "env": _environment()}
        if owner:
            options |= {"user": owner[0], "group": owner[1], "extra_groups": []}
            os.chown(folder, *owner)
        keeper = ["sh", "-c", KEEPER, "keeper", str(bin_folder), str(folder)]
        with subprocess.Popen(
            keeper,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the tests
            **options,
        ):
            _make(bin_folder, folder, options)
            yield Cluster(folder, _start(bin_folder, folder, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the keeper may empty it, but not always remove it from its parent


def _make(bin_folder: Path, folder: Path, options: dict[str, Any]) -> None:
    data = folder / "data"
    initdb = [str(bin_folder / "initdb"), "--pgdata", str(data), "--username", USER, "--auth", "trust", "--no-sync"]
    _call([*initdb, "--encoding", "UTF8", "--locale", "C.UTF-8"], options)
    with (data / "postgresql.conf").open("a") as file:
        file.write(SETTINGS.format(host=HOST, folder=str(folder).replace("'", "''")))


def _start(bin_folder: Path, folder: Path, options: dict[str, Any]) -> int:
    """The port on which the server answers. Another program may take a free port first: then the next one is tried."""
    log = folder / "log"
    start = [str(bin_folder / "pg_ctl"), "start", "--pgdata", str(folder / "data"), "--log", str(log), "--wait"]
    for attempt in range(1, ATTEMPTS + 1):
        port = free_port()
        try:
            _call([*start, "--options", f"-p {port}"], options)
        except RuntimeError as error:
            said = log.read_text(errors="replace") if log.exists() else ""
            if attempt == ATTEMPTS or "could not create any TCP/IP sockets" not in said:
                raise RuntimeError(f"{error}\n{said}".rstrip()) from None
            log.unlink()
        else:
            return port
    raise AssertionError("unreachable")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _call(command: list[str], options: dict[str, Any]) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
        **options,
    )
    if done.returncode:
        said = done.stdout.decode(errors="replace").rstrip()
        raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}\n{said}")


def _environment() -> dict[str, str]:
    """Without the settings of whoever runs this, and with messages that `_start` can read."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _owner() -> tuple[int, int] | None:
    """As whom the server runs, if not as ourselves: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd  # not there on Windows

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")


def _parent(owner: tuple[int, int] | None) -> Path:
    """Where the cluster's folder goes: into memory where there is room, else where temporary files go.

    On ext4 a new database becomes slower with every one that was removed in the last minutes (30 ms became 350): a new
    file is not given the inode of one that has just been removed, and the search for another is a long one.
    """

    def enters(folder: Path) -> bool:
        mine = os.access(folder, os.W_OK | os.X_OK)
        return mine and (owner is None or all(each.stat().st_mode & 0o001 for each in (folder, *folder.parents)))

    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM and enters(MEMORY):
        return MEMORY
    usual = Path(tempfile.gettempdir()).resolve()
    return usual if enters(usual) else Path("/tmp")  # usual may be root's alone, as with libpam-tmpdir
