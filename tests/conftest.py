"""The network is forbidden in tests, and no test sees the keys or settings of whoever runs it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from tests.postgres import Cluster

LOOPBACK = ("127.0.0.1", "::1", "localhost")
OURS = ("ANTHROPIC_", "ESCALATION_")
# Read before any test has its settings taken away.
POSTGRES_REQUIRED = os.environ.get("ESCALATION_REQUIRE_POSTGRES", "") not in ("", "0")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "loopback: may open connections to this machine, and to no other")


def forbid(attempt: str) -> NoReturn:
    """Ends the test. Not an `Exception`, or a client would take it for an outage and try again."""
    pytest.fail(f"{attempt}: tests may not use the network")


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way out of the process fails at once, by name resolution already."""
    local = request.node.get_closest_marker("loopback") is not None

    def guard(method: str) -> None:
        real = getattr(socket.socket, method)

        def guarded(self: socket.socket, *arguments: Any) -> Any:
            address = next((a for a in reversed(arguments) if isinstance(a, tuple | str)), None)
            inside = self.family not in (socket.AF_INET, socket.AF_INET6)
            if not inside and not (local and isinstance(address, tuple) and address[0] in LOOPBACK):
                forbid(f"{method} to {address!r}")
            return real(self, *arguments)

        monkeypatch.setattr(socket.socket, method, guarded)

    for method in ("connect", "connect_ex", "sendto"):
        guard(method)
    real_lookup = socket.getaddrinfo

    def lookup(host: Any, *arguments: Any, **options: Any) -> Any:
        if not (local and host in LOOPBACK):
            forbid(f"look-up of {host!r}")
        return real_lookup(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    # Nobody's own ledger is read or written: this one is not there until a test makes it.
    monkeypatch.setenv("ESCALATION_DB", str(tmp_path_factory.mktemp("ledger") / "ledger.db"))
    monkeypatch.setenv("ESCALATION_CHATS", str(tmp_path_factory.getbasetemp() / "no-chats"))


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The SDK's retries without their pauses. The list holds what each pause would have been, in seconds."""
    from anthropic._base_client import BaseClient

    pauses: list[float] = []
    real = BaseClient._calculate_retry_timeout

    def none(self: Any, *arguments: Any, **options: Any) -> float:
        pauses.append(real(self, *arguments, **options))
        return 0.0

    monkeypatch.setattr(BaseClient, "_calculate_retry_timeout", none)
    return pauses


@pytest.fixture
def now() -> datetime:
    """A Tuesday morning."""
    return datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL for the whole run, started when the first test asks for it; see tests/postgres.py."""
    from tests import postgres

    reason = postgres.unavailable()
    if reason:
        postgres.absent(reason, required=POSTGRES_REQUIRED)
    with pytest.MonkeyPatch.context() as patch, postgres.cluster() as cluster:
        # What libpq would take from there (PGOPTIONS, PGSSLMODE) is a setting of whoever runs this, too.
        for name in [name for name in os.environ if name.startswith("PG")]:
            patch.delenv(name)
        yield cluster


@pytest.fixture(scope="session")
def migrated_template(postgres_cluster: Cluster) -> str:
    """A PostgreSQL database with a ledger's tables and nothing in them, to be copied."""
    from agent.ledger.database import Database

    url = postgres_cluster.fresh()
    Database(url).engine.dispose()
    return url


@pytest.fixture(params=("sqlite", "postgresql"))
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty ledger, once on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    url = cluster.fresh(template=request.getfixturevalue("migrated_template"))
    yield url
    cluster.drop(url)
