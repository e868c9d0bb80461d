"""The tickets that are talked about on the page: each with its chat, and with what was said for all who look at it.

A chat's turn runs in a thread, one at a time for each case, and tells what happens to whoever listens: every tab, and
every user. What a turn leaves is the chat's session, which changes only when a step is complete.
"""

import asyncio
import contextlib
import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

import anyio

from agent.chat.engine import Chat
from agent.chat.events import Decided, Event, Refused, Spoken, Step, Streamed, Told, Working
from agent.chat.kept import Keeper, begun
from agent.errors import BadInput, EscalationError
from agent.ledger.notices import need_to_know_of
from agent.redaction.vault import mapped
from agent.render import words
from agent.tools.logs import where
from schemas.chat import Session
from schemas.escalation import Escalation, Finding
from schemas.facts import Claim

if TYPE_CHECKING:
    from agent.web.editing import Editor

Value = TypeVar("Value")

MOST_CASES = 200
MOST_TURNS = 20
"""Turns that run at once, of all cases. They have threads of their own: a slow model must not hold up the inbox."""
LONGEST_TITLE = 120
MOST_ENTRIES = 400
"""Contributions that a case shows, the newest; what matters stands in the ticket."""
LONGEST_SAID = 1_000_000
"""Characters of all of them: each page of the case carries them."""


class Stopped(Exception):
    """A person ended the turn. Not an EscalationError: the engine must not take it for a step that cannot be done."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave: `what` it is in words for the conversation, "" for plain words, and the words themselves."""

    what: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A contribution to the conversation: what a person gave, or what the engine told. `by` "": the program.

    `behind`: whose turn it was.
    """

    number: int
    at: datetime
    by: str
    said: "Event | Given"
    behind: str = ""

    @property
    def kind(self) -> str:
        """Which it is, for a template: given, spoken, told, decided, drafted, forcustomer, refused or copy."""
        return type(self.said).__name__.casefold()

    @property
    def size(self) -> int:
        """Characters that it holds."""
        values = (getattr(self.said, part.name) for part in fields(self.said))
        return sum(len(value) for value in values if isinstance(value, str))

    @property
    def when(self) -> str:
        """The time in words."""
        return words.when(self.at)

    @property
    def view(self) -> str:
        """What was decided, in a line; "" for what is no decision."""
        if not isinstance(self.said, Decided):
            return ""
        decision = self.said.result.decision
        return words.view(decision.outcome, decision.owner, decision.severity)


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
    """One ticket. `version` grows with each turn that ended; `at`: when it was last touched.

    `keeps`: whether it is kept on disk after each turn; `keeper`: the file, where it has one already. `turns`: how many
    turns of this and other cases may run at once.
    """

    def __init__(
        self,
        make: "Callable[[Callable[[Event], None]], Chat]",
        clock: Callable[[], datetime],
        *,
        keeps: bool = False,
        keeper: Keeper | None = None,
        turns: asyncio.Semaphore | None = None,
    ) -> None:
        self.id = secrets.token_urlsafe(9)
        self.version = 0
        self.entries: list[Entry] = []
        self.steps: list[Progress] = []
        self.running = 0
        self.at = clock()
        self.name = ""
        self.keeps = keeps
        self._clock, self._numbers, self._stop, self._gone = clock, 0, False, False
        self._keeper, self._turns = keeper, turns or asyncio.Semaphore()
        self._message: tuple[Session, tuple[str, tuple[Finding, ...]]] | None = None
        self._one = asyncio.Lock()
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.chat = make(self._hear)
        self._saved: Session | None = None if keeper is None else self.chat.session

    @property
    def kept_as(self) -> str:
        """The name under which it is kept on disk; "" where it is not."""
        return "" if self._keeper is None else self._keeper.name

    def last_change(self) -> Entry | None:
        """The last turn after which the decision, or what it rests on, was other than before."""
        moved = (entry for entry in reversed(self.entries) if isinstance(entry.said, Decided))
        return next((entry for entry in moved if isinstance(entry.said, Decided) and entry.said.differences), None)

    def message(self) -> tuple[str, tuple[Finding, ...]]:
        """The message to the customer as it stands, and what is held against it."""
        session = self.chat.session
        if self._message is None or self._message[0] is not session:
            text = self.chat.letter()
            held = () if session.result is None else self.chat.held_against(text, session.result)
            self._message = session, (text, held)
        return self._message[1]

    def mark(self, claim: Claim) -> str:
        """What tells a fact from every other, also where a new reading gives it another number."""
        return mark_of(claim)

    def editor(self) -> "Editor | None":
        """The brief as a form; None where there is none."""
        from agent.web.editing import editor

        result = self.chat.session.result
        return None if result is None else editor(result)

    def title(self) -> str:
        """By what a person knows it: the ticket's subject or id, else its file or first words."""
        ticket = self.chat.session.original
        if ticket is None:
            return self.name or "A ticket"
        named = ticket.subject or ticket.id or self.name
        if not named:
            named = next((line.strip() for line in ticket.text.splitlines() if line.strip()), "A ticket")
        return named[:LONGEST_TITLE]

    def listed(self) -> str:
        """As a list names it, which everybody sees: of a Security case no more than its id (need to know)."""
        ticket, result = self.chat.session.original, self.chat.session.result
        if ticket is None or result is None or not need_to_know_of(result.decision):
            return self.title()
        return (ticket.id or "A ticket")[:LONGEST_TITLE]

    def headline(self) -> str:
        """How far it is, in a line."""
        result = self.chat.session.result
        if result is None:
            return "being read" if self.running else "not decided"
        decision = result.decision
        return words.view(decision.outcome, decision.owner, decision.severity)

    async def read(self, source: bytes | str, name: str | None) -> None:
        """Read the ticket. Raises BadInput for what is none; nothing has been sent anywhere by then."""
        async with self._one:
            await anyio.to_thread.run_sync(lambda: self.chat.read(source, name))
            self.name = self.chat.concealed(name or "")

    def begin_turn(self, work: Callable[[Chat], object], by: str, given: Given | None = None) -> "asyncio.Task[None]":
        """Do it when the turns before it are done. `given`: what the person gave, for the conversation."""
        self.running += 1
        task = asyncio.create_task(self._turn(work, by, given))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _turn(self, work: Callable[[Chat], object], by: str, given: Given | None) -> None:
        async with self._one:
            self._stop = False
            self.steps, self.chat.by, self.at = [], by, self._clock()
            try:
                async with self._turns:
                    if not self._gone:
                        await _beside(lambda: self._work(work, by, given), f"turn of {self.id}")
            finally:
                self.running -= 1
                self.version += 1
                self.steps = []
                self._wake()
                if self._gone and not self.running:
                    self._close()

    def _work(self, work: Callable[[Chat], object], by: str, given: Given | None) -> None:
        """The turn, in its thread. Whatever ends it is said, and what it left is kept."""
        known = self.chat.hidden
        try:
            if given is not None:
                self._note(_texts(given, self.chat.concealed), by)
            work(self.chat)
        except Stopped:
            self._note(Told("stopped: nothing that was said is lost; Again goes on", "warning"))
        except EscalationError as error:
            self._note(Refused(str(error)))
        except Exception as error:  # one turn's fault must not end the page for everybody
            self._note(Refused(f"this program failed ({where(error)}). What was said is kept; Again tries once more"))
        if self.chat.hidden != known:  # what was shown before may hold it as well
            self.entries = [replace(one, said=_texts(one.said, self.chat.concealed)) for one in self.entries]
        if self.keeps:
            self._keep()

    def _keep(self) -> None:
        session = self.chat.session
        if session is self._saved or session.original is None:
            return
        try:
            if self._keeper is None:
                self._keeper = begun(session, self.name or None, self._clock())
            else:
                self._keeper.keep(session, self._clock())
        except BadInput as error:
            self._note(Told(str(error), "warning"))
        else:
            self._saved = session

    def stop(self) -> None:
        """End the turn at its next word. Those that wait behind it are done."""
        self._stop = True
        self._wake()

    @property
    def stopping(self) -> bool:
        """Whether somebody asked the turn that runs to end, and it has not yet."""
        return self._stop and self.running > 0

    def now(self) -> datetime:
        """What counts as now. Aware."""
        return self._clock()

    def leave(self) -> None:
        """It is put away: a turn that runs ends at its next word, and those behind it are not begun."""
        self._gone = self._stop = True
        if not self.running:
            self._close()
        self._wake()

    async def end(self, seconds: float) -> None:
        """The program ends: a turn that runs has so long to end at its next word. What was said in it is kept."""
        self.leave()
        tasks = set(self._tasks)
        if tasks and (await asyncio.wait(tasks, timeout=seconds))[1] and self.keeps:
            self._keep()

    def _close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()

    async def changes(self, seen: int) -> AsyncIterator[None]:
        """Once at the beginning, and then whenever there is something new, until nothing runs and `seen` is past.

        It ends, too, where the case was put away, or never was as far as `seen`.
        """
        seen = min(seen, self.version)
        while True:
            changed = self._changed
            yield
            if self._gone or (not self.running and self.version > seen):
                return
            await changed.wait()

    def note(self, said: Event) -> None:
        """Say something beside what the engine tells."""
        self._note(said)

    def _hear(self, event: Event) -> None:
        """What the engine tells, in the turn's thread.

        A stop takes effect within a call only: what lies between two calls is quick, and is said as it is done.
        """
        if self._stop and isinstance(event, Working | Streamed | Spoken):
            raise Stopped
        if isinstance(event, Working):
            now = time.monotonic()
            past = [step if step.ended is not None else replace(step, ended=now) for step in self.steps]
            self.steps = [*past, Progress(event.step, event.with_model, began=now)]
        elif isinstance(event, Streamed):
            self.steps = [*self.steps[:-1], replace(self.steps[-1], words=event.words)]
        else:
            self._note(event)
        self._loop.call_soon_threadsafe(self._wake)

    def _note(self, said: "Event | Given", by: str = "") -> None:
        self._numbers += 1
        entries = [*self.entries, Entry(self._numbers, self._clock(), by, said, self.chat.by)][-MOST_ENTRIES:]
        sizes = accumulate(entry.size for entry in reversed(entries))
        self.entries = entries[-max(sum(size <= LONGEST_SAID for size in sizes), 1) :]

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


async def _beside(work: Callable[[], None], name: str) -> None:
    """Do it in a thread that does not keep the program from ending: a model may be silent for minutes."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        try:
            work()
        finally:
            with contextlib.suppress(RuntimeError):  # the program has ended meanwhile, and the loop with it
                loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, name=name, daemon=True).start()
    await done.wait()


def _texts(value: Value, change: Callable[[str], str]) -> Value:
    """What is shown of a contribution with `change` applied to all its texts. Of a result, no text is shown."""
    if isinstance(value, Escalation):
        return value
    if isinstance(value, tuple):
        return tuple(_texts(one, change) for one in value)  # type: ignore[return-value]
    if not is_dataclass(value) or isinstance(value, type):
        return mapped(value, change)
    return replace(value, **{part.name: _texts(getattr(value, part.name), change) for part in fields(value)})


def mark_of(claim: Claim) -> str:
    """A short name for what a claim says. A hash, since its words may hold a secret."""
    said = "\0".join((claim.group, claim.kind, claim.quote, claim.value or ""))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Cases:
    """All of them, in memory. None is dropped to make room: who is full says so."""

    def __init__(self) -> None:
        self._cases: OrderedDict[str, Case] = OrderedDict()
        self.turns = asyncio.Semaphore(MOST_TURNS)

    def add(self, case: Case) -> None:
        """Raises BadInput where there are as many as are kept."""
        if len(self._cases) >= MOST_CASES:
            raise BadInput(f"{MOST_CASES} tickets are open here, and no more are kept: put one away first")
        self._cases[case.id] = case

    def get(self, key: str) -> Case | None:
        """The case, if it is there."""
        return self._cases.get(key)

    def put_away(self, key: str) -> None:
        """Forget it. A turn that runs ends at its next word; what is kept on disk stays there."""
        case = self._cases.pop(key, None)
        if case is not None:
            case.leave()

    async def end(self, seconds: float) -> None:
        """The program ends: see `Case.end`."""
        await asyncio.gather(*(case.end(seconds) for case in tuple(self._cases.values())))

    def kept_as(self, name: str) -> Case | None:
        """The case that is kept under this name, if it is open here."""
        return next((case for case in tuple(self._cases.values()) if case.kept_as == name), None)

    def newest(self) -> list[Case]:
        """All of them, the last touched first."""
        return sorted(self._cases.values(), key=lambda case: case.at, reverse=True)
