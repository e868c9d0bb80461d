"""Secrets, and personal data where asked, leave a ticket at the door; everything behind it sees placeholders.

`redact(ticket)` gives the ticket with placeholders of the same length, and the vault that can put the originals back.
"""

from agent.redaction.ticket import Redacted, redact
from agent.redaction.vault import Vault

__all__ = ["Redacted", "Vault", "redact"]
