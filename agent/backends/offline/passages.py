"""The ticket as passages: sentences with their place, who says them, and whether they are prose at all.

Everything the lexicon reads is a `Passage`. Offsets are code points in `Ticket.text`. `low` is as long as the
passage, so that a match in it is a place in the ticket.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agent.readers.wordlist import words
from schemas.ticket import Message, Span, Speaker, Ticket
from schemas.vocabulary import Asserter

Kind = Literal["subject", "field", "prose", "heading", "quoted", "machine"]
SIGNATURE = 220  # code points after "Kind regards" that are taken for a signature
MAX_PASSAGE = 700  # code points; a longer run without a full stop is cut at white space

_SIGNS = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "´": "'",
        "`": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "\u00a0": " ",
        "\u202f": " ",
        "–": "-",
        "—": "-",
        "\u2011": "-",
    }
)
_BULLET = re.compile(r"[ \t]*(?:[-*•+#]+|\(?\d{1,2}[.)]|[a-z][.)])[ \t]+")
_MARKS = frozenset('"“”„»«')
_SAYS = re.compile(r"[^\W\d_]")
_HEADING = re.compile(r"[ \t]*(?:h[1-6]\.|##|#[ \t]?(?:\S++[ \t]?){1,5}:?[ \t]*$|\*[^*\n]{2,60}\*:?[ \t]*$|==)")
_SALUTATION = re.compile(
    r"(?i)[ \t]*(?:hi|hello|hey|dear|hallo|hola|bonjour|olá|good \w{3,9})\b[^\n.]{0,40}[,!:]?[ \t]*$"
)
CLOSING = re.compile(  # a line that ends a mail
    r"(?i)^[ \t>]*(?:(?:best|kind|warm|many|with kind)?[ ]?(?:regards|wishes)|thanks(?: and (?:best )?regards)?|"
    r"thank you|sincerely|cheers|yours(?: \w+)?|cordially|respectfully|mit freundlichen grüßen|viele grüße|"
    r"(?:un )?(?:cordial )?saludos?|atentamente|cordialement|bien à vous|atenciosamente)[,.! ]*$",
    re.MULTILINE,
)
_NEW_HEADER = re.compile(r"(?i)\[|\d\d:\d\d|ps\b|p\.s\.|edit\b|>")
_FENCE = re.compile(r"\{(?:code|noformat)(?::[^}\n]*)?\}|```")
_FIELD = re.compile(r"([A-Z][A-Za-z /_-]{1,38}):(?:[ \t]+(.*))?$")
_PROSE_FIELDS = words(
    "hi hello dear note notes hey update ps fyi question problem error description issue details "
    "message body comment request impact steps expected actual background symptoms edit answer "
    "result"
)
_SUBJECT_FIELDS = frozenset(("subject", "title", "summary", "betreff", "asunto", "objet", "assunto", "re", "件名"))
# A full stop ends a sentence only before white space and something that can begin one; "e.g. x" and "3.2 GA" do not.
_END = re.compile(r"(?<![.!?])[.!?]++[\"')\]*_]{0,4}(?:\s++(?=[^a-z\s])|[ \t]*+\n)|[。！？]{1,8}")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|mr|mrs|ms|dr|no|nr|approx|ca|incl|inc|ltd|z\.b|st)\.\s*$", re.I
)
_MACHINE = re.compile(
    r"""[ \t]*(?:
      \[?(?:INFO|ERROR|WARN|WARNING|DEBUG|TRACE|FATAL)\]?[ \t]*[:|\]]
    | \d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*[ \t|\[]{1,4}(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)
    | \d\d-\d\d[ ]\d\d:\d\d:\d\d\.\d
    | at[ ][\w$.<>]{3,120}\(
    | \#\d{1,3}[ ]{1,4}0x
    | File[ ]"[^"\n]{1,200}",[ ]line
    | Traceback[ ]\(
    | (?:[\w$]{1,40}\.){1,8}[A-Z]\w{0,40}(?:Error|Exception)\b
    | Caused[ ]by:
    | "[\w.-]{1,60}"[ ]?:
    | \{(?:panel|code|noformat|quote|color)
    | ![^!\n]{3,120}![ \t]*$
    | </?[A-Za-z][\w:.-]{0,40}[\s/>]
    | (?:var|const|let|function|import|export|return|public|private)\b[^.!?\n]{0,200}[;{(]
    | [\w.$]{1,80}[ ]?=[ ]?\S[^\n]{0,200}[;{]
    | [$\w.]{2,80}\([^\n]{0,200}\)[ ]?[;{]
    | [{}\[\]();,.]{1,4}[ \t]*$
    | [-=_*~]{4,}[ \t]*$
    )""",
    re.X,
)
_VENDOR_VOICE = re.compile(
    r"(?<!\w)(?:the customer|our customer|this customer|customer (?:says|reports?|reported|wrote|called|is|has|"
    r"claims)|"
    r"the client|client reports|they report|csm|i told the|we told the|arr|assigned to|"
    r"thanks? (?:you )?for (?:contacting|reaching out|reporting|your (?:patience|report))|our engineers)(?!\w)"
)
_VENDOR_THANKS = re.compile(
    r"(?<!\w)(?:thanks?|thank you) (?:very much )?for (?:the|your|this|contacting|reaching|raising|submitting|filing)"
    r"(?: us| out)?(?: (?:ticket|report|bug report|patience|details|request))?(?!\w)"
)
# What those say who answer for a product and not those who use it.
_VENDOR_ANSWERS = re.compile(
    r"(?<!\w)(?:you can (?:track|follow|watch) (?:this|the|its?|that|progress)|please keep (?:the|this) ticket updated|"
    r"so (?:that )?we can continue to help|we(?:'ll| will) (?:look into|investigate|get back to you|"
    r"keep you (?:posted|updated))|"
    r"(?:could|can|would) you (?:please )?(?:provide|send|share|attach) (?:us |me )?(?:a |an |the |your |some )?"
    r"(?:\w+ ){0,2}(?:test case|sample|example|logs?|steps|code|har file|screenshot)|"
    r"(?:a |the )?fix is (?:coming|planned|scheduled|on its way)|(?:has been|is|was) addressed (?:and|in)|"
    r"our (?:engineers|developers|engineering team|development team))(?!\w)"
)
_RELAYED = re.compile(
    r"(?:the |our |this )?(?:customer|client|user|admin|caller|reporter|they|he|she)(?: \S{1,30}){0,3}? "
    r"(?:says?|said|reports?|reported|claims?|claimed|writes|wrote|states?|stated|mentions?|mentioned|told us|"
    r"complains?|complained|insists?|threatens?|threatened|demands?|demanded|wants?|expects?|asks?|asked)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One sentence, heading, field of the head, or run of machine lines."""

    start: int
    end: int
    text: str
    low: str
    kind: Kind
    asserter: Asserter
    message: int | None
    key: str = ""  # for a field: its name in lower case

    @property
    def is_question(self) -> bool:
        """Whether the sentence ends in a question mark."""
        return self.low.rstrip(" \"')\n").endswith(("?", "？"))


def lower(text: str) -> str:
    """Lower case and plain signs, as long as the input: `İ` would grow by one, so it stays."""
    low = text.translate(_SIGNS)
    lowered = low.lower()
    if len(lowered) == len(low):
        return lowered
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in low)


@dataclass(frozen=True, slots=True)
class _Region:
    start: int
    end: int
    speaker: Speaker
    message: int | None


def passages(ticket: Ticket) -> tuple[Passage, ...]:
    """Every passage of the ticket, in its order. Hidden spans have none: no person would have read them."""
    low = lower(ticket.text)
    found: list[Passage] = []
    for region in _regions(ticket):
        found.extend(_region_passages(ticket, low, region))
    return tuple(found)


def _regions(ticket: Ticket) -> Iterator[_Region]:
    at = 0
    for index, message in enumerate(ticket.messages):
        if message.start > at:
            yield _Region(at, message.start, "system", None)
        yield _Region(_body_start(ticket.text, message), message.end, message.speaker, index)
        at = max(at, message.end)
    if at < len(ticket.text):
        yield _Region(at, len(ticket.text), "unknown", None)


_MESSAGE_HEADER = re.compile(
    r"[ \t]*(?:\[[^\]\n]{4,40}\][^\n:]{0,80}:|(?:from|on|date|to|cc|sent)\b[^\n]{0,200}|[^\n:]{1,60}:|"
    r"\#{1,6}[^\n]{0,120})"
    r"[ \t]*(?:\n|$)"
)


def _body_start(text: str, message: Message) -> int:
    header = _MESSAGE_HEADER.match(text, message.start, min(message.end, message.start + 300))
    if header is None:
        return message.start
    line = text[message.start : header.end()].casefold()
    named = message.author is not None and message.author.casefold() in line
    role = re.search(r"\b(?:customer|support|other|system|agent|user|unknown|from|wrote|engineer\w*)\b", line)
    return header.end() if named or role or line.lstrip().startswith("[") else message.start


def _asserter(speaker: Speaker, low: str) -> Asserter:
    """Policy 1. `unknown` is the customer's unless the words are a vendor's; `other` is no party."""
    if speaker == "customer":
        return "customer"
    if speaker == "support":
        return "support"
    if speaker == "system":
        return "system"
    if speaker == "other":  # staff that the source does not name as such often show by what they say
        return "support" if _VENDOR_THANKS.search(low) or _VENDOR_ANSWERS.search(low) else "quoted"
    return "support" if _VENDOR_VOICE.search(low) else "customer"


def _region_passages(ticket: Ticket, low: str, region: _Region) -> Iterator[Passage]:
    voice = _asserter(region.speaker, low[region.start : min(region.end, region.start + 20_000)])
    in_head = region.message is None
    in_fields = in_head
    fence = False
    signed = 0  # where a closing formula ended
    block: list[tuple[int, int]] = []
    block_kind: Kind = "prose"
    field_key = ""

    def flush() -> Iterator[Passage]:
        if block:
            yield from _block_passages(ticket.text, low, block, block_kind, voice, region.message)
            block.clear()

    waiting = sorted((s for s in ticket.spans if s.end > region.start and s.start < region.end), key=lambda s: -s.start)
    spans: list[Span] = []  # those that touch this line
    for start, end in _lines(ticket.text, region.start, region.end):
        while waiting and waiting[-1].start < end:
            spans.append(waiting.pop())
        spans = [span for span in spans if span.end > start]
        line = ticket.text[start:end]
        if signed and start - signed < SIGNATURE and not _NEW_HEADER.match(line):
            continue  # a signature says nothing about the issue; `people` reads it from the text
        signed = 0
        if not in_head and CLOSING.match(line):
            signed = end
        if not line.strip():
            yield from flush()
            field_key = ""
            continue
        field = _FIELD.match(line) if in_fields and len(line) < 2000 else None
        if field and not fence and not _is_prose_field(field[1].casefold().strip(), field[2] or ""):
            yield from flush()
            field_key = field[1].casefold().strip()
            value = start + (field.start(2) if field[2] else end - start)
            kind: Kind = "subject" if field_key in _SUBJECT_FIELDS else "field"
            if field[2] and field[2].strip():
                yield _passage(
                    ticket.text, low, value if kind == "subject" else start, end, kind, voice, None, field_key
                )
            continue
        if field_key == "environment" and in_fields:
            continue  # further lines of the field: read by `particulars`, no prose
        in_fields = in_fields and bool(ticket.messages)
        fences = len(_FENCE.findall(line))
        line_kind = _line_kind(line, start, end, spans, fence=fence or fences > 0)
        if fences % 2:
            fence = not fence
        if line_kind == "hidden":
            continue
        kind = line_kind
        breaks = kind != block_kind or kind in {"heading", "quoted"} or _starts_item(line)
        if breaks or (block and not _wrapped(ticket.text, block[-1], line)):
            yield from flush()
        block_kind = kind
        if kind == "heading":
            yield _passage(ticket.text, low, start, end, "heading", voice, region.message)
            continue
        bullet = _BULLET.match(line)
        block.append((start + (bullet.end() if bullet and kind == "prose" else 0), end))
    yield from flush()


def _is_prose_field(key: str, value: str) -> bool:
    """Whether `Key: value` is a sentence of somebody and no field of the help desk."""
    return key.split()[0] in _PROSE_FIELDS or (
        key not in _SUBJECT_FIELDS and len(value.split()) > 9 and value.rstrip().endswith((".", "!", "?"))
    )


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        yield at, stop
        at = stop + 1


def _line_kind(line: str, start: int, end: int, spans: Sequence[Span], *, fence: bool) -> "Kind | Literal['hidden']":
    for span in spans:
        if min(end, span.end) - max(start, span.start) > (end - start) // 2:
            return "hidden" if span.kind == "asked" else span.kind
    if fence or _MACHINE.match(line):
        return "machine"
    if line.lstrip().startswith(">"):
        return "quoted"
    return "heading" if _HEADING.match(line) and len(line) < 120 else "prose"


def _starts_item(line: str) -> bool:
    return _BULLET.match(line) is not None


def _wrapped(text: str, before: tuple[int, int], line: str) -> bool:
    """Whether this line goes on with the sentence of the line before (mail wraps at 60 to 80 columns)."""
    previous = text[before[0] : before[1]].rstrip()
    if _SALUTATION.match(previous) or previous.endswith(":"):
        return False
    if previous.endswith((".", "!", "?")):
        return True  # the sentence splitter sees these ends itself
    first = line.lstrip()[:1]
    return len(previous) >= 45 or first.islower()


def _block_passages(
    text: str, low: str, block: list[tuple[int, int]], kind: Kind, voice: Asserter, message: int | None
) -> Iterator[Passage]:
    start, end = block[0][0], block[-1][1]
    if kind == "machine":
        for line_start, line_end in block[:400]:
            yield _passage(text, low, line_start, line_end, kind, "quoted", message)
        return
    asserter: Asserter = "quoted" if kind == "quoted" else voice
    for piece_start, piece_end in _pieces(text, start, end):
        said_by = asserter
        if text[piece_start:piece_end].strip()[:1] in _MARKS and text[piece_start:piece_end].strip()[-1:] in _MARKS:
            said_by = "quoted"  # somebody else's words, repeated to answer them
        if asserter == "support" and _RELAYED.match(low, piece_start, min(piece_end, piece_start + 160)):
            said_by = "customer"
        passage = _passage(text, low, piece_start, piece_end, kind, said_by, message)
        if _SAYS.search(passage.text):
            yield passage


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for stop in _END.finditer(text, start, end):
        if _ABBREVIATION.search(text, max(at, stop.start() - 12), stop.end()):
            continue
        yield from _bounded(text, at, stop.end())
        at = stop.end()
    if at < end:
        yield from _bounded(text, at, end)


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > MAX_PASSAGE:
        cut = text.rfind(" ", start + MAX_PASSAGE // 2, start + MAX_PASSAGE)
        cut = start + MAX_PASSAGE if cut < 0 else cut
        yield start, cut
        start = cut
    yield start, end


def _passage(
    text: str, low: str, start: int, end: int, kind: Kind, voice: Asserter, message: int | None, key: str = ""
) -> Passage:
    raw = text[start:end]
    start += len(raw) - len(raw.lstrip())
    end = start + len(raw.strip())
    asserter: Asserter = "customer" if kind == "subject" or key == "environment" else voice
    return Passage(start, end, text[start:end], low[start:end], kind, asserter, message, key)
