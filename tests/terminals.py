"""A real pseudo-terminal with a program in it, and the screen that a person would see (pyte)."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyte

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0  # seconds until something that must come is called missing: a slow machine is no failure
PROMPT = r"^(Ticket:|>( ask, answer, add.*)?)$"
PASTE, PASTED = "\x1b[200~", "\x1b[201~"
ENTER, CTRL_C, CTRL_D, ALT_ENTER, TAB, UP = "\r", "\x03", "\x04", "\x1b\r", "\t", "\x1b[A"


class Terminal:
    """A program in a terminal of so many columns, and enough rows that nothing scrolls away."""

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        *,
        columns: int = 100,
        rows: int = 400,
        cwd: Path = ROOT,
    ) -> None:
        self.screen: Any = pyte.Screen(columns, rows)
        self.screen.write_process_input = self._answer
        self._stream: Any = pyte.ByteStream(self.screen)
        self.raw = b""
        self.cwd = cwd
        self._rows: dict[int, str] = {}
        self._row = 0  # of what was waited for
        self._prompt = -1  # row of the last prompt
        self._master, slave = pty.openpty()
        self.resize(columns, rows)
        # A session's first process that opens a terminal has it for its own, so that Ctrl-C is a signal.
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec <>"$0" >&0 2>&0; exec "$@"', os.ttyname(slave), *command],
            stdin=subprocess.DEVNULL,
            env=environment,
            cwd=cwd,
            start_new_session=True,
        )
        self._slave = slave  # open until the end: else what the program said last would be lost with it

    def resize(self, columns: int, rows: int) -> None:
        """Another size, as when a person draws the window's edge."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def _answer(self, text: str) -> None:
        os.write(self._master, text.encode())

    def send(self, keys: str) -> None:
        """Keys, or what a terminal sends for them. Read meanwhile, since a terminal does not wait for its program."""
        data = keys.encode()
        while data:
            self._read(0)
            if select.select([], [self._master], [], 1)[1]:
                data = data[os.write(self._master, data[:1024]) :]

    def paste(self, text: str) -> None:
        """What a terminal with bracketed paste sends."""
        self.send(PASTE + text.replace("\n", "\r") + PASTED)

    def _read(self, seconds: float) -> bool:
        """What came within that time. False once the program has ended and nothing more can come."""
        ended = self.process.poll() is not None
        if select.select([self._master], [], [], seconds)[0]:
            data = os.read(self._master, 1 << 16)
            self.raw += data
            self._stream.feed(data)
            return True
        return not ended

    @property
    def text(self) -> str:
        """The screen, without the spaces at the lines' ends."""
        rows = self.screen.buffer
        for row in self.screen.dirty:  # pyte's own `display` makes all rows anew each time
            cells = rows[row]
            self._rows[row] = "".join(cells[column].data for column in range(self.screen.columns)).rstrip()
        self.screen.dirty.clear()
        return "\n".join(self._rows.get(row, "") for row in range(max(self._rows, default=-1) + 1)).rstrip()

    def wait(self, pattern: str, *, below: int | None = None) -> str:
        """Until the screen shows this, at or below the row of what was waited for before. Returns the screen.

        `below`: only below this row.
        """
        end = time.monotonic() + PATIENCE
        wanted = re.compile(pattern, re.MULTILINE)
        alive = True
        while True:
            rows = self.text.split("\n")
            first = self._row if below is None else below + 1
            found = wanted.search("\n".join(rows[first:]))
            if found:
                self._row = first + found.string[: found.start()].count("\n")
                return self.text
            if not alive or time.monotonic() > end:
                raise AssertionError(f"{pattern!r} did not come; the screen:\n{self.text}\n{self.raw[-400:]!r}")
            alive = self._read(0.2)

    def prompt(self) -> None:
        """Until it asks anew."""
        self.wait(PROMPT, below=self._prompt)
        self._prompt = self._row

    def modes(self) -> list[Any]:
        """How the terminal is set: echo, line by line, signals."""
        return termios.tcgetattr(self._master)[:4]

    def colours(self) -> set[bytes]:
        """The codes for colours that came."""
        found = re.findall(rb"\x1b\[([\d;]*)m", self.raw)
        return {code for codes in found for code in codes.split(b";") if len(code) > 1 and code[:1] in b"3491"}

    def pause(self) -> None:
        """As long as a person needs between two keys that are not one paste."""
        end = time.monotonic() + 0.15
        while time.monotonic() < end:
            self._read(0.05)

    def leaves(self) -> int:
        """Until the program ends. Returns its exit code."""
        end = time.monotonic() + PATIENCE
        while self._read(0.05) and time.monotonic() < end:
            pass
        return self.process.wait(1)

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._slave)
        os.close(self._master)


def escalation(*arguments: str) -> list[str]:
    """The command line of the program under test."""
    return [sys.executable, "-m", "agent", *arguments]
