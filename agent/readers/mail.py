"""`.eml` files: headers decoded, plain text before HTML, attachments by name only."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32, Policy
from email.utils import getaddresses, parsedate_to_datetime

from agent.errors import BadInput
from agent.readers.canonical import Body, Entry, Source, one_line, plain, render
from agent.readers.decode import MAX_BYTES, decode, refuse_if_too_big
from agent.readers.hypertext import from_html, mark_hidden, words_only
from agent.readers.times import parse_time
from agent.readers.wordlist import words
from schemas.base import in_calendar
from schemas.ticket import Span, Speaker, Ticket

_DESK_BOX = re.compile(
    r"(?:support|help|helpdesk|help-desk|service|servicedesk|service-desk|customerservice|customercare|care|tickets?|"
    r"kundenservice|kundendienst|soporte|assistance)(?:[.+_-][\w.+-]{0,40})?$"
)
_MAX_PARTS = 500
_MAX_FIELDS = 50_000  # of all heads in a mail together; each costs the parser as much as a page of text
_MAX_FIELD = 4_000  # bytes of one header field that are read
_LONG_FIELD = re.compile(rb"^content-[a-z-]{1,40}:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE)
# Codecs that no mail uses and that are slow or decode something else than bytes of text.
_NO_CHARSET = words("idna punycode undefined unicode_escape raw_unicode_escape mbcs oem utf-7 hz")
_AUTOMATIC = ("auto-generated", "auto-replied", "auto-notified")


@dataclass(frozen=True, slots=True)
class _Letter:
    """One mail as it was read. `shown`: further lines of the ticket's head."""

    sender: str
    subject: str
    entry: Entry
    shown: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    notes: tuple[str, ...]


def _counting() -> Policy:
    """The parser's usual policy for one mail, except that it raises BadInput where the fields do not end."""
    left = _MAX_FIELDS

    class Counting(Compat32):
        def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
            nonlocal left
            left -= 1
            if left < 0:
                raise BadInput(
                    f"the mail has more than {_MAX_FIELDS:,} header fields, expected a mail as sent: "
                    "save its text instead"
                )
            return super().header_source_parse(sourcelines)

    return Counting()


def read_mail(source: bytes | str) -> Ticket | None:
    """A ticket with one message, or None where the source holds no mail after all."""
    letter = _letter(source)
    if letter is None:
        return None
    return render(
        Source(
            format="eml",
            entries=(letter.entry,),
            subject=letter.subject,
            reporter=letter.sender,
            opened=letter.entry.time,
            fields=letter.shown,
            attachments=letter.files,
            notes=letter.notes,
        )
    )


def read_thread(sources: Iterable[bytes]) -> Ticket:
    """A ticket with a message for each mail of a thread, in the order in which they come; one is in memory at a time.

    The head is that of the first. A mail that cannot be read is left out, as is a copy of an earlier one, and a note
    says so. Raises BadInput where none can be read, or where they are too much to read.
    """
    first: _Letter | None = None
    entries: list[Entry] = []
    notes: list[str] = []
    met: set[Entry] = set()
    size = copies = 0
    problem: BadInput | None = None
    for number, source in enumerate(sources, 1):
        try:
            refuse_if_too_big(source)
            letter = _letter(source)
            if letter is None:
                raise BadInput("it has neither sender nor subject nor date")
        except BadInput as error:
            problem = problem or error
            notes.append(f"Mail {number} of the thread was left out: {error}.")
            continue
        entry = replace(letter.entry, attachments=letter.files)
        if entry in met:
            copies += 1
            continue
        met.add(entry)
        size += len(entry.body.text)
        if size > MAX_BYTES:
            raise BadInput(f"the thread has more than {MAX_BYTES:,} characters, expected a ticket: leave logs out")
        first = first or letter
        entries.append(entry)
        notes += letter.notes
    if first is None:
        raise problem or BadInput("the thread holds no mail")
    if copies:
        notes.append(f"{copies} of the thread's mails are copies of others and were left out.")
    return render(
        Source(
            format="eml",
            entries=tuple(entries),
            subject=first.subject,
            reporter=first.sender,
            opened=first.entry.time,
            fields=first.shown,
            notes=tuple(notes),
        )
    )


def _letter(source: bytes | str) -> _Letter | None:
    raw = source.encode("utf-8", "replace") if isinstance(source, str) else source
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    try:
        # Not policy.default: its header parser takes quadratic time and memory, and raises all kinds of errors.
        mail = message_from_bytes(_LONG_FIELD.sub(_shortened, raw), policy=_counting())
        return _opened(mail) if mail.keys() else None
    except RecursionError as error:
        raise BadInput(
            "the mail's parts are nested too deeply, expected a mail as sent: save its text instead"
        ) from error


def _opened(mail: Message) -> _Letter | None:
    sender, subject = _header(mail, "From"), _header(mail, "Subject")
    if not sender and not subject and not _header(mail, "Date"):
        return None
    notes: list[str] = []
    body, files = _content(mail, notes)
    if not body.text.strip():
        if not subject and not files:
            raise BadInput("the mail has no text, no subject and no attachment, expected at least one: check the file")
        notes.append("The mail has no text of its own.")
    time = read_date(_header(mail, "Date"), notes)
    names = _addresses(sender) if sender else []
    author = next((name or address for name, address in names if name or address), None)
    fields = [(name, _header(mail, name)) for name in ("To", "Cc", "Reply-To", "Importance", "In-Reply-To")]
    return _Letter(
        sender=sender,
        subject=subject,
        entry=Entry(speaker=_speaker(mail, names), author=author, time=time, body=Body(body.text, body.spans)),
        shown=tuple((name, value) for name, value in fields if value),
        files=tuple(files),
        notes=(*notes, *body.notes),
    )


def _shortened(field: re.Match[bytes]) -> bytes:
    return field[0][:_MAX_FIELD]


def _header(mail: Message, name: str) -> str:
    """A header decoded (RFC 2047) on one line. Bytes that nobody declared are read as UTF-8."""
    raw = next((str(value) for key, value in mail.raw_items() if key.casefold() == name.casefold()), "")
    text = raw[:_MAX_FIELD].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return one_line(_decoded_words(text), 1000)


def _decoded_words(text: str) -> str:
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (LookupError, ValueError, MessageError):
        return text  # the words' own encoding is wrong: shown as they came


def read_date(text: str, notes: list[str]) -> datetime | None:
    """What a `Date` header says. Why it says nothing is put with the notes."""
    if not text:
        return None
    try:
        return in_calendar(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        time = parse_time(text)
        if time is None:
            notes.append(f"The mail's date {text[:60]!r} could not be read.")
        return time


def _speaker(mail: Message, names: list[tuple[str, str]]) -> Speaker:
    """Customer if somebody writes to what looks like a support address; nothing else is certain from headers."""
    if _header(mail, "Auto-Submitted").casefold().startswith(_AUTOMATIC):
        return "unknown"
    senders = {address.casefold() for _, address in names if address}
    if not senders or any(_is_desk(address) for address in senders):
        return "unknown"
    receivers = _addresses(_header(mail, "To"), _header(mail, "Cc"), _header(mail, "Delivered-To"))
    desks = [address for _, address in receivers if _is_desk(address)]
    domains = {address.casefold().rpartition("@")[2] for address in desks}
    # A colleague at the desk's own domain may forward a customer's mail to it: not certain.
    if not desks or any(address.rpartition("@")[2] in domains for address in senders):
        return "unknown"
    return "customer"


def _addresses(*fields: str) -> list[tuple[str, str]]:
    try:
        return getaddresses(fields)
    except RecursionError:  # comments nested a thousand deep: nobody's address
        return []


def _is_desk(address: str) -> bool:
    return bool(_DESK_BOX.match(address.casefold().partition("@")[0]))


def _content(mail: Message, notes: list[str]) -> tuple[Body, list[str]]:
    texts: list[Body] = []
    html: list[str] = []
    files: list[str] = []
    forwarded: list[Body] = []
    for count, part in enumerate(_parts(mail)):
        if count >= _MAX_PARTS:
            notes.append(f"Only the first {_MAX_PARTS} parts of the mail were read.")
            break
        kind = part.get_content_type()
        name = _file_name(part)
        if kind == "message/rfc822":
            forwarded += _forwarded(part, notes)
        elif name is not None or part.get_content_disposition() == "attachment":
            files.append(name or f"unnamed {kind}")
        elif kind == "text/plain":
            texts.append(plain(_text(part, notes)))
        elif kind == "text/html":
            html.append(_text(part, notes))
        elif part.get_content_maintype() != "multipart":
            files.append(f"unnamed {kind}")
    body = _chosen(texts, html, notes)
    return _join([body, *forwarded]), files


def _parts(mail: Message) -> Iterator[Message]:
    """Leaf parts in order, without entering attached mails."""
    stack: list[Message] = [mail]
    while stack:
        part = stack.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            stack += reversed(_inner(part))
        else:
            yield part


def _inner(part: Message) -> list[Message]:
    payload = part.get_payload() if part.is_multipart() else []
    return [item for item in payload if isinstance(item, Message)] if isinstance(payload, list) else []


def _chosen(texts: list[Body], html: list[str], notes: list[str]) -> Body:
    body = _join(texts)
    if not html:
        return body
    if not body.text.strip():
        return _join([from_html(markup) for markup in html])
    for markup in html:
        body = mark_hidden(body, markup)
    plain_words = words_only(body.text)
    shown = set().union(*(words_only(markup) for markup in html))
    if plain_words and len(plain_words & shown) * 2 < len(plain_words):
        notes.append("The mail's plain text and HTML differ: the plain text was read, people saw the HTML.")
    return body


def _text(part: Message, notes: list[str]) -> str:
    charset = part.get_content_charset()
    del part["Content-Type"]  # else get_payload tries the declared charset itself, and fails on a malformed one
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    if charset:
        named = one_line(charset, 40)
        try:
            codec = codecs.lookup(charset.replace("\0", " ")).name
            if codec not in _NO_CHARSET:
                return payload.decode(codec)
            notes.append(f"The mail names the odd encoding {named!r}; its text was guessed.")
        except LookupError:
            notes.append(f"The mail names the unknown encoding {named!r}; its text was guessed.")
        except UnicodeError:
            notes.append(f"The mail's text is not valid {named}; its encoding was guessed.")
    try:
        decoded = decode(payload)
    except BadInput:
        notes.append("A text part of the mail holds binary data and was left out.")
        return ""
    notes += [note for note in decoded.notes if note not in notes]
    return decoded.text


def _file_name(part: Message) -> str | None:
    try:
        name = part.get_filename()
    except (LookupError, ValueError, TypeError):  # malformed RFC 2231 parameters
        return "unnamed attachment"
    if name is None:
        return None
    return one_line(_decoded_words(name), 200) or "unnamed attachment"


def _forwarded(part: Message, notes: list[str]) -> list[Body]:
    """An attached mail's text, as one quoted span under its own head lines."""
    bodies = []
    for mail in _inner(part):
        body, files = _content(mail, notes)
        head = [(name, _header(mail, name)) for name in ("From", "Date", "To", "Subject")]
        lines = [f"{name}: {value}" for name, value in head if value]
        if files:
            lines.append(f"Attachments: {', '.join(files)}")
        text = "\n".join(["[attached mail]", *lines, "", body.text]).rstrip()
        shift = text.rfind(body.text.rstrip()) if body.text.strip() else 0
        spans = [Span(start=0, end=len(text), kind="quoted")]
        spans += [
            Span(start=span.start + shift, end=min(span.end + shift, len(text)), kind=span.kind)
            for span in body.spans
            if span.start + shift < min(span.end + shift, len(text))
        ]
        bodies.append(Body(text, tuple(spans), body.notes))
    return bodies


def _join(bodies: list[Body]) -> Body:
    text = ""
    spans: list[Span] = []
    notes: list[str] = []
    for body in bodies:
        if not body.text:
            continue
        text += "\n\n" if text else ""
        spans += [Span(start=s.start + len(text), end=s.end + len(text), kind=s.kind) for s in body.spans]
        text += body.text
        notes += body.notes
    return Body(text, tuple(spans), tuple(notes))
