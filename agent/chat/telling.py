"""A backend whose work can be watched: each call is told before it is made, and its words as they come."""

import time
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from agent.backends.base import Backend, BackendName, Call, CompareCall, DraftCall, Reply, TurnCall
from agent.chat.events import Event, Step, Streamed, Working

TICK = 0.1
"""Seconds between two looks at an answer that is still coming: reading it costs as much as it is long."""
LONGEST_TAIL = 160


@runtime_checkable
class Streams(Protocol):
    """A backend that hands on an answer while it comes."""

    def answer_streamed(self, call: Call, listener: Callable[[str], None]) -> Reply:
        """As `answer`; `listener` is given the tool's input piece by piece, as JSON."""


class Telling:
    """The same backend, watched. `turn` is for the chat's own call, whose words are heard as they come."""

    def __init__(self, backend: Backend, tell: Callable[[Event], None]) -> None:
        self._backend, self._tell = backend, tell

    @property
    def name(self) -> BackendName:
        """The backend's name."""
        return self._backend.name

    @property
    def model(self) -> str | None:
        """The backend's model."""
        return self._backend.model

    def answer(self, call: Call) -> Reply:
        """One call, told before it is made."""
        step = _step(call)
        return self._ask(call, step, lambda partial: self._tell(Streamed(step, _tail(partial))))

    async def answer_async(self, call: Call) -> Reply:
        """Not watched: a surface that needs it runs the engine in a thread."""
        return await self._backend.answer_async(call)

    def turn(self, call: TurnCall, hear: Callable[[dict[str, object]], None]) -> Reply:
        """A turn of the chat, heard while it comes. No tail of it is told: its sentences are, once they are checked."""

        def told(partial: dict[str, object]) -> None:
            self._tell(Streamed("thinking", ""))  # a surface that is to stop it does so here
            hear(partial)

        return self._ask(call, "thinking", told)

    def _ask(self, call: Call, step: Step, hear: Callable[[dict[str, object]], None]) -> Reply:
        with_model = self._backend.name != "offline"
        self._tell(Working(step, with_model))
        if isinstance(self._backend, Streams):
            return self._backend.answer_streamed(call, _Partial(hear))
        return self._backend.answer(call)


class _Partial:
    """Reads unfinished JSON now and then."""

    def __init__(self, hear: Callable[[dict[str, object]], None]) -> None:
        self._hear, self._next = hear, 0.0
        self._pieces: list[str] = []

    def __call__(self, piece: str) -> None:
        self._pieces.append(piece)
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + TICK
        from jiter import from_json  # comes with the SDK, and only a model's answer is streamed

        try:
            value = from_json("".join(self._pieces).encode(), partial_mode="trailing-strings")
        except ValueError:
            return  # not enough of it yet, or no JSON: the whole answer is judged elsewhere
        if isinstance(value, dict):
            self._hear(value)


def _step(call: Call) -> Step:
    if isinstance(call, CompareCall):
        return "comparing"
    if isinstance(call, DraftCall):
        return "writing" if call.fault is None else "repairing"
    return "thinking" if isinstance(call, TurnCall) else "reading"


def _tail(value: Any) -> str:
    """The last words of what has come so far."""
    while isinstance(value, dict | list) and value:
        value = value[-1] if isinstance(value, list) else next(reversed(value.values()))
    return " ".join(value.split())[-LONGEST_TAIL:] if isinstance(value, str) else ""
