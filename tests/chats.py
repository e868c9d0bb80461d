"""A chat for tests: what was told is kept, the clock stands still, the model's turns are scripted."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from agent.backends.base import Backend, Call, ModelError, Reply, TurnCall
from agent.backends.offline import OfflineBackend
from agent.chat.engine import Chat
from agent.chat.events import Event
from agent.policy.settings import load_settings
from schemas.chat import Action, ActionKind, Turn
from schemas.escalation import Usage

EXAMPLES = Path(__file__).parents[1] / "examples"
EXPORT = (EXAMPLES / "engineering-export-fails.txt").read_text(encoding="utf-8")
THREAT = (EXAMPLES / "needs-info-threat.txt").read_text(encoding="utf-8")
SIGN_ON = (EXAMPLES / "handle-single-sign-on.txt").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
Kind = TypeVar("Kind", bound=Event)
Scripted = Turn | ModelError | BaseException


class Talker:
    """A model that reads and writes as the offline rules do, and takes the turns of a script."""

    name: Any = "claude"
    model = "scripted"

    def __init__(self, *turns: Scripted) -> None:
        self._turns = iter(turns)
        self._offline = OfflineBackend()
        self.calls: list[TurnCall] = []
        self.failing: BaseException | None = None

    def answer(self, call: Call) -> Reply:
        if isinstance(call, TurnCall):
            self.calls.append(call)
            turn = next(self._turns)
            if isinstance(turn, BaseException):
                raise turn
            return Reply(turn, Usage(calls=1, input_tokens=10))
        if self.failing is not None:
            raise self.failing
        return self._offline.answer(call)

    async def answer_async(self, call: Call) -> Reply:
        return self.answer(call)


class Talk:
    """A chat and what it told."""

    def __init__(self, ticket: str | None = EXPORT, backend: Backend | None = None, **options: Any) -> None:
        self.told: list[Event] = []
        self.chat = Chat(
            backend or OfflineBackend(),
            load_settings(),
            self.told.append,
            by="Ana Lima",
            clock=options.pop("clock", lambda: NOW),
            **options,
        )
        if ticket is not None:
            self.chat.begin(ticket)

    def say(self, words: str) -> list[Event]:
        """One turn, and what was told in it."""
        self.told.clear()
        self.chat.hear(words)
        return list(self.told)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """What was told of this kind since the last turn began."""
        return [event for event in self.told if isinstance(event, kind)]


def do(kind: ActionKind, target: str = "", text: str = "") -> Action:
    return Action(kind=kind, target=target, text=text)


def turn(*actions: Action, say: str = "") -> Turn:
    return Turn(actions=actions, say=say)


def talked(*turns: Scripted, ticket: str | None = EXPORT, **options: Any) -> tuple[Talk, Talker]:
    """A chat with a scripted model."""
    talker = Talker(*turns)
    return Talk(ticket, talker, **options), talker


Tell = Callable[[Event], None]
