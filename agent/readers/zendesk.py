"""Zendesk: a ticket with its comments; users with their role, in `users` or inside the ticket."""

from typing import Any

from agent.readers.canonical import Entry, Source
from agent.readers.fields import body, file_names, first, key, lines, mapping, objects, string
from agent.readers.times import parse_time
from schemas.ticket import Speaker


def is_export(value: dict[str, Any]) -> bool:
    """`{"ticket": …, "comments": …}`, or the ticket itself as in Zendesk's JSON export."""
    ticket = mapping(value.get("ticket")) or value
    marks = ("requester_id", "submitter_id", "raw_subject", "via", "comments", "requester", "satisfaction_rating")
    wrapped = "ticket" in value and bool(ticket) and ("comments" in value or "comments" in ticket)
    return wrapped or ("subject" in ticket and sum(mark in ticket for mark in marks) >= 2)


def read(value: dict[str, Any]) -> Source:
    """Roles decide who speaks: end users are the vendor's customers, agents and admins its staff."""
    ticket = mapping(value.get("ticket")) or value
    users = _users(value, ticket)
    comments = objects(first(value, "comments") or ticket.get("comments"))
    requester = key(ticket.get("requester_id")) or key(mapping(ticket.get("requester")).get("id"))
    opened = parse_time(ticket.get("created_at"))
    entries = [_entry(comment, users, requester, ticket) for comment in comments]
    if not comments and string(ticket.get("description")):
        # The description is the first comment's text; without comments nobody says who wrote it.
        entries = [Entry("unknown", None, opened, body(ticket.get("description")))]
    person = users.get(requester or "", mapping(ticket.get("requester")))
    name, address = string(person.get("name")), string(person.get("email"))
    empty = sum(not entry.body.text and not entry.attachments for entry in entries)
    return Source(
        format="zendesk",
        id=string(ticket.get("id")),
        subject=string(first(ticket, "subject", "raw_subject")),
        reporter=f"{name} <{address}>" if name and address else name or address,
        opened=opened,
        fields=lines(
            ("Status", ticket.get("status")),
            ("Priority", ticket.get("priority")),
            ("Type", ticket.get("type")),
            ("Channel", mapping(ticket.get("via")).get("channel")),
            ("Organization", mapping(ticket.get("organization")).get("name")),
            ("Tags", ticket.get("tags")),
            *_custom(ticket),
        ),
        entries=tuple(entry for entry in entries if entry.body.text or entry.attachments),
        notes=(f"{empty} comments without text were left out.",) if empty else (),
    )


def _custom(ticket: dict[str, Any]) -> list[tuple[str, Any]]:
    fields = objects(first(ticket, "custom_fields", "fields"))
    return [
        (string(first(f, "title", "name")) or f"Field {string(f.get('id')) or '?'}", f.get("value")) for f in fields
    ]


def _users(value: dict[str, Any], ticket: dict[str, Any]) -> dict[str, dict[str, Any]]:
    known = objects(value.get("users")) + objects(ticket.get("users"))
    known += [mapping(ticket.get(role)) for role in ("requester", "submitter", "assignee")]
    for comment in objects(first(value, "comments") or ticket.get("comments")):
        known.append(mapping(comment.get("author")))
    users: dict[str, dict[str, Any]] = {}
    for user in known:
        if (identity := key(user.get("id"))) is not None:
            users[identity] = {**users.get(identity, {}), **{k: v for k, v in user.items() if v is not None}}
    return users


def _entry(
    comment: dict[str, Any], users: dict[str, dict[str, Any]], requester: str | None, ticket: dict[str, Any]
) -> Entry:
    author = key(comment.get("author_id")) or key(mapping(comment.get("author")).get("id"))
    user = users.get(author or "", {})
    return Entry(
        speaker=_speaker(comment, author, user, requester, ticket),
        author=string(first(user, "name", "email")),
        time=parse_time(comment.get("created_at")),
        body=body(first(comment, "body", "plain_body"), comment.get("html_body")),
        internal=comment.get("public") is False,
        attachments=file_names(comment.get("attachments")),
    )


def _speaker(
    comment: dict[str, Any], author: str | None, user: dict[str, Any], requester: str | None, ticket: dict[str, Any]
) -> Speaker:
    channel = mapping(comment.get("via")).get("channel")
    if author == "-1" or channel in ("system", "rule"):
        return "system"
    role = user.get("role")
    if role in ("agent", "admin"):
        return "support"
    if role == "end-user":
        return "customer"
    if author is None or role is not None:
        return "unknown"
    if author == requester:
        return "customer"
    # Without roles only the assignee is surely staff: a private comment may be mail from somebody not in copy.
    return "support" if author == key(ticket.get("assignee_id")) else "unknown"
