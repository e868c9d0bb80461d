"""Which side a label such as `Customer (Jane)` or `Internal note (Tom, L2)` names. Conservative: else `unknown`."""

import re
from dataclasses import dataclass
from functools import lru_cache

from agent.readers.wordlist import words
from schemas.ticket import Speaker

_PHRASES: dict[Speaker, str] = {
    "customer": "customer|client|end user|end-user|enduser|user|requester|kunde|kundin|cliente|お客様",
    "support": (
        "support|agent|staff|helpdesk|help desk|service desk|servicedesk|customer support|customer service|"
        "customer care|customer success|customer success manager|client services|technical support|tech support|"
        "support agent|support engineer|support team|support staff|support specialist|support lead|support manager|"
        "account manager|account executive|csm|tam|"
        "l1|l2|l3|l1 support|l2 support|l3 support|"
        "support l1|support l2|support l3|tier 1|tier 2|tier 3|tier 1 support|"
        "tier 2 support|engineering|kundenservice|kundendienst|soporte|supporto|サポート|"
        "internal note|internal comment|internal|private note|staff note|agent note|interne notiz|note interne|"
        "nota interna|内部メモ"
    ),
    "system": "system|automation|auto-reply|autoresponder|bot|monitoring|crm panel",
    "other": "other|third party|partner|reseller",
}
ROLES: dict[str, Speaker] = {phrase: speaker for speaker, text in _PHRASES.items() for phrase in text.split("|")}
"""A whole label, casefolded, to its speaker. Only whole labels count: 'System Administrator' may be the customer's."""

ROLE_WORD = "|".join(re.escape(phrase) for phrase in sorted(ROLES, key=len, reverse=True))

_INTERNAL = re.compile(
    r"(?:internal|private|staff|interne?|interna)(?: (?:note|comment|notiz))?|内部メモ", re.IGNORECASE
)
_LABEL = re.compile(
    r"(?P<base>[^()\[\]\n]{1,60}?) ?(?:\((?P<paren>[^()\n]{1,80})\))?(?: ?[,–—-] ?(?P<tail>[^()\[\]\n]{1,40}))?"
)
_TITLED = re.compile(r"(?P<title>Agent|Support|Customer) (?P<name>[^\W\d_][\w.'’-]{0,30}(?: [^\W\d_][\w.'’-]{0,30})?)$")
_NAME = re.compile(r"[^\W\d_][\w.'’-]{0,30}(?: [^\W\d_][\w.'’-]{0,30}){0,4}$")
# A word that follows 'Customer' or 'Agent' in a heading without being somebody's name.
_NOT_A_NAME = words(
    "account agent app area bug case case-id center centre code contact data email error feedback history id "
    "impact info information issue log login name notes number phone plan portal problem request requests "
    "response services since site statement story success summary system team ticket tickets tier timeline type "
    "update"
)
_NOT_A_SPEAKER = words(
    "critical debug err error exception fatal fine hint info log notice panic severe status trace verbose warn warning"
)


@dataclass(frozen=True, slots=True)
class Label:
    """Who a header names."""

    speaker: Speaker
    author: str | None
    internal: bool = False


@lru_cache(maxsize=4096)
def read_label(text: str) -> Label | None:
    """The side and the person that a header label names; None where it cannot be a person or a role."""
    text = text.strip(" \t*_#")
    match = _LABEL.fullmatch(text)
    if match is None:
        return None
    base, paren, tail = match["base"].strip(" *_"), match["paren"], match["tail"]
    internal = any(part and _INTERNAL.fullmatch(part.strip()) for part in (base, tail, *(paren or "").split(",")))
    speaker = ROLES.get(base.casefold())
    if speaker is not None:
        if internal and speaker == "customer":
            speaker = "unknown"  # the customer cannot write a note that the customer does not see
        return Label(speaker, _person(paren) or _person(tail), internal)
    if titled := _TITLED.match(base):
        if titled["name"][0].islower() or titled["name"].split()[0].casefold() in _NOT_A_NAME:
            return None  # 'Support will answer', 'Customer Portal'
        return Label("customer" if titled["title"] == "Customer" else "support", titled["name"], internal)
    if not _NAME.match(base) or base.split()[0].casefold() in _NOT_A_SPEAKER:
        return None
    if base[0].islower():  # 'kernel', 'sshd': a process rather than a person
        return None
    # 'Jane (Support)': only a bare role in brackets is the source's word; 'Jane (Acme Support)' is a company.
    for part in (*(paren or "").split(","), tail or ""):
        if named := ROLES.get(part.strip().casefold()):
            return Label(named, base, internal)
    return Label("unknown", f"{base} ({paren.strip()})" if paren else base, internal)


def _person(text: str | None) -> str | None:
    names = [part.strip() for part in (text or "").split(",")]
    names = [name for name in names if name and name.casefold() not in ROLES and not _INTERNAL.fullmatch(name)]
    return names[0] if names and _NAME.match(names[0]) else None
