"""A folder: every file below it is one ticket, in the order of their paths."""

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from agent.batch.items import Item
from agent.batch.keys import Keys, printable
from agent.batch.run_folder import FILE
from agent.errors import BadInput

if TYPE_CHECKING:
    from agent.batch.sources import TicketSource
    from schemas.context import Context
    from schemas.ticket import Ticket

CONTEXT_END = ".context.json"
_CHUNK = 1 << 20
_MOST_CONTEXT = 1_000_000  # bytes of a context file that are read


class Folder:
    """The files below `path`. Of each folder on the way its names are in memory, to be sorted; of the files nothing.

    Hidden files and folders, run folders, links to folders, links that lead out, devices and pipes are passed over.
    """

    mapping = ""

    def __init__(self, path: Path, only: Sequence[str] = (), skip: Sequence[str] = ()) -> None:
        """`only`, `skip`: patterns of the files that are tickets, and of those that are none; see `_fits`."""
        self._root = path
        self._only, self._skip = only, skip
        self._idle: set[str] = set()
        self._real = os.path.realpath(path)
        self._passed: Counter[str] = Counter()
        self.name = f"folder {printable(self._real)}"
        if os.path.exists(path / FILE):
            raise BadInput(f"{str(path)!r} is a run folder: name the tickets' folder or file, and this with --run")
        if self.count() == 0:
            raise BadInput(f"the folder {str(path)!r} holds no tickets{self._why()}: name a folder with ticket files")

    def narrowed(self, only: Sequence[str], skip: Sequence[str]) -> "Folder":
        """The same folder without the files that are no tickets. Raises BadInput where none is left."""
        return Folder(self._root, only, skip)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was passed over when the folder was last gone through, and the patterns that fit no file."""
        passed = [f"passed over: {number} {what}" for what, number in sorted(self._passed.items())]
        return (*passed, *(f"no file fits {printable(pattern)!r}" for pattern in sorted(self._idle)))

    def count(self) -> int:
        """How many files are tickets."""
        return sum(1 for _ in self._files())

    def items(self) -> Iterator[Item]:
        """Each file once, hashed as it is met and read again when it is needed."""
        keys = Keys()
        for relative, context in self._files():
            try:
                sha256 = self._digest(relative, context)
            except OSError as error:
                sha256 = hashlib.sha256(f"unreadable {error.errno}".encode()).hexdigest()
            yield Item(keys.unique(relative), sha256, partial(self._read, relative, context, sha256))

    def _why(self) -> str:
        return f" ({'; '.join(self.notes)})" if self._passed else ""

    def _files(self) -> Iterator[tuple[str, str | None]]:
        """Relative POSIX paths with the path of their context, sorted as whole paths are."""
        self._passed, self._idle = Counter(), {*self._only, *self._skip}
        yield from self._below("")

    def _below(self, folder: str) -> Iterator[tuple[str, str | None]]:
        # A folder's name sorts with its slash, so that the order is that of the whole paths.
        entries: list[str] = []
        try:
            with os.scandir(self._root / folder) as found:
                for entry in found:
                    if entry.name.startswith("."):
                        self._passed["hidden"] += 1
                    elif entry.is_dir(follow_symlinks=False) and os.path.exists(os.path.join(entry.path, FILE)):
                        self._passed["run folders"] += 1  # its results would be tickets, and more with each run
                    elif entry.is_dir(follow_symlinks=False):
                        entries.append(entry.name + "/")
                    elif self._is_ticket(entry):
                        entries.append(entry.name)
        except OSError as error:
            if not folder:
                raise BadInput(
                    f"the folder {str(self._root)!r} cannot be read: {error.strerror}; name another"
                ) from None
            self._passed["folders that cannot be read"] += 1
            return
        entries.sort()
        contexts = {name for name in entries if name.endswith(CONTEXT_END)}
        used = set()
        for name in entries:
            if name.endswith("/"):
                yield from self._below(folder + name)
            elif name not in contexts:
                context = name.rpartition(".")[0] + CONTEXT_END if "." in name else name + CONTEXT_END
                if context in contexts:
                    used.add(context)
                if not self._chosen(folder + name):
                    self._passed["left out by --only or --skip"] += 1
                    continue
                yield folder + name, folder + context if context in contexts else None
        if left := len(contexts - used):
            self._passed[f"{CONTEXT_END} files beside no ticket"] += left

    def _chosen(self, relative: str) -> bool:
        only = [pattern for pattern in self._only if _fits(relative, pattern)]
        skip = [pattern for pattern in self._skip if _fits(relative, pattern)]
        self._idle.difference_update(only, skip)
        return bool(only or not self._only) and not skip

    def _is_ticket(self, entry: "os.DirEntry[str]") -> bool:
        """Whether it is a file, or a link to one inside the folder. Opening a pipe or a device could wait for ever."""
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if not target.startswith(self._real + os.sep) or not os.path.isfile(target):
                self._passed["links that lead out of the folder, to a folder or nowhere"] += 1
                return False
            return True
        if not entry.is_file(follow_symlinks=False):
            self._passed["that are no files (pipes, sockets, devices)"] += 1
            return False
        return True

    def _digest(self, relative: str, context: str | None) -> str:
        """SHA-256 of the file's bytes; with a context beside it, of both."""
        digest = hashlib.sha256()
        for part in (relative, context):
            if part is None:
                continue
            if part is context:
                digest.update(b"\0context\0")
            with self._open(part) as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        return digest.hexdigest()

    def _open(self, relative: str) -> BinaryIO:
        descriptor = os.open(self._root / relative, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(0, "it is no regular file any more")
        return os.fdopen(descriptor, "rb")

    def _read(self, relative: str, context: str | None, sha256: str) -> "tuple[Ticket, Context | None]":
        from agent.readers import MAX_BYTES, read_ticket

        try:
            with self._open(relative) as file:
                raw = file.read(MAX_BYTES + 1)
            beside = None
            if context is not None:
                with self._open(context) as file:
                    beside = file.read(_MOST_CONTEXT + 1)
            if len(raw) <= MAX_BYTES and self._digest(relative, context) != sha256:
                raise BadInput(f"{printable(relative)} changed while the run was on: run again")
        except OSError as error:
            raise BadInput(f"{printable(relative)} cannot be read: {error.strerror or error}") from None
        ticket = read_ticket(raw, name=printable(relative.rpartition("/")[2]))
        if beside is None or context is None:
            return ticket, None
        if len(beside) > _MOST_CONTEXT:
            raise BadInput(f"{printable(context)} has more than {_MOST_CONTEXT:,} bytes: it is no context")
        from agent.commands.inputs import parse
        from schemas.context import Context

        return ticket, parse(Context, beside, f"context {printable(context)!r}", "context")


def _fits(relative: str, pattern: str) -> bool:
    """A pattern without a slash is of a file's name, one with a slash of its path below the folder; `*` is anything."""
    wanted = pattern.removeprefix("./")
    if wanted.endswith("/"):
        wanted += "*"
    return fnmatchcase(relative if "/" in wanted else relative.rpartition("/")[2], wanted)


def narrowed(source: "TicketSource", only: Sequence[str], skip: Sequence[str]) -> "TicketSource":
    """A folder without the files that are no tickets. Raises BadInput for a source of another kind."""
    if not (only or skip):
        return source
    if not isinstance(source, Folder):
        raise BadInput("--only and --skip name the files of a folder, but this source is a file: leave them out")
    return source.narrowed(only, skip)
