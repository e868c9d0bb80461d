"""One ticket's road on stored answers: to its next call that nobody answered yet, or to its end.

The road (agent/pipeline.py) does no input or output, so it can be walked again from its beginning at any time: the
same ticket, settings and time ask for the same requests, and what was answered before is taken from the run folder.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.backends import conversation
from agent.backends.base import Call, ModelError
from schemas.escalation import Escalation

if TYPE_CHECKING:
    from agent.backends.claude import ClaudeBackend
    from agent.pipeline import Road

Message = dict[str, Any]
Stored = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that was never answered. `sha256`: its identity."""

    call: Call
    request: conversation.Request
    sha256: str


class Journey:
    """A ticket on its road. Raises `ModelError` where the road ends in one."""

    def __init__(self, road: "Road", backend: "ClaudeBackend", stored: Stored) -> None:
        self._road = road
        self._backend = backend
        self._stored = stored

    def begin(self) -> Wanted | Escalation:
        """As far as stored answers carry it."""
        return self._go(partial(next, self._road))

    def take(self, wanted: Wanted, message: Message) -> Wanted | Escalation:
        """On with the answer to the request that it waited for."""
        return self._go(self._answered(wanted.call, message))

    def fail(self, wanted: Wanted, error: ModelError) -> Wanted | Escalation:
        """On where the request that it waited for will not be answered: the road may have a way round."""
        del wanted  # it is the one that the road stands at
        return self._go(partial(self._road.throw, error))

    def _go(self, step: Callable[[], Call]) -> Wanted | Escalation:
        while True:
            try:
                call = step()
            except StopIteration as end:
                result: Escalation = end.value
                return result
            request = self._backend.request(call)
            wanted = Wanted(call, request, conversation.digest(request))
            kept = self._stored(wanted.sha256)
            if kept is None:
                return wanted
            step = self._answered(call, json.loads(kept))

    def _answered(self, call: Call, message: Message) -> Callable[[], Call]:
        try:
            return partial(self._road.send, self._backend.read(message, call))
        except ModelError as error:
            return partial(self._road.throw, error)
