"""Which column is which part of a ticket: by `--column FIELD=COLUMN`, else by the names that help desks use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import BadInput

TICKET_FIELDS = ("id", "subject", "text", "speaker", "reporter", "opened")
CONTEXT_FIELDS = (
    "tier",
    "account",
    "annual_value",
    "currency",
    "plan",
    "renewal_date",
    "sla_started",
    "sla_due",
)
FIELDS = TICKET_FIELDS + CONTEXT_FIELDS
SIDES = ("customer", "support", "system", "other", "unknown")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


# Per field the usual names, the surest first: exports of Zendesk, Freshdesk, HubSpot, ServiceNow, Jira and home-made
# ones. Only what a ticket itself says is guessed: a wrong tier or SLA would change decisions in silence.
_USUAL = {
    "id": "ticket id|ticket number|ticket no|ticket key|issue key|case number|case id|conversation id|number|key|id|"
    "record id|issue id|sys id|reference|ref|ticket",
    "subject": "subject|short description|ticket subject|ticket name|title|summary|raw subject|issue title",
    "text": "description|ticket description|issue description|problem description|body|ticket body|text|ticket text|"
    "message|messages|content|details|question|first message|initial message|conversation|conversations|transcript|"
    "thread",
    "reporter": "reporter|requester|requester name|caller|caller id|customer name|contact name|full name|reported by|"
    "opened by|requester email|customer email|contact email|from|email|contact",
    "opened": "opened|opened at|created at|created|created time|create date|created date|creation date|created on|"
    "date created|submitted at|reported at|requested at|timestamp|date",
}
_ALSO_TEXT = _names(
    "comments|comment|additional comments|comments and work notes|work notes|public comments|replies|notes|"
    "all comments|conversation history"
)
# What may stand above the messages as lines of the ticket's head, as the readers of JSON exports show it.
_HEAD_LINES = _names(
    "status|state|priority|urgency|impact|severity|type|ticket type|issue type|category|subcategory|channel|source|via|"
    "tags|labels|group|assignment group|company|company name|organization|organisation|account|account name|product|"
    "component|components|version|environment|plan|region|ticket status|pipeline|ticket owner|assignee"
)
# Fields that one person fills in. Any other column of text may hold a whole conversation.
_ONE_HAND = _names(
    "description|ticket description|issue description|problem description|short description|subject|title|summary|"
    "body|ticket body|message|details|question|first message|initial message"
)
_SHOWN = 30  # names of columns in a message


@dataclass(frozen=True, slots=True)
class Mapping:
    """For one header: the positions of the columns of each field. `side`: who speaks in every row, if that was said."""

    header: tuple[str, ...]
    fields: dict[str, tuple[int, ...]]
    head_lines: tuple[int, ...]
    guessed: frozenset[str]
    side: str | None = None

    def sentence(self) -> str:
        """What is read from where, for people."""
        parts = []
        for field in FIELDS:
            if field in self.fields:
                names = dict.fromkeys(shown_name(self.header[at]) for at in self.fields[field])
                parts.append(f"{field} from {' and '.join(names)}{' (guessed)' if field in self.guessed else ''}")
        if self.side:
            parts.append(f"all said by {self.side}")
        lines = ", ".join(dict.fromkeys(shown_name(self.header[at]) for at in self.head_lines))
        return f"columns: {'; '.join(parts)}" + (f"; as lines of the head {lines}" if lines else "")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the flags say, in their order. An empty column means: leave this field out, do not guess it."""

    named: tuple[tuple[str, str], ...] = ()

    def mapping(self, header: Sequence[str]) -> Mapping:
        """The columns of this header. One that is not there is left out; `missing` tells which."""
        header = tuple(header)
        folded = [_folded(name) for name in header]
        fields: dict[str, tuple[int, ...]] = {}
        side = None
        for field, column in self.named:
            if not column:
                continue
            found = _find(header, folded, column)
            if not found and field == "speaker" and column in SIDES:
                side = column
            elif found:
                fields[field] = fields.get(field, ()) + found
        said = {field for field, _ in self.named}
        used = {at for found in fields.values() for at in found}
        guessed = _guess(folded, said, used)
        fields |= guessed
        used = {at for found in fields.values() for at in found}
        lines = tuple(at for at, name in enumerate(folded) if name in _HEAD_LINES and at not in used)
        return Mapping(header, fields, lines, frozenset(guessed), side)

    def missing(self, header: Sequence[str]) -> list[str]:
        """The columns that were named and that this header does not have."""
        header = tuple(header)
        folded = [_folded(name) for name in header]
        return [
            column
            for field, column in self.named
            if column and not _find(header, folded, column) and not (field == "speaker" and column in SIDES)
        ]


def parse_columns(flags: Sequence[str]) -> Columns:
    """`FIELD=COLUMN` as given on the command line. Raises BadInput for what is no field, and for one given twice."""
    named: list[tuple[str, str]] = []
    for flag in flags:
        field, sign, column = flag.partition("=")
        field = field.strip().casefold().replace("-", "_")
        if not sign or field not in FIELDS:
            raise BadInput(f"--column {flag[:80]!r}: expected FIELD=COLUMN, where FIELD is one of {', '.join(FIELDS)}")
        if field != "text" and field in {known for known, _ in named}:
            raise BadInput(f"--column {flag[:80]!r}: {field} was given before; only text may come from several columns")
        named.append((field, column.strip()))
    return Columns(tuple(named))


def holds_thread(column: str) -> bool:
    """Whether a column of this name may hold messages of several people under headers of their own."""
    return _folded(column) not in _ONE_HAND


def unknown_columns(where: str, missing: Sequence[str], header: Sequence[str]) -> BadInput:
    """The error for columns that were named and do not exist."""
    named = " and ".join(repr(name[:80]) for name in missing)
    return BadInput(f"{where} has no column {named}: there are {listed(header)}")


def no_text(where: str, header: Sequence[str]) -> BadInput:
    """The error where no column holds the tickets' text."""
    return BadInput(
        f"{where}: no column looks like the ticket's text: say it with --column text=COLUMN; there are {listed(header)}"
    )


def listed(header: Sequence[str]) -> str:
    """The columns' names on one line, the first of many."""
    names = list(dict.fromkeys(shown_name(name) for name in header))
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "") if names else "none"


def shown_name(name: str) -> str:
    """A column's name in a message."""
    return repr(name[:60])


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name[:200]).strip().casefold()


def _find(header: tuple[str, ...], folded: list[str], column: str) -> tuple[int, ...]:
    """Every column of that name (Jira's CSV has one `Comment` for each comment), as written, else apart from case."""
    exact = tuple(at for at, name in enumerate(header) if name == column)
    return exact or tuple(at for at, name in enumerate(folded) if name and name == _folded(column))


def _guess(folded: list[str], said: set[str], used: set[int]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    taken = set(used)
    for field, usual in _USUAL.items():
        if field in said:
            continue
        for name in usual.split("|"):
            places = tuple(at for at, column in enumerate(folded) if column == name and at not in taken)
            if places:
                found[field] = places
                taken |= set(places)
                break
    if "text" not in said:
        more = tuple(at for at, column in enumerate(folded) if column in _ALSO_TEXT and at not in taken)
        if more or "text" in found:
            found["text"] = found.get("text", ()) + more
    return found
