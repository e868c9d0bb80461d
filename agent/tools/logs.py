"""What a server logs at the default level: that something failed, and where, but no text of the exception.

An exception's text often repeats what was being read, and that is a ticket. With a root logger that somebody set up,
theirs decides; the tools themselves log no more than this in any case.
"""

import logging
import traceback
from types import TracebackType

from agent.commands.output import note

_REPEATS_VALUES = ("asyncio",)  # its messages hold the repr of an exception


def quiet() -> None:
    """Let warnings and errors of all libraries be one such line on stderr each."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(_Line(logging.WARNING))


def where(error: BaseException) -> str:
    """The exception's type and the line that raised it: `KeyError at road.py:120`."""
    return f"{type(error).__name__} at {_place(error.__traceback__)}"


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace, limit=-1)
    return f"{frames[0].filename.replace(chr(92), '/').rpartition('/')[2]}:{frames[0].lineno}" if frames else "?"


class _Line(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        said = record.msg if record.name.partition(".")[0] in _REPEATS_VALUES else record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        line = f"{record.levelname.lower()} of {record.name}: {str(said).partition(chr(10))[0][:200]}"
        note(line if error is None else f"{line}: {where(error)}")
