"""Intercom: a conversation with its source message and its parts."""

from typing import Any

from agent.readers.canonical import Entry, Source
from agent.readers.fields import body, file_names, first, lines, mapping, objects, string
from agent.readers.times import parse_time
from schemas.ticket import Speaker

_SPEAKER: dict[str, Speaker] = {
    "user": "customer",
    "lead": "customer",
    "contact": "customer",
    "visitor": "customer",
    "admin": "support",
    "team": "support",
    "bot": "system",
}


def is_export(value: dict[str, Any]) -> bool:
    """A conversation object, bare or under `conversation`."""
    conversation = mapping(value.get("conversation")) or value
    return "conversation_parts" in conversation or (
        conversation.get("type") == "conversation"
        and ("source" in conversation or "conversation_message" in conversation)
    )


def read(value: dict[str, Any]) -> Source:
    """`author.type` decides who speaks. Parts without text (assignments, closings) are counted in a note."""
    conversation = mapping(value.get("conversation")) or value
    opening = mapping(first(conversation, "source", "conversation_message"))
    parts = conversation.get("conversation_parts")
    parts = objects(parts) or objects(mapping(parts).get("conversation_parts"))
    opened = parse_time(conversation.get("created_at"))
    entries = [_entry(opening, opened)] + [_entry(part, parse_time(part.get("created_at"))) for part in parts]
    silent = sum(not entry.body.text and not entry.attachments for entry in entries)
    author = mapping(opening.get("author"))
    reporter = author if _SPEAKER.get(str(author.get("type"))) == "customer" else mapping(conversation.get("user"))
    name, address = string(reporter.get("name")), string(reporter.get("email"))
    return Source(
        format="intercom",
        id=string(conversation.get("id")),
        subject=_subject(conversation, opening),
        reporter=f"{name} <{address}>" if name and address else name or address,
        opened=opened,
        fields=lines(
            ("Status", conversation.get("state")),
            ("Priority", conversation.get("priority")),
            ("Channel", opening.get("type")),
            ("Tags", objects(mapping(conversation.get("tags")).get("tags"))),
            *mapping(conversation.get("custom_attributes")).items(),
        ),
        entries=tuple(entry for entry in entries if entry.body.text or entry.attachments),
        notes=(f"{silent} parts without text (assignments, changes of state) were left out.",) if silent else (),
    )


def _subject(conversation: dict[str, Any], opening: dict[str, Any]) -> str | None:
    title = string(first(opening, "subject")) or string(conversation.get("title"))
    if title is None:
        return None
    return body(None, title).text or None


def _entry(part: dict[str, Any], time: Any) -> Entry:
    author = mapping(part.get("author"))
    return Entry(
        speaker=_SPEAKER.get(str(author.get("type")), "unknown"),
        author=string(first(author, "name", "email")),
        time=time,
        body=body(None, part.get("body")),
        internal=part.get("part_type") in ("note", "note_and_reopen"),
        attachments=file_names(part.get("attachments")),
    )
