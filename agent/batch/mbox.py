"""An mbox: many mails in one file, split where a line `From …` with a time follows an empty line.

Python's own `mailbox.mbox` keeps the place of every message in memory and takes any line that begins with `From ` for
a new mail, so a sentence of the customer's would cut a mail in two.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from agent.batch.items import Item
from agent.batch.keys import Keys, printable
from agent.batch.reading import open_file
from agent.errors import BadInput
from agent.readers.decode import MAX_BYTES

if TYPE_CHECKING:
    from schemas.context import Context
    from schemas.ticket import Ticket

_PIECE = 1 << 16  # bytes of a line that are read at once
# `From sender Tue Mar  3 10:14:02 2026`, with a zone before or behind the year, without seconds, or with more behind.
SEPARATOR = re.compile(rb"From .{0,1000}\b\d{1,2}:\d{2}(?::\d{2})?\b.{0,60}\b(?:19|20)\d{2}\b", re.DOTALL)
_QUOTED = re.compile(rb">+From ")
_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r?\n[ \t]+)?<?([^\s<>]{1,400})", re.IGNORECASE | re.MULTILINE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


class Mbox:
    """The mails of one file, each a ticket of its own: replies of a thread are not joined."""

    mapping = ""
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = f"mbox {printable(str(path.resolve()))}"
        with open_file(path) as file:
            top = file.readline(_PIECE)
        if SEPARATOR.match(top) is None:
            raise BadInput(
                f"{str(path)!r} is no mbox: it begins with {top[:40].decode('utf-8', 'replace')!r}, expected a line "
                "such as 'From sender@host Tue Mar  3 10:14:02 2026'; say what it is with --source-format"
            )

    def count(self) -> int:
        """How many mails there are."""
        number, empty = 0, True
        with open_file(self._path) as file:
            for line, begins in _lines(file):
                if begins:
                    number += bool(empty and SEPARATOR.match(line))
                    empty = not line.strip(b"\r\n")
        return number

    def items(self) -> Iterator[Item]:
        """Each mail once; one at a time is in memory, as far as the mail reader takes it."""
        keys = Keys()
        for number, raw in enumerate(self._messages(), 1):
            end = _END_OF_HEADERS.search(raw)
            found = _MESSAGE_ID.search(raw, 0, end.start() if end else len(raw))
            name = found[1].decode("utf-8", "replace") if found else f"message {number}"
            yield Item(keys.unique(name), hashlib.sha256(raw).hexdigest(), partial(_read, raw, number))

    def _messages(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        size, empty, started = 0, True, False
        with open_file(self._path) as file:
            for line, begins in _lines(file):
                if begins and empty and SEPARATOR.match(line):
                    if started:
                        yield _joined(parts)
                    parts, size, started, empty = [], 0, True, False
                    continue
                if begins:
                    empty = not line.strip(b"\r\n")
                    if _QUOTED.match(line):
                        line = line[1:]
                # One byte too many is kept, so that the reader sees that the mail is too big.
                if size <= MAX_BYTES:
                    parts.append(line[: MAX_BYTES + 1 - size])
                    size += len(line)
        if started:
            yield _joined(parts)


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Lines, long ones in pieces, each with whether it begins the line."""
    begins = True
    while line := file.readline(_PIECE):
        yield line, begins
        begins = line.endswith(b"\n")


def _joined(parts: list[bytes]) -> bytes:
    """The mail without the empty line that the mbox puts behind it."""
    raw = b"".join(parts)
    return raw[: -2 if raw.endswith(b"\n\r\n") else -1] if raw.endswith((b"\n\n", b"\n\r\n")) else raw


def _read(raw: bytes, number: int) -> "tuple[Ticket, Context | None]":
    from agent.readers import read_ticket

    try:
        return read_ticket(raw, name="message.eml"), None
    except BadInput as error:
        raise BadInput(f"message {number}: {error}") from None
