"""Tickets from files: only below the allowed folders, links followed before that is checked, and only plain files."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from agent.errors import BadInput
from agent.readers import MAX_BYTES


def working_folder() -> tuple[Path, ...]:
    """The working directory, if it is one that somebody chose: not the root, not a home folder or what holds it.

    Some hosts start their servers in `/` or at home; that must not open the whole disk.
    """
    here = Path.cwd().resolve()
    try:
        home = Path.home().resolve()
    except RuntimeError:  # nobody's home is known
        return (here,) if here != Path(here.anchor) else ()
    return () if home.is_relative_to(here) else (here,)


def folder(name: str) -> Path:
    """An allowed folder that somebody named. Raises BadInput if it is none."""
    try:
        found = Path(name).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise BadInput(f"--folder {name[:200]!r}: no such folder; name one that is there") from None
    if not found.is_dir():
        raise BadInput(f"--folder {name[:200]!r} is no folder: name the folder that holds the tickets")
    return found


def read_file(name: str, folders: Sequence[Path]) -> bytes:
    """The bytes of a ticket's file. A relative name starts from the first folder. Raises BadInput."""
    if not folders:
        raise BadInput(
            "no folder is open to this server, so no path can be read: pass the text as `ticket`, "
            "or have the server started with --folder DIR"
        )
    folders = [folder.resolve() for folder in folders]
    shown = f"path {name[:200]!r}"
    try:
        path = (folders[0] / name).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: a NUL; RuntimeError: a loop of links
        reason = getattr(error, "strerror", None) or "no such file"
        if not _inside(Path(os.path.normpath(folders[0] / name)), folders):
            raise _outside(shown, folders) from None
        raise BadInput(f"{shown} cannot be read: {reason}; name a file below {_listed(folders)}") from None
    if not _inside(path, folders):
        raise _outside(shown, folders)
    return _read(path, shown)


def _read(path: Path, shown: str) -> bytes:
    try:
        # Neither waits for a pipe's writer nor follows a link that took the file's place meanwhile.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        raise BadInput(f"{shown} cannot be read: {error.strerror}; name a file that can be") from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise BadInput(f"{shown} is no regular file: name the ticket's own file")
    with os.fdopen(handle, "rb") as file:
        if status.st_size > MAX_BYTES:
            raise BadInput(f"{shown} has {status.st_size:,} bytes, expected at most {MAX_BYTES:,}: cut it")
        return file.read(MAX_BYTES + 1)


def _inside(path: Path, folders: Sequence[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _outside(shown: str, folders: Sequence[Path]) -> BadInput:
    return BadInput(
        f"{shown} is outside of what this server may read ({_listed(folders)}): pass the text as `ticket`, "
        "or have the server started with --folder DIR"
    )


def _listed(folders: Sequence[Path]) -> str:
    return ", ".join(str(folder) for folder in folders)
