"""Tickets, links, records and attachments that the ticket names, as written."""

import re
from collections.abc import Iterable, Sequence

from agent.backends.offline.passages import Passage
from agent.backends.offline.quoting import Quotes
from agent.grounding.fold import stands_in
from agent.readers.wordlist import words
from schemas.report import ReferenceReport
from schemas.ticket import Ticket
from schemas.vocabulary import Reference

MAX_REFERENCES = 30
_LINK = re.compile(r"(?<!\w)https?://[^\s<>\"'|\]){}]{4,300}")
_AFTER = ".,;:!"  # of the sentence, not of the link
_ID = re.compile(r"(?<![\w/.-])[A-Z][A-Z0-9]{1,9}-\d{1,7}(?![\w-])")
_NUMBER = re.compile(
    r"(?i)(?<!\w)(ticket|case|issue|bug|incident|pr|pull request|request)s? ?(?:no\.? ?|number ?|"
    r"id ?)?[#:]? ?#(\d{2,9})(?!\w)"
)
_FILE = re.compile(
    # Jira's `!image.png|thumbnail!` and `[^trace.log]`, which name what the export has not; a sentence may end in `!`.
    r"!(?! )([^!|\n]{3,120}\.(?i:png|jpe?g|gif|bmp|webp|svg|heic))(?:\|[^!\n]{0,60})?!|\[\^([^\]\n]{3,120})\]|"
    r"(?<![\w/.@-])([\w][\w.-]{0,80}\.(?i:png|jpe?g|gif|log|txt|zip|har|csv|xlsx?|pdf|docx?|mp4|mov|webm|gz|eml|"
    r"pcap))(?![\w/-])"
)
# Standards, encodings and product codes that only look like a record's id.
_NO_ID = words("UTF ISO SHA RFC AES RSA HTTP TLS SSL CVE ES MD IEC COVID GPT USB PS IPV UTC GMT SOC PCI IE")
_RECORD = re.compile(
    r"(?i)bug|jira|engineering|tracked|defect|record|dev(?:elopment)? ticket|filed|logged|pr |pull request"
)
_SAME = re.compile(
    r"(?i)same (?:issue|problem|error|symptom)|similar|duplicate|also (?:affected|reported)|other (?:ticket|customer)"
)


def references(ticket: Ticket, quotes: Quotes, passages: Sequence[Passage]) -> Iterable[ReferenceReport]:
    """Each once, in the ticket's order; links before what is only named by a number."""
    seen: set[str] = set()
    found: list[ReferenceReport] = []

    def add(kind: Reference, value: str, at: int, words: str) -> None:
        clean = value.strip().rstrip(_AFTER)
        if not clean or clean in seen or len(found) >= MAX_REFERENCES or not stands_in(clean, words):
            return
        if not quotes.text.startswith(words, at) or not quotes.stands(words):
            return
        if quotes.shows_secret(at, at + len(words)):
            return
        seen.add(clean)
        found.append(ReferenceReport(kind=kind, value=clean, quote=words.strip()))

    if ticket.id and ticket.id in ticket.text:
        add("ticket", ticket.id, ticket.text.index(ticket.id), ticket.id)
    for passage in passages:
        if passage.kind == "machine":
            continue
        for link in _LINK.finditer(passage.text):
            add(_link_kind(link[0]), link[0], passage.start + link.start(), link[0].rstrip(_AFTER))
        for record in _ID.finditer(passage.text):
            if record[0].split("-")[0] in _NO_ID or any(record[0] in value for value in seen):
                continue
            add(_id_kind(passage, record[0], ticket), record[0], passage.start + record.start(), record[0])
        for number in _NUMBER.finditer(passage.text):
            kind: Reference = "bug_record" if number[1].lower() in {"bug", "pr", "pull request"} else "ticket"
            add(kind, "#" + number[2], passage.start + number.start(), number[0])
    machine = [p for p in passages if p.kind == "machine" and not p.text.startswith("!")]
    for file in _FILE.finditer(ticket.text):
        at = file.lastindex or 0
        name = file[at]
        code = any(p.start <= file.start() < p.end for p in machine) or ticket.text[file.end() : file.end() + 1] == "("
        if not code and not any(name in value for value in seen):
            add(_link_kind(name) if "://" in name else _file_kind(name), name, file.start(at), name)
    for name in ticket.attachments:
        if name in ticket.text and name not in seen:
            add("attachment", name, ticket.text.index(name), name)
    return found


def _file_kind(name: str) -> Reference:
    return "log" if name.endswith((".log", ".har")) else "attachment"


def _link_kind(link: str) -> Reference:
    if re.search(r"github\.com/[^/]+/[^/]+/(?:pull|issues)/\d+|/browse/[A-Z]+-\d+", link):
        return "bug_record"
    if re.search(r"slack\.com|teams\.microsoft|/archives/", link):
        return "thread"
    if re.search(r"gist\.|pastebin|/logs?/|kibana|sentry", link):
        return "log"
    return "document" if re.search(r"/(?:docs?|help|kb|wiki|articles?|guides?|support)/", link) else "link"


def _id_kind(passage: Passage, value: str, ticket: Ticket) -> Reference:
    if value == ticket.id or passage.key in {"ticket", "id", "case", "ticket id"}:
        return "ticket"
    if _RECORD.search(passage.text):
        return "bug_record"
    return "same_issue_ticket" if _SAME.search(passage.text) else "ticket"
