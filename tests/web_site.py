"""The page for tests: a site with a ledger and a clock of its own, and clients that have entered it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from agent.backends.base import Backend
from agent.backends.offline import OfflineBackend
from agent.policy.settings import load_settings
from agent.web.app import application
from agent.web.guard import Door
from agent.web.site import Site

NOW = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
ADDRESS = "http://127.0.0.1:8770"


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def site(tmp_path: Path, backend: Backend | None = None, **options: Any) -> Site:
    """A site whose ledger is in this folder."""
    return Site(
        Door(8770, "Ana Lima"),
        backend or OfflineBackend(),
        load_settings(),
        ledger=str(tmp_path / "ledger.db"),
        clock=options.pop("clock", Clock()),
        **options,
    )


@contextmanager
def entered(one: Site, by: str | None = None) -> Iterator[TestClient]:
    """A browser that has the cookie, and asks as the page's own script does. `by`: its name, where it has another."""
    with TestClient(application(one), base_url=ADDRESS, headers={"Origin": ADDRESS}) as client:
        client.get(f"/?token={one.door.token}")
        if by is not None:
            client.post("/name", data={"by": by})
        client.headers["HX-Request"] = "true"
        yield client
