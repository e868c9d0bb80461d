"""Untrusted text made harmless, once for each format. Everything a template prints passes through here.

Ticket, model and context are all untrusted: a control sequence could repaint the terminal, a bidi override could
make `exe.gpj` read as `jpg.exe`, a Markdown link could send the receiving team to a stranger's page.
"""

import re
from typing import Final

# What a reader could not see, or what moves the cursor or the reading direction. Joiners stay where scripts and
# emoji need them (Persian, Indic, family emoji), else they would litter honest text.
_JOINED: Final = r"\u0600-\u06ff\u0750-\u077f\u0900-\u0dff\U0001f000-\U0001faff\u2600-\u27bf\ufe0f"
_UNSEEN: Final = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
_INVISIBLE: Final = re.compile(
    rf"{_UNSEEN}|(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])|(?<=[\ufe0e\ufe0f])[\ufe0e\ufe0f]"
)
_JSON_UNSAFE: Final = re.compile(r"[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")


class Trusted(str):
    """Text that this program made, or already cleaned: a template prints it as it is."""

    __slots__ = ()


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    r"""Control, bidi and zero-width characters as escapes that a person can see, such as `\u202e`.

    Line feed and tab stay; CR LF becomes LF. Linear in the length of the text.
    """
    return _INVISIBLE.sub(_escape, text.replace("\r\n", "\n") if "\r" in text else text)


def one_line(text: str) -> str:
    """Visible, and white space folded to single spaces, so that no line of a ticket can pose as one of ours."""
    return visible(" ".join(text.split()))


# A token that a renderer would turn into a link or a mention is set as code, which nothing re-interprets.
_AUTOLINK: Final = re.compile(r"://|www\.|@|mailto:|javascript:|xmpp:", re.IGNORECASE)
_MARKS: Final = re.compile(r"[*\[\]<>~|`]|\\(?=[!-/:-@\[-`{-~]|$)|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])")
_BLOCK_START: Final = re.compile(r"(?=#{1,6}(?:\s|$)|[-+](?:\s|$)|=+$|-[- ]+$)|(\d{1,9})(?=[.)](?:\s|$))")
_BACKTICKS: Final = re.compile(r"`+")


def _code(token: str) -> str:
    longest = max((len(run) for run in _BACKTICKS.findall(token)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{token}{pad}{fence}"


def markdown_line(text: str) -> str:
    """One line of text as Markdown that renders as the same text: no link, image, HTML, heading, table or mention."""
    tokens = one_line(text).split(" ")
    words = (_code(token) if _AUTOLINK.search(token) else _MARKS.sub(r"\\\g<0>", token) for token in tokens)
    line = " ".join(words)
    start = _BLOCK_START.match(line)
    if start is None:
        return line
    number = start.group(1) or ""
    return f"{number}\\{line[len(number) :]}"


def json_text(text: str) -> str:
    """Finished JSON with the characters that a terminal or an editor would obey as escapes; the value is the same."""

    def escape(match: re.Match[str]) -> str:
        units = match.group().encode("utf-16-be")
        return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))

    return _JSON_UNSAFE.sub(escape, text)


# What a spreadsheet takes for a formula: at the start of a cell, or where another list separator would start one.
# Full-width signs count too: some input methods and programs read them as the plain ones.
_FORMULA: Final = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=\s*[=+\-@＝＋－＠])|^(?=[\t\r\n])")


def cell(value: str | int | float | None) -> str | int | float | None:
    """The value for a spreadsheet: a text that would run as a formula gets an apostrophe, a number stays a number."""
    return _FORMULA.sub("'", value) if isinstance(value, str) else value
