"""The results of a run with the originals in the place of their placeholders, for a folder of the user's own.

A run folder never holds what was replaced, nor anything that could put it back. So the source is read a second time:
the same ticket, redacted anew, gives the same placeholders, and its vault knows what stands behind them. That holds
only as long as it is the same ticket: a result is restored where the source still says what the run read, byte for
byte, and where redaction makes of it what stands in the result. Every other result keeps its placeholders, and says so.

What is restored is kept in a database without a name, which goes with this process, however that ends.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from agent.batch.items import Item, Source
from agent.batch.run_folder import FILE, Known, Paid, Row, RunFolder, State, packed, unpacked
from agent.batch.work import Run, fingerprint_of, items_of, row_of, with_own
from agent.commands.output import ready
from agent.errors import BadInput
from agent.redaction import redact
from agent.redaction.placeholders import PAD, placeholders
from schemas.context import Context
from schemas.escalation import Escalation, Usage
from schemas.redaction import Level

NAMES = ("results.jsonl", "results.csv", "overview.html")
NOT_RESTORED = "not restored, its placeholders stand: "
CHANGED = "the ticket, or the --column flags, changed since the run"
GONE = "the source does not hold the ticket any more"
OTHERWISE = "this version of the program reads or redacts the ticket otherwise than the run did"
CONTEXT = "its context holds some: give --context and --tier as in the run"

_HALVES = tuple(f".{name}." for name in NAMES)
_WAYS, _MODEL = "ways", "model"  # names of settings
_TABLE = "create table restored (key text primary key, error text, ticket_id text, title text, escalation blob)"


@dataclass(frozen=True, slots=True)
class Way:
    """How a run read its tickets: what it replaced, and a hash of the context that it gave to all of them."""

    level: Level
    context: str


class Restored:
    """As the run folder to those that write results: `with Restored(run, source) as restored`.

    `restored`: results that got their originals back; `unrestored`: those that should have and did not.
    `model`: the one that the last run asked. Raises BadInput where the source cannot be read, or the temporary database
    has no room.
    """

    def __init__(self, run: Run, source: Source) -> None:
        self._run, self._folder = run, run.folder
        self.restored = self.unrestored = 0
        self._scan = int(run.folder.setting("scan") or 0)
        self.model = run.folder.setting(_MODEL) or None
        self._ways = {name: Way(*way) for name, way in _kept_ways(run.folder).items()}
        if not self._ways:
            raise BadInput(
                f"the run folder {str(run.folder.path)!r} is of a version that could not restore: run the command once "
                "more without --restore, which pays nothing again, and then with it"
            )
        self._database = sqlite3.connect("", isolation_level=None)  # SQLite makes a file without a name of it
        try:
            self._database.execute(_TABLE)
            self._make(source)
        except sqlite3.Error as error:
            self.close()
            raise BadInput(
                f"--restore: the temporary files have no room ({error}): make some, or set SQLITE_TMPDIR to a folder "
                "that has"
            ) from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Restored":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let what was restored go."""
        self._database.close()

    @property
    def scan(self) -> int:
        """The last run on the folder, whose results these are."""
        return self._scan

    # What those that write results ask for

    def rows(self, scan: int) -> Iterator[Row]:
        """As `RunFolder.rows`. `error` says of a result why it is not restored."""
        for row in self._folder.rows(scan):
            kept = self._database.execute("select error, ticket_id, title from restored where key = ?", (row.key,))
            found = kept.fetchone()
            if found is None:
                yield row
            elif found[0] is not None:
                yield replace(row, error=found[0])
            else:
                yield replace(row, ticket_id=found[1], title=found[2])

    def result(self, key: str) -> bytes | None:
        """As `RunFolder.result`."""
        kept = self._database.execute("select escalation from restored where key = ?", (key,)).fetchone()
        return self._folder.result(key) if kept is None or kept[0] is None else unpacked(kept[0])

    def count(self, scan: int) -> dict[State, int]:
        """As `RunFolder.count`."""
        return self._folder.count(scan)

    def spent(self) -> dict[Paid, Usage]:
        """As `RunFolder.spent`."""
        return self._folder.spent()

    def paid(self) -> Iterator[tuple[Paid, str | None, Usage]]:
        """As `RunFolder.paid`."""
        return self._folder.paid()

    def cut_off(self) -> int:
        """As `RunFolder.cut_off`."""
        return self._folder.cut_off()

    # How they come about

    def _make(self, source: Source) -> None:
        self._database.execute("begin")
        for item in items_of(source):
            known = self._folder.known(item.key)
            if known is None or known.state != "done":
                continue
            kept = self._folder.result(item.key)
            if kept is not None and _holds_some(kept):
                self._put(item, known, kept)
        for row in self._folder.rows(self._scan):
            known_as = self._database.execute("select error from restored where key = ?", (row.key,)).fetchone()
            if known_as is not None:
                self.restored += known_as[0] is None
                self.unrestored += known_as[0] is not None
            elif row.redacted is not None and row.state == "done":
                self._leave(row.key, GONE)
                self.unrestored += 1
        self._database.execute("commit")

    def _put(self, item: Item, known: Known, kept: bytes) -> None:
        made = self._originals(item, known, kept)
        if isinstance(made, str):
            self._leave(item.key, made)
            return
        row = row_of(item.key, made)
        body = packed(made.model_dump_json().encode())
        values = (item.key, None, row.ticket_id, row.title, body)
        self._database.execute("insert into restored values (?, ?, ?, ?, ?)", values)

    def _leave(self, key: str, why: str) -> None:
        self._database.execute("insert into restored (key, error) values (?, ?)", (key, NOT_RESTORED + why))

    def _originals(self, item: Item, known: Known, kept: bytes) -> Escalation | str:
        """The result with its originals, or why it has to stay as it is."""
        way = next((way for name, way in self._ways.items() if known.fingerprint == fingerprint_of(name, item)), None)
        if way is None:
            return CHANGED
        result = Escalation.model_validate_json(kept)
        try:
            ticket, own = item.read()
        except BadInput:
            return CHANGED
        redacted = redact(ticket, way.level)
        if redacted.ticket != result.ticket:
            return OTHERWISE
        if way.context == _hash(self._run.context):
            redacted.vault.concealed(with_own(self._run.context, own))
        elif _holds_some(result.context.model_dump_json().encode()):
            return CONTEXT  # counted on after the ticket's, so one left out would shift the others
        return redacted.vault.restored(result)


def keep_way(run: Run) -> None:
    """Write down how this run reads, under its fingerprint: a later restoring may be told other flags."""
    kept = _kept_ways(run.folder)
    kept[run.fingerprint()] = (run.redact, _hash(run.context))
    run.folder.keep_setting(_WAYS, json.dumps(kept))
    run.folder.keep_setting(_MODEL, run.backend.model or "")


def ready_place(place: Path, source: Path) -> None:
    """Make the folder that `--restore` names, for its owner alone.

    Raises BadInput for one that cannot be used: no run folder may hold what was replaced, a source would give the
    results as tickets the next time, and files of somebody else's are not to be overwritten.
    """
    named = f"--restore {str(place)[:200]!r}"
    try:
        real = place.resolve()
        if any(os.path.exists(above / FILE) for above in (real, *real.parents)):
            raise BadInput(f"{named} is in a run folder, which never holds secrets: name a folder elsewhere")
        if real.is_relative_to(source.resolve()):
            raise BadInput(f"{named} is in the source: name a folder elsewhere")
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in place.iterdir():  # half of a file, which a killed restoring left
            if left.name.startswith(_HALVES) and left.is_file():
                left.unlink()
        if any(entry.name not in NAMES or entry.is_symlink() for entry in place.iterdir()):
            raise BadInput(f"{named} holds other files: name a new folder")
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: a NUL; RuntimeError: a loop of links
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{named} cannot be used: {reason}; name another") from None
    for name in NAMES:
        ready(str(place / name), "--restore")


def _kept_ways(folder: RunFolder) -> dict[str, tuple[Level, str]]:
    kept: dict[str, tuple[Level, str]] = json.loads(folder.setting(_WAYS) or "{}")
    return kept


def _hash(context: Context) -> str:
    return hashlib.sha256(context.model_dump_json().encode()).hexdigest()


def _holds_some(result: bytes) -> bool:
    """Whether placeholders stand in it. Those that fill several lines are found by what they are filled with."""
    text = result.decode("utf-8", "replace")
    return PAD in text or any(placeholders(text))
