"""Which claims a person's correction means: the next reading may cut, place or name the same words a little otherwise.

What is taken back stays in the ticket, is shown as withdrawn, fires nothing and replaces nothing.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from agent.grounding.fold import fold_text, stands_in
from agent.grounding.newest import same_value
from schemas.facts import Claim
from schemas.vocabulary import GROUP_OF

if TYPE_CHECKING:
    from schemas.chat import Correction

_ALIVE = ("counts", "reported")


def corrected(claims: list[Claim], corrections: "Sequence[Correction]") -> list[Claim]:
    """The claims of one group with every one withdrawn that a correction means."""
    for correction in corrections:
        reason = f"taken back by {correction.by}: {correction.why}"
        for claim in _meant(correction, claims):
            if claim.status in _ALIVE:
                changed = claim.model_copy(update={"status": "withdrawn", "reason": reason})
                claims = [changed if other is claim else other for other in claims]
    return claims


def _meant(correction: "Correction", claims: list[Claim]) -> list[Claim]:
    """The nearest claims: of the kind at its place, else by the same words elsewhere, else a sibling's."""
    group = [claim for claim in claims if claim.group == correction.group and claim.evidence is not None]
    own = [claim for claim in group if claim.kind == correction.kind]
    # One signal is not read as another of its group while its own kind stands there, whatever became of it.
    siblings = [claim for claim in group if _is_sibling(claim.kind, correction)]
    roads: tuple[tuple[list[Claim], Callable[[Correction, Claim], bool]], ...] = (
        (own, _same_place),
        (own, _same_words),
        (siblings, _same_words),
    )
    for candidates, fits in roads:
        found = [claim for claim in candidates if fits(correction, claim)]
        if found:
            return _alike(correction, found)
    return []


def _is_sibling(kind: str, correction: "Correction") -> bool:
    if correction.group != "signal" or kind == correction.kind:
        return False
    return correction.kind in GROUP_OF and GROUP_OF.get(kind) == GROUP_OF[correction.kind]


def _same_place(correction: "Correction", claim: Claim) -> bool:
    evidence = claim.evidence
    return evidence is not None and correction.start < evidence.end and evidence.start < correction.end


def _same_words(correction: "Correction", claim: Claim) -> bool:
    """Whether one quote is the other, or most of it."""
    short, long = sorted((fold_text(correction.quote), fold_text(claim.quote)), key=len)
    return 2 * len(short) >= len(long) and stands_in(short, long)


def _alike(correction: "Correction", claims: list[Claim]) -> list[Claim]:
    """Of several by the same words those that say the same; none that says something else which stands there too.

    A session of before values were kept with a correction means all of them.
    """
    pairs = (("value", correction.value), ("subject", correction.subject))
    left = claims
    for name, said in pairs:
        if said is not None:
            left = [claim for claim in left if not _another(said, getattr(claim, name), correction.quote)]
            left = [claim for claim in left if same_value(said, getattr(claim, name))] or left
    return [claim for claim in left if claim.issue == correction.issue] or left


def _another(one: str, other: str, quote: str) -> bool:
    """Whether both stand in the quote side by side, as two error codes do: then one is not the other reworded."""
    if same_value(one, other) or not (stands_in(one, quote) and stands_in(other, quote)):
        return False
    return not (stands_in(one, other) or stands_in(other, one))
