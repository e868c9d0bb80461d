"""Tickets on their roads between two answers, in this process or beside it.

What lies between is work for the processor: redaction, grounding, rules, validation. Beside many calls at once it would
be more than one process can do, so it can go to others (`Apart`), where each ticket stays with the one that began it.
They ask nobody and write nothing: they get answers, and give the next request or the result.
"""

import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from agent.backends import conversation
from agent.backends.base import ModelError, ModelUnavailable
from agent.batch.beside import Beside, Gone
from agent.batch.road import Journey, Message, Wanted
from agent.batch.run_folder import StoredAnswers
from agent.batch.work import Ended, Run, Work, behind_door, ended_as, unfinished
from agent.drafting import Limits
from agent.pipeline import escalate, fallen_back, road
from agent.policy.settings import Settings
from schemas.context import Context
from schemas.escalation import Escalation, Provenance
from schemas.redaction import Level
from schemas.ticket import Ticket

if TYPE_CHECKING:
    from agent.backends.claude import ClaudeBackend


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was never answered. `size`: of its ticket in characters."""

    request: conversation.Request
    sha256: str
    size: int


Step = Asked | Ended


@dataclass(frozen=True, slots=True)
class Start:
    """All that is one ticket's own, before or behind the door. `started`: the time it is decided from, ISO 8601."""

    key: str
    ticket: Ticket
    context: Context
    started: str


@dataclass(frozen=True, slots=True)
class Way:
    """All that is the same for every ticket, in a form that another process can be given."""

    folder: Path
    model: str
    max_tokens: int
    forced: bool
    settings: Settings
    max_repairs: int
    provenance: Provenance
    rules: bool
    redact: Level

    @classmethod
    def of(cls, run: Run, backend: "ClaudeBackend", *, rules: bool) -> "Way":
        """The way of a run. `rules`: they answer where the model fails."""
        return cls(
            run.folder.path,
            backend.model,
            backend.max_tokens,
            backend.forced,
            run.settings,
            run.max_repairs,
            run.provenance,
            rules,
            run.redact,
        )


@dataclass
class Roads:
    """Tickets under way, by their keys. Whatever goes wrong is that ticket's end, and no other's."""

    way: Way
    stored: Callable[[str], bytes | None]
    _under_way: dict[str, tuple[Start, Journey, Wanted]] = field(default_factory=dict)

    def begin(self, start: Start) -> Step:
        """Through the door, and to the first request that nobody answered yet."""
        way, now = self.way, datetime.fromisoformat(start.started)
        try:
            ticket, context = behind_door(start.ticket, start.context, way.redact)
        except Exception as error:
            return ended_as(start.key, error)
        start = replace(start, ticket=ticket, context=context)
        made = road(start.ticket, start.context, way.settings, now, Limits(way.max_repairs), way.provenance)
        journey = Journey(made, _reader(way), self.stored)
        return self._step(start, journey, journey.begin)

    def take(self, key: str, message: bytes) -> Step:
        """On with an answer, as JSON."""
        start, journey, wanted = self._under_way.pop(key)
        answer: Message = json.loads(message)
        return self._step(start, journey, lambda: journey.take(wanted, answer))

    def give_up(self, key: str, error: ModelUnavailable) -> Step:
        """A request that will not be answered in this run."""
        start, journey, _ = self._under_way.pop(key)
        return self._step(start, journey, lambda: journey.fail(error))

    def drop(self, key: str) -> None:
        """A ticket that is left for another run."""
        self._under_way.pop(key, None)

    def _step(self, start: Start, journey: Journey, step: Callable[[], Wanted | Escalation]) -> Step:
        ended: Escalation | Exception
        try:
            came = step()
            if isinstance(came, Wanted):
                self._under_way[start.key] = (start, journey, came)
                return Asked(conversation.without_frozen(came.request), came.sha256, len(start.ticket.text))
            ended = came
        except ModelError as error:
            ended = self._by_rules(start, error) if self.way.rules else error
        except Exception as error:  # a fault of this program: see `ended_as`
            ended = error
        return ended_as(start.key, ended)

    def _by_rules(self, start: Start, error: ModelError) -> Escalation | Exception:
        try:
            made = escalate(
                start.ticket,
                context=start.context,
                backend="offline",
                settings=self.way.settings,
                now=datetime.fromisoformat(start.started),
                redact="none",  # it is behind the door
            )
        except Exception as failure:
            return failure
        return fallen_back(made, error)


class Walk(Protocol):
    """Where tickets are walked."""

    async def open(self) -> None:
        """Before the first ticket."""

    async def begin(self, work: Work) -> Step:
        """To the ticket's first request that nobody answered yet."""

    async def take(self, key: str, message: bytes) -> Step:
        """On with an answer, as JSON."""

    async def give_up(self, key: str, error: ModelUnavailable) -> Step:
        """A request that will not be answered in this run."""

    async def drop(self, key: str) -> None:
        """A ticket that is left for another run."""

    def close(self) -> None:
        """Let everything go."""


class Here:
    """In this process, between two looks at the network."""

    def __init__(self, run: Run, backend: "ClaudeBackend", *, rules: bool) -> None:
        self._roads = Roads(Way.of(run, backend, rules=rules), run.folder.answer)

    async def open(self) -> None:
        """Nothing is to be made ready."""

    async def begin(self, work: Work) -> Step:
        """As `Walk.begin`."""
        start = started(work)
        return start if isinstance(start, Ended) else self._roads.begin(start)

    async def take(self, key: str, message: bytes) -> Step:
        """As `Walk.take`."""
        return self._roads.take(key, message)

    async def give_up(self, key: str, error: ModelUnavailable) -> Step:
        """As `Walk.give_up`."""
        return self._roads.give_up(key, error)

    async def drop(self, key: str) -> None:
        """As `Walk.drop`."""
        self._roads.drop(key)

    def close(self) -> None:
        """Nothing is kept."""


class Apart:
    """In processes beside this one. A ticket's steps go to the one that began it; until one is ready, here.

    A process that dies takes the tickets with it that it had under way. They are begun again here, on their stored
    answers, and so is every further one, if it was the last: nothing is lost, and nothing is paid twice.
    """

    def __init__(self, run: Run, backend: "ClaudeBackend", *, rules: bool, processes: int) -> None:
        way = Way.of(run, backend, rules=rules)
        self._beside = [Beside(partial(_steps, way)) for _ in range(processes)]
        self._here = Here(run, backend, rules=rules)
        self._begun = 0  # beside
        self._place_of: dict[str, tuple[Beside, Work]] = {}

    async def open(self) -> None:
        """As `Walk.open`."""
        for beside in self._beside:
            await beside.open()

    async def begin(self, work: Work) -> Step:
        """As `Walk.begin`. The ticket is read here, where its source is."""
        ready = [beside for beside in self._beside if beside.ready]
        if not ready:
            return await self._here.begin(work)
        start = started(work)
        if isinstance(start, Ended):
            return start
        self._begun += 1
        self._place_of[work.key] = (ready[self._begun % len(ready)], work)
        return await self._do(work.key, "begin", start)

    async def take(self, key: str, message: bytes) -> Step:
        """As `Walk.take`."""
        if key not in self._place_of:
            return await self._here.take(key, message)
        return await self._do(key, "take", key, message)

    async def give_up(self, key: str, error: ModelUnavailable) -> Step:
        """As `Walk.give_up`. An error does not travel well, so its words do."""
        if key not in self._place_of:
            return await self._here.give_up(key, error)
        return await self._do(key, "give_up", key, str(error), error.reason, error.blame)

    async def drop(self, key: str) -> None:
        """As `Walk.drop`."""
        if self._place_of.pop(key, None) is None:
            await self._here.drop(key)

    def close(self) -> None:
        """End the processes."""
        for beside in self._beside:
            beside.close()

    async def _do(self, key: str, *question: object) -> Step:
        beside, work = self._place_of[key]
        try:
            came: Step = await beside.ask(question)
        except Gone:
            self._place_of.pop(key, None)
            return await self._here.begin(work)  # the answer that it was to take is stored by now
        if isinstance(came, Ended):
            del self._place_of[key]
        return came


def started(work: Work) -> "Start | Ended":
    """The ticket read, or its end: it is none, or cannot be read."""
    try:
        ticket, context = work.as_it_came()
    except Exception as error:
        return ended_as(work.key, error)
    return Start(work.key, ticket, context, work.known.started)


def _reader(way: Way) -> "ClaudeBackend":
    """Makes requests and reads answers; it is never asked to call."""
    from agent.backends.claude import ClaudeBackend

    return ClaudeBackend(way.model, max_tokens=way.max_tokens, forced=way.forced)


def _steps(way: Way) -> Callable[[tuple[Any, ...]], Step]:
    """In a process beside this one: what answers `Apart`."""
    try:
        roads = Roads(way, StoredAnswers(way.folder))
    except sqlite3.Error:
        os._exit(0)  # the run ended, and its folder went, before this was ready

    def give_up(key: str, text: str, reason: str, blame: str) -> Step:
        return roads.give_up(key, unfinished(text, reason, blame))

    steps: dict[str, Callable[..., Step]] = {"begin": roads.begin, "take": roads.take, "give_up": give_up}
    return lambda question: steps[question[0]](*question[1:])
