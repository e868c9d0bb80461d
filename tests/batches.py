"""Runs of many tickets for tests: tickets in memory, and a Messages API that answers each request by its ticket."""

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anthropic
import httpx2
from fakes import brief, brief_message, facts_message, issue, report, signal
from messages import asked_for

from agent.backends.claude import ClaudeBackend
from agent.batch.items import Item
from agent.batch.live import Live
from agent.batch.pace import Pace
from agent.batch.run_folder import RunFolder
from agent.batch.work import Run, works
from agent.policy.settings import load_settings
from agent.readers import read_ticket

MODEL = "claude-test"
OUTAGE = "Nobody can log in since 08:00"


def text_of(number: int) -> str:
    """A ticket that goes up: two calls, if its brief is good enough."""
    return f"Ticket {number}\n\n{OUTAGE}. Office {number} of Acme stands still.\n\nJana"


@dataclass(frozen=True)
class Texts:
    """A source in memory."""

    texts: dict[str, str]
    name: str = "texts"

    def count(self) -> int:
        return len(self.texts)

    def items(self) -> Iterator[Item]:
        for key, text in self.texts.items():
            yield Item(key, hashlib.sha256(text.encode()).hexdigest(), lambda text=text: (read_ticket(text), None))


def tickets(count: int) -> Texts:
    """So many, each its own."""
    return Texts({f"t{number}": text_of(number) for number in range(1, count + 1)})


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """A usable answer to a request of the road."""
    if asked_for(request) == "record_facts":
        facts = report(signal("service_down", OUTAGE), issues=(issue("Nobody can log in", OUTAGE),))
        return facts_message(facts)
    return brief_message(brief(headline="Nobody can log in"))


Step = Callable[[dict[str, Any]], Any]


@dataclass
class Api:
    """The API's side. `step` gives a message, a (status, body, headers), or an exception to raise."""

    step: Step = answer
    seen: list[dict[str, Any]] = field(default_factory=list)
    latency: float = 0.0
    open: int = 0
    most_open: int = 0

    async def handle(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.seen.append(body)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await asyncio.sleep(self.latency)
            step = self.step(body)
        finally:
            self.open -= 1
        if isinstance(step, Exception):
            raise step
        if isinstance(step, tuple):
            status, content, headers = step
            return httpx2.Response(status, json=content, headers=headers)
        ready = json.dumps(step).encode()  # in ASCII: half a letter may stand there
        return httpx2.Response(200, content=ready, headers={"content-type": "application/json"})

    def backend(self, **options: Any) -> ClaudeBackend:
        """The real backend whose requests end here."""
        client = anthropic.AsyncAnthropic(
            api_key="key-of-a-test",
            base_url="https://api.example.test",
            max_retries=0,
            http_client=httpx2.AsyncClient(transport=httpx2.MockTransport(self.handle)),
        )
        return ClaudeBackend(model=MODEL, async_client=client, **options)

    def times(self) -> Counter[str]:
        """How often each request came."""
        return Counter(json.dumps(body, sort_keys=True) for body in self.seen)


def run_of(path: Path, backend: ClaudeBackend, **options: Any) -> Run:
    """A run in a folder that the caller closes: `with run.folder`."""
    return Run(folder=RunFolder(path), backend=backend, settings=load_settings(None), **options)


def go(run: Run, source: Texts, *, limit: int | None = None, **options: Any) -> Live:
    """The run with calls at once, as it ended."""
    given = {"concurrency": 4} | options

    async def main() -> Live:
        assert isinstance(run.backend, ClaudeBackend)
        live = Live(run, run.backend, **({"pace": Hurried(given["concurrency"])} | given))
        await live.go(works(source, run, limit))
        return live

    return asyncio.run(main())


class Hurried(Pace):
    """Its waits are over at once, and the clock has gone on by them."""

    def __init__(self, most: int) -> None:
        self.waited = 0.0
        super().__init__(most, lambda: time.monotonic() + self.waited)

    async def rest(self, seconds: float) -> None:
        self.waited += seconds
        await asyncio.sleep(0)
