"""The page for tests: a site with a ledger and a clock of its own, and clients that have entered it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Pages:
    """The page with a browser that was let in, without the page's script. Use `client` as a context manager."""

    site: Site
    client: TestClient
    clock: Clock

    def begin(self, text: str) -> str:
        """Paste a ticket; the address of its case once it is decided."""
        answer = self.client.post("/cases", data={"text": text}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        address = answer.headers["location"]
        assert self.client.get(f"{address}/events?seen=0").status_code == 200  # ends when the turn does
        return address


def pages(folder: Path, **options: Any) -> Pages:
    """A site in that folder and a client in it, on a Monday afternoon."""
    clock = Clock(datetime(2026, 11, 16, 15, 0, tzinfo=UTC))
    made = site(folder, clock=clock, **options)
    client = TestClient(application(made), base_url=ADDRESS, headers={"Origin": ADDRESS})
    client.get(f"/?token={made.door.token}")
    return Pages(made, client, clock)
