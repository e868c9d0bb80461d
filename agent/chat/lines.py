"""Words line by line, without an editor: from a pipe, or from a terminal that can do no more (TERM=dumb)."""

import os
import select
import sys
from collections.abc import Callable

from agent.chat.ear import HOW_TO_LEAVE
from agent.chat.opening import file_named
from agent.chat.pasting import PATIENCE, as_text
from agent.readers import MAX_BYTES

END_OF_TICKET = "paste the ticket and end with Ctrl-D on a line of its own, or give the name of its file"

LONGEST_SHOWN = 10_000
"""Characters of a turn that are shown again: to break a line of millions takes minutes."""


class Piped:
    """One line, one turn, until the end of the input."""

    at_terminal = False
    edits = False
    descriptor: int | None = None

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo = echo

    def ticket(self) -> str:
        """Nothing: a pipe holds turns, and the ticket was named."""
        raise EOFError

    def turn(self) -> str:
        """The next line that says something. It is shown, so that the output can be read alone."""
        while sys.stdin is not None:
            raw = sys.stdin.buffer.readline(MAX_BYTES)
            if not raw:
                break
            words = raw.decode("utf-8", "replace").strip()
            if words:
                long = len(words) > LONGEST_SHOWN
                self._echo(f"{words[:LONGEST_SHOWN]} … ({len(words):,} characters)" if long else words)
                return words
        raise EOFError


class Typed:
    """Lines of a terminal, edited by the terminal itself. What comes in one burst is one contribution."""

    at_terminal = True
    edits = False

    def __init__(self, descriptor: int, ask: Callable[[str], None]) -> None:
        self.descriptor: int | None = descriptor
        self._read, self._ask = descriptor, ask
        self._invited = False

    def ticket(self) -> str:
        """All lines up to Ctrl-D; the first alone if it names a file or is a command."""
        if not self._invited:
            self._ask(f"{END_OF_TICKET}\n")
            self._invited = True
        return self._patiently("Ticket: ", self._ticket)

    def turn(self) -> str:
        """One line, with those that arrived together with it."""
        return self._patiently("> ", self._turn)

    def _patiently(self, prompt: str, listen: Callable[[], str]) -> str:
        """Ctrl-C takes back what was begun."""
        while True:
            try:
                self._ask(prompt)
                words = listen()
            except KeyboardInterrupt:
                self._ask(f"\n{HOW_TO_LEAVE}\n")
                continue
            if not words:
                raise EOFError
            return words

    def _ticket(self) -> str:
        lines = [self._line()]
        if not lines[0] or file_named(lines[0]) or lines[0].startswith("/"):
            return lines[0]
        while line := self._line():
            lines.append(line)
        return "".join(lines)

    def _turn(self) -> str:
        words = self._line()
        while words and self._more():
            words += self._line()
        return words

    def _line(self) -> str:
        return as_text(os.read(self._read, 1 << 16).decode("utf-8", "surrogateescape"))

    def _more(self) -> bool:
        return bool(select.select([self._read], [], [], PATIENCE)[0])
