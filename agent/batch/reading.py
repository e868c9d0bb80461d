"""A source's file is opened more than once, and may be gone by then."""

from io import BufferedReader
from pathlib import Path

from agent.batch.keys import printable
from agent.errors import BadInput


def open_file(path: Path) -> BufferedReader:
    """The file's bytes. Raises BadInput where it cannot be opened."""
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput(
            f"{printable(str(path)[:200])!r} cannot be read: {error.strerror or error}; name a folder, or a file of "
            "JSONL, CSV or mbox"
        ) from None
