"""Where many tickets come from: a folder, JSONL or a JSON list, CSV, an mbox. Name and content tell which."""

import json
import stat
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from agent.batch.columns import Columns, parse_columns
from agent.batch.folder import Folder
from agent.batch.items import Source
from agent.batch.keys import printable
from agent.batch.lines import MAX_LINE, Objects, lines_of, list_of
from agent.batch.mbox import SEPARATOR, Mbox
from agent.batch.reading import open_file
from agent.batch.table import Table, delimiter_of
from agent.errors import BadInput
from agent.readers.decode import other_format
from agent.readers.exported import LISTS, is_export

FORMATS = ("folder", "jsonl", "json", "csv", "mbox")
_OF_SUFFIX = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "csv": "csv",
    "tsv": "csv",
    "tab": "csv",
    "mbox": "mbox",
    "mbx": "mbox",
}
_TOP = 64_000


class TicketSource(Source, Protocol):
    """A source with what a person should hear of it."""

    @property
    def mapping(self) -> str:
        """Which column is read as what, in one sentence; empty where there are no columns."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was guessed or passed over, a line each."""


def open_source(
    path: str, *, columns: Sequence[str] = (), format: str | None = None, threads: bool | None = None
) -> TicketSource:
    """The source at `path`. `columns` are flags `FIELD=COLUMN`; `format` is one of FORMATS, None to find out.

    `threads`: whether mails of a thread are one ticket; None: they are, and nobody asked. Raises BadInput for what
    cannot be read or holds no ticket, for columns that do not exist, and where no column looks like the tickets' text.
    """
    if path == "-":
        raise BadInput("a source cannot be '-', as it is read more than once: write it to a file and name that")
    if not path:
        raise BadInput("the source's name is empty: name a folder, or a file of JSONL, CSV or mbox")
    if format is not None and format not in FORMATS:
        raise BadInput(f"--source-format {format[:40]!r} is no source's kind, expected one of {', '.join(FORMATS)}")
    named = parse_columns(columns)
    place = Path(path)
    try:
        kind = _kind(place, format, named)
        if named.named and kind in ("folder", "mbox"):
            raise BadInput(f"--column is for CSV and JSON, but {path[:200]!r} is {_article(kind)}: leave it out")
        if threads is not None and kind != "mbox":
            raise BadInput(f"--threads is for an mbox, but {path[:200]!r} is {_article(kind)}: leave it out")
        return _opened(place, kind, named, threads is not False)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(
            f"{printable(path[:200])!r} cannot be read: {reason}; name a folder, or a file of JSONL, CSV or mbox"
        ) from None


def _opened(path: Path, kind: str, columns: Columns, threads: bool) -> TicketSource:
    if kind == "folder":
        return Folder(path)
    if kind == "csv":
        return Table(path, columns)
    if kind == "mbox":
        return Mbox(path, threads=threads)
    pieces = lines_of if kind == "jsonl" else list_of
    return Objects(path, columns, partial(pieces, path), kind.upper())


def _kind(path: Path, format: str | None, columns: Columns) -> str:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode) != (format == "folder") and (format is not None):
        what = "a folder" if stat.S_ISDIR(mode) else "a file"
        raise BadInput(f"--source-format {format}: {str(path)!r} is {what}; leave it out, or name something else")
    if stat.S_ISDIR(mode):
        return "folder"
    if not stat.S_ISREG(mode):
        raise BadInput(f"{str(path)!r} is no regular file, and a source is read more than once: write it to a file")
    with open_file(path) as file:
        top = file.read(_TOP)
    if not top.strip():
        raise BadInput(f"{str(path)!r} is empty: name a folder, or a file of JSONL, CSV or mbox with tickets in it")
    if other := other_format(top):
        raise BadInput(f"{str(path)!r} looks like {other}, expected JSONL, CSV or mbox: export it as one of these")
    if format is not None:
        return format
    suffix = path.suffix[1:].casefold()
    begins = top.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if begins in (b"{", b"[") and suffix in ("", "json", "jsonl", "ndjson", "txt"):
        return _kind_of_json(path, begins)
    if suffix in _OF_SUFFIX:
        kind = _OF_SUFFIX[suffix]
        if kind == "jsonl" and top.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise BadInput(f"{str(path)!r} is UTF-16, expected JSONL in UTF-8: convert it")
        return kind
    if SEPARATOR.match(top[:2000]):
        return "mbox"
    if suffix in ("", "txt") and _is_table(top, columns):
        return "csv"
    raise BadInput(
        f"{str(path)!r} is no folder, JSONL, CSV or mbox by its name and beginning: say which with --source-format; "
        "a single ticket is read by `escalation run`"
    )


def _kind_of_json(path: Path, begins: bytes) -> str:
    """Objects on lines of their own, or one document that holds them all."""
    if begins == b"[":
        return "json"
    with open_file(path) as file:
        first = b""
        while not first.strip():
            first = file.readline(MAX_LINE + 1)
        alone = not any(iter(partial(_next_words, file), None))
    try:
        value = json.loads(first.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # A broken first line of many is one broken ticket; the first line of a laid-out document is an open bracket.
        return "json" if first.strip() in (b"{", b"\xef\xbb\xbf{") or (alone and len(first) <= MAX_LINE) else "jsonl"
    wraps = isinstance(value, dict) and not is_export(value) and any(isinstance(value.get(n), list) for n in LISTS)
    return "json" if alone and wraps else "jsonl"


def _next_words(file: BinaryIO) -> bool | None:
    """Whether the next piece of the file holds anything; None at its end."""
    piece = file.read(1 << 16)
    return bool(piece.strip()) if piece else None


def _is_table(top: bytes, columns: Columns) -> bool:
    """Whether the first line names columns among which one is the text."""
    first = top.decode("utf-8", "replace").lstrip("\ufeff").split("\n", 1)[0].strip()
    header = [name.strip(' "') for name in first.split(delimiter_of(top.decode("utf-8", "replace")))]
    return len(header) > 1 and "text" in columns.mapping(header).fields


def _article(kind: str) -> str:
    return {"folder": "a folder", "mbox": "an mbox"}.get(kind, kind.upper())


__all__ = ["FORMATS", "TicketSource", "open_source"]
