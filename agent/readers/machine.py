"""Logs, stack traces, code and payloads inside a message.

A line is sure (a stack frame, a log line with level or full time stamp), likely (a brace, a tag, a statement) or prose.
A run of such lines, blank ones between them included, is machine text if it holds a sure line or two likely ones.
"""

import re
from collections.abc import Iterator

Lines = list[tuple[int, int]]

_FENCE = re.compile(r"[ \t]{0,3}(```+|~~~+)")
_JIRA = re.compile(r"\{(code|noformat)(?::[^}\n]{0,200})?\}")
_PRE = re.compile(r"<(/?)(pre|code|details)\b[^>\n]{0,200}>", re.IGNORECASE)
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|SEVERE)"
_STAMP = r"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d)"

_SURE = re.compile(
    r"[ \t]*(?:"
    rf"\[{_LEVEL}\]"  # [ERROR] :  Failed
    rf"|{_STAMP}(?:[.,]\d{{1,9}})?(?:Z|[ ]?[+-]\d\d:?\d\d)?\]?[ \t]*"
    rf"(?:[|:\[(-][^\n]|\[?{_LEVEL}\b|\S{{1,60}}\[\d+\]|[a-z\d][\w.$/-]{{0,60}}:)"
    rf"|{_STAMP}[.,]\d{{3,9}}"
    rf"|{_LEVEL}[ \t]{{1,5}}(?:\[|\d{{4}}-|\d\d:\d\d|[\w$-]{{1,40}}\.[\w$.]{{1,60}}\b)"
    rf"|\[?\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?\]? ?\[?{_LEVEL}\b"
    r"|\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}"  # Android's logcat
    r"|[VDIWEF]/[\w.$-]{1,40}\(?[ \d]{0,8}\)?:"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d "  # syslog
    r"|\d{1,3}(?:\.\d{1,3}){3} \S{1,40} \S{1,40} \["  # access log
    r"|(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S{0,2000} HTTP/\d"
    r"|HTTP/\d(?:\.\d)? [1-5]\d\d\b"
    r"|at [\w.$<>/\[\] `]{1,200}\([^()\n]{0,200}\)[ \t]*$"  # Java, JavaScript, .NET
    r"|at (?:async )?\S{1,300}:\d{1,7}:\d{1,7}\)?[ \t]*$"
    r"|Caused by: |\.\.\. \d{1,5} (?:common frames|more)|Suppressed: "
    r"|Traceback \(most recent call last\)"
    r'|File "[^"\n]{1,300}", line \d{1,7}'
    r"|from \S{1,300}:\d{1,7}:in "  # Ruby
    r"|#\d{1,4}[ \t]{1,4}(?:0x[0-9a-fA-F]{4,16}|\S{1,200}\(\d{1,7}\):|\S{1,120} at \S)"  # gdb, PHP
    r"|goroutine \d{1,9} \[|panic: |thread '[^'\n]{1,80}' panicked at"
    r"|(?:[\w$]{1,60}\.){1,12}[\w$]{0,60}(?:Exception|Error)(?:: |[ \t]*$)"  # java.lang.NullPointerException: …
    r"|(?:[A-Z]\w{1,40})?(?:Error|Exception): (?=\S)[^\n]{0,300}(?:\(|'|\"|0x|::|[a-z]\.[a-z])[^\n]{0,300}$"
    r"|Exception in thread \""
    r"|/[\w./@+-]{3,300}:\d{1,7}(?::\d{1,7})?[ \t]*+:?[ \t]*+$"  # /usr/lib/x.js:184
    r"|-----(?:BEGIN|END) [A-Z ]{2,40}-----"
    r"|[A-Za-z0-9+/]{60,76}={0,2}[ \t]*$"  # base64
    r"|<\?xml |<!DOCTYPE "
    r"|<[A-Za-z][\w:.-]{0,60} [^<>\n]{0,1000}=[^<>\n]{1,1000}/?>[ \t]*$"  # one tag with attributes, nothing else
    r"|(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|ALTER TABLE|CREATE TABLE) [^\n]{3,400};[ \t]*$"
    r"|[$#] (?:curl|npm|pip|git|docker|kubectl|sudo|cd|ls|cat|ssh|java|python3?|node|ti|appc) "
    r")"
)
_LIKELY = re.compile(
    r"[ \t]*(?:"
    r"[{}\[\]()]{1,6}[,;]{0,2}[ \t]*$"
    r"|[\"'][^\"'\n]{1,80}[\"'][ \t]*:[ \t]*(?:[\"'{\[\d-]|true|false|null)"  # "key": value
    r"|\{[ \t]*[\"'][^\"'\n]{1,80}[\"'][ \t]*:"
    r"|</?[A-Za-z][\w:.-]{0,60}(?:[ \t][^<>\n]{0,1000})?/?>"  # a tag begins the line
    r"|<[A-Za-z][\w:.-]{0,60}(?:[ \t]+[\w:.-]{1,60}=\"[^\"\n]{0,300}\"){1,20}[ \t]*$"  # a tag that goes on
    r"|(?:[\w:.-]{1,60}=\"[^\"\n]{0,300}\"[ \t]*+){1,20}/?>?[ \t]*+$"  # attributes alone
    r"|(?:var|let|const|int|long|String|bool|public|private|protected|static|final|function|async|def|class|import|export)"
    r" [^\n]{0,300}[;{(:,]+[ \t]*$"
    r"|(?:return|throw|break|continue|await|else|try|finally)\b[^\n]{0,300}[;{}]+[ \t]*$"
    r"|(?:if|for|while|switch|catch|elif) ?\([^\n]{0,300}[{;)]+[ \t]*$"
    r"|\}[ \t]*(?:else|catch|finally|\))[^\n]{0,200}$"
    r"|[\w$]{1,60}(?:[.\[][\w$'\"\]]{1,60}){0,8} ?[-+*/]?= ?[^=\n][^\n]{0,400}[;{,(\[]+[ \t]*$"
    r"|[\w$]{1,60}(?:[.\[][\w$'\"\]]{1,60}){0,8} ?\([^\n]{0,400}[;{,(\[]+[ \t]*$"
    r"|[\w$]{1,60}: ?(?:['\"\d{\[]|true|false|null|function|[\w$]{1,40}\.[\w$.]{1,60})"
    r"[^\n]{0,300}[,{\[]$"
    r"|(?://|/\*|\*/)[^\n]{0,300}$"
    rf"|{_LEVEL}: ?\S"
    r"|[0-9a-fA-F]{8}(?: [0-9a-fA-F]{2,8}){3,}"
    r")"
)
_STATEMENT = re.compile(
    r"[ \t]*(?:(?:var|let|const) [\w$]{1,60} ?= ?|[\w$]{1,60}(?:\.[\w$]{1,60}){1,8} ?(?:=[^=]|\())[^\n]{0,400};[ \t]*$"
)
# Inside a run, a deeper line or a line of a wrapped frame belongs to it ('    throw e;', 'line 3 of the message').
_INDENTED = re.compile(r"(?:\t| {2,})\S")
_MAX_LINE = 2_000  # characters of a line that the patterns look at
_MAX_BLANKS = 2  # blank lines inside a run


def machine_ranges(text: str, lines: Lines, tail: bool = False) -> Iterator[tuple[int, int]]:
    """Ranges of machine text among `lines` (start, end without newline) of one message's body.

    `tail`: the body's beginning was cut off, so an odd closing mark closes a block that began before it.
    """
    if not lines:
        return
    blocks = [*_fences(text, lines, tail), *_tagged(text, lines, tail)]
    yield from blocks
    yield from _runs(text, lines, sorted(blocks))


def _fences(text: str, lines: Lines, tail: bool) -> Iterator[tuple[int, int]]:
    opened: tuple[int, str] | None = None
    lone: list[tuple[int, int]] = []
    for start, end in lines:
        match = _FENCE.match(text, start, end)
        if match is None:
            continue
        if opened is None:
            opened = (start, match[1])
            lone.append((start, end))
        elif match[1].startswith(opened[1]) and not text[match.end() : end].strip():
            yield opened[0], end
            opened = None
    if opened is not None and tail and len(lone) == 1:
        yield lines[0][0], lone[0][1]


def _tagged(text: str, lines: Lines, tail: bool) -> Iterator[tuple[int, int]]:
    start, end = lines[0][0], lines[-1][1]
    opened: dict[str, int] = {}
    for match in _JIRA.finditer(text, start, end):
        kind = match[1]
        if kind in opened:
            yield opened.pop(kind), match.end()
        else:
            opened[kind] = match.start()
    if tail and len(opened) == 1:
        yield start, next(iter(opened.values())) + len("{code}")
    pre: int | None = None
    for match in _PRE.finditer(text, start, end):
        if match[2].lower() != "pre":
            continue
        if not match[1]:
            pre = match.start() if pre is None else pre
        elif pre is not None:
            yield pre, match.end()
            pre = None


def _runs(text: str, lines: Lines, blocks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    first = last = -1
    sure = likely = blanks = 0
    block = 0

    def worth() -> bool:
        return sure > 0 or likely > 1

    for index, (start, end) in enumerate(lines):
        while block < len(blocks) and blocks[block][1] <= start:
            block += 1
        covered = block < len(blocks) and blocks[block][0] <= start
        grade = 0 if covered else _grade(text, start, min(end, start + _MAX_LINE))
        if grade == 0 and not covered and first >= 0:
            if end - start == 0 or not text[start:end].strip():
                blanks += 1
                if blanks <= _MAX_BLANKS:
                    continue
            elif blanks == 0 and worth() and _INDENTED.match(text, start, end):
                last = index
                continue
        if grade == 0:
            if first >= 0 and worth():
                yield lines[first][0], lines[last][1]
            first, sure, likely, blanks = -1, 0, 0, 0
            continue
        if first < 0:
            first = index
        last, blanks = index, 0
        sure += grade == 2
        likely += grade == 1
    if first >= 0 and worth():
        yield lines[first][0], lines[last][1]


def _grade(text: str, start: int, end: int) -> int:
    if end - start < 1:
        return 0
    if _SURE.match(text, start, end) or _STATEMENT.match(text, start, end):
        return 2
    return 1 if _LIKELY.match(text, start, end) else 0
