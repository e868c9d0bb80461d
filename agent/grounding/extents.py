"""How far an instruction reaches: the clause of an order, the object or comment around a directive (policy 2.6)."""

import re

from agent.grounding.sentences import sentence_around

BLOCK_REACH = 4_000  # code points; a log without blank lines is no paragraph
_CLAUSE_CUT = re.compile(
    r"[;—–]|,| - |\b(?:because|since|given that|so that|as (?:we|our|all|the|it|this|i|they|every|no|nobody)|due to"
    r"|and)\b"
)
_ORDER_VERB = re.compile(
    r"[\s,;]*(?:(?:and|then|also|please|immediately|now|or|to|directly|at once) )*(?:mark|set|page|route|assign"
    r"|escalate|call|notify|get|wake|treat|classify|flag"
    r"|rate|label|ignore|do not|don't|send|forward|raise|make|give|tell|put|add|use|skip|override|report|record"
    r"|output|respond|alert"
    r"|severity|priority|target|tier|owner)\b"
)


def order_extent(text: str, start: int, end: int, low: int = 0, high: int | None = None) -> tuple[int, int]:
    """The clause of an order: its sentence without the reasons and facts that stand beside it.

    "All our data is gone, please mark this as critical because we are blocked" is cut to the order.
    """
    files = file_names(text, start, low, len(text) if high is None else high)
    if files and end <= files[1]:
        return files
    first, last = sentence_around(text, start, end, low, high)
    before = _small(text[first:start])
    cuts = [m.end() for m in _CLAUSE_CUT.finditer(before)]
    if cuts:
        first += cuts[-1]
        while first < start and text[first].isspace():
            first += 1
    position = end
    while position < last:
        cut = _CLAUSE_CUT.search(_small(text[position:last]))
        if cut is None:
            # The rest of the order's own clause, or a further order.
            return first, last
        position += cut.start()
        if not _ORDER_VERB.match(_small(text[position:last])):
            return first, end + len(text[end:position].rstrip())
        position += max(cut.end() - cut.start(), 1)
    return first, last


def _small(text: str) -> str:
    """Small letters with every offset kept: enough for the connecting words of a clause."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else text


# A line that names files: what stands in a name ends with its bracket or its line, and takes no sentence with it.
_FILES = re.compile(
    r"\[(?:attachments?|attached|files?|images?|screenshots?|anhang|anlage|adjunto|anexo|pi[eè]ces? jointes?)\b[^\n]*\]"
    r"|^[ \t>*-]*(?:attachments?|attached|enclosed|anhang|anlagen?|adjuntos?|anexos?|pi[eè]ces? jointes?)[ \t]*:[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)


def file_names(text: str, offset: int, low: int, high: int) -> tuple[int, int] | None:
    """The list of attached files in whose line the offset stands, without the text before or behind it."""
    first = max(text.rfind("\n", low, offset) + 1, low, offset - BLOCK_REACH)
    last = text.find("\n", offset, high)
    last = min(high if last < 0 else last, offset + BLOCK_REACH)
    return next((m.span() for m in _FILES.finditer(text, first, last) if m.start() <= offset < m.end()), None)


def enclosing(text: str, offset: int, low: int, high: int) -> tuple[int, int] | None:
    """The list of attached files, the comment or the JSON object around the offset."""
    low, high = max(low, offset - BLOCK_REACH), min(high, offset + BLOCK_REACH)
    files = file_names(text, offset, low, high)
    if files:
        return files
    for opening, closing in (("<!--", "-->"), ("/*", "*/")):
        start = text.rfind(opening, low, offset + len(opening))
        if start >= 0 and text.find(closing, start, offset) < 0:
            end = text.find(closing, offset, high)
            if end >= 0:
                return start, end + len(closing)
    depth, start = 0, -1
    for index in range(offset, low - 1, -1):
        char = text[index] if index < len(text) else ""
        if char == "}" and index != offset:
            depth += 1
        elif char == "{":
            if depth == 0:
                start = index  # keep looking for an outer one
            else:
                depth -= 1
    if start < 0:
        return None
    depth = 0
    for index in range(start, high):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                inside = index >= offset and '"' in text[start:index] and ":" in text[start:index]
                return (start, index + 1) if inside else None
    return None
