"""Bytes of any supported format to a Ticket: one text, who wrote which part of it, what in it is not prose.

The format is told from the content; a file name only helps where the content leaves it open. Plain text imports
nothing beyond the standard library and the schemas; mail and JSON load their readers when they are met.
"""

import re
from typing import Literal

from agent.errors import BadInput
from agent.readers.cut import MAX_TEXT
from agent.readers.decode import MAX_BYTES, clean, decode, refuse_if_too_big
from agent.readers.text import read_text
from agent.readers.wordlist import words
from schemas.ticket import Ticket

__all__ = ["MAX_BYTES", "MAX_TEXT", "read_ticket"]

_MAIL_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]?")
_MAIL_TECHNICAL = words(
    "message-id mime-version received return-path content-type content-transfer-encoding delivered-to "
    "dkim-signature x-mailer in-reply-to references authentication-results arc-seal x-received"
)
_MAIL_PERSONAL = words("from to subject date cc reply-to sender")
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|\*\*[^*\n]{1,80}\*\*|```|[-*] \[[ x]\] |\|[^\n]{0,200}\|[ \t]*$)", re.MULTILINE)


def read_ticket(source: bytes | str, *, name: str | None = None) -> Ticket:
    """Read one ticket: plain text, Markdown, .eml, or JSON of Zendesk, Freshdesk, Intercom, Jira or GitHub.

    `name` is the file's name, if there is one. Raises BadInput for what is empty, binary, above MAX_BYTES, nested too
    deeply, or holds several tickets; and for nothing else. A text above MAX_TEXT code points is cut, which a note says.
    """
    ticket = _read(source, name)
    if not ticket.text:  # nothing was left of what looked like words
        raise _empty(name)
    return ticket


def _empty(name: str | None) -> BadInput:
    named = f" {name[-80:]!r}" if name else ""
    return BadInput(f"the ticket{named} is empty, expected its text: pass a file or pipe it to stdin")


def _read(source: bytes | str, name: str | None) -> Ticket:
    refuse_if_too_big(source)
    suffix = (name or "").rpartition(".")[2].casefold() if name and "." in name else ""
    if suffix == "eml" or _is_mail(source):
        from agent.readers.mail import read_mail

        ticket = read_mail(source)
        if ticket is not None:
            return ticket
    decoded = clean(source) if isinstance(source, str) else decode(source)
    if not decoded.text.strip("\ufffd \t\n\ufeff\u200b"):
        raise _empty(name)
    if suffix in ("json", "jsonl", "ndjson") or decoded.text.lstrip()[:1] in "{[":
        from agent.readers.exported import read_json

        exported = read_json(decoded.text, decoded.notes, sure=suffix == "json")
        if exported is not None:
            return exported
    return read_text(decoded.text, _text_format(decoded.text, suffix), decoded.notes)


def _text_format(text: str, suffix: str) -> Literal["text", "markdown"]:
    if suffix in ("md", "markdown"):
        return "markdown"
    if suffix:
        return "text"
    return "markdown" if len(_MARKDOWN.findall(text[:20_000])) >= 2 else "text"


def _is_mail(source: bytes | str) -> bool:
    """Header lines at the top, a technical one among them: a pasted 'From: … Subject: …' is plain text."""
    top = source[:8_000]
    text = top.decode("latin-1") if isinstance(top, bytes) else top
    if text.startswith("From "):  # mbox separator
        text = text.partition("\n")[2]
    names: set[str] = set()
    for line in text.splitlines()[:60]:
        if not line.strip():
            break
        if line[0] in " \t":
            continue
        match = _MAIL_FIELD.match(line)
        if match is None:
            return False
        names.add(match[1].casefold())
    return len(names & _MAIL_PERSONAL) >= 2 and bool(names & _MAIL_TECHNICAL)
