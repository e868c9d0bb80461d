"""The sentence around a span, in text as people paste it: wrapped mail, lists, headings, logs, Japanese."""

import re

MAX_SENTENCE = 600
"""Longest sentence returned, in code points, unless the span itself is longer."""

_ABBREVIATION_TABLE = """
    e.g i.e eg ie etc vs cf approx ca incl excl max min nr
    mr mrs ms dr prof sr jr inc ltd corp co dept est fig figs vol resp tel
    z.b bzw d.h u.a evtl ggf usw bspw inkl zzgl str abs p.ex m mme mlle sra srta ud uds pág núm
"""
_ABBREVIATIONS = frozenset(_ABBREVIATION_TABLE.split())
_BEFORE_DIGIT = frozenset(("no", "nos", "art", "sec", "p", "pp", "ver", "rev", "ref"))  # "no. 5", but "I said no."
_BEFORE_LOWER = frozenset(("a.m", "p.m", "u.s", "u.k"))

_LONGER = max(map(len, _ABBREVIATIONS | _BEFORE_DIGIT | _BEFORE_LOWER)) + 1

# One class for the first character of every break, then the break that it begins: such a pattern is searched for
# several times faster than three that each begin in their own way.
_BREAK = re.compile(
    r"[.!?…。！？｡\r\n](?:(?P<stop>(?<=[.!?…])[.!?…]*[\"')\]»”’*_]*(?=\s))|(?P<cjk>(?<=[。！？｡])[。！？｡]*[」』）\"]*)"
    r"|(?P<line>(?:(?<=\r)\n?|(?<=\n))(?:[ \t>]{0,40}(?:\r\n|\n|\r)){0,99}))"
)
_PACE = 120  # code points looked back at a time: most sentences begin within
_WORD_BEFORE = re.compile(r"[\w.]+$")
_OPENER = re.compile(
    r"(?:[-*•+#|]|\d{1,3}[.)]\s|[a-z][.)]\s|h[1-6]\.\s|bq\.\s|```|\{|\}|<\w|</|--|==)"  # list, heading, table, code
    r"|\[?\d{4}-\d\d-\d\d|\[?\d\d?:\d\d:\d\d|\[[A-Z0-9]|(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL|CRITICAL)\b"  # logs
    r"|at [\w$.<>]{3,80}\(|Caused by:|[VDIWEF]/[\w-]{2,30}[ (:]"
    r"|[A-ZÄÖÜ][\w /&.-]{0,30}:(?:\s|$)"  # a head line
)
_LOG_LINE = re.compile(
    r"\[?\d{4}-\d\d-\d\d[T ]|\[?\d\d?:\d\d:\d\d|\[[A-Z]{3,8}\]|(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b"
    r"|at [\w$.<>]{3,80}\(|[VDIWEF]/[\w-]{2,30}[ (:]|#{1,6} |h[1-6]\. "
)
_OPEN_END = re.compile(
    r"(?:,|\b(?:and|or|the|a|an|of|no|not|to|with|without|for|in|on|any|is|are|was|were|we|i|our|that|this|have|has|by|at"
    r"|und|oder|der|die|das|kein|keine|nicht|de|la|le|les|et|pas|que|y|o|no|sin|e|do|da|não|sem))$",
    re.IGNORECASE,
)
_WRAPPED = 45  # a line at least this long was probably wrapped by a mail program
_WRAPPED_CJK = 18
_CJK_END = re.compile("[\u3040-\u30ff\u3400-\u9fff]$")
_LEAD = re.compile(r"(?:\s++|>++|[-*•+]\s++|\d{1,3}[.)]\s++|#{1,6}\s++|h[1-6]\.\s++|bq\.\s++)++")


def sentence_around(text: str, start: int, end: int, low: int = 0, high: int | None = None) -> tuple[int, int]:
    """Bounds of the sentence (or sentences) that hold `text[start:end]`, within `[low, high)`.

    At most `MAX_SENTENCE` code points unless the span is longer. Never smaller than the span. Never fails for
    `0 <= start <= end <= len(text)`.
    """
    high = len(text) if high is None else high
    low, high = min(low, start), max(high, end)
    first = _left(text, start, max(low, start - MAX_SENTENCE))
    last = _right(text, end, min(high, end + MAX_SENTENCE), start)
    lead = _LEAD.match(text, first, start)
    if lead:
        first = lead.end()
    while last > end and text[last - 1].isspace():
        last -= 1
    return _bounded(text, first, last, start, end)


def sentences(text: str, start: int, end: int, limit: int = 200) -> list[tuple[int, int]]:
    """The sentences of `text[start:end]` in order, at most `limit` of them."""
    found: list[tuple[int, int]] = []
    position = start
    while position < end and len(found) < limit:
        while position < end and text[position].isspace():
            position += 1
        if position >= end:
            break
        bounds = sentence_around(text, position, position + 1, position, end)
        found.append(bounds)
        position = max(bounds[1], position + 1)
    return found


def _left(text: str, start: int, low: int) -> int:
    end, upto = min(len(text), start + 1), start
    while upto > low:
        # From behind a letter, which no break holds: so the breaks are those that a search from `low` would give.
        since = max(low, upto - _PACE)
        while since > low and not text[since - 1].isalnum():
            since -= 1
        breaks = [match for match in _BREAK.finditer(text, since, end) if match.end() <= start]
        for match in reversed(breaks):
            if _ends_sentence(text, match, low):
                return match.end()
        end = upto = since
    return low


def _right(text: str, end: int, high: int, start: int) -> int:
    # Begin one character back: the quote may end in its sentence's own full stop.
    begin = max(start, end - 1)
    for match in _BREAK.finditer(text, begin, min(len(text), high + 1)):
        if match.end() < end or (match.lastgroup == "line" and match.start() < end):
            continue
        if _ends_sentence(text, match, max(0, begin - MAX_SENTENCE)):
            return min(match.start() if match.lastgroup == "line" else match.end(), high)
    return high


def _ends_sentence(text: str, match: re.Match[str], low: int) -> bool:
    kind = match.lastgroup
    if kind == "cjk":
        return True
    if kind == "stop":
        return _stop_ends(text, match, low)
    return _line_ends(text, match, low)


def _stop_ends(text: str, match: re.Match[str], low: int) -> bool:
    stop, mark = match.start(), match.group()
    if "!" in mark or "?" in mark:
        return True
    following = text[match.end() : match.end() + 4].lstrip()[:1]
    if mark.startswith(("..", "…")):
        return not following.islower()
    if stop - low >= _LONGER and text[stop - _LONGER : stop].isalpha():
        return True  # behind a long word
    word = text[max(low, stop - 20) : stop].rpartition(" ")[2]
    if not word.isalnum():
        found = _WORD_BEFORE.search(text, max(low, stop - 20), stop)
        if found is None:
            return True
        word, stop = found.group(), found.end()
    before = word.lower()
    if before in _ABBREVIATIONS:
        return False
    if before in _BEFORE_DIGIT:
        return not following.isdigit()
    if before in _BEFORE_LOWER:
        return not following.islower()
    if len(before) == 1 and before.isalpha() and word.isupper() and before != "i":
        return False  # an initial
    if before.isdigit() and len(before) <= 3:
        begin = stop - len(word)
        line = text[max(low, text.rfind("\n", 0, begin) + 1) : begin]
        return line.strip(" \t>") != ""  # "1. Open the editor"
    return True


def _line_ends(text: str, match: re.Match[str], low: int) -> bool:
    breaks = match.group()
    if len(breaks) > 1 and breaks.count("\n") + breaks.count("\r") - breaks.count("\r\n") > 1:
        return True
    line_start = max(text.rfind("\n", low, match.start()) + 1, low)
    previous = text[line_start : match.start()].strip(" \t>")
    following = text[match.end() : match.end() + 120].lstrip(" \t>")
    if not previous or not following:
        return True
    if previous[-1] in ".!?:;。！？" or _LOG_LINE.match(previous) or _OPENER.match(following):
        return True
    if following[0].islower() or _OPEN_END.search(previous[-12:]):
        return False
    if _CJK_END.search(previous):
        return len(previous) < _WRAPPED_CJK
    return len(previous) < _WRAPPED


def _bounded(text: str, first: int, last: int, start: int, end: int) -> tuple[int, int]:
    if last - first <= MAX_SENTENCE:
        return first, last
    room = max(0, MAX_SENTENCE - (end - start))
    before = min(start - first, max(room // 2, room - (last - end)))
    cut_first, cut_last = start - before, min(last, end + room - before)
    if cut_first > first:  # do not begin inside a word
        blank = next((i for i in range(cut_first, start) if text[i].isspace()), None)
        cut_first = start if blank is None else blank + 1
    if cut_last < last:
        blank = next((i for i in range(cut_last - 1, end - 1, -1) if text[i].isspace()), None)
        cut_last = end if blank is None else blank
    return cut_first, max(cut_last, end)
