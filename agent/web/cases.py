"""The tickets that are talked about on the page: each with its chat, and with what was said for all who look at it.

A chat's turn runs in a thread, one at a time for each case, and tells what happens to whoever listens: every tab, and
every user. What a turn leaves is the chat's session, which changes only when a step is complete.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import anyio

from agent.chat.engine import Chat
from agent.chat.events import Copy, Event, Refused, Step, Streamed, Told, Working
from agent.errors import BadInput, EscalationError
from agent.render import words
from agent.tools.logs import where

MOST_CASES = 200
LONGEST_TITLE = 120
MOST_ENTRIES = 400
"""Contributions that a case shows, the newest; what matters stands in the ticket."""


class Stopped(Exception):
    """A person ended the turn. Not an EscalationError: the engine must not take it for a step that cannot be done."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A contribution to the conversation: what a person gave, or what the engine told. `by` "": the program."""

    number: int
    at: datetime
    by: str
    said: "Event | str"


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of the turn that runs. `words`: the end of what the model has written so far, unchecked.

    `began`, `ended`: seconds of a clock that only goes forward.
    """

    step: Step
    with_model: bool
    words: str = ""
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def seconds(self) -> int:
        """How long it has taken, or took."""
        return int((time.monotonic() if self.ended is None else self.ended) - self.began)


class Case:
    """One ticket. `version` grows with each turn that ended; `at`: when it was last touched."""

    def __init__(self, make: "Callable[[Callable[[Event], None]], Chat]", clock: Callable[[], datetime]) -> None:
        self.id = secrets.token_urlsafe(9)
        self.version = 0
        self.entries: list[Entry] = []
        self.steps: list[Progress] = []
        self.running = 0
        self.at = clock()
        self.name = ""
        self._clock, self._numbers, self._stop = clock, 0, False
        self._one = asyncio.Lock()
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.chat = make(self._hear)

    def title(self) -> str:
        """By what a person knows it: the ticket's subject or id, else its file or first words."""
        ticket = self.chat.session.original
        if ticket is None:
            return self.name or "A ticket"
        first = next((line.strip() for line in ticket.text.splitlines() if line.strip()), "A ticket")
        return (ticket.subject or ticket.id or self.name or first)[:LONGEST_TITLE]

    def headline(self) -> str:
        """How far it is, in a line."""
        result = self.chat.session.result
        if result is None:
            return "being read" if self.running else "not decided"
        decision = result.decision
        return words.view(decision.outcome, decision.owner, decision.severity)

    async def read(self, source: bytes | str, name: str | None) -> None:
        """Read the ticket. Raises BadInput for what is none; nothing has been sent anywhere by then."""
        self.name = name or ""
        async with self._one:
            await anyio.to_thread.run_sync(lambda: self.chat.read(source, name))

    def begin_turn(self, work: Callable[[Chat], object], by: str, said: str = "") -> "asyncio.Task[None]":
        """Do it when the turns before it are done. `said`: what the person gave, for the conversation."""
        self.running += 1
        task = asyncio.create_task(self._turn(work, by, said))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _turn(self, work: Callable[[Chat], object], by: str, said: str) -> None:
        async with self._one:
            self._stop = False
            self.steps, self.chat.by, self.at = [], by, self._clock()
            if said:
                self._note(said, by)
            try:
                await anyio.to_thread.run_sync(lambda: work(self.chat), abandon_on_cancel=True)
            except Stopped:
                self._note(Told("stopped: nothing that was said is lost; Again goes on", "warning"))
            except EscalationError as error:
                self._note(Refused(str(error)))
            except Exception as error:  # one turn's fault must not end the page for everybody
                self._note(
                    Refused(f"this program failed ({where(error)}). What was said is kept; Again tries once more")
                )
            finally:
                self.running -= 1
                self.version += 1
                self.steps = []
                self._wake()

    def stop(self) -> None:
        """End the turn at its next word."""
        self._stop = True
        self._wake()

    @property
    def stopping(self) -> bool:
        """Whether somebody asked the turn that runs to end, and it has not yet."""
        return self._stop and self.running > 0

    def now(self) -> datetime:
        """What counts as now. Aware."""
        return self._clock()

    async def changes(self, seen: int) -> AsyncIterator[None]:
        """Once at the beginning, and then whenever there is something new, until nothing runs and `seen` is past."""
        while True:
            changed = self._changed
            yield
            if not self.running and self.version > seen:
                return
            await changed.wait()

    def _hear(self, event: Event) -> None:
        """What the engine tells, in the turn's thread."""
        if self._stop:
            raise Stopped
        if isinstance(event, Copy):
            return
        if isinstance(event, Working):
            now = time.monotonic()
            past = [step if step.ended is not None else replace(step, ended=now) for step in self.steps]
            self.steps = [*past, Progress(event.step, event.with_model, began=now)]
        elif isinstance(event, Streamed):
            self.steps = [*self.steps[:-1], replace(self.steps[-1], words=event.words)]
        else:
            self._note(event)
        self._loop.call_soon_threadsafe(self._wake)

    def _note(self, said: "Event | str", by: str = "") -> None:
        self._numbers += 1
        self.entries = [*self.entries, Entry(self._numbers, self._clock(), by, said)][-MOST_ENTRIES:]

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Cases:
    """All of them, in memory. None is dropped to make room: who is full says so."""

    def __init__(self) -> None:
        self._cases: OrderedDict[str, Case] = OrderedDict()

    def add(self, case: Case) -> None:
        """Raises BadInput where there are as many as are kept."""
        if len(self._cases) >= MOST_CASES:
            raise BadInput(f"{MOST_CASES} tickets are open here, and no more are kept: put one away first")
        self._cases[case.id] = case

    def get(self, key: str) -> Case | None:
        """The case, if it is there."""
        return self._cases.get(key)

    def put_away(self, key: str) -> None:
        """Forget it. A turn that runs ends at its next word."""
        case = self._cases.pop(key, None)
        if case is not None:
            case.stop()

    def newest(self) -> list[Case]:
        """All of them, the last touched first."""
        return sorted(self._cases.values(), key=lambda case: case.at, reverse=True)
