"""One row of a table to a ticket and its context.

Who wrote a cell is not said by its being in a column: a description may be typed by the customer, or by an agent on
the phone. So a message is the customer's only where a column or the flag says so, and else by `unknown`, as in the
readers of exports. For the policy that is the customer's word too, unless the text itself shows staff speaking.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast

from agent.batch.columns import CONTEXT_FIELDS, Mapping, holds_thread, listed
from agent.errors import BadInput
from agent.readers import MAX_TEXT
from agent.readers.canonical import Body, Entry, Source, one_line, plain, render
from agent.readers.decode import MAX_BYTES
from agent.readers.fields import first, lines, mapping, objects, shown, string
from agent.readers.head import read_head
from agent.readers.headers import find_headers
from agent.readers.roles import ROLES
from agent.readers.times import parse_time
from schemas.ticket import Speaker, Ticket

if TYPE_CHECKING:
    from schemas.context import Context

_TIERS = {
    name: tier
    for tier, names in (
        ("L1", "l1|tier 1|level 1|1|1st line|first line"),
        ("L2", "l2|tier 2|level 2|2|2nd line|second line"),
        ("manager", "manager"),
    )
    for name in names.split("|")
}
_PLAIN_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,2})?")


def read_row(columns: Mapping, values: Sequence[Any], where: str) -> "tuple[Ticket, Context | None]":
    """The ticket and what the row says besides it, None where no column for that was named.

    `values` are cells or JSON values, in the order of the mapping's header. Raises BadInput, beginning with `where`,
    for a row without any text and for a context value that cannot be read.
    """
    if sum(len(value) for value in values if isinstance(value, str)) > MAX_BYTES:
        raise BadInput(f"{where} has more than {MAX_BYTES:,} characters: leave the log out and keep the ticket's text")
    single = _single(columns, values)
    opened = next((time for at in columns.fields.get("opened", ()) if (time := parse_time(_at(values, at)))), None)
    entries = list(_entries(columns, values, single, opened))
    subject = _words(single.get("subject"))
    notes: list[str] = []
    if not any(entry.body.text.strip() for entry in entries):
        if not subject:
            raise BadInput(f"{where} has no text: {_text_columns(columns)}; fill it in, or say --column text=COLUMN")
        notes.append("The row has no text of its own, only a subject.")
    head = [(columns.header[at], values[at]) for at in columns.head_lines if at < len(values)]
    if opened is None and single.get("opened"):
        # Shown as it stands, since it may be March or April and people can tell which.
        head.insert(0, (columns.header[columns.fields["opened"][0]], single["opened"]))
    ticket = render(
        Source(
            format="json",
            id=single.get("id"),
            subject=subject,
            reporter=single.get("reporter"),
            opened=opened,
            fields=lines(*head),
            entries=tuple(entries),
            notes=tuple(notes),
        )
    )
    return ticket, _context(single, where)


def read_context_of(columns: Mapping, values: Sequence[Any], where: str) -> "Context | None":
    """What the columns of context say; None where the row fills none of them. Raises BadInput for a wrong value."""
    return _context(_single(columns, values), where)


def _context(row: dict[str, str | None], where: str) -> "Context | None":
    given = {field: " ".join(text.split()) for field in CONTEXT_FIELDS if (text := row.get(field))}
    if not given:
        return None
    from schemas.context import Account, Context, Sla

    tier = None
    if "tier" in given and (tier := _TIERS.get(given["tier"].casefold())) is None:
        raise _wrong(where, "tier", given["tier"], "L1, L2 or manager")
    amount, currency = (None, None)
    if "annual_value" in given:
        amount, currency = _money(given["annual_value"], where)
    renewal = _time(given, "renewal_date", where, "a date such as 2027-03-31")
    started = _time(given, "sla_started", where, "a time such as 2027-03-31T10:00Z")
    due = _time(given, "sla_due", where, "a time such as 2027-03-31T18:00Z")
    account = Account(
        name=given.get("account"),
        annual_value=amount,
        currency=given.get("currency") or currency,
        plan=given.get("plan"),
        renewal_date=None if renewal is None else renewal.date(),
    )
    return Context.model_validate(
        {
            "tier": tier,
            "account": None if account == Account() else account,
            "sla": None if due is None else Sla(started=_aware(started), due=_aware(due)),
        }
    )


def _single(columns: Mapping, values: Sequence[Any]) -> dict[str, str | None]:
    """For each field the first of its columns that is filled."""
    return {
        field: next((text for at in places if (text := string(_at(values, at)))), None)
        for field, places in columns.fields.items()
    }


def _at(values: Sequence[Any], at: int) -> Any:
    """The cell, None where the row is shorter than the header."""
    return values[at] if at < len(values) else None


def _text_columns(columns: Mapping) -> str:
    if "text" not in columns.fields:
        return f"no column looks like it among {listed(columns.header)}"
    return f"empty is {listed([columns.header[at] for at in columns.fields['text']])}"


def _entries(
    columns: Mapping, values: Sequence[Any], single: dict[str, str | None], opened: datetime | None
) -> Iterator[Entry]:
    """A message for each filled column of text, in their order; for each of its messages where it holds several."""
    side = columns.side or ROLES.get((single.get("speaker") or "").strip().casefold())
    speaker = cast(Speaker, side or "unknown")
    places = columns.fields.get("text", ())
    headings = len(set(places)) > 1
    author = single.get("reporter") if speaker == "customer" else None
    time = opened
    for at in places:
        value = _at(values, at)
        if isinstance(value, list) and objects(value):
            yield from _messages(objects(value))
            continue
        if isinstance(value, list):
            value = "\n\n".join(text for text in map(string, value) if text)
        elif isinstance(value, dict):
            value = shown(value, MAX_TEXT)
        text = string(value)
        if text is None:
            continue
        body = _body(text)
        if side is None and holds_thread(columns.header[at]) and (thread := _thread(body)):
            yield from thread
        elif body.text.strip():
            yield Entry(speaker, author, time, _headed(body, columns.header[at]) if headings else body)
        time = None  # only the first is surely as old as the ticket


def _body(text: str) -> Body:
    from agent.readers.hypertext import from_html, looks_like_html

    return from_html(text) if looks_like_html(text) else plain(text)


def _headed(body: Body, column: str) -> Body:
    """The body under its column's name."""
    heading = f"{one_line(column, 80)}:\n"
    moved = tuple(
        span.model_copy(update={"start": span.start + len(heading), "end": span.end + len(heading)})
        for span in body.spans
    )
    return Body(heading + body.text, moved, body.notes)


def _words(text: str | None) -> str | None:
    return None if text is None else _body(text).text.strip() or None


def _thread(body: Body) -> list[Entry]:
    """The messages of a conversation that a cell holds as text; none where it shows no headers.

    What stands above the first header is nobody's: a customer can type lines that look like a help desk's head.
    """
    if body.spans:
        return []  # marked up: its text is no thread as a help desk writes it
    head = read_head(body.text)
    headers, notes = find_headers(body.text, head.end, head.desk)
    if not headers:
        return []
    above = body.text[: headers[0].start].strip("\n")
    found = [Entry("unknown", None, None, Body(above))] if above.strip() else []
    stops = [*(header.start for header in headers[1:]), len(body.text)]
    for header, stop in zip(headers, stops, strict=True):
        text = body.text[min(header.end, stop) : stop].strip("\n ")
        found.append(Entry(header.speaker, header.author, header.time, Body(text), header.internal))
    found[0] = Entry(
        found[0].speaker,
        found[0].author,
        found[0].time,
        Body(found[0].body.text, (), (*body.notes, *notes)),
        found[0].internal,
    )
    return found


def _messages(values: list[dict[str, Any]]) -> Iterator[Entry]:
    """Messages as a list of objects, with the names that chats and help desks use for their parts."""
    for value in values:
        text = first(value, "text", "body", "plain_body", "content", "message", "comment", "description")
        author = first(value, "author", "from", "user", "name", "sender")
        role = first(value, "role", "speaker", "author_type", "sender_type", "from_role", "type")
        role = role or mapping(author).get("role") or mapping(author).get("type")
        body = _body(string(text) or shown(text, MAX_TEXT) or "")
        if not body.text.strip():
            continue
        side = ROLES.get(str(role).strip().casefold()) or ROLES.get(str(string(author)).strip().casefold())
        yield Entry(
            speaker=side or "unknown",
            author=shown(author, 120),
            time=parse_time(first(value, "created_at", "time", "timestamp", "date", "created", "at", "sent_at")),
            body=body,
            internal=value.get("public") is False or value.get("private") is True or value.get("internal") is True,
        )


def _wrong(where: str, field: str, value: str, expected: str) -> BadInput:
    return BadInput(f"{where}: {field} is {value[:60]!r}, expected {expected}: correct it, or leave it empty")


def _money(written: str, where: str) -> tuple[Decimal, str | None]:
    """The amount, and its currency if one is written beside it. `120.000` may be either and is refused."""
    if _PLAIN_NUMBER.fullmatch(written):
        return Decimal(written), None
    from agent.notation.figures import numbers

    found = numbers(written)
    if len(found) != 1 or len(found[0].candidates) != 1 or found[0].percent or found[0].value < 0:
        try:
            value = Decimal(written)  # a JSON number such as 1.2e6
        except InvalidOperation:
            value = Decimal(-1)
        doubtful = len(found) == 1 and len(found[0].candidates) > 1
        if doubtful or not value.is_finite() or value < 0:
            raise _wrong(where, "annual_value", written, "one amount that reads one way only, such as 120000")
        return value, None
    return found[0].value, found[0].currency


def _time(given: dict[str, str], field: str, where: str, expected: str) -> datetime | None:
    if field not in given:
        return None
    found = parse_time(given[field])
    if found is None:
        raise _wrong(where, field, given[field], expected)
    return found


def _aware(moment: datetime | None) -> datetime | None:
    """Without a zone a time is UTC, as everywhere in the program."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)
