"""What all requests share: who reads, the policy, the ledger, the clock, and the tickets that are talked about."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from agent.backends.base import Backend
from agent.chat.engine import Chat
from agent.commands.ledger_inputs import TEAMS, author_of, ledger_of, person_of
from agent.commands.times import this_moment
from agent.errors import BadInput
from agent.policy.settings import Settings
from agent.web.cases import Case, Cases
from agent.web.guard import Door
from schemas.chat import Session
from schemas.context import Context

if TYPE_CHECKING:
    from agent.ledger.memory import Memory
    from agent.ledger.store import Author, Ledger
    from schemas.redaction import Level

THROUGH = ""  # a person writes on the page, not an agent


@dataclass(frozen=True)
class Site:
    """`context`: what holds for every ticket, such as the office's hours. `ledger`: where it is (None: the default).

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
    cases: Cases = field(default_factory=Cases)

    def begin(self, by: str, tier: str | None = None, session: Session | None = None) -> Case:
        """A case without a ticket yet. `tier`: who holds it, if somebody said so."""
        context = self.context if tier is None else self.context.model_copy(update={"tier": tier})
        memory = self.memory()
        return Case(
            lambda tell: Chat(
                self.backend,
                self.settings,
                tell,
                by=by,
                clock=self.clock,
                session=session or Session(context=context),
                memory=memory,
                ledger=(lambda: self.open_ledger(make=True)) if self.keeps_ledger else None,
                level=self.level,
            ),
            self.clock,
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


def name_of(words: str) -> str:
    """A person's name as the ledger takes it. Raises BadInput."""
    return person_of(argparse.Namespace(by=words))
