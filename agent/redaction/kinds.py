"""What is replaced: the kinds, how a person reads them, and how a placeholder names them."""

from typing import get_args

from schemas.redaction import Kind, SecretKind

SECRET_KINDS: frozenset[str] = frozenset(get_args(SecretKind))

LABELS: dict[Kind, tuple[str, str]] = {
    "access_key": ("access-key", "ak"),
    "token": ("token", "tok"),
    "password": ("password", "pw"),
    "private_key": ("private-key", "pk"),
    "card_number": ("card-number", "pan"),
    "security_code": ("security-code", "cvv"),
    "pin": ("pin", "pin"),
    "one_time_code": ("one-time-code", "otp"),
    "session": ("session", "sid"),
    "webhook_url": ("webhook-url", "wh"),
    "person": ("person", "per"),
    "email": ("email", "em"),
    "phone": ("phone", "ph"),
    "iban": ("iban", "ib"),
    "ip_address": ("ip-address", "ip"),
    "id_number": ("id-number", "idn"),
}
"""The name in a placeholder, and a shorter one where that does not fit."""

_WORDS: dict[Kind, tuple[str, str]] = {
    "pin": ("PIN", "PINs"),
    "iban": ("IBAN", "IBANs"),
    "email": ("e-mail address", "e-mail addresses"),
    "phone": ("phone number", "phone numbers"),
    "ip_address": ("IP address", "IP addresses"),
    "id_number": ("identity number", "identity numbers"),
    "webhook_url": ("webhook address", "webhook addresses"),
    "session": ("session", "sessions"),
    "person": ("name", "names"),
}


def counted(kind: Kind, count: int) -> str:
    """`2 access keys`."""
    words = kind.replace("_", " ")
    one, many = _WORDS.get(kind, (words, f"{words}s"))
    return f"{count} {one if count == 1 else many}"
