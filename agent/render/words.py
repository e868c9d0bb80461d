"""How decisions, times and claims are said in plain words. One wording for all formats."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.vocabulary import OWNER_LABEL, SIGNALS, Outcome, Owner, Severity

if TYPE_CHECKING:
    from schemas.context import Context
    from schemas.decision import Decision
    from schemas.escalation import Provenance, Usage
    from schemas.facts import Claim

LONGEST_QUOTE = 300
"""Characters of a quote shown outside the ticket; the whole quote stands in the JSON and in the HTML ticket."""

STATUS_WORDS: dict[str, str] = {
    "counts": "Counts",
    "reported": "Reported, not confirmed",
    "disputed": "Disputed",
    "withdrawn": "Withdrawn",
    "superseded": "Superseded",
    "ungrounded": "Not in the ticket",
    "instruction": "Inside an instruction",
}
ASKED: dict[str, str] = {"customer": "Customer", "support": "Support", "account_team": "Account team"}
_ASSERTER: dict[str, str] = {
    "customer": "customer",
    "support": "support",
    "system": "system",
    "quoted": "quoted text",
}
_SLA: dict[str, str] = {"breached": "Breached", "at_risk": "At risk", "within": "Within SLA", "unknown": "Unknown"}
# As a word of its own: inside a link or a file's name it stands as it is.
_NAMES = re.compile(rf"(?<![\w./@#-])(?:{'|'.join(sorted(name for name in SIGNALS if '_' in name))})(?![\w/@#-]|\.\w)")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def zone_of(context: Context) -> tzinfo | None:
    """The zone in which the readers of the result work; None: leave each time in its own."""
    if context.calendar is None:
        return None
    try:
        return ZoneInfo(context.calendar.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None  # the policy reports an unknown zone; a report must still come out


def when(moment: datetime, zone: tzinfo | None = None) -> str:
    """Such as `Mon 2025-03-24 17:00 CET`; a time without a zone is shown without one."""
    local = moment.astimezone(zone) if zone is not None and moment.tzinfo is not None else moment
    name = local.tzname() or ""
    if name[:1] in {"+", "-"}:
        name = f"UTC{name}"
    return f"{_DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M} {name}".rstrip()


def owner_label(owner: Owner | None) -> str:
    """The team's name in the seed's words."""
    return OWNER_LABEL[owner] if owner is not None else "nobody"


def severity_label(severity: Severity | None) -> str:
    """`Critical`, `High`, `Medium`, or `None` where the decision has no severity."""
    return severity.capitalize() if severity is not None else "None"


def target(decision: Decision) -> str:
    """The brief's target line, such as `Engineering (via L2 Support); Leadership informed`."""
    words = owner_label(decision.owner)
    if decision.next_hop is not None and decision.next_hop != decision.owner:
        words += f" (via {owner_label(decision.next_hop)})"
    if decision.leadership and decision.owner != "leadership":
        words += "; Leadership informed"
    return words


def outcome(decision: Decision) -> str:
    """The decision in one line, without its severity."""
    if decision.outcome == "handle":
        return "Handle in support: no escalation"
    if decision.outcome == "needs_info":
        return "Ask first: what decides is not known yet"
    return f"Escalate to {target(decision)}"


def view(outcome_: Outcome, owner: Owner | None, severity: Severity | None) -> str:
    """A decision in a few words, such as `escalate, Engineering, High`."""
    parts = [outcome_.replace("_", " ")]
    if owner is not None:
        parts.append(owner_label(owner))
    if severity is not None:
        parts.append(severity_label(severity))
    return ", ".join(parts)


def sla(decision: Decision) -> str:
    """The SLA state with its arithmetic."""
    state = _SLA[decision.sla.state]
    if decision.sla.source == "stated":
        state += " (as stated)"
    return f"{state}: {decision.sla.explanation}" if decision.sla.explanation else state


def clip(text: str) -> str:
    """A quote short enough to read; what was cut is said."""
    text = text.strip()
    if len(text) <= LONGEST_QUOTE:
        return text
    return f"{text[:LONGEST_QUOTE].rstrip()} … [{len(text) - LONGEST_QUOTE} more characters]"


def plain(text: str) -> str:
    """The same words with the names of signals as people write them: `service_down` is "service down"."""
    return _NAMES.sub(lambda name: name[0].replace("_", " "), text)


def claim_label(claim: Claim) -> str:
    """What a claim says, such as `data loss`, `users affected: 120` or `person: Jana Weiss (engineer)`."""
    kind = claim.kind.replace("_", " ")
    if claim.group == "attempt":
        return f"tried: {claim.subject}" + (f" → {claim.value}" if claim.value else "")
    if claim.group == "person":
        return f"person: {claim.subject}" + (f" ({claim.value})" if claim.value else "")
    if claim.group == "account":
        return f"account {claim.subject}: {kind}" + (f" {claim.value}" if claim.value else "")
    if claim.group in {"workaround", "scope"}:
        return f"{claim.group}: {(claim.value or claim.kind).replace('_', ' ')}"
    if claim.group == "signal":
        return kind
    return f"{kind}: {claim.value}" if claim.value else kind


def who(claim: Claim, zone: tzinfo | None = None) -> str:
    """Who says it and when, such as `support, Mon 2025-03-24 09:12 UTC`."""
    said = _ASSERTER[claim.asserted_by]
    if claim.evidence is not None and claim.evidence.time is not None:
        said += f", {when(claim.evidence.time, zone)}"
    return said


def provenance(made_by: Provenance, usage: Usage) -> str:
    """One line: what made this result and what it cost."""
    parts = [f"Made by {made_by.backend}" + (f" ({made_by.model})" if made_by.model else "")]
    parts.append(f"policy {made_by.policy_version}")
    parts.append(f"version {made_by.version}")
    parts.append(f"{usage.calls} model call{'' if usage.calls == 1 else 's'}")
    if usage.calls:
        cached = f" ({usage.cache_read_tokens:,} read from the cache)" if usage.cache_read_tokens else ""
        read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        parts.append(f"{read:,} tokens in{cached}, {usage.output_tokens:,} out")
        if usage.repairs:
            parts.append(f"{usage.repairs} repair{'' if usage.repairs == 1 else 's'}")
    return "; ".join(parts)
