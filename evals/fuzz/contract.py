"""What every target is held to: only the documented errors, in one line; time and memory that grow with the input."""

import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from agent.errors import EscalationError

BASE_SECONDS = 4.0
"""Processor time that any input may take: the first one imports modules, and a watched interpreter is slower."""
SECONDS_A_BYTE = 100e-6
BASE_MEMORY = 300 << 20
"""By how many bytes the process may grow with one input, whatever its size."""
MEMORY_A_BYTE = 2_000
LONGEST_LINE = 4_000
"""Characters of an error's line: it names a value, it does not repeat a ticket."""

Target = Callable[[bytes], None]


class Broken(AssertionError):
    """Something that must hold does not."""


class TooSlow(BaseException):
    """Raised out of the work by the watchdog. No Exception, or the work could take it for a fault of its input."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an input did that it must not. `key`: the same for every input that does the same."""

    key: str
    what: str


def must(holds: object, what: str) -> None:
    """Raises Broken unless it holds. Unlike `assert`, also under `python -O`."""
    if not holds:
        raise Broken(what)


def refused(error: EscalationError) -> None:
    """An error that a person will read: one line of visible characters, and not too long."""
    line = str(error)
    must(line.strip(), f"an error without a message: {error!r}")
    must("\n" not in line and "\r" not in line, f"an error of several lines: {line[:300]!r}")
    must(len(line) <= LONGEST_LINE, f"an error of {len(line):,} characters: {line[:300]!r}")


def held_to(target: Target, data: bytes) -> Finding | None:
    """Run one input. None if all that must hold does."""
    before = peak()
    try:
        with _Watchdog(BASE_SECONDS + SECONDS_A_BYTE * len(data)):
            try:
                target(data)
            except EscalationError as error:
                refused(error)
    except (Exception, TooSlow) as error:
        return Finding(_key(error), "".join(traceback.format_exception(error))[-6_000:])
    grown = peak() - before
    if grown > BASE_MEMORY + MEMORY_A_BYTE * len(data):
        return Finding("memory", f"{len(data):,} bytes of input made the process grow by {grown >> 20} MiB")
    return None


def peak() -> int:
    """The most memory that this process ever had, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


class _Watchdog:
    """Ends the work when it has used so much processor time. The engine of `re` lets signals through, too."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        self._before: Any = signal.signal(signal.SIGVTALRM, self._bark)
        signal.setitimer(signal.ITIMER_VIRTUAL, self.seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, self._before)

    def _bark(self, _signal: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"more than {self.seconds:.1f} s of processor time")


_ROOT = Path(__file__).parents[2]


def _key(error: BaseException) -> str:
    """The kind of the error and the place of the program's own code that was last on the stack."""
    places = [
        f"{Path(frame.filename).relative_to(_ROOT)}:{frame.name}"
        + (f":{frame.lineno}" if isinstance(error, Broken) else "")
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_ROOT) and ".venv" not in frame.filename
    ]
    own = [place for place in places if not place.startswith("evals/fuzz/contract.py:must")]
    return f"{type(error).__name__} {own[-1] if own else '?'}"
