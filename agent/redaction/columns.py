"""Secrets that are known by their place: a column that a word heads, a list of codes, the last field of `.pgpass`."""

import re
from collections.abc import Iterator

from agent.redaction.found import Found
from agent.redaction.values import is_cell, is_mixed
from schemas.redaction import Kind

_DELIMITERS = ("|", "\t", ";", ",")
_RULE = frozenset("-:| \t")  # signs of the line under a head
_MOST_ROWS = 500
_MOST_CELLS = 60
_LONGEST_HEAD = 40
_LONGEST_LINE = 2_000
_INSERT = re.compile(r"(?i)insert\s{1,3}into\s[^()\n]{1,100}\(\Z")
_VALUES = re.compile(r"(?i)\)\s{0,5}values\s{0,5}")
_LEAD = re.compile(r"[ ]?(?:\([^()\n]{0,30}\))?[ ]?(?:are|is|sind|son|sont)?:?[ ]{0,3}")
_CODE = re.compile(
    r"(?:[ ]{0,4}\n|[ ]{0,3}[,;|][ ]{0,3}|[ ]{1,4})?[ \t>]{0,8}(?:\d{1,2}[.)][ ]{1,3}|[-*•][ ]{1,3})?[`*\"']{0,2}"
    r"(?P<code>[A-Za-z0-9]{4,12}(?:[ ]?-[ ]?[A-Za-z0-9]{3,12}){0,4}|\d{3,5}[ ]\d{3,5})(?![\w-])[`*\"']{0,2}"
)
_PGPASS = re.compile(r":(?:\d{4,5}|\*):([^\s:]{1,80}):([^\s:]{1,80}):([^\s:](?:[^\s:]|\\:){2,200})(?!\S)")
_HOST = re.compile(r"(?:\A|(?<=[\s\"'`>(]))(?:[\w*.-]{1,100}|/[\w./-]{1,100})\Z")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{1,4}")


def column(text: str, low: str, start: int, end: int, kind: Kind) -> Iterator[Found]:
    """Values below a word that is the head of a column, or that an INSERT puts into a column of this name."""
    if (row := _line(text, start)) is None:
        return
    first, last = row
    if (inserted := _INSERT.search(low, max(0, start - 400), _opening(low, start))) is not None:
        yield from _inserted(text, inserted.end(), start, kind)
        return
    before = text[first:start].rstrip(" \"'`*>")[-1:]
    after = text[end:last].lstrip(" \"'`*\r")[:1]
    sign = next((sign for sign in _DELIMITERS if sign in (before, after)), None)
    if sign is None or before not in ("", sign) or after not in ("", sign):
        return
    heads = _cells(text, first, last, sign)
    if not 2 <= len(heads) <= _MOST_CELLS or any(b - a > _LONGEST_HEAD for a, b in heads):
        return
    if sign in _previous(text, first):
        return  # a row in the middle of a table is no head
    place = next(number for number, (a, b) in enumerate(heads) if a <= start <= b)
    at, ruled = last + 1, False
    for _ in range(_MOST_ROWS):
        if at >= len(text) or (line := _line(text, at)) is None:
            return
        a, b = line
        at = b + 1
        if sign == "|" and "--" in text[a:b] and _RULE.issuperset(text[a:b]):
            ruled = True
            continue
        cells = _cells(text, a, b, sign)
        if len(cells) != len(heads):
            return
        begin, stop = cells[place]
        if not ruled and sign == "|" and place == 0 and len(heads) <= 4:
            return  # a table of names and values, without a head
        cell = text[begin:stop]
        if cell and (is_cell(cell, kind) or (kind == "token" and is_mixed(cell) and len(cell) >= 16)):
            yield Found(begin, stop, kind)


def code_list(text: str, end: int) -> Iterator[Found]:
    """Backup and recovery codes, one after the other behind the word for them."""
    lead = _LEAD.match(text, end)
    at = lead.end() if lead is not None else end
    found: list[Found] = []
    while len(found) < _MOST_CELLS and (match := _CODE.match(text, at)) is not None:
        if not any(c.isdigit() for c in match["code"]) and not _alike(match["code"], found, text):
            break
        found.append(Found(*match.span("code"), "one_time_code"))
        at = match.end()
    if len(found) > 1:
        yield from found


def _alike(code: str, found: list[Found], text: str) -> bool:
    """Whether a code without a digit is made as the one before it is, or as codes in two halves are."""
    if not found:
        return "-" in code and "\n" in text
    before = text[found[-1].start : found[-1].end]
    return len(code) == len(before) and code.find("-") == before.find("-") and ("-" in code or not code.islower())


def pgpass(text: str) -> Iterator[Found]:
    """The fifth field of `host:port:database:user:password`."""
    if ":" not in text:
        return
    for match in _PGPASS.finditer(text):
        host = _HOST.search(text, max(0, match.start() - 101), match.start())
        if host is None or all(_HEXADECIMAL.fullmatch(part) for part in (host[0], match[1], match[2], match[3])):
            continue  # an address of a network card
        yield Found(*match.span(3), "password")


def _line(text: str, at: int) -> tuple[int, int] | None:
    """Where the line begins and ends; None for a long one, which is no row of a table."""
    first = text.rfind("\n", max(0, at - _LONGEST_LINE), at) + 1
    last = text.find("\n", at, at + _LONGEST_LINE)
    if last < 0:
        last = len(text) if len(text) - at < _LONGEST_LINE else -1
    return None if last < 0 or (first == 0 and at >= _LONGEST_LINE) else (first, last)


def _previous(text: str, first: int) -> str:
    return text[text.rfind("\n", max(0, first - _LONGEST_LINE), max(0, first - 1)) + 1 : first]


def _opening(low: str, start: int) -> int:
    """Behind the bracket that opens before `start`."""
    return low.rfind("(", max(0, start - 400), start) + 1


def _cells(text: str, first: int, last: int, sign: str) -> list[tuple[int, int]]:
    """Where the cells of a row are, without blanks and quotes."""
    if sign == "|":
        while first < last and text[first] in " \t>":
            first += 1
        first += text[first : first + 1] == "|"
        while last > first and text[last - 1] in " \t":
            last -= 1
        last -= text[last - 1 : last] == "|"
    cells = []
    for part in text[first:last].split(sign):
        inner = part.strip(" \t\"'`*\r")
        begin = first + (part.find(inner) if inner else 0)
        cells.append((begin, begin + len(inner)))
        first += len(part) + 1
    return cells


def _inserted(text: str, opened: int, start: int, kind: Kind) -> Iterator[Found]:
    place = text.count(",", opened, start)
    close = text.find(")", start, start + _LONGEST_LINE)
    values = _VALUES.match(text, close) if close >= 0 else None
    at = values.end() if values is not None else len(text)
    for _ in range(_MOST_ROWS):
        row = _row(text, at)
        if row is None:
            return
        fields, at = row
        if place < len(fields):
            start, end = fields[place]
            if text[start : start + 1] == "'" and is_cell(text[start + 1 : end - 1], kind):
                yield Found(start + 1, end - 1, kind)


def _row(text: str, at: int) -> tuple[list[tuple[int, int]], int] | None:
    """The fields of `(4, 'jana', …)`, with their quotes, and where it ends; None where no row stands."""
    last = min(len(text), at + _LONGEST_LINE)
    while at < last and text[at] in " \t\n\r,":
        at += 1
    if text[at : at + 1] != "(":
        return None
    fields: list[tuple[int, int]] = []
    start, quoted = at + 1, False
    for place in range(start, last):
        sign = text[place]
        if sign == "'":
            quoted = not quoted
        elif not quoted and sign in ",)":
            field = text[start:place]
            begin = start + len(field) - len(field.lstrip())
            fields.append((begin, begin + len(field.strip())))
            start = place + 1
            if sign == ")":
                return fields, start
    return None
