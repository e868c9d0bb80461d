"""Secrets, and personal data where asked, leave a ticket at the door; everything behind it sees placeholders.

`redact(ticket)` gives the ticket with placeholders of the same length, and the vault that can put the originals back.
Imported when it is asked for: what reads no ticket needs no rules.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.redaction.ticket import Redacted, redact, told
    from agent.redaction.vault import Vault

__all__ = ["Redacted", "Vault", "redact", "told"]

_HOME = {"Redacted": "ticket", "redact": "ticket", "told": "ticket", "Vault": "vault"}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
