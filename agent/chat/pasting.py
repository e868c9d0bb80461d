"""What comes in from the terminal, with pastes told apart from typing.

A terminal that brackets its pastes says where one begins and ends. From another one a paste is a burst: several lines
that arrive at once, which nobody types. Either way it becomes one key, so that no line of a ticket is taken for a
command or sent on its own.
"""

import os
import re
import select
import sys
from typing import TYPE_CHECKING, TextIO

from agent.readers import MAX_BYTES

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPress

START, END = "\x1b[200~", "\x1b[201~"
PATIENCE = 0.03  # seconds without a byte after which a burst is over
MORE_PATIENCE, LONG = 0.25, 1024  # the same for one of so many bytes, which is a paste for certain
CHUNK = 1 << 16  # bytes of one read
GATHERED = 1 << 22  # bytes that are handled at once; what follows comes with the event loop's next turn
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINES = re.compile(r"[\r\n][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Sorter:
    """Sorts what was read into typed text and pastes. A paste may come in many pieces; beyond what a reader takes it
    is not kept, and the reader says so."""

    def __init__(self) -> None:
        self._pieces: list[str] | None = None  # of the paste that is coming in
        self._kept = 0
        self._edge = ""  # its last characters, in which the end mark may have begun

    @property
    def open(self) -> bool:
        """Whether a paste is still coming in."""
        return self._pieces is not None

    def sort(self, data: str) -> list[tuple[bool, str]]:
        """Pairs of whether it was pasted, and the text."""
        if self._pieces is not None:
            return self._go_on(self._pieces, data)
        typed, mark, pasted = data.partition(START)
        if mark:
            self._pieces, self._kept, self._edge = [], 0, ""
            return [*([(False, typed)] if typed else []), *self._go_on(self._pieces, pasted)]
        lines = data.count("\r") + data.count("\n")
        burst = _LINES.search(data) is not None and ("\x1b" not in data or lines > 1)
        return [(burst, data)] if data else []

    def _go_on(self, pieces: list[str], data: str) -> list[tuple[bool, str]]:
        seam = self._edge + data
        # The last mark ends it: one inside the text is the ticket's, which would have the rest of it typed.
        end = seam.rfind(END)
        pasted = data if end < 0 else data[: max(end - len(self._edge), 0)]
        room = max(MAX_BYTES + 1 - self._kept, 0)
        pieces.append(pasted[:room])
        self._kept += min(len(pasted), room)
        if end < 0:
            self._edge = seam[-(len(END) - 1) :]
            return []
        text = "".join(pieces)
        cut = max(len(self._edge) - end, 0)  # the part of the mark that came with the piece before
        text = text[: len(text) - cut] if cut and self._kept <= MAX_BYTES else text
        self._pieces = None
        rest = seam[end + len(END) :]
        return [(True, text.replace(START, "").replace(END, "")), *([(False, rest)] if rest else [])]


def may_go_on(data: str) -> bool:
    """Whether more may be on its way that belongs to this: the rest of a paste, or of the mark that begins one."""
    if START in data or any(data.endswith(START[:length]) for length in range(1, len(START))):
        return True
    return len(data) > 1 and (data[-1] in "\r\n" or _LINES.search(data) is not None)


def terminal_input(stream: TextIO) -> "Input":
    """The keys of this terminal."""
    if sys.platform == "win32":
        from prompt_toolkit.input import create_input

        return create_input(stream)  # it knows bursts itself
    from prompt_toolkit.input.vt100 import Vt100Input
    from prompt_toolkit.key_binding import KeyPress
    from prompt_toolkit.keys import Keys

    class Pasting(Vt100Input):
        """As its base, except that pastes and bursts are one key each, and that a long paste is read in one go."""

        def __init__(self) -> None:
            super().__init__(stream)
            self._sorter = Sorter()
            self.marked = True  # whether the terminal itself said where the last paste ends

        def read_keys(self) -> "list[KeyPress]":
            data = self.stdin_reader.read(CHUNK)
            if self._sorter.open or may_go_on(data):
                pieces, size = [data], len(data)
                patience = PATIENCE
                while size < GATHERED and not self.closed and self._more(patience):
                    pieces.append(self.stdin_reader.read(CHUNK))
                    size += len(pieces[-1])
                    patience = PATIENCE if self._sorter.open or START in data or size < LONG else MORE_PATIENCE
                data = "".join(pieces)
            self.marked = self._sorter.open or START in data
            keys: list[KeyPress] = []
            for pasted, text in self._sorter.sort(data):
                if pasted:
                    keys.append(KeyPress(Keys.BracketedPaste, text))
                else:
                    self.vt100_parser.feed(text)
                    keys += self._buffer
                    self._buffer = []
            return keys

        def _more(self, patience: float) -> bool:
            try:
                return bool(select.select([self.fileno()], [], [], patience)[0])
            except OSError:
                return False

    return Pasting()


def as_text(words: str) -> str:
    """What came from a terminal as text: it ends lines with a carriage return, and bytes that are no character of its
    encoding stand in it as lone surrogates, which no file and no request could hold."""
    return _SURROGATE.sub("\ufffd", words).replace("\r\n", "\n").replace("\r", "\n")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether this stream is open on a terminal."""
    try:
        return stream is not None and os.isatty(stream.fileno())
    except (OSError, ValueError):
        return False
