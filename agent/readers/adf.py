"""Atlassian Document Format, the JSON that Jira Cloud keeps bodies in, to text with spans."""

from typing import Any

from agent.readers.canonical import Body
from agent.readers.decode import clean
from agent.readers.fields import mapping, objects, string
from agent.readers.wordlist import words
from schemas.ticket import Span, SpanKind

_SPAN: dict[str, SpanKind] = {"codeBlock": "machine", "blockquote": "quoted"}
_BLOCKS = words(
    "paragraph heading codeBlock blockquote bulletList orderedList listItem taskList taskItem decisionList "
    "decisionItem panel table tableRow expand nestedExpand mediaSingle mediaGroup rule doc layoutSection "
    "layoutColumn"
)


class _Writer:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self.spans: list[Span] = []
        self.newlines = 2  # at the end of what is written; a document begins as after a blank line

    def write(self, text: str) -> None:
        if not text:
            return
        self.pieces.append(text)
        self.length += len(text)
        stripped = text.rstrip("\n")
        self.newlines = len(text) - len(stripped) + (self.newlines if not stripped else 0)

    def break_line(self) -> None:
        if self.newlines == 0:
            self.write("\n")


def is_adf(value: Any) -> bool:
    """Whether a body is a document rather than wiki markup."""
    return isinstance(value, dict) and value.get("type") == "doc"


def from_adf(document: dict[str, Any]) -> Body:
    """Text with one block on a line. Raises RecursionError where the document nests beyond the stack."""
    writer = _Writer()
    _write(document, writer, "")
    text = "".join(writer.pieces).rstrip()
    spans = [span for span in writer.spans if span.start < len(text)]
    return Body(text, tuple(Span(start=s.start, end=min(s.end, len(text)), kind=s.kind) for s in spans))


def _write(node: dict[str, Any], writer: _Writer, bullet: str) -> None:
    kind = str(node.get("type"))
    if kind == "text":
        writer.write(_text(node))
    elif kind == "hardBreak":
        writer.write("\n")
    elif kind == "rule":
        writer.break_line()
        writer.write("----\n")
    elif kind in ("mention", "emoji", "status", "date", "inlineCard", "blockCard", "embedCard", "media", "placeholder"):
        writer.write(_inline(kind, mapping(node.get("attrs"))))
    else:
        _write_block(kind, node, writer, bullet)


def _write_block(kind: str, node: dict[str, Any], writer: _Writer, bullet: str) -> None:
    block = kind in _BLOCKS
    if block:
        writer.break_line()
    start = writer.length
    if kind in ("listItem", "taskItem", "decisionItem"):
        writer.write(bullet or "* ")
    for number, child in enumerate(objects(node.get("content")), start=1):
        if kind in ("tableRow",) and number > 1:
            writer.write(" | ")
        if kind == "listItem" and number == 1 and child.get("type") == "paragraph":
            for inner in objects(child.get("content")):
                _write(inner, writer, "")
            continue
        _write(child, writer, f"{number}. " if kind == "orderedList" else "* ")
    if kind in _SPAN and writer.length > start:
        writer.spans.append(Span(start=start, end=writer.length, kind=_SPAN[kind]))
    if block:
        writer.break_line()
        if kind in ("paragraph", "heading", "codeBlock", "blockquote", "table") and writer.newlines == 1 and not bullet:
            writer.write("\n")


def _text(node: dict[str, Any]) -> str:
    text = clean(string(node.get("text")) or "").text if isinstance(node.get("text"), str) else ""
    for mark in objects(node.get("marks")):
        target = string(mapping(mark.get("attrs")).get("href"))
        if mark.get("type") == "link" and target and target not in text:
            text += f" ({clean(target[:500]).text})"
    return text


def _inline(kind: str, attributes: dict[str, Any]) -> str:
    if kind == "date":
        from agent.readers.times import parse_time

        stamp = string(attributes.get("timestamp")) or ""
        time = parse_time(int(stamp)) if stamp.isdecimal() and len(stamp) < 16 else None
        return time.date().isoformat() if time else ""
    value = string(
        attributes.get("text") or attributes.get("shortName") or attributes.get("url") or attributes.get("alt")
    )
    return clean(value).text.replace("\n", " ") if value else ""
