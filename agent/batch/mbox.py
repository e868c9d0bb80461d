"""An mbox: many mails in one file, split where a line `From …` with a time follows an empty line.

Python's own `mailbox.mbox` keeps the place of every message in memory and takes any line that begins with `From ` for
a new mail, so a sentence of the customer's would cut a mail in two.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from agent.batch.items import Item
from agent.batch.keys import Keys, printable
from agent.batch.reading import open_file
from agent.batch.threads import LONGEST_HEAD, MOST_MAILS, Threads, head_of, message_id
from agent.errors import BadInput
from agent.readers.decode import MAX_BYTES

if TYPE_CHECKING:
    from array import array

    from schemas.context import Context
    from schemas.ticket import Ticket

_PIECE = 1 << 16  # bytes of a line that are read at once
# `From sender Tue Mar  3 10:14:02 2026`, with a zone before or behind the year, without seconds, or with more behind.
SEPARATOR = re.compile(rb"From .{0,1000}\b\d{1,2}:\d{2}(?::\d{2})?\b.{0,60}\b(?:19|20)\d{2}\b", re.DOTALL)
_QUOTED = re.compile(rb">+From ")


class Mbox:
    """The mails of one file. Those of a thread are one ticket; with `threads` false each is one of its own.

    It is gone through once for an index of what it holds; then each ticket is read from its places when it is needed.
    """

    mapping = ""

    def __init__(self, path: Path, *, threads: bool = True) -> None:
        self._path = path
        self.threads = threads
        self._index: tuple[tuple[int, ...], Threads] | None = None
        self.name = f"mbox {printable(str(path.resolve()))}"
        with open_file(path) as file:
            top = file.readline(_PIECE)
        if SEPARATOR.match(top) is None:
            raise BadInput(
                f"{str(path)!r} is no mbox: it begins with {top[:40].decode('utf-8', 'replace')!r}, expected a line "
                "such as 'From sender@host Tue Mar  3 10:14:02 2026'; say what it is with --source-format"
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """How many mails were joined."""
        index = self._indexed()
        mails, threads = index.in_threads
        if not threads:
            return ()
        joined = f"{mails:,} of {index.mails:,} mails are {threads:,} thread{'' if threads == 1 else 's'}"
        return (f"{joined}, each one ticket (--threads off: each mail is a ticket)",)

    @property
    def joins(self) -> bool:
        """Whether mails were joined."""
        return self._indexed().in_threads[1] > 0

    def count(self) -> int:
        """How many tickets there are."""
        return len(self._indexed())

    def items(self) -> Iterator[Item]:
        """Each ticket once, in the order in which the first mails stand in the file."""
        keys = Keys()
        index = self._indexed()
        with open_file(self._path) as file:
            for mails in index:
                first = mails[0]
                file.seek(index.start(first))
                name = message_id(head_of(file.read(min(LONGEST_HEAD, index.room(first))))) or f"message {first + 1}"
                yield Item(keys.unique(name), _digest(index, mails), partial(self._read, index, mails))

    def _indexed(self) -> Threads:
        """The index of the file as it is now."""
        with open_file(self._path) as file:
            state = os.fstat(file.fileno())
            stamp = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
            if self._index is None or self._index[0] != stamp:
                threads = Threads(self.threads)
                for start, mail in _mails(file):
                    threads.put(start, mail)
                self._index = stamp, threads
        return self._index[1]

    def _read(self, index: Threads, mails: "array[int]") -> "tuple[Ticket, Context | None]":
        from agent.readers import read_ticket
        from agent.readers.mail import read_thread

        where = f"message {mails[0] + 1}"
        if len(mails) > MOST_MAILS:
            raise BadInput(
                f"{where} begins a thread of {len(mails):,} mails, expected at most {MOST_MAILS}: --threads off makes "
                "a ticket of each mail"
            )
        sources = (self._mail(index, number) for number in mails)
        try:
            if len(mails) == 1:
                return read_ticket(next(sources), name="message.eml"), None
            return read_thread(sources), None
        except BadInput as error:
            raise BadInput(f"{where}: {error}") from None

    def _mail(self, index: Threads, number: int) -> bytes:
        with open_file(self._path) as file:
            file.seek(index.start(number))
            _, mail = next(_mails(file, inside=True), (0, b""))
        if hashlib.sha256(mail).digest() != index.digest(number):
            raise BadInput("the mbox changed while the run was on: run again")
        return mail


def _digest(index: Threads, mails: "array[int]") -> str:
    """Of one mail that of its bytes, of a thread one over those of all."""
    if len(mails) == 1:
        return index.digest(mails[0]).hex()
    return hashlib.sha256(b"thread\0" + b"".join(index.digest(number) for number in mails)).hexdigest()


def _mails(file: BinaryIO, *, inside: bool = False) -> Iterator[tuple[int, bytes]]:
    """Where each mail begins, and its bytes as far as the mail reader takes them. `inside`: one begins right here."""
    parts: list[bytes] = []
    size, empty, started = 0, True, inside
    start = at = file.tell()
    for line, begins in _lines(file):
        at += len(line)
        if begins and empty and SEPARATOR.match(line):
            if started:
                yield start, _joined(parts)
            parts, size, started, empty, start = [], 0, True, False, at
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
        yield start, _joined(parts)


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
