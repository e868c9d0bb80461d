"""A site of one's own with a clock that stands still, served on a free loopback port from a thread."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from agent.backends.base import Backend, Call, Reply
from agent.backends.offline import OfflineBackend
from agent.policy.settings import load_settings
from agent.web.app import application
from agent.web.guard import Door
from agent.web.serving import listening
from agent.web.site import Site

HOST = "127.0.0.1"
MORNING = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
"""A Tuesday in office hours."""
BY = "Ana Lima"
PATIENCE = 20.0
"""Seconds for the server to begin or to end."""


class Gated(OfflineBackend):
    """The offline rules behind a gate: while it is shut (`gate.clear()`), an answer waits, as for a model."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    def answer(self, call: Call) -> Reply:
        """One call, one reply, when the gate is open."""
        self.gate.wait(PATIENCE)
        return super().answer(call)


@dataclass
class Clock:
    """What counts as now. It stands still until it is told to go on."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """On by so much, in the words of `timedelta`: `forward(hours=5)`."""
        self.now += timedelta(**by)


@dataclass
class Served:
    """A site at its address. It can be ended, as by Ctrl-C, and started again at the same address."""

    site: Site
    clock: Clock
    _server: uvicorn.Server | None = field(default=None, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    @property
    def origin(self) -> str:
        """The address without a path."""
        return f"http://{HOST}:{self.site.door.port}"

    @property
    def address(self) -> str:
        """What `escalation serve` prints, with its token."""
        return f"{self.origin}/?token={self.site.door.token}"

    def start(self, listener: Any = None) -> None:
        """Serve. `listener`: a socket that listens at the address already."""
        config = uvicorn.Config(
            application(self.site), log_config=None, access_log=False, lifespan="off", ws="none", server_header=False
        )
        self._server = uvicorn.Server(config)
        sockets = [listener or listening(HOST, self.site.door.port)]
        self._thread = threading.Thread(target=self._server.run, args=(sockets,), daemon=True)
        self._thread.start()
        until = time.monotonic() + PATIENCE
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until:
                raise RuntimeError("the server did not start")
            time.sleep(0.005)

    def settle(self) -> None:
        """Wait until no turn runs."""
        until = time.monotonic() + PATIENCE
        while any(case.running for case in self.site.cases.newest()):
            if time.monotonic() > until:
                raise RuntimeError("a turn does not end")
            time.sleep(0.005)

    def stop(self) -> None:
        """End it now, whatever is under way. Nothing where it does not run."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise RuntimeError("the server did not end")
        self._server = self._thread = None


@contextmanager
def serving(ledger: Path, clock: Clock | None = None, backend: Backend | None = None, **more: Any) -> Iterator[Served]:
    """A site with the offline rules unless another backend is given. `more`: further fields of the Site."""
    listener = listening(HOST, 0)
    clock = clock or Clock()
    site = Site(
        Door(listener.getsockname()[1], BY),
        backend or OfflineBackend(),
        load_settings(),
        ledger=str(ledger),
        clock=clock,
        **more,
    )
    served = Served(site, clock)
    try:
        served.start(listener)
        yield served
    finally:
        served.stop()
