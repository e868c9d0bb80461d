"""What the checks of traceability share: what they check against, and the finding that they give."""

from dataclasses import dataclass
from datetime import datetime

from agent.validate.derive import Proven
from agent.validate.fields import Field
from agent.validate.sources import Sources
from schemas.escalation import Finding

STANDS = "stands in the ticket, context or decision, in any usual notation; else leave it out or write 'Unknown'"


@dataclass(frozen=True, slots=True)
class Check:
    """What one field is checked against. `limit`: until when plans are free; None leaves them all free.

    `translated`: the ticket is not in English, so that places and terms come out under other names ("Österreich").
    """

    sources: Sources
    proven: Proven
    limit: datetime | None
    translated: bool = False


def finding(code: str, part: Field, found: str, expected: str, blocking: bool = True) -> Finding:
    """A finding in this field."""
    return Finding(code=code, place=part.place, found=found[:200], expected=expected, blocking=blocking)
