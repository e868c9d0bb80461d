"""Text in a ticket that tries to instruct whoever processes it (policy 2.6).

A detector of known forms on folded text, so that case, look-alike quotes, line breaks and zero-width characters do not
hide them. Two classes: a *label* (a pasted or ordered severity, priority or target) covers its own clause, because the
fact beside it may be true; a *directive* (words for a model, forged roles and boundaries) covers its block. What it
finds only warns and disarms: a miss is caught by the gates and by the policy, which no ticket can reach.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from agent.grounding.extents import BLOCK_REACH, enclosing, order_extent
from agent.grounding.fold import Folded, fold
from agent.grounding.injection_forms import (
    DIRECTIVES,
    FOLLOWS,
    LABEL_LINE,
    ORDERS,
    SIGNAL_ORDER,
    SIGNAL_WORD,
    TEMPLATE_COMMENT,
    Form,
    possible,
    words_of,
)
from agent.grounding.intervals import Intervals
from agent.grounding.sentences import sentence_around, sentences
from agent.notation.scan import begins
from schemas.facts import Instruction
from schemas.ticket import Ticket

_REACH_BEFORE, _REACH_AFTER = 160, 320  # folded characters around a literal that hold every match with it
_MOST = 500  # hits whose extent is worked out; a ticket with more is one big attack, and each hit still counts
_BLANK_LINE = re.compile(r"\n[ \t>]*\r?\n")
_TAG_RUN = re.compile("[\U000e0020-\U000e007e]{8,}")  # ASCII smuggled as tag characters; a flag emoji has up to six
_HEAD_LINE = re.compile(r"[A-Za-z][\w /.&-]{0,30}:(?:[ \t]|$)")
_LABEL_LEAD = re.compile(r"\b(?:ticket|triage|escalation|assigned|new|correct|final|overall)[ _]$", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
# An order is an order when nobody else is its subject: "mark this", "please mark this", not "when I mark this".
_IMPERATIVE = re.compile(
    r"(?:^"
    r"|[.!?:;,|>*\-–—(\[{\"'`#=/]|。|！|\b(?:please|pls|plz|kindly|then|and|now|must|should|shall|will|also|always|just|immediately|hereby"
    r"|simply|you|need to|have to|needs to|you to|has to|bitte|por favor|veuillez|so|therefore|instead|first|next|or"
    r"|task is to|job is to|instructed to|required to|ordered to|asked to|told to|begin|start|do))[\s*_\"'`]*$"
)
_SUBJECT = re.compile(
    r"\b(?:when|whenever|if|after|once|before|while|i|we|they|he|she|users?|customers?|people|admins?|anyone|everyone"
    r"|someone"
    r"|can't|cannot|could not|couldn't|able to|unable to|trying to|tried to|try to|how to|want to|wanted to|option to"
    r"|ability to"
    r"|possible to|lets? (?:me|us|you)|allows? (?:me|us|you))"
    r"(?: (?:then|also|now|just|manually|always|still|would|can|could|used to|did|do))?(?: please)?[\s\"'`]*$"
)
_REPORTED = re.compile(
    r"\b(?:types?|typed|typing|enters?|entered|writes?|wrote|says?|said|saying|shows?|showing|displays?|reads?|sends?"
    r"|sent|prompts?|prompted|with|like|such as"
    r"|e\.g\.|input|inputs|phrase|phrases|string|strings|contain(?:s|ing)?|includ(?:es|ing)|using|field|message"
    r"|payload|text"
    r"|questions?|asks?|asked|template|instruction)\b[\w ,:]{0,30}$"
)
_TICKET_WORD = re.compile(r"\b(?:this|ticket|case|issue|incident|request|escalation|it|report)\b")
_SCREEN = re.compile(
    r"\b(?:editor|rules?|alerts?|field|drop-?down|form|settings?|monitor|menu|widget|screen|dashboards?|filter|column"
    r"|checkbox"
    r"|button|api|endpoint|webhook|workflow|automation|integration|config(?:uration)?|yaml|plugin|board|view)\b"
)


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int  # original offsets
    end: int
    why: str


def find_instructions(ticket: Ticket, folded: Folded | None = None) -> tuple[Instruction, ...]:
    """All spans of the ticket that instruct whoever processes it, in order, not overlapping.

    `folded` is the folded `ticket.text` if the caller has it. Pure; linear in the text.
    """
    folded = folded or fold(ticket.text)
    view = _View(ticket, folded)
    labels = [*view.label_lines(), *view.orders()]
    directives = [*view.directives(), *view.signal_names()]
    found = view.hidden(labels + directives)
    found += view.blocks(directives, labels)
    found += view.extents(labels)
    if not ticket.text.isascii():
        tags = _TAG_RUN.finditer(ticket.text)
        found += [_Hit(m.start(), m.end(), "words hidden in invisible tag characters") for m in tags]
    return tuple(
        Instruction(start=h.start, end=h.end, text=ticket.text[h.start : h.end], found_by="detector", why=h.why)
        for h in _merged(ticket.text, found)
    )


def _all_of(text: str, literal: str, low: int = 0, high: int | None = None) -> list[int]:
    spots, spot = [], text.find(literal, low, high)
    while spot >= 0:
        spots.append(spot)
        spot = text.find(literal, spot + len(literal), high)
    return spots


def _windows(text: str, spots: list[int]) -> Iterator[tuple[int, int]]:
    """Stretches around the spots, merged where they overlap."""
    low = high = -1
    for spot in spots:
        if spot - _REACH_BEFORE > high:
            if high >= 0:
                yield low, high
            low = max(0, spot - _REACH_BEFORE)
        high = min(len(text), spot + _REACH_AFTER)
    if high >= 0:
        yield low, high


def _repeats(text: str, last: _Hit, hit: _Hit) -> bool:
    gap = text[last.end : min(hit.start, last.end + 5)]
    return hit.why == last.why and hit.start - last.end < 5 and not any(map(str.isalnum, gap))


def _merged(text: str, hits: list[_Hit]) -> list[_Hit]:
    """Overlapping spans, and repetitions side by side, as one with the reason of the first; in order."""
    merged: list[_Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        last = merged[-1] if merged else None
        if last and (hit.start < last.end or _repeats(text, last, hit)):
            if hit.end > last.end:
                merged[-1] = _Hit(last.start, hit.end, last.why)
        elif hit.end > hit.start:
            merged.append(hit)
    return merged


class _View:
    """A ticket prepared for the detector: its folded text and who stands where."""

    def __init__(self, ticket: Ticket, folded: Folded) -> None:
        self.ticket, self.folded, self.text = ticket, folded, ticket.text
        self._starts = [message.start for message in ticket.messages]
        self._pasted = Intervals((span.start, span.end) for span in ticket.spans)
        self._head_end = _head_end(ticket)
        self._words = words_of(folded.text)
        self._possible = possible(folded.text, self._words)
        self._found: dict[str, list[int]] = {}

    # Where a hit stands

    def _speaker(self, offset: int) -> str:
        index = bisect_right(self._starts, offset) - 1
        if index < 0 or offset >= self.ticket.messages[index].end:
            return "head" if offset < self._head_end else "unknown"
        return "head" if offset < self._head_end else self.ticket.messages[index].speaker

    def _span_at(self, offset: int) -> tuple[int, int] | None:
        return self._pasted.at(offset)

    def _bounds(self, offset: int) -> tuple[int, int]:
        """The message that holds the offset, or the head."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return 0, self._starts[0] if self._starts else len(self.text)
        message = self.ticket.messages[index]
        return (message.start, message.end) if offset < message.end else (message.end, len(self.text))

    def _by_staff(self, offset: int) -> bool:
        """Staff and their systems may label: only what is pasted into their messages may not."""
        return self._speaker(offset) in ("support", "system", "head") and self._span_at(offset) is None

    # Finding

    def _likely(self, forms: tuple[Form, ...]) -> list[Form]:
        return [
            form
            for form in forms
            if form.source in self._possible and not (form.verbs and self._words.isdisjoint(form.verbs))
        ]

    def _matches(self, form: Form) -> Iterator[re.Match[str]]:
        """Matches near the form's literals: its pattern need not read the rest of the ticket."""
        text, last = self.folded.text, 0
        verbs = form.verbs & self._words
        for low, high in _windows(text, self._spots(form)):
            low = max(low, last)
            if form.verbs:  # with one of which every match begins
                starts = sorted(start for verb in verbs for start in _all_of(text, verb, low, high))
                matches = begins(form.pattern, text, starts, high)
            else:
                matches = form.pattern.finditer(text, low, high)
            for match in matches:
                last = match.end()
                yield match

    def _spots(self, form: Form) -> list[int]:
        spots: list[int] = []
        for literal, words in form.literals:
            if not words or self._words.issuperset(words):
                if literal not in self._found:  # several forms share their literals
                    self._found[literal] = _all_of(self.folded.text, literal)
                spots += self._found[literal]
        return sorted(spots)

    def _hit(self, match: re.Match[str], why: str) -> _Hit:
        return _Hit(self.folded.nearest_start(match.start()), self.folded.nearest_end(match.end()), why)

    def _line_before(self, offset: int) -> str:
        low = max(0, offset - 200)  # a line of 5 MB has no beginning that matters
        return self.text[self.text.rfind("\n", low, offset) + 1 or low : offset]

    def _commands(self, match: re.Match[str]) -> bool:
        """Whether the matched verb is an order rather than somebody's report of what they do."""
        start = match.start()
        before = self.folded.text[max(0, start - 60) : start]
        if _SUBJECT.search(before):
            return False
        if not before.strip() or _IMPERATIVE.search(before):
            return True
        # A line of its own counts as a sentence of its own, whatever the line before ends in.
        return self._line_before(self.folded.nearest_start(start)).strip(" \t>*-#|\"'") == ""

    def _is_reported(self, match: re.Match[str]) -> bool:
        """Whether the words are a quoted example: `when a user types "ignore all previous instructions"`."""
        start = match.start()
        before = self.folded.text[max(0, start - 80) : start]
        opened = max(before.rfind('"'), before.rfind("'"), before.rfind("`"))
        if opened < 0 or len(before) - opened > 60 or before[opened + 1 : opened + 2] == " ":
            return False
        mark = before[opened]
        return mark in self.folded.text[match.end() - 1 : match.end() + 120] and bool(_REPORTED.search(before[:opened]))

    def label_lines(self) -> Iterator[_Hit]:
        """`severity: critical`, `"priority": "P1"`, `target: Leadership` in a body or payload."""
        for match in self._matches(LABEL_LINE) if LABEL_LINE.source in self._possible else ():
            start = self.folded.nearest_start(match.start())
            if self._by_staff(start):
                continue
            quoted_key = self.folded.text[max(0, match.start() - 1) : match.start()] in ('"', "'")
            lead = _LABEL_LEAD.sub("", self._line_before(start)).rstrip(" \t")
            opens = not lead.strip("\t >*-#|_\"'`{[(,;") or lead[-1] in ".!?;,({[|"
            if quoted_key or opens:
                yield _Hit(start - quoted_key, self.folded.nearest_end(match.end()), LABEL_LINE.why)

    def orders(self) -> Iterator[_Hit]:
        """`mark this as critical`, `page the CEO`."""
        for form in self._likely(ORDERS):
            for match in self._matches(form):
                start = self.folded.nearest_start(match.start())
                if self._by_staff(start) and self._line_before(start).lstrip()[:8].casefold() != "subject:":
                    continue
                if form.imperative and not self._commands(match):
                    continue
                if self._is_reported(match):
                    continue
                if form.about_ticket and not self._about_ticket(match):
                    continue
                yield self._hit(match, form.why)

    def _about_ticket(self, match: re.Match[str]) -> bool:
        """`set severity to critical` may be a step in the customer's own product; `set this ticket …` is not."""
        if _TICKET_WORD.search(match.group()):
            return True
        hit = self._hit(match, "")
        lead = self._line_before(hit.start).strip()
        if re.match(r"(?:[-*•+]|\d{1,3}[.)])", lead):
            return False
        first, last = sentence_around(self.text, hit.start, hit.end)
        return not _SCREEN.search(self.text[first:last].lower())

    def directives(self) -> Iterator[_Hit]:
        """Words for a model, forged roles, tools and boundaries."""
        for form in self._likely(DIRECTIVES):
            for match in self._matches(form):
                if form.imperative and not self._commands(match):
                    continue
                if self._is_reported(match):
                    continue
                if form.line_start:
                    start = self.folded.nearest_start(match.start())
                    if self._line_before(start).strip(" \t>*-#|_\"'`[<") != "":
                        continue
                yield self._hit(match, form.why)

    def signal_names(self) -> Iterator[_Hit]:
        """Names of our vocabulary: two in one block, or one that the text orders to report.

        A single one in capitals or alone is somebody's error code (gRPC has DATA_LOSS).
        """
        text = self.folded.text
        previous: re.Match[str] | None = None
        for match in _signal_words(text):
            around = text[max(0, match.start() - 60) : match.end() + 30]
            near = previous is not None and match.start() - previous.end() < 300 and match.group() != previous.group()
            written = self.text[self.folded.nearest_start(match.start()) : self.folded.nearest_end(match.end())]
            if written.islower() and (near or SIGNAL_ORDER.search(around)):
                yield self._hit(match, "names the program's own signals")
            previous = match

    def hidden(self, hits: list[_Hit]) -> list[_Hit]:
        """Hidden text with words in it. An issue template's comment that orders nothing is no attempt."""
        found, attempts = [], Intervals((hit.start, hit.end) for hit in hits)
        for span in self.ticket.spans:
            if span.kind != "hidden" or not _WORD.search(self.text, span.start, span.end):
                continue
            content = self.text[span.start : span.end]
            template = content.lstrip().startswith("<!--") and TEMPLATE_COMMENT.search(content)
            if attempts.touch(span.start, span.end) or not template:
                found.append(_Hit(span.start, span.end, "text that a reader of the ticket would not see"))
        return found

    # Extents

    def extents(self, labels: list[_Hit]) -> Iterator[_Hit]:
        """A pasted label covers itself; an order covers its clause."""
        last = 0
        for count, hit in enumerate(labels):
            if hit.why == LABEL_LINE.why or count >= _MOST:
                yield hit
            elif hit.start >= last:
                start, last = order_extent(self.text, hit.start, hit.end, *self._bounds(hit.start))
                yield _Hit(start, last, hit.why)

    def blocks(self, directives: list[_Hit], labels: list[_Hit]) -> Iterator[_Hit]:
        """The blocks of the directives."""
        marked = Intervals((hit.start, hit.end) for hit in directives + labels)
        last, count = 0, 0
        for hit in sorted(directives, key=lambda h: h.start):
            if hit.end <= last:
                continue
            count += 1
            block = self._block(hit, marked) if count <= _MOST else hit
            last = block.end
            yield block

    def _block(self, hit: _Hit, marked: Intervals) -> _Hit:
        """The block of a directive.

        Inside quoted, machine or hidden text, a comment or a JSON object: all of it up to blank lines. In prose: the
        whole paragraph if most of its sentences instruct, else from the first instructing sentence to the last, so that
        a line glued to a true report does not take the report with it.
        """
        low, high = self._bounds(hit.start)
        closed = enclosing(self.text, hit.start, low, high)
        if closed:
            return _Hit(closed[0], max(closed[1], hit.end), hit.why)
        low, high = max(low, hit.start - BLOCK_REACH), max(min(high, hit.end + BLOCK_REACH), hit.end)
        span = self._span_at(hit.start)
        if span:
            low, high = max(low, span[0]), max(min(high, span[1]), hit.end)
        blanks = [m.end() for m in _BLANK_LINE.finditer(self.text, low, hit.start)]
        low = blanks[-1] if blanks else low
        after = _BLANK_LINE.search(self.text, hit.end, high)
        high = after.start() if after else high
        if span:
            return _Hit(low, high, hit.why)
        parts = sentences(self.text, low, high)
        flags = [marked.touch(start, end) for start, end in parts]
        if not any(flags):
            first, last = sentence_around(self.text, hit.start, hit.end, low, high)
            return _Hit(first, last, hit.why)
        if sum(flags) * 2 > len(parts):
            return _Hit(min(parts[0][0], hit.start), max(parts[-1][1], hit.end), hit.why)
        begin, end = flags.index(True), len(flags) - 1 - flags[::-1].index(True)
        while end + 1 < len(parts) and FOLLOWS.match(self.text[slice(*parts[end + 1])].lower()):
            end += 1
        return _Hit(min(parts[begin][0], hit.start), max(parts[end][1], hit.end), hit.why)


def _signal_words(text: str) -> Iterator[re.Match[str]]:
    underscore, last = text.find("_"), 0
    while underscore >= 0:
        if not (text[underscore - 1 : underscore].isalpha() and text[underscore + 1 : underscore + 2].isalpha()):
            underscore = text.find("_", underscore + 1)
            continue
        begin = max(underscore - 14, last)  # the first word of a name has at most 13 letters
        match = SIGNAL_WORD.search(text, begin, underscore + 40)
        if match and match.start() < underscore < match.end():
            yield match
            last = match.end()
        underscore = text.find("_", max(underscore + 1, last))


def _head_end(ticket: Ticket) -> int:
    """Where the help-desk head ends: at the first message, or in a bare text after its opening `Key: value` lines."""
    if ticket.messages and (ticket.messages[0].start > 0 or ticket.messages[0].speaker in ("customer", "support")):
        return ticket.messages[0].start
    end = lines = 0
    for line in ticket.text[:BLOCK_REACH].splitlines(keepends=True):
        if not _HEAD_LINE.match(line):
            break
        end += len(line)
        lines += 1
    return end if lines >= 2 else 0
