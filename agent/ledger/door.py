"""The ledger's door: what is written down leaves again by webhook, message, page and calendar, so no secret gets in.

Whatever was asked for at the ticket's door (`--redact none`, `--restore`) holds for that result, not for the ledger.
"""

from typing import TypeVar

from schemas.escalation import Escalation

Value = TypeVar("Value")


def without_secrets(value: Value) -> Value:
    """Free text that somebody writes, or a model of the ledger that holds some, with placeholders for its secrets."""
    from agent.redaction.vault import Vault

    return Vault().concealed(value)


def run_without_secrets(run: Escalation) -> Escalation:
    """A run with placeholders for the secrets of its ticket, wherever they stand in it."""
    from agent.redaction import redact

    return redact(run.ticket).vault.concealed(run)
