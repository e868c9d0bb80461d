"""The throwaway PostgreSQL itself: isolated databases, copies, and nothing left behind, however the tests end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.postgres import Cluster, cluster, unavailable

ROOT = Path(__file__).parents[1]
HINT = "no PostgreSQL server programs (initdb, pg_ctl): install them (Debian, Ubuntu: package `postgresql`)"

HELD = """
import time
from tests.postgres import cluster
with cluster() as server:
    print(server.port, server.folder, flush=True)
    time.sleep(120)
"""

WITHOUT_POSTGRES = """
import sys, pytest
from tests import postgres
postgres.unavailable = lambda: "none here"
sys.exit(pytest.main(["-p", "no:cacheprovider", "-rs", sys.argv[1]]))
"""


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((postgres.HOST, port)) == 0


def test_it_starts_as_the_ledger_expects_it(postgres_cluster: Cluster) -> None:
    url = postgres_cluster.fresh()
    assert url.startswith(f"postgresql+psycopg://postgres@127.0.0.1:{postgres_cluster.port}/")
    [found] = ask(
        url,
        "SELECT current_setting('server_encoding'), current_setting('TimeZone'), current_setting('fsync'),"
        " current_setting('listen_addresses'), lower('Ä'), datcollate FROM pg_database"
        " WHERE datname = current_database()",
    )
    assert found == ("UTF8", "UTC", "off", "127.0.0.1", "ä", "C.UTF-8")


def test_fresh_databases_are_empty_and_apart(postgres_cluster: Cluster) -> None:
    one, other = postgres_cluster.fresh(), postgres_cluster.fresh()
    assert one != other
    ask(one, "CREATE TABLE entries (id int)")
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert ask(one, tables) == [(1,)]
    assert ask(other, tables) == [(0,)]
    assert ask(postgres_cluster.fresh(), tables) == [(0,)]


def test_a_template_is_copied_and_stays_as_it_was(postgres_cluster: Cluster) -> None:
    template = postgres_cluster.fresh()
    ask(template, "CREATE TABLE entries (id int)")
    ask(template, "INSERT INTO entries VALUES (1)")
    copy = postgres_cluster.fresh(template=template)
    ask(copy, "INSERT INTO entries VALUES (2)")
    assert ask(copy, "SELECT id FROM entries ORDER BY id") == [(1,), (2,)]
    assert ask(template, "SELECT id FROM entries") == [(1,)]


def test_a_database_can_be_dropped_while_in_use(postgres_cluster: Cluster) -> None:
    url = postgres_cluster.fresh()
    connection = psycopg.connect(url.replace("+psycopg", ""))
    postgres_cluster.drop(url)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(url, "SELECT 1")


@pytest.mark.parametrize("url", ["postgresql+psycopg://postgres@db.example/ledger", "sqlite://", "test_1"])
def test_no_other_server_is_touched(url: str) -> None:
    server = Cluster(Path("nowhere"), 1)
    with pytest.raises(ValueError, match="no database of this cluster"):
        server.drop(url)
    with pytest.raises(ValueError, match="no database of this cluster"):
        server.fresh(template=url)


@pytest.mark.loopback
@pytest.mark.usefixtures("postgres_cluster")
def test_nothing_is_left_after_a_failure_and_a_port_that_is_taken_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server((postgres.HOST, 0)) as taken:
        ports = [taken.getsockname()[1], postgres.free_port()]
        monkeypatch.setattr(postgres, "free_port", iter(ports).__next__)
        with pytest.raises(ZeroDivisionError), cluster() as server:  # noqa: PT012
            assert server.port == ports[1]
            assert answers(server.port)
            assert (server.folder / "data").is_dir()
            raise ZeroDivisionError
    assert not answers(server.port)
    assert not server.folder.exists()


@pytest.mark.usefixtures("postgres_cluster")
def test_a_server_that_does_not_start_says_why_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    real = tempfile.mkdtemp

    def mkdtemp(*, prefix: str, dir: Path) -> str:
        made.append(Path(real(prefix=prefix, dir=dir)))
        return str(made[-1])

    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    monkeypatch.setattr(postgres, "SETTINGS", "no_such_setting = 1\n")
    with pytest.raises(RuntimeError, match="no_such_setting"), cluster():
        pass
    assert [folder.exists() for folder in made] == [False]


@pytest.mark.loopback
@pytest.mark.usefixtures("postgres_cluster")
def test_nothing_is_left_when_the_tests_are_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", HELD], cwd=ROOT, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        port, folder = tests.stdout.readline().split()
        assert answers(int(port))
        tests.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 30
    while (answers(int(port)) or Path(folder).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not answers(int(port))
    assert not Path(folder).exists()


def test_without_server_programs_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    assert unavailable() == HINT
    with pytest.raises(RuntimeError, match="no PostgreSQL server programs"), cluster():
        pass


def test_the_newest_complete_installation_is_taken_unless_path_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(version: str, *programs: str) -> Path:
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for program in programs:
            (folder / program).touch(mode=0o755)
        return folder

    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    old, new = install("9", *postgres.PROGRAMS), install("16", *postgres.PROGRAMS)
    install("17", "initdb")  # the clients of a newer one
    assert postgres.programs() == new
    assert unavailable() is None
    (tmp_path / "pg_ctl").symlink_to(old / "pg_ctl")
    assert postgres.programs() == old


@pytest.mark.skipif(os.name != "posix", reason="no other user to run the server as")
def test_the_folder_is_where_the_servers_user_may_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(private))
    monkeypatch.setattr(postgres, "MEMORY", tmp_path / "missing")
    assert postgres._parent(None) == private.resolve()
    assert postgres._parent((1, 1)) == Path("/tmp")


def test_memory_is_used_where_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "MEMORY", tmp_path)
    monkeypatch.setattr(postgres, "ROOM", shutil.disk_usage(tmp_path).free // 2)
    assert postgres._parent(None) == tmp_path
    monkeypatch.setattr(postgres, "ROOM", 2**62)
    assert postgres._parent(None) != tmp_path


@pytest.mark.parametrize(("required", "code", "words"), [("", 0, "none here"), ("1", 1, "is set, but: none here")])
def test_a_run_that_requires_postgres_fails_where_another_skips(required: str, code: int, words: str) -> None:
    test = f"{Path(__file__).relative_to(ROOT)}::{test_it_starts_as_the_ledger_expects_it.__name__}"
    environment = os.environ | {"ESCALATION_REQUIRE_POSTGRES": required}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_POSTGRES, test],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout
    assert ("1 skipped" in done.stdout) == (code == 0)
