"""What was replaced in a ticket before anything read it: kinds and counts, never the values."""

from typing import Literal

from pydantic import Field

from schemas.base import Model

Level = Literal["secrets", "pii", "none"]
"""`secrets`: credentials and card numbers; `pii`: these and personal data; `none`: nothing."""

SecretKind = Literal[
    "access_key",
    "token",
    "password",
    "private_key",
    "card_number",
    "security_code",
    "pin",
    "one_time_code",
    "session",
    "webhook_url",
]
PersonalKind = Literal["person", "email", "phone", "iban", "ip_address", "id_number"]
Kind = SecretKind | PersonalKind


class Replaced(Model):
    """How many different values of one kind stand as placeholders in the ticket."""

    kind: Kind
    count: int = Field(ge=1)
