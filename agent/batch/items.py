"""What a source of many tickets gives: one item after the other, each with a name that stays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from schemas.context import Context
    from schemas.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Item:
    """One ticket of a source, not read yet.

    `key` names it within its source and stays the same from run to run: a file's path, a row's id or number. `sha256`:
    of everything that the source says about it, so a changed ticket is a new one. `read` raises BadInput.
    """

    key: str
    sha256: str
    read: "Callable[[], tuple[Ticket, Context | None]]"


class Source(Protocol):
    """Tickets in an order that stays, read one at a time: memory does not grow with their number."""

    @property
    def name(self) -> str:
        """What it is and where, for people and as the identity of a run folder's source."""

    def count(self) -> int:
        """How many items there are."""

    def items(self) -> Iterator[Item]:
        """Each item once. Raises BadInput where the source itself cannot be read on."""
