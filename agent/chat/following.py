"""From the chat into the ledger, by the way that every other run takes."""

from datetime import datetime
from typing import TYPE_CHECKING

from agent.commands.open import told
from agent.ledger.memory import Memory
from agent.ledger.recording import record as written
from agent.ledger.store import Author
from agent.policy.settings import Settings
from schemas.escalation import Escalation

if TYPE_CHECKING:
    from agent.ledger.store import Ledger


def record(
    ledger: "Ledger", settings: Settings, result: Escalation, by: str, through: str, now: datetime
) -> tuple[str, str | None]:
    """Open the escalation, or give the open one the news. What became of it, and its id.

    `by`: the person; `through`: where that person wrote.

    Raises Refused where the ledger does not allow it.
    """
    taken = written(Memory(ledger, settings), result, Author(by, "support", through), now=now)
    number = taken.record.id if taken.record is not None else None
    line = "\n".join((told(taken), *taken.notes))
    return line, number
