"""The facts as the brief uses them: claims that stand, in the order of their weight, quoted on one line."""

from collections.abc import Iterable, Sequence

from agent.backends.offline.wording import say
from schemas.decision import Decision
from schemas.facts import Claim, Facts

LONGEST = 220  # code points of one quote in the brief


def standing(claims: Iterable[Claim], *kinds: str) -> tuple[Claim, ...]:
    """Claims that count or are reported, of these kinds (all kinds if none is named)."""
    return tuple(c for c in claims if c.status in {"counts", "reported"} and (not kinds or c.kind in kinds))


def weighted(facts: Facts, decision: Decision) -> tuple[Claim, ...]:
    """The claims behind the decision first, the deciding rule's before the others', then what else describes it."""
    by_id = {claim.id: claim for claim in facts.claims()}
    order: list[Claim] = []
    rules = sorted(decision.rules, key=lambda rule: {"decides": 0, "fired": 1, "overridden": 2}[rule.state])
    for rule in rules:
        order += [by_id[name] for name in rule.claims if name in by_id]
    order += standing(facts.issues)
    order += standing(facts.reproduction, "actual")
    order += standing(facts.signals)
    order += standing(facts.scopes)
    order += standing(facts.measures, "started", "users_affected", "records_affected", "error_message")
    order += standing(facts.workarounds)
    seen: set[str] = set()
    kept: list[Claim] = []
    for claim in order:
        words = line(claim.quote)
        if claim.status not in {"counts", "reported"} or any(words in other or other in words for other in seen):
            continue
        seen.add(words)
        kept.append(claim)
    return tuple(kept)


def line(text: str) -> str:
    """On one line, without the marks that would end the quotation."""
    flat = " ".join(text.replace("“", '"').replace("”", '"').split())
    flat = flat.rstrip(" .!?:;,。！？")
    if len(flat) <= LONGEST:
        return flat
    cut = flat.rfind(" ", 0, LONGEST)
    return flat[: cut if cut > 0 else LONGEST].rstrip(" ,;:") + " …"


def said(claim: Claim, *, again: bool = False) -> str:
    """`The customer reports: “…”.`; `again` for what follows a quotation of the same voice."""
    return say("adds" if again else "said", claim.asserted_by, quote=line(claim.quote))


def values(claims: Sequence[Claim]) -> str:
    """Values in a row, each once; what only somebody unentitled says is marked (policy 2.5)."""
    shown: list[str] = []
    for claim in claims:
        value = line(claim.value or claim.quote)
        mark = " (reported, not confirmed)" if claim.status == "reported" else ""
        if value and value + mark not in shown:
            shown.append(value + mark)
    return "; ".join(shown)
