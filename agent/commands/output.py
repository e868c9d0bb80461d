"""What the verbs write: results on stdout or into a file, notes and progress on stderr."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from agent.errors import BadInput

FORMAT_OF_SUFFIX = {".json": "json", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}
FORMAT_OF_SUFFIX |= {".txt": "text", ".csv": "csv"}
Format = TypeVar("Format", bound=str)

LINE_WIDTH = 100  # columns where no terminal tells
NARROWEST, WIDEST = 40, 120
TICK = 0.5  # seconds between two counts of the progress line
ERASE_LINE = "\r\x1b[K"


def add_output(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """`--format` and `--out`. The last of `formats` is for programs."""
    parser.add_argument(
        "--format",
        choices=formats,
        help="default: by the suffix of --out; else text on a terminal, and json where a program reads",
    )
    add_out(parser)


def add_out(parser: argparse.ArgumentParser) -> None:
    """`--out` alone, for verbs that print nothing but JSON."""
    parser.add_argument("--out", metavar="FILE", help="write there, readable by you alone, instead of to stdout")


def format_of(arguments: argparse.Namespace, formats: Sequence[Format]) -> Format:
    """The format that was asked for, or that fits where the result goes."""
    wanted = arguments.format
    if wanted is None and arguments.out is not None:
        wanted = FORMAT_OF_SUFFIX.get(Path(arguments.out).suffix.lower())
    elif wanted is None and sys.stdout is not None and sys.stdout.isatty():
        wanted = "text"
    return next((form for form in formats if form == wanted), formats[-1])


def ready(out: str | None, flag: str = "--out") -> None:
    """Raises BadInput if the file that `flag` named could not be written, before anything costs time or money."""
    if out is None:
        if sys.stdout is None:
            raise BadInput("stdout is closed: use --out FILE")
        return
    path = Path(out)
    try:
        if path.is_dir():
            raise BadInput(f"{flag} {out!r} is a folder: name a file in it")
        if path.exists() and not path.is_file():
            raise BadInput(f"{flag} {out!r} is not a regular file: name one, or leave --out away for stdout")
        if not path.resolve().parent.is_dir():
            raise BadInput(f"{flag} {out!r}: its folder does not exist, make it first")
        if not os.access(path.resolve().parent, os.W_OK):
            raise BadInput(f"{flag} {out!r}: its folder cannot be written")
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: a NUL; RuntimeError: a loop of links
        raise BadInput(f"{flag} {out[:200]!r} cannot be used: {error}") from None


def emit(text: str, out: str | None = None) -> None:
    """Write a result, whole or not at all. A reader that went away (`| head`) is no error."""
    text = text if text.endswith("\n") else text + "\n"
    data = text.encode("utf-8", "backslashreplace")  # a lone surrogate in a ticket must not end the run
    if out is not None:
        write_whole(Path(out), data)
        return
    ready(None)
    try:
        sys.stdout.flush()
        # JSON is UTF-8 whatever the locale; a terminal gets what it can show.
        if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(data.decode().encode(encoding, "backslashreplace").decode(encoding))
        else:
            sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon(1)
    except OSError as error:
        abandon(1)
        raise BadInput(f"stdout cannot be written: {error.strerror or error}; use --out FILE") from None


def emit_json(text: str, out: str | None = None) -> None:
    """As `emit`. On a terminal, characters of a ticket that would steer it or hide are shown as JSON escapes."""
    if out is None and sys.stdout is not None and sys.stdout.isatty():
        from agent.render.sanitise import json_text

        text = json_text(text)
    emit(text, out)


def note(text: str) -> None:
    """One line on stderr. Terminal control characters from a ticket or a name are shown, not obeyed."""
    if sys.stderr is None:
        return
    line = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in " ".join(text.split()))
    try:
        print(f"escalation: {line}", file=sys.stderr, flush=True)
    except OSError:
        abandon(2)


def abandon(descriptor: int) -> None:
    """Nothing more is written there. What was left unwritten goes nowhere: the interpreter, which tries once more at
    its end, would complain and replace the exit code by its own.
    """
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def colour() -> bool:
    """Whether stdout shows colour (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout is not None and sys.stdout.isatty()


def width() -> int:
    """Columns for readable output."""
    import shutil

    columns = shutil.get_terminal_size((LINE_WIDTH, 24)).columns
    return max(NARROWEST, min(columns, WIDEST))


@contextmanager
def progress(what: str) -> Iterator[None]:
    """A line on stderr that counts the seconds while the block runs. Only on a terminal; cleared afterwards."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    import threading

    finished = threading.Event()
    started = time.monotonic()

    def count() -> None:
        while not finished.wait(TICK):
            with suppress(OSError):
                sys.stderr.write(f"{ERASE_LINE}{what} … {time.monotonic() - started:.0f} s")
                sys.stderr.flush()

    counter = threading.Thread(target=count, daemon=True)
    counter.start()
    try:
        yield
    finally:
        finished.set()
        counter.join()
        with suppress(OSError):
            sys.stderr.write(ERASE_LINE)
            sys.stderr.flush()


def write_whole(path: Path, data: bytes) -> None:
    """Write beside the file and rename, so that nobody ever reads half of it. `mkstemp` gives mode 0600.

    Raises BadInput, which names the file as one that `--out` was given.
    """
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path, flag: str = "--out") -> Iterator[BinaryIO]:
    """As `write_whole`, for what is too large for memory: the file appears when the block ends, and only if it does.

    Raises BadInput, which names the file as one that `flag` was given.
    """
    import tempfile

    ready(str(path), flag)
    target = path.resolve()
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        temporary = ""
    except OSError as error:
        raise BadInput(f"{flag} {str(path)!r} cannot be written: {error.strerror or error}") from None
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)
