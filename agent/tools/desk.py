"""The desk: what all tools of one host share. Its cases, the files it may read, its policy, backend and ledger."""

import argparse
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.ledger_inputs import author_of, ledger_of
from agent.commands.times import this_moment
from agent.errors import BadInput
from agent.policy.settings import Settings, load_settings
from agent.tools.cases import Case, Cases
from agent.tools.files import read_file

if TYPE_CHECKING:
    from agent.backends.base import Backend
    from agent.ledger.memory import Memory
    from agent.ledger.store import Author, Ledger
    from agent.redaction import Redacted
    from schemas.redaction import Level

Tell = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `through`: the host's program, kept with what it writes. `tell`: shows progress, if asked for."""

    through: str = "agent"
    tell: Tell | None = None


@dataclass(frozen=True)
class Desk:
    """`folders`: what `path` may name; none by default. `ledger`: where it is (None: ESCALATION_DB, else the default).

    `keeps_ledger`: whether the ledger's tools are there and the ledger is looked into. `backend`: the only one of
    `run_ticket` besides the offline rules (None: as a call says). `model`: of a backend that a call names. `clock`:
    what counts as now; a decision keeps its time. `redact`: what is replaced in a ticket before anything reads it.
    """

    folders: Sequence[Path] = ()
    settings: Settings = field(default_factory=load_settings)
    ledger: str | None = None
    keeps_ledger: bool = True
    backend: "Backend | None" = None
    model: str | None = None
    clock: Callable[[], datetime] = this_moment
    redact: "Level" = "secrets"
    cases: Cases = field(default_factory=Cases)

    def read(self, ticket: str | None, path: str | None) -> "Redacted":
        """The ticket of a call, with placeholders for what `redact` says. Raises BadInput."""
        from agent.readers import read_ticket
        from agent.redaction import redact

        if path is not None:
            return redact(read_ticket(read_file(path, self.folders), name=Path(path).name), self.redact)
        return redact(read_ticket(ticket or ""), self.redact)

    def case_of(self, case: str | None, ticket: str | None, path: str | None) -> Case:
        """The case that a call names, or a new one for its ticket. Raises BadInput unless exactly one is named."""
        given = [name for name, value in (("case", case), ("ticket", ticket), ("path", path)) if value]
        if len(given) != 1:
            raise BadInput(f"expected one of case, ticket and path, got {' and '.join(given) or 'none'}: give one")
        if case:
            return self.cases.get(case)
        redacted = self.read(ticket or None, path or None)
        return self.cases.begin(redacted.ticket, redacted.vault)

    def has_ledger(self) -> bool:
        """Whether there is one to look into."""
        from agent.ledger.where import is_there, ledger_url

        return self.keeps_ledger and is_there(ledger_url(self.ledger))

    def open_ledger(self, *, make: bool = False) -> "Ledger":
        """The ledger. Raises BadInput where there is none yet, unless this call makes one."""
        if not make and not self.has_ledger():
            raise BadInput("there is no ledger yet: open_escalation makes one")
        return ledger_of(argparse.Namespace(ledger=self.ledger), make=True)

    def memory(self) -> "Memory | None":
        """What a decision sees of the ledger; None where there is none."""
        if not self.has_ledger():
            return None
        from agent.ledger.memory import Memory

        return Memory(self.open_ledger(), self.settings)

    def author(self, by: str | None, caller: Caller, team: str | None = None) -> "Author":
        """Who writes."""
        return author_of(argparse.Namespace(by=by, team=team, through=caller.through))
