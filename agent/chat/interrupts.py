"""Ctrl-C while a turn runs: it ends the turn where nothing is half done, and a second one breaks nothing."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

GRACE = 2.0
"""Seconds in which a further Ctrl-C is taken for the same one. After that the turn hangs, and it counts again."""


class Interrupts:
    """For one sitting: while it is armed, Ctrl-C raises KeyboardInterrupt, once; while it is not, nothing happens."""

    def __init__(self) -> None:
        self._held = 0
        self._due = False
        self._armed = False
        self._last = 0.0

    @contextmanager
    def watched(self, wanted: bool) -> Iterator[None]:
        """Inside, Ctrl-C is seen to here, if that is wanted."""
        before = signal.signal(signal.SIGINT, self._came) if wanted else signal.getsignal(signal.SIGINT)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Inside, it may interrupt."""
        self._held, self._due, self._last, self._armed = 0, False, 0.0, True
        try:
            yield
        finally:
            # Should it come just here, it is the first one that counts, and the next ones find nothing to interrupt.
            self._armed = self._due = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, Ctrl-C waits: what is printed is printed whole."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if self._due and not self._held and self._armed:
            self._due = False
            raise KeyboardInterrupt

    def _came(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._armed or (self._last and now - self._last < GRACE):
            return
        self._last = now
        if self._held:
            self._due = True
            return
        raise KeyboardInterrupt


@contextmanager
def unechoed(descriptor: int | None) -> Iterator[None]:
    """What is typed meanwhile is not shown, and waits for the next prompt. Ctrl-C still works."""
    if descriptor is None or sys.platform == "win32":
        yield
        return
    import termios

    try:
        before = termios.tcgetattr(descriptor)
    except termios.error:  # not a terminal after all
        yield
        return
    quiet: list[Any] = [list(part) if isinstance(part, list) else part for part in before]
    quiet[0] &= ~termios.ICRNL  # Enter stays what the prompt will know as Enter
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    quiet[6][termios.VMIN] = 1
    termios.tcsetattr(descriptor, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        with suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
