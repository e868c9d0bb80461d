"""Who says a claim, and whether that is enough (policy 2.5, 2.6). Code may only lower an authority, never raise it."""

from agent.grounding.places import Place
from schemas.facts import Group, Status
from schemas.ticket import Ticket
from schemas.vocabulary import GROUP_OF, Asserter

# "This needs a code fix" is as little a confirmation from a customer as "this is a bug" (policy 2.5).
GATED_SIGNALS = frozenset(
    {"bug_confirmed", "code_change_needed", "bug_tracked", "sla_breached", "sla_at_risk", "repeat_reports"}
)
GATED_MEASURES = frozenset(
    {
        "customers_affected",
        "other_customers_affected",
        "customers_same_cause",
        "other_customers_same_cause",
        "revenue_at_risk",
    }
)
GATED_ACCOUNT_FACTS = frozenset({"annual_value", "plan", "same_symptoms", "same_cause"})
_SAID_BY_ANYONE = frozenset({"secret_in_ticket", "instruction_in_ticket"})
_STAFF: tuple[Asserter, ...] = ("support", "system")
ATTRIBUTED = "attributed to "
"""How the reason of a claim begins that was given to somebody else than the report did."""
_WHO = {"customer": "the customer", "support": "support", "system": "the system", "quoted": "quoted text"}


def attribute(ticket: Ticket, place: Place, claimed: Asserter) -> tuple[Asserter, str]:
    """The asserter after the ticket's structure was consulted, and why it is lower than the reported one."""
    if claimed not in _STAFF:
        return claimed, ""
    if place.in_head:
        if place.by_reporter:
            return "customer", _lowered(claimed, "customer", "the reporter filled in this line")
        return claimed, ""
    if not ticket.messages and not place.quoted:
        return claimed, ""
    if place.quoted and place.speaker not in _STAFF:
        return "quoted", _lowered(claimed, "quoted", "it stands in a quoted part")
    # From an export `other` is a passer-by; in plain text it is a name that may well be staff's.
    if place.speaker == "other" and ticket.format not in ("text", "markdown"):
        return "customer", _lowered(claimed, "customer", "its author is neither staff nor a system")
    if place.speaker == "customer":
        return "customer", _lowered(claimed, "customer", "it stands in the customer's message")
    return claimed, ""


def own_asserter(place: Place) -> Asserter:
    """Who says a claim for which the report names nobody: the place alone tells."""
    if place.quoted or place.machine:
        return "quoted"
    if place.in_head:
        return "customer" if place.by_reporter else "system"
    if place.speaker == "support":
        return "support"
    return "system" if place.speaker == "system" else "customer"


def gate(group: Group, kind: str, asserter: Asserter) -> tuple[Status, str]:
    """`counts`, or `reported` where this asserter is not enough for this kind of claim."""
    gated = (
        (group == "signal" and kind in GATED_SIGNALS)
        or (group == "measure" and kind in GATED_MEASURES)
        or (group == "account" and kind in GATED_ACCOUNT_FACTS)
    )
    if gated and asserter not in _STAFF:
        return "reported", f"reported by {_WHO[asserter]}, not confirmed"
    if asserter == "quoted" and group in ("signal", "workaround", "scope"):
        # Security is the one owner for which suspicion is enough (policy 4, first note).
        suspicion = group == "signal" and (GROUP_OF[kind] == "security" or kind in _SAID_BY_ANYONE)
        if not suspicion:
            return "reported", "reported by quoted text, not confirmed"
    return "counts", ""


def _lowered(claimed: Asserter, given: Asserter, why: str) -> str:
    return f"{ATTRIBUTED}{_WHO[given]} instead of {_WHO[claimed]}: {why}"
