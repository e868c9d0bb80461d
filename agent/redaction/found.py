"""One secret in a text."""

from dataclasses import dataclass

from schemas.redaction import Kind


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """Where a secret stands, in code points, and what it is."""

    start: int
    end: int
    kind: Kind
