"""What leaves the program, read by parsers of the kind that will read it: nothing in it may be more than text.

Nothing beyond the standard library and the program's own packages is needed where possible; Markdown is only parsed
where markdown-it-py is at hand, as it is for development.
"""

import re
from html.parser import HTMLParser
from typing import Any

from agent.render import render
from evals.fuzz.contract import must
from schemas.escalation import Escalation

CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff\ud800-\udfff]"
)
"""What steers a terminal, turns the direction of writing or cannot be seen. Line feed and tab are ours to write."""
COLOUR = re.compile("\x1b\\[[0-9;]*m")
VOID = frozenset({"meta", "br", "hr", "input", "col", "wbr"})
ELEMENTS_REFUSED = frozenset(
    [
        "script",
        "img",
        "iframe",
        "form",
        "object",
        "embed",
        "svg",
        "math",
        "base",
        "link",
        "input",
        "button",
        "video",
        "audio",
        "frame",
        "frameset",
        "applet",
    ]
)


def check(result: Escalation) -> None:
    """A result in every format."""
    check_text(render(result, "text"))
    check_text(COLOUR.sub("", render(result, "text", colour=True)))
    check_html(render(result, "html"))
    check_markdown(render(result, "markdown"))
    written = render(result, "json")
    check_text(written)
    must(Escalation.model_validate_json(written) == result, "the JSON is another result")


def check_text(text: str) -> None:
    """Text for a terminal."""
    found = CONTROLS.findall(text)
    must(not found, f"{found[:5]} in what a terminal is given")
    text.encode()


class _Page(HTMLParser):
    def __init__(self, source: str, ours: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.refused = ELEMENTS_REFUSED - ours
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        must(tag not in self.refused, f"<{tag}> in the page")
        for name, value in attrs:
            must(
                not name.startswith("on") and name not in ("src", "style", "srcdoc", "action"), f"{tag} {name}={value}"
            )
            if name == "href":
                must(str(value).startswith("#"), f"a link to {value!r}")
                self.targets.add(str(value)[1:])
            if name == "id":
                must(value not in self.ids, f"id {value!r} stands twice")
                self.ids.add(str(value))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        must(self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-1:]}")
        self.open.pop()


def check_html(source: str, *, ours: frozenset[str] = frozenset()) -> None:
    """A page: balanced, nothing loads or runs, every link leads into the page. `ours`: elements that it may have."""
    check_text(source)
    page = _Page(source, ours)
    must(not page.open, f"left open: {page.open}")
    must(page.targets <= page.ids, f"links that lead nowhere: {sorted(page.targets - page.ids)[:5]}")


_MARKDOWN_REFUSED = frozenset({"link_open", "image", "html_block", "html_inline", "fence", "code_block"})


def check_markdown(source: str) -> None:
    """Markdown in which nothing that came from outside links, loads or is HTML."""
    check_text(source)
    parser = _markdown()
    if parser is None:
        return
    for block in parser.parse(source):
        for token in (block, *(block.children or ())):
            must(token.type not in _MARKDOWN_REFUSED, f"{token.type}: {token.content[:200]!r}")


def _markdown() -> Any:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        return None
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def check_calendar(text: str) -> None:
    """An iCalendar file of lines that are ours: each one named as this program names it, folded at 75 bytes."""
    import icalendar

    raw = text.encode()
    must(raw.endswith(b"\r\n"), "the last line has no end")
    lines = raw.split(b"\r\n")[:-1]
    must(not any(b"\n" in line or b"\r" in line for line in lines), "a line break of its own in a line")
    must(all(len(line) <= 75 for line in lines), "a line longer than 75 bytes")
    for line in lines:
        line.decode()
        must(line.startswith(b" ") or _CALENDAR_LINE.match(line), f"a line that is not ours: {line[:100]!r}")
    read = icalendar.Calendar.from_ical(text)
    must(raw.count(b"\r\nBEGIN:VEVENT\r\n") == len(list(read.walk("VEVENT"))), "entries that are not ours")
    check_text(text.replace("\r\n", "\n"))


_CALENDAR_LINE = re.compile(
    rb"(?:BEGIN|END):(?:VCALENDAR|VEVENT|VALARM)\Z|(?:VERSION|PRODID|CALSCALE|METHOD|NAME|X-WR-CALNAME|REFRESH-INTERVAL|"
    rb"X-PUBLISHED-TTL|UID|SEQUENCE|DTSTAMP|LAST-MODIFIED|DTSTART|DTEND|SUMMARY|DESCRIPTION|CATEGORIES|STATUS|TRANSP|ACTION|"
    rb"TRIGGER)[;:]"
)
_SLACK_REFUSED = re.compile(r"<[!@#a-z]|(?<!&)@|&(?!amp;|lt;|gt;)|://|<")
_TEAMS_REFUSED = re.compile(r"@|://|(?<!\\)<")


def check_message(text: str, form: str) -> None:
    """A message for a chat: it pings nobody and links nowhere."""
    check_text(text)
    if form == "slack":
        found = _SLACK_REFUSED.search(text)
        must(not found, f"{found and text[max(0, found.start() - 20) : found.end() + 20]!r} in a message for Slack")
    if form == "teams":
        found = _TEAMS_REFUSED.search(text)
        must(not found, f"{found and text[max(0, found.start() - 20) : found.end() + 20]!r} in a message for Teams")
        check_markdown(text)
