"""What all requests share: who reads, the policy, the ledger, the clock, and the tickets that are talked about."""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import anyio

from agent.backends.base import Backend
from agent.chat.engine import Chat
from agent.chat.events import Told
from agent.commands.ledger_inputs import TEAMS, author_of, ledger_of, person_of
from agent.commands.times import this_moment
from agent.errors import BadInput
from agent.policy.settings import Settings
from agent.web.cases import Case, Cases
from agent.web.guard import Door
from schemas.chat import Session
from schemas.context import Context

if TYPE_CHECKING:
    from agent.chat.kept import Keeper, Listed
    from agent.ledger.memory import Memory
    from agent.ledger.store import Author, Ledger
    from schemas.redaction import Level

THROUGH = "page"
"""What the ledger is told that a person wrote with."""


@dataclass(frozen=True)
class Site:
    """`context`: what holds for every ticket, such as the office's hours. `ledger`: where it is (None: the default).

    `keeps_chats`: whether each ticket that is talked about is kept on disk.
    `clock`: aware, what counts as now. `by`: who writes unless a browser says otherwise.
    """

    door: Door
    backend: Backend
    settings: Settings
    context: Context = field(default_factory=Context)
    ledger: str | None = None
    keeps_ledger: bool = True
    clock: Callable[[], datetime] = this_moment
    level: "Level" = "secrets"
    keeps_chats: bool = False
    cases: Cases = field(default_factory=Cases)
    _resuming: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def begin(self, by: str, tier: str | None = None) -> Case:
        """A case without a ticket yet. `tier`: who holds it, if somebody said so."""
        context = self.context if tier is None else self.context.model_copy(update={"tier": tier})
        return self._case(by, Session(context=context), None)

    async def resume(self, by: str, name: str) -> Case:
        """Go on with a chat that was kept: the case that has it open here, else a new one.

        Raises BadInput where there is none of that name, it is damaged, or another process has it.
        """
        if not self.keeps_chats:
            raise BadInput("this page keeps no chats: start it with `escalation serve --keep`")
        async with self._resuming:  # two at once would find the file taken, by each other
            known = self.cases.kept_as(name)
            if known is not None:
                return known
            session, keeper = await anyio.to_thread.run_sync(_loaded, name)
            case = self._case(by, session, keeper)
            try:
                self.cases.add(case)
            except BadInput:
                case.leave()
                raise
        case.note(Told(f"Goes on with the chat kept as {name}."))
        made_by = session.result.decision.policy_version if session.result is not None else self.settings.version
        if made_by != self.settings.version:
            case.note(Told(f"decided under policy {made_by}; Again decides by {self.settings.version}", "warning"))
        return case

    def kept_chats(self) -> "list[Listed]":
        """The chats on disk that are not open here, the newest first; none where this page keeps none."""
        from agent.chat.kept import listed

        return [one for one in listed() if self.cases.kept_as(one.name) is None] if self.keeps_chats else []

    def _case(self, by: str, session: Session, keeper: "Keeper | None") -> Case:
        memory = self.memory()
        return Case(
            lambda tell: Chat(
                self.backend,
                self.settings,
                tell,
                by=by,
                clock=self.clock,
                session=session,
                memory=memory,
                ledger=(lambda: self.open_ledger(make=True)) if self.keeps_ledger else None,
                level=self.level,
                through=THROUGH,
                saves=False,
            ),
            self.clock,
            keeps=self.keeps_chats,
            keeper=keeper,
            turns=self.cases.turns,
        )

    def has_ledger(self) -> bool:
        """Whether there is one to look into."""
        from agent.ledger.where import is_there, ledger_url

        return self.keeps_ledger and is_there(ledger_url(self.ledger))

    def open_ledger(self, *, make: bool = False) -> "Ledger":
        """The ledger. Raises BadInput where there is none yet, unless this makes one."""
        if not self.keeps_ledger:
            raise BadInput("this page was started with --no-ledger: start it without")
        return ledger_of(argparse.Namespace(ledger=self.ledger), make=make)

    def memory(self) -> "Memory | None":
        """What a decision sees of the ledger; None where there is none."""
        if not self.has_ledger():
            return None
        from agent.ledger.memory import Memory

        return Memory(self.open_ledger(), self.settings)

    def author(self, by: str, team: str | None = None) -> "Author":
        """Who writes to the ledger. Raises BadInput for a name or team that cannot be."""
        if team is not None and team not in TEAMS:
            raise BadInput(f"team {team[:40]!r}: expected one of {', '.join(TEAMS)}")
        return author_of(argparse.Namespace(by=by, team=team, through=THROUGH))


def _loaded(name: str) -> "tuple[Session, Keeper]":
    from agent.chat.kept import Keeper, load

    load(name)  # where there is none, nothing is to be left behind
    keeper = Keeper(name, resumed=True)
    try:
        return load(name), keeper
    except BadInput:
        keeper.close()
        raise


def name_of(words: str) -> str:
    """A person's name as the ledger takes it. Raises BadInput."""
    return person_of(argparse.Namespace(by=words))
