"""Claims that a person took back: still in the ticket, shown as withdrawn, and firing nothing."""

from collections.abc import Sequence

from schemas.chat import Correction
from schemas.facts import Claim, Facts

GROUPS = (
    "issues",
    "signals",
    "workarounds",
    "scopes",
    "measures",
    "accounts",
    "people",
    "attempts",
    "reproduction",
    "references",
)


def corrected(facts: Facts, corrections: Sequence[Correction]) -> Facts:
    """The facts with every claim withdrawn that one of the corrections means."""
    if not corrections:
        return facts
    changes = {name: tuple(_withdrawn(claim, corrections) for claim in getattr(facts, name)) for name in GROUPS}
    return facts.model_copy(update=changes)


def _withdrawn(claim: Claim, corrections: Sequence[Correction]) -> Claim:
    meant = next((correction for correction in corrections if _means(correction, claim)), None)
    if meant is None or (claim.status != "counts" and claim.status != "reported"):
        return claim
    return claim.model_copy(update={"status": "withdrawn", "reason": f"taken back by {meant.by}: {meant.why}"})


def _means(correction: Correction, claim: Claim) -> bool:
    """A later reading may cut the quote a little differently, so the place decides and not the words alone."""
    if (correction.group, correction.kind) != (claim.group, claim.kind) or claim.evidence is None:
        return False
    return correction.start < claim.evidence.end and claim.evidence.start < correction.end
