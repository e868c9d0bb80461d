"""The head of a text ticket: `Ticket:`, `Subject:`, `Opened:`, `From:` lines before the first message."""

import re
from dataclasses import dataclass
from datetime import datetime

from agent.readers.times import parse_time
from agent.readers.wordlist import words

_ID = frozenset({"ticket", "ticket id", "ticket no", "ticket number", "case", "case id", "case number", "issue", "id"})
_SUBJECT = frozenset({"subject", "title", "summary", "betreff", "objet", "asunto", "件名"})
_OPENED = frozenset(
    {"opened", "created", "created at", "opened at", "date", "sent", "received", "datum", "gesendet", "reported"}
)
_REPORTER = frozenset({"reporter", "requester", "from", "reported by", "opened by", "von", "de"})
_OTHER = frozenset(
    {
        *(
            "to",
            "cc",
            "an",
            "à",
            "para",
            "reply-to",
            "status",
            "state",
            "priority",
            "severity",
            "type",
            "channel",
            "via",
        ),
        *(
            "account",
            "company",
            "organization",
            "organisation",
            "customer",
            "plan",
            "tier",
            "arr",
            "contract",
            "region",
        ),
        *(
            "environment",
            "product",
            "component",
            "version",
            "tags",
            "labels",
            "group",
            "queue",
            "assignee",
            "assigned to",
        ),
        *("attachments", "attachment", "sla", "sla due", "due", "updated", "updated at", "contact", "email", "brand"),
    }
)
HEAD_KEYS = _ID | _SUBJECT | _OPENED | _REPORTER | _OTHER
_DESK_MARKS = frozenset(
    {"opened", "created", "created at", "opened at", "status", "state", "priority", "requester", "reporter", "assignee"}
)
_DESK = _DESK_MARKS | _ID
_MAX_LINES = 80

_KEY_LINE = re.compile(
    r"[ \t]{0,3}(?:[-*+] )?[*_#]{0,4} ?(?P<key>[^\W\d_][^\n:*_]{0,40}?)[*_]{0,2} ?[::][*_]{0,2}"
    r"(?:[ \t]+(?P<value>[^\n]*))?$"
)
_TICKET_LINE = re.compile(
    r"#{0,3} ?(?:Ticket|Case|Issue) #?(?P<id>[A-Z]{0,10}-?\d{1,12})\b ?[:—–-]? ?(?P<subject>[^\n]{0,300})$"
)
_ID_VALUE = re.compile(r"#?(?:[A-Za-z][\w.]{0,15}[-_/ #])?[\w.-]{0,40}\d[\w.-]{0,40}$")
_RULE = re.compile(r"[-=_*]{3,}$")


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says. `end` is the first code point after it; `desk`: it is a help desk's, not a mail's."""

    end: int = 0
    id: str | None = None
    subject: str | None = None
    reporter: str | None = None
    opened: datetime | None = None
    attachments: tuple[str, ...] = ()
    desk: bool = False
    found: bool = False


def read_head(text: str) -> Head:
    """Read the key lines at the top. The first line with a key wins: a later one may be the customer's own text."""
    fields: dict[str, str] = {}
    position = end = 0
    for count, line in enumerate(text[:20_000].split("\n")):
        stop = min(position + len(line) + 1, len(text))
        stripped = line.strip()
        if not stripped:
            if fields:
                break
        elif count >= _MAX_LINES:
            break
        elif named := _TICKET_LINE.match(stripped):
            fields.setdefault("ticket", named["id"])
            if named["subject"].strip():
                fields.setdefault("subject", named["subject"].strip())
            end = stop
        elif (match := _KEY_LINE.match(line)) and _known(match["key"], match["value"] or "", fields):
            if match["key"].strip().casefold() == "customer" and _is_message(text, stop, match["value"], fields):
                break
            fields.setdefault(match["key"].strip().casefold(), (match["value"] or "").strip())
            end = stop
        elif fields.keys() & _DESK and line[0] in " \t":
            end = stop  # continuation of the line above
        elif not _RULE.match(stripped):
            break
        else:
            end = stop if fields else end
        position = stop
    if not fields or not fields.keys() & HEAD_KEYS:
        return Head()
    return _head(fields, end)


def _known(key: str, value: str, fields: dict[str, str]) -> bool:
    folded = key.strip().casefold()
    if folded in HEAD_KEYS:
        return True
    # In a help desk's head short custom fields ('Android SDK: 3.2') may follow; what people write themselves
    # ('Problem: …') belongs to a message, and so do roles.
    own = len(folded) <= 30 and len(value) <= 120 and not _ROLE.match(folded) and folded not in _PROSE
    return own and bool(fields.keys() & _DESK)


_PROSE = words(
    "description problem details message body text comment comments question request note notes steps expected actual "
    "error hi hello ps edit update"
)
_ROLE = re.compile(r"(?:support|agent|staff|internal|private note|system|client|user|kunde|soporte|cliente)\b")
_NEXT_ROLE = re.compile(r"\n?[ \t]*[*_#]{0,3}(?:Support|Agent|Staff|Internal|System|Help ?desk)\b[^\n:]{0,80}:")


def _is_message(text: str, stop: int, value: str | None, fields: dict[str, str]) -> bool:
    """`Customer: Acme` among fields is one; `Customer: it fails`, alone or before `Support: …`, is a message."""
    if not value or _NEXT_ROLE.match(text, stop):
        return True
    following = _KEY_LINE.match(text[stop : stop + 400].split("\n", 1)[0])
    return not fields and (following is None or not _known(following["key"], "", {}))


def _head(fields: dict[str, str], end: int) -> Head:
    def first(keys: frozenset[str]) -> str | None:
        return next((value[:500] for key, value in fields.items() if key in keys and value), None)

    ticket = next((value for key, value in fields.items() if key in _ID and _ID_VALUE.match(value)), None)
    files = fields.get("attachments") or fields.get("attachment") or ""
    return Head(
        end=end,
        id=ticket.lstrip("#")[:100] if ticket else None,
        subject=first(_SUBJECT),
        reporter=first(_REPORTER),
        opened=parse_time(first(_OPENED)),
        attachments=tuple(name.strip()[:200] for name in files.split(",") if name.strip())[:100],
        desk=ticket is not None or bool(fields.keys() & _DESK_MARKS),
        found=True,
    )
