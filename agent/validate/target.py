"""What each target needs beyond the common lines (the seed's "What to include"), and need to know (policy 4)."""

from agent.notation import identifiers, quoted_strings
from schemas.brief import Brief, TargetLabel
from schemas.decision import Decision
from schemas.escalation import Finding
from schemas.vocabulary import OWNER_LABEL, Owner

_REQUIRED: dict[str, tuple[TargetLabel, ...]] = {
    "l2_support": ("Customer context",),
    "engineering": ("Customer timeline", "Logs or errors"),
    "product": ("Customer use case", "Frequency of request", "Competitive pressure"),
    "security": ("Observed", "Potentially affected", "Containment so far", "Urgency"),
    "leadership": ("Business context", "Decision needed"),
}
_SECTION: dict[TargetLabel, str] = {
    "Customer context": "IMPACT",
    "Potentially affected": "IMPACT",
    "Urgency": "IMPACT",
    "Business context": "IMPACT",
    "Customer use case": "IMPACT",
    "Frequency of request": "IMPACT",
    "Competitive pressure": "IMPACT",
    "Observed": "ISSUE DESCRIPTION",
    "Containment so far": "WHAT'S BEEN TRIED",
    "Customer timeline": "CUSTOMER COMMUNICATION",
    "Decision needed": "WHAT'S NEEDED",
    "Logs or errors": "SUPPORTING CONTEXT",
}
LABELS: tuple[TargetLabel, ...] = tuple(_SECTION)


def required_labels(owner: Owner | None) -> tuple[TargetLabel, ...]:
    """Labels of the lines that this owner needs, in the order in which they are printed."""
    return _REQUIRED.get(owner or "", ())


def section_of(label: TargetLabel) -> str:
    """Heading of the section in which the labelled line stands."""
    return _SECTION[label]


def check_target(brief: Brief, decision: Decision) -> list[Finding]:
    """Lines for the target, leadership's own asks, and that leadership learns no details of a security matter."""
    present = {line.label for line in brief.target_lines if line.text.strip()}
    who = OWNER_LABEL.get(decision.owner or "", "the target")
    found = [
        Finding(
            code="target_line_missing",
            place=section_of(label),
            expected=f"{who} needs a line '{label}'; write 'Unknown' if nobody knows",
        )
        for label in required_labels(decision.owner)
        if label not in present
    ]
    informed = decision.leadership and decision.owner != "leadership"
    asks = [ask for ask in brief.leadership_asks if ask.strip()]
    if informed and not asks:
        found.append(
            Finding(
                code="leadership_asks_missing",
                place="WHAT'S NEEDED: Leadership",
                expected="leadership is co-target: say what it must decide or do, with the impact only",
            )
        )
    if not informed and asks:
        found.append(
            Finding(
                code="leadership_asks_unwanted",
                place="WHAT'S NEEDED: Leadership",
                found=asks[0][:200],
                expected="nothing here: leadership is no co-target of this decision",
            )
        )
    if informed and decision.owner == "security":
        found += _need_to_know(asks)
    return found


_DETAILS = {"url", "email", "path", "hex", "uuid", "symbol", "ticket"}


def _need_to_know(asks: list[str]) -> list[Finding]:
    found = []
    for number, ask in enumerate(asks, 1):
        details = [quote.text for quote in quoted_strings(ask) if " " in quote.text.strip()]
        details += [token.text for token in identifiers(ask) if token.kind in _DETAILS and not _is_case_id(token.text)]
        if details:
            found.append(
                Finding(
                    code="need_to_know",
                    place=f"WHAT'S NEEDED: Leadership {number}",
                    found=details[0][:200],
                    expected="only Security is told the details: give leadership the impact and the decision",
                )
            )
    return found


def _is_case_id(token: str) -> bool:
    """A ticket's own number is how leadership refers to the matter, not a detail of it."""
    head = token.split("-")[0].lstrip("#")
    return token.startswith("#") or (head.isalpha() and head.isupper() and len(head) <= 8)
