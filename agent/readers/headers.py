"""Message headers in a text ticket, and which of them are the ticket's own.

A customer can type `Support: confirmed` into a message. So one style of header is in force for a ticket, and a line in
another style opens nothing. Where the structure itself is in doubt, speakers other than the customer become `unknown`:
code lowers authority by the speaker, and never raises it.
"""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from agent.readers.roles import ROLE_WORD, read_label
from agent.readers.times import DATETIME, TIME, ZONE, parse_time
from schemas.ticket import Speaker

_MARK = r"^[ \t]{0,3}(?P<mark>[#*_]{0,6}) ?"
_WHO = r"[^\W\d_][^\n:\[\]|<>=]{0,90}?"
_CODE = re.compile(r"^[ \t]{0,3}(?:```|~~~)|\{(?:code|noformat)(?::[^}\n]{0,100})?\}", re.MULTILINE)

_STYLES = (
    # [2014-06-30T02:47:35] Customer:      [10:02] Jane (Acme): hello
    (
        "bracket",
        rf"{_MARK}\[(?P<time>{TIME}{ZONE}?)\][*_]{{0,2}} (?P<who>{_WHO})[*_]{{0,2}}:(?P<rest>[*_]{{0,2}}(?: [^\n]*)?)$",
    ),
    # --- Internal note (Tom, L2) 2026-01-02 ---
    (
        "ruled",
        rf"{_MARK}[-=]{{2,10}} ?(?P<who>{_WHO})(?:[,|·—–-]? ?\(?(?P<time>{TIME}{ZONE}?)\)?)? ?[-=]{{2,10}}(?P<rest>)$",
    ),
    # Agent Maria, 2026-03-02 10:14:       **Support** — 3 March 2026       Customer (2026-03-02 10:14)
    (
        "dated",
        rf"{_MARK}(?P<who>{_WHO})[*_]{{0,2}}:?(?: ?[,|·—–-] ?| ?\(| on | )"
        rf"(?P<time>{DATETIME}{ZONE}?)\)?[*_]{{0,2}}(?P<colon>:?)[*_]{{0,2}}(?P<rest>)$",
    ),
    # 2026-03-02 10:14 - Jane (Acme): hello
    (
        "timed",
        rf"{_MARK}(?P<time>{TIME}{ZONE}?)(?: ?[,|·—–-])? (?P<who>{_WHO})[*_]{{0,2}}:(?P<rest>[*_]{{0,2}}(?: [^\n]*)?)$",
    ),
    # Customer (Jane): hello               **Support:** hello
    (
        "role",
        rf"{_MARK}(?P<who>(?:{ROLE_WORD})(?: [A-Z][\w.'’-]{{1,30}}){{0,2}}(?: \([^()\n]{{1,80}}\))?"
        rf"(?:, [a-z ]{{4,30}})?)[*_]{{0,2}}:(?P<rest>[*_]{{0,2}}(?:[ \t][^\n]*)?)$",
    ),
    # **Customer**
    ("bare", rf"^(?P<mark>\*\*|#{{1,4}} )(?P<who>(?:{ROLE_WORD})(?: \([^()\n]{{1,80}}\))?)(?:\*\*)?(?P<rest>)[ \t]*$"),
)
_PATTERNS = tuple((name, re.compile(pattern, re.MULTILINE | re.IGNORECASE)) for name, pattern in _STYLES)
_UNDATED = ("role", "bare")
# A line of 5 to 260 characters. It begins with a literal newline because the engine finds that many times faster than
# a line's start; the text's own first line has none.
_LINE = re.compile(r"(?:\n|\A)(?=[^\n]{5,260}(?:\n|\Z))")


@dataclass(frozen=True, slots=True)
class Header:
    """A line that opens a message. `style` is its kind with the shape of its time."""

    start: int
    end: int
    style: str
    speaker: Speaker
    author: str | None
    time: datetime | None
    internal: bool
    inline: bool
    role: bool
    clock: bool = False


def find_headers(text: str, head_end: int, desk: bool) -> tuple[list[Header], list[str]]:
    """The ticket's own headers in order, and notes on what was doubtful.

    `head_end` is where the head ends, `desk` whether it is a help desk's: then unknown lines between head and first
    message are fields (an environment of several lines), else they are somebody's prose.
    """
    lines = _candidates(text, head_end)
    if not lines:
        return [], []
    notes: list[str] = []
    force, conflict = _style_in_force(text, lines, head_end, desk)
    if force is None:
        return [], []
    own = _in_style(lines, force)
    if conflict:
        notes.append("Headers in two styles: which is the ticket's own is unsure, so only customers are named.")
        own = [_doubt(header) for header in own]
    elif force.style.startswith(_UNDATED):
        # A lone 'Support:' is how a customer may address us; without a customer's own header nothing is certain.
        if not any(header.speaker == "customer" for header in own):
            own = [_doubt(header) for header in own]
    elif not desk and text[head_end : own[0].start].strip():
        notes.append("Text stands before the first message: a pasted thread, so only customers are named.")
        own = [_doubt(header) for header in own]
    kept = {header.start for header in own}
    others = sum(header.role and header.start not in kept and header.start > own[0].start for header in lines)
    if others:
        notes.append(f"{others} lines look like message headers in another style; they open no message.")
    return _check_order(own, notes), notes


def _candidates(text: str, head_end: int) -> list[Header]:
    found: list[Header] = []
    code = _code_ranges(text)
    for line in _LINE.finditer(text, max(0, head_end - 1)):
        # The pattern ends before the line, but for the text's first one.
        start = line.end() if text[line.start() : line.start() + 1] == "\n" else line.start()
        if start < head_end or _inside(code, start):
            continue
        header = next(filter(None, (_header(name, pattern.match(text, start)) for name, pattern in _PATTERNS)), None)
        if header is not None:
            found.append(header)
    return _set_apart(text, found)


def _set_apart(text: str, lines: list[Header]) -> list[Header]:
    """Undated headers must follow a blank line, unless the ticket is a compact chat that has none at all."""
    undated = [header for header in lines if header.style.startswith(_UNDATED)]
    apart = {header.start for header in undated if not header.start or _blank_before(text, header.start)}
    compact = len(undated) > 1 and not any(header.start in apart for header in undated[1:])
    if compact and all(header.inline for header in undated):
        return lines
    return [header for header in lines if header.start in apart or not header.style.startswith(_UNDATED)]


def _header(name: str, match: re.Match[str] | None) -> Header | None:
    if match is None:
        return None
    label = read_label(match["who"])
    if label is None:
        return None
    role = label.speaker != "unknown" or label.internal
    groups = match.groupdict()
    written = groups.get("time")
    inline = bool(match["rest"].strip(" \t*_"))
    if name == "dated" and not (role or groups["colon"] or match["mark"]):
        return None
    if name in ("ruled", *_UNDATED) and not role:
        return None
    time = parse_time(written)
    clock = written is not None and not re.search(r"\d{4}", written)
    shape = "clock" if clock else "date" if written and ":" not in written else "datetime"
    style = f"{name}:{match['mark'].strip()}" if name in _UNDATED else f"{name}:{shape}:{match['mark'].strip()}"
    # The header of a message with text on the same line ends at the colon, so that the text is the body's.
    end = match.start("rest") if inline else match.end()
    if name == "ruled":
        style = "ruled"
    return Header(match.start(), end, style, label.speaker, label.author, time, label.internal, inline, role, clock)


def _blank_before(text: str, start: int) -> bool:
    line = text.rfind("\n", 0, start - 1) + 1
    return not text[line : start - 1].strip()


def _style_in_force(text: str, lines: list[Header], head_end: int, desk: bool) -> tuple[Header | None, bool]:
    """The header whose style holds, and whether a rival style makes that doubtful.

    The first header with a role wins: nothing that a customer wrote stands before it, but for fields of the head
    that a customer may fill in (`Environment`). If that first one is undated, names staff, and dated headers follow,
    then it may be forged there: the dated style holds, in doubt.
    """
    # Undated headers open a ticket only at its top: below anything else, 'Support: …' may be somebody's sentence.
    prose = _first_prose(text, head_end, desk)
    sides = {(header.style, header.speaker) for header in lines}
    counts = Counter(header.style for header in lines)

    def usable(header: Header) -> bool:
        if header.style.startswith("bare"):
            return {(header.style, "customer"), (header.style, "support")} <= sides and header.start <= prose
        if header.style.startswith("role"):
            return header.start <= prose
        # Names without a role open messages only where at least two lines agree on it: else it is a log or a signature.
        return header.role or counts[header.style] >= 2

    able = [header for header in lines if usable(header)]
    first = next((header for header in able if header.role), None)
    if first is None:
        return next(iter(able), None), False
    if first.style.startswith(_UNDATED) and first.speaker != "customer":
        undated = (*_UNDATED, "ruled")
        dated = next((header for header in able if header.role and not header.style.startswith(undated)), None)
        if dated is not None:
            return dated, True
    return next(header for header in able if header.style == first.style), False


_FIELD = re.compile(r"[ \t]+\S|[-*•]|[^\n:]{1,40}:|[-=_#]{3,}")


def _first_prose(text: str, start: int, desk: bool) -> int:
    """Where the first line after `start` stands that is neither blank nor, in a help desk's ticket, a field."""
    while start < len(text):
        stop = text.find("\n", start)
        stop = len(text) if stop < 0 else stop
        field = desk and _FIELD.match(text, start, stop)
        if not field and start < stop and not text[start:stop].isspace():
            return start
        start = stop + 1
    return len(text)


def _in_style(lines: list[Header], force: Header) -> list[Header]:
    own = []
    for header in lines:
        if header.start < force.start:
            continue
        if header.style != force.style:
            continue
        if not header.role and header.inline and not force.inline:
            continue  # under '[time] Customer:' alone on its line, '[time] Server: started' is a log
        own.append(header)
    return own


def _doubt(header: Header) -> Header:
    if header.speaker in ("support", "system"):
        return replace(header, speaker="unknown")
    return header


def _check_order(own: list[Header], notes: list[str]) -> list[Header]:
    """A header dated against the thread's direction may be pasted: its speaker is kept only for the customer."""
    times = [header.time for header in own if header.time is not None]
    if len({time.tzinfo is None for time in times}) > 1:
        return own
    steps = list(pairwise(times))
    up, down = sum(a < b for a, b in steps), sum(a > b for a, b in steps)
    if not up or not down:
        return own
    rising = up >= down
    checked, last = [], None
    for header in own:
        if header.time is not None and last is not None and (header.time < last if rising else header.time > last):
            checked.append(_doubt(header))
            continue
        last = header.time if header.time is not None else last
        checked.append(header)
    if checked != own:
        notes.append("Some messages are dated against the thread's order: their speakers are unsure.")
    return checked


def _code_ranges(text: str) -> list[tuple[int, int]]:
    """Closed code blocks. With an odd marker the pairs are unsure, and nothing is protected."""
    marks = list(_CODE.finditer(text))
    ranges: list[tuple[int, int]] = []
    for kind in ("`", "~", "{code", "{noformat"):
        same = [mark for mark in marks if mark[0].lstrip().startswith(kind)]
        if len(same) % 2 == 0:
            ranges += [(a.start(), b.end()) for a, b in zip(same[::2], same[1::2], strict=True)]
    return sorted(ranges)


def _inside(ranges: list[tuple[int, int]], offset: int) -> bool:
    index = bisect_right(ranges, (offset, offset)) - 1
    return index >= 0 and ranges[index][0] < offset < ranges[index][1]
