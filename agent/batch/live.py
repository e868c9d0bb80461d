"""Calls at once: every ticket on its road, as many calls open as the server bears (agent/batch/pace.py).

The transport's retries are made here and not by the SDK, since a wait concerns all calls: the client has none of its
own. An answer is on the disk before anything follows from it, so a crash costs the calls in flight and no more.
"""

import asyncio
import gc
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from agent.backends import answers, conversation
from agent.backends.base import NO_USAGE, ModelUnavailable, tokens, total
from agent.batch.pace import Pace, backoff
from agent.batch.road import Message
from agent.batch.run_folder import RunFolder
from agent.batch.walking import Apart, Asked, Here, Walk
from agent.batch.work import Ended, Run, Seen, Work, unfinished
from agent.errors import BadInput
from schemas.escalation import Usage

if TYPE_CHECKING:
    from agent.backends.claude import ClaudeBackend

AHEAD = 2  # tickets under way for each call, so that no place at the server stays empty
TRIES = 6  # requests for one call, while the server answers others
TICK = 1.0  # seconds
SAY_EVERY = 60.0  # seconds between two lines about the server
PATIENCE = 600.0  # seconds without any answer, after which a run stops
FIRST_PATIENCE = 60.0  # likewise, where there was never one: an address is wrong more often than a server is down


@dataclass
class Heard:
    """How far a run is, told as it goes on."""

    settled: int = 0  # had their result before
    done: int = 0
    failed: int = 0
    waiting: int = 0  # given up for this time
    open: int = 0  # calls
    usage: Usage = NO_USAGE


Tell = Callable[[Heard], None]


class Stopped(Exception):
    """No further call is to be made: a person, a budget or an outage. Whatever was answered is kept."""


class Live:
    """One run with calls at once. `budget`: tokens after which no further call is made. `patience`: seconds.

    `rules`: they answer where the model fails. `processes`: beside this one, for what lies between two answers.

    `go` returns when every ticket was met; `outage` then tells why it ended before that, if it did.
    """

    def __init__(
        self,
        run: Run,
        backend: "ClaudeBackend",
        *,
        concurrency: int,
        tell: Tell = lambda _: None,
        budget: int | None = None,
        patience: float = PATIENCE,
        rules: bool = False,
        processes: int = 0,
        pace: Pace | None = None,
        notice: Callable[[str], None] | None = None,
    ) -> None:
        self.run = run
        self.backend = backend
        self.concurrency = concurrency
        self.heard = Heard()
        self.outage: ModelUnavailable | None = None
        self.unreadable: BadInput | None = None
        self.over_budget = False
        self.interrupted = False
        self.cut_off = 0  # calls that a person did not wait for: those that arrived are billed, nobody knows how much
        self.pace = pace or Pace(concurrency)
        self._tell = tell
        self._notice = notice
        self._budget = budget
        self._patience = patience
        self._rules = rules
        self._stopping = False
        self._begun = self.pace.clock()
        self._said = float("-inf")  # when a person was last told something
        self._asking: dict[str, asyncio.Future[None]] = {}  # requests that are under way
        self._writer = Writer(run.folder)
        self._walk: Walk = (
            Apart(run, backend, rules=rules, processes=processes) if processes else Here(run, backend, rules=rules)
        )

    async def go(self, works: Iterator[Work | Seen]) -> None:
        """Every ticket to its result."""
        ahead = max(3, self.concurrency * AHEAD)
        self._begun = self.pace.clock()
        ticking = asyncio.create_task(self._tick())
        try:
            await self._walk.open()
            async with asyncio.TaskGroup() as group:
                for _ in range(ahead):
                    group.create_task(self._tickets(works))
                    await asyncio.sleep(0)  # the first calls go out before the last ticket is read
        except BaseExceptionGroup as errors:  # the first is what happened; the others follow from it
            raise _first(errors) from None
        finally:
            ticking.cancel()
            gc.unfreeze()
            self._writer.close()
            self._walk.close()

    def stop(self) -> None:
        """Make no further call. Those in flight are waited for and kept."""
        self._stopping = True
        self.pace.release()

    async def _tick(self) -> None:
        """Tell how far it is also while nothing happens."""
        gc.freeze()  # what is loaded stays, and looking through it for rubbish would hold all calls up for 0.1 s
        await asyncio.sleep(TICK)
        gc.freeze()  # the SDK, too
        while True:
            self.heard.open = self.pace.open
            self._tell(self.heard)
            await asyncio.sleep(TICK)

    async def _tickets(self, works: Iterator[Work | Seen]) -> None:
        while not self._stopping:
            try:
                work = next(works, None)
            except BadInput as error:  # the source cannot be read on; what is under way still gets its results
                self.unreadable = error
                return
            if work is None:
                return
            if isinstance(work, Seen):
                self.heard.settled += work.settled
                await self._writer.write(work.write)
            else:
                with suppress(Stopped):
                    await self._ticket(work)
            self._tell(self.heard)

    async def _ticket(self, work: Work) -> None:
        ended = await self._walked(work)
        await self._writer.write(partial(_end, work, ended))
        if ended.row.state == "done":
            self.heard.done += 1
        elif ended.row.state == "waiting":
            self.heard.waiting += 1
        else:
            self.heard.failed += 1

    async def _walked(self, work: Work) -> Ended:
        step = await self._walk.begin(work)
        entered = False
        while isinstance(step, Asked):
            try:
                body = await self._answered(work, step, first=not entered)
            except Stopped:
                await self._walk.drop(work.key)
                raise
            except ModelUnavailable as error:
                step = await self._walk.give_up(work.key, error)
                continue
            entered = True
            step = await self._walk.take(work.key, body)
        return step

    async def _answered(self, work: Work, asked: Asked, *, first: bool) -> bytes:
        """The answer, on the disk. Two tickets that ask the same share it: a backlog has its doubles."""
        while asked.sha256 in self._asking:
            with suppress(Exception):  # whoever asked says so; then this one asks itself
                await asyncio.shield(self._asking[asked.sha256])
        kept = self.run.folder.answer(asked.sha256)
        if kept is not None:
            return kept
        mine = self._asking[asked.sha256] = asyncio.get_running_loop().create_future()
        try:
            message = await self._answer(asked)
            usage = answers.usage_of(message)
            self.heard.usage = total(self.heard.usage, usage)
            body = json.dumps(message).encode()
            await self._writer.write(partial(_keep, work, asked.sha256, body, usage, first))
            return body
        finally:
            del self._asking[asked.sha256]
            mine.set_result(None)

    async def _answer(self, asked: Asked) -> Message:
        """The answer to a request. Raises `ModelUnavailable` where there will be none, and `Stopped`."""
        began, tries = self.pace.clock(), 0
        request = conversation.with_frozen(asked.request)
        while True:
            await self.pace.enter()
            try:
                self._go_on()
                self.heard.open = self.pace.open
                message = await self.backend.message(request, asked.size)
                if isinstance(message, dict) and isinstance(message.get("content"), list):
                    self.pace.answered()
                    return message
                failure = answers.no_message()
            except ModelUnavailable as error:
                failure = error
            finally:
                self.pace.leave()
            tries += 1
            await self._after(failure, began, tries)

    async def _after(self, failure: ModelUnavailable, began: float, tries: int) -> None:
        """Wait until the call may be made again. Raises the failure where that would be in vain."""
        if failure.blame == "request":
            self.pace.answered()
            raise failure
        if failure.blame == "setup":
            self._give_up(failure)
        before = self.pace.rounds
        if failure.reason in ("http_429", "http_529", "connection") or failure.retry_after is not None:
            self.pace.refused(failure.retry_after)
        else:
            self.pace.stumbled()
        if self.pace.rounds and not before:
            self._say(f"{failure}: waiting, and asking again")
        last = self.pace.last_answer
        if last is not None and last > began and tries >= TRIES:  # others are answered meanwhile
            raise failure
        now = self.pace.clock()
        never = tries >= TRIES or now - self._begun > FIRST_PATIENCE
        out = never if last is None else now - last > self._patience
        if out or (failure.retry_after or 0) > self._patience:
            self._give_up(failure)
        if failure.retry_after is None:
            await self.pace.rest(backoff(tries))

    def _say(self, text: str) -> None:
        """Tell a person, now and then."""
        now = self.pace.clock()
        if self._notice is not None and now - self._said > SAY_EVERY:
            self._said = now
            self._notice(text)

    def _give_up(self, failure: ModelUnavailable) -> NoReturn:
        """No ticket will be answered now: the run ends, or the rules take over."""
        self.outage = self.outage or failure
        if not self._rules:
            self.stop()
        raise failure

    def _go_on(self) -> None:
        if self.outage is not None:  # anew, since an error keeps all that it passed through
            raise unfinished(str(self.outage), self.outage.reason, self.outage.blame)
        if self._budget is not None and tokens(self.heard.usage) >= self._budget:
            self.over_budget = True
            self.stop()
        if self._stopping:
            raise Stopped


class Writer:
    """Writes in a thread of its own, whatever came together in one transaction: the disk is waited for once."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._queue: list[tuple[Callable[[], object], asyncio.Future[None]]] = []
        self._busy: asyncio.Task[None] | None = None

    async def write(self, act: Callable[[], object]) -> None:
        """Returns when what `act` wrote is on the disk. Raises what it raised."""
        done = asyncio.get_running_loop().create_future()
        self._queue.append((act, done))
        if self._busy is None or self._busy.done():
            self._busy = asyncio.create_task(self._drain())
        await done

    def close(self) -> None:
        """Write what is left: whatever came home is kept, also where nobody waits for it any more."""
        self._thread.shutdown(wait=True)
        left, self._queue = self._queue, []
        for act, _ in left:
            self._commit([act])

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            together, self._queue = self._queue, []
            try:
                await loop.run_in_executor(self._thread, self._commit, [act for act, _ in together])
                errors: list[Exception | None] = [None] * len(together)
            except Exception:  # one of them: each by itself, so that it costs no other its answer
                errors = [await loop.run_in_executor(self._thread, self._alone, act) for act, _ in together]
            for (_, done), error in zip(together, errors, strict=True):
                if done.done():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def _alone(self, act: Callable[[], object]) -> Exception | None:
        try:
            self._commit([act])
        except Exception as error:
            return error
        return None

    def _commit(self, acts: list[Callable[[], object]]) -> None:
        with self._folder.together():
            for act in acts:
                act()


def _first(errors: BaseExceptionGroup) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _end(work: Work, ended: Ended) -> None:
    work.enter()
    work.finish(ended)


def _keep(work: Work, sha: str, body: bytes, usage: Usage, first: bool) -> None:
    if first:
        work.enter()
    work.run.folder.keep_answer(sha, body, "live", usage)
