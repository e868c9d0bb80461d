"""The line that shows that a model works: what it does, the seconds, the last words that came."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from agent.chat.events import Step
from agent.commands.output import ERASE_LINE, WIDEST
from agent.render.layout import columns
from agent.render.sanitise import one_line

TICK = 0.25  # seconds between two pictures of the line
LEAST_TAIL = 12  # columns below which no words are shown

WORDS: dict[Step, str] = {
    "reading": "Reading the ticket",
    "comparing": "Comparing with earlier tickets",
    "writing": "Writing the brief",
    "repairing": "Mending the brief",
    "thinking": "Thinking",
}


class Progress:
    """One line at the end of the output, drawn by a thread of its own and taken away when anything else is printed.

    `stream` None: nothing is ever shown. `lines`: the terminal can take nothing away, so each step is one line that
    stays. `faint`: the words that came may be set fainter.
    """

    def __init__(self, stream: TextIO | None, *, lines: bool = False, faint: bool = False) -> None:
        self._stream, self._lines, self._faint = stream, lines, faint
        self._lock = threading.RLock()
        self._step: Step | None = None
        self._tail = ""
        self._started = 0.0
        self._drawn = False
        self._finished: threading.Event | None = None

    def begin(self, step: Step) -> None:
        """A call has begun: its seconds count from here."""
        with self._lock:
            self._step, self._tail, self._started = step, "", time.monotonic()
            if self._lines:
                self._write(f"{WORDS[step]} …\n")
            elif self._stream is not None and self._finished is None:
                self._finished = threading.Event()
                threading.Thread(target=self._run, args=(self._finished,), daemon=True).start()

    def hear(self, words: str) -> None:
        """The last words that came."""
        with self._lock:
            self._tail = words

    def end(self) -> None:
        """Nothing works any more."""
        with self._lock:
            self._step = None
            if self._finished is not None:
                self._finished.set()
                self._finished = None
            self._erase()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Inside, other things are printed; the line comes back below them."""
        with self._lock:
            self._erase()
            yield

    def _run(self, finished: threading.Event) -> None:
        while not finished.wait(TICK):
            with self._lock:
                if self._step is not None and not finished.is_set():
                    self._draw(self._step)

    def _draw(self, step: Step) -> None:
        room = min(shutil.get_terminal_size().columns, WIDEST) - 1  # a line that wraps could not be taken away
        line = f"{WORDS[step]} … {time.monotonic() - self._started:.0f} s"[:room]
        tail = ending(one_line(self._tail), room - columns(line) - 2) if self._tail else ""
        if tail:
            line += f"  \x1b[2m{tail}\x1b[22m" if self._faint else f"  {tail}"
        self._write(ERASE_LINE + line)
        self._drawn = True

    def _erase(self) -> None:
        if self._drawn:
            self._write(ERASE_LINE)
            self._drawn = False

    def _write(self, text: str) -> None:
        if self._stream is not None:
            with suppress(OSError, ValueError):  # the terminal is gone: the turn goes on
                self._stream.write(text)
                self._stream.flush()


def ending(text: str, room: int) -> str:
    """The last words of the text that fit into so many columns; empty if there is room for none worth reading."""
    if room < LEAST_TAIL:
        return ""
    if columns(text) <= room:
        return text
    used, start = 1, len(text)
    while start and used + columns(text[start - 1]) <= room:
        start -= 1
        used += columns(text[start])
    return f"…{text[start:].lstrip()}"
