"""Cases: what is kept of each ticket between two calls, in memory, bounded in number and size.

A handle cannot be guessed, since several clients may share one server. Whoever has it works on that case.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from agent.errors import BadInput
from agent.redaction.vault import Vault
from schemas.brief import Brief
from schemas.comparison import Similar
from schemas.context import Context
from schemas.decision import Decision
from schemas.escalation import Escalation, Finding
from schemas.facts import Facts
from schemas.report import FactsReport
from schemas.ticket import Ticket

MOST = 50
MOST_BYTES = 32 << 20
"""Of all cases together, as UTF-8; the objects in memory take a few times as much."""


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket and what came of it so far.

    `vault`: has the ticket's secrets, which the host's model may have seen. `given`: the caller's context; `context`:
    with what the ledger added.
    """

    handle: str
    ticket: Ticket
    vault: Vault = field(default_factory=Vault)
    report: FactsReport | None = None
    facts: Facts | None = None
    given: Context | None = None
    context: Context | None = None
    decision: Decision | None = None
    similar: tuple[Similar, ...] = ()
    brief: Brief | None = None
    findings: tuple[Finding, ...] = ()
    rounds: int = 0
    run: Escalation | None = None
    """The finished run that this case came from; None once anything of it was done anew."""

    @property
    def bytes(self) -> int:
        """About how much there is to keep."""
        parts = (self.facts, self.report, self.brief)
        return len(self.ticket.text.encode()) + sum(len(part.model_dump_json()) for part in parts if part is not None)


class Cases:
    """The cases of one server. The one that nobody has used for the longest time leaves first."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self.most, self.most_bytes = most, most_bytes
        self._kept: OrderedDict[str, tuple[Case, int]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, ticket: Ticket, vault: Vault, **known: Any) -> Case:
        """A new case."""
        return self.keep(Case(f"case-{secrets.token_hex(8)}", ticket, vault, **known))

    def change(self, case: Case, **changes: Any) -> Case:
        """The case with these changes, in place of the old one."""
        return self.keep(replace(case, **changes))

    def get(self, handle: str) -> Case:
        """The case. Raises BadInput for a handle that is unknown or whose case had to leave."""
        with self._lock:
            found = self._kept.get(handle.strip())
            if found is None:
                raise BadInput(
                    f"no case {handle[:40]!r} is kept (the last {self.most} are, until the server ends): "
                    "call check_facts again with the ticket and the report"
                )
            self._kept.move_to_end(found[0].handle)
            return found[0]

    def keep(self, case: Case) -> Case:
        """Keep it, and let others leave as far as needed."""
        size = case.bytes
        with self._lock:
            self._kept[case.handle] = (case, size)
            self._kept.move_to_end(case.handle)
            while len(self._kept) > 1 and (
                len(self._kept) > self.most or sum(size for _, size in self._kept.values()) > self.most_bytes
            ):
                self._kept.popitem(last=False)
        return case
