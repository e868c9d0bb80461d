"""Freshdesk: a ticket with its conversations (or notes, as the account export calls them)."""

from typing import Any

from agent.readers.canonical import Entry, Source
from agent.readers.fields import body, file_names, first, key, lines, mapping, objects, string
from agent.readers.times import parse_time
from schemas.ticket import Speaker

_STATUS = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed"}
_PRIORITY = {1: "Low", 2: "Medium", 3: "High", 4: "Urgent"}
_SOURCE = {1: "email", 2: "portal", 3: "phone", 7: "chat", 9: "feedback widget", 10: "outbound email"}


def is_export(value: dict[str, Any]) -> bool:
    """A ticket of API version 2 with conversations, or the account export's `helpdesk_ticket`."""
    if isinstance(value.get("helpdesk_ticket"), dict):
        return True
    ticket = mapping(value.get("ticket")) or value
    conversations = first(value, "conversations") or ticket.get("conversations")
    if isinstance(conversations, list) and ("subject" in ticket or "description" in ticket):
        return True
    return "subject" in ticket and ("description_text" in ticket or "responder_id" in ticket)


def read(value: dict[str, Any]) -> Source:
    """`incoming` says that a message came from outside, `private` that it is a note."""
    ticket = mapping(value.get("helpdesk_ticket")) or mapping(value.get("ticket")) or value
    conversations = objects(first(value, "conversations") or first(ticket, "conversations", "notes"))
    conversations = [mapping(item.get("note")) or item for item in conversations]
    requester = mapping(ticket.get("requester"))
    name = string(first(requester, "name")) or string(ticket.get("requester_name"))
    address = string(first(requester, "email", "phone"))
    identity = key(ticket.get("requester_id"))
    opened = parse_time(ticket.get("created_at"))
    entries = [
        Entry(
            speaker=_opener(ticket),
            author=name or address,
            time=opened,
            body=body(ticket.get("description_text"), first(ticket, "description_html", "description")),
            attachments=file_names(ticket.get("attachments")),
        )
    ]
    conversations.sort(key=lambda one: str(one.get("created_at") or ""))
    entries += [_entry(item, identity, name) for item in conversations]
    empty = sum(not entry.body.text and not entry.attachments for entry in entries)
    return Source(
        format="freshdesk",
        id=string(first(ticket, "display_id", "id")),
        subject=string(ticket.get("subject")),
        reporter=f"{name} <{address}>" if name and address else name or address,
        opened=opened,
        fields=lines(
            ("Status", _named(ticket.get("status"), _STATUS, ticket.get("status_name"))),
            ("Priority", _named(ticket.get("priority"), _PRIORITY, ticket.get("priority_name"))),
            ("Type", first(ticket, "type", "ticket_type")),
            ("Channel", _named(ticket.get("source"), _SOURCE, ticket.get("source_name"))),
            ("Company", mapping(ticket.get("company")).get("name")),
            ("Due", ticket.get("due_by")),
            ("Tags", ticket.get("tags")),
            *mapping(first(ticket, "custom_fields", "custom_field")).items(),
        ),
        entries=tuple(entry for entry in entries if entry.body.text or entry.attachments),
        notes=(f"{empty} messages without text were left out.",) if empty else (),
    )


def _named(value: Any, names: dict[int, str], given: Any) -> Any:
    if given:
        return given
    return names.get(value, value) if isinstance(value, int) else value


def _opener(ticket: dict[str, Any]) -> Speaker:
    """Who wrote the description: over the phone an agent writes it down, an outbound mail is an agent's own."""
    source = ticket.get("source")
    if source in (1, 2, 9):
        return "customer"
    return "support" if source == 10 else "unknown"


def _entry(item: dict[str, Any], requester: str | None, requester_name: str | None) -> Entry:
    author = key(item.get("user_id"))
    private, incoming = item.get("private") is True, item.get("incoming")
    speaker: Speaker = "unknown"
    if incoming is True:
        # A private incoming message answers an agent's forward: a third person, unless the requester sent it.
        speaker = "customer" if not private or (author is not None and author == requester) else "other"
    elif incoming is False:
        speaker = "customer" if author is not None and author == requester else "support"
    user = mapping(item.get("user"))
    name = string(first(user, "name", "email")) or string(item.get("from_email"))
    return Entry(
        speaker=speaker,
        author=requester_name if author is not None and author == requester and not name else name,
        time=parse_time(item.get("created_at")),
        body=body(first(item, "body_text"), first(item, "body_html", "body")),
        internal=private,
        attachments=file_names(item.get("attachments")),
    )
