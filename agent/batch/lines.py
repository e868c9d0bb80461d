"""JSON: an object on each line (JSONL), or a list of objects as interfaces of help desks return it.

An object that the readers know as a help desk's export is read by them. Any other, and each one where columns of the
ticket are named, is a row whose columns are its keys; `ticket.body` is the key `body` inside of `ticket`.
"""

import hashlib
import json
import shlex
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.batch.columns import TICKET_FIELDS, Columns, Mapping, no_text, unknown_columns
from agent.batch.items import Item
from agent.batch.keys import Keys, printable
from agent.batch.reading import open_file
from agent.errors import BadInput
from agent.readers.decode import MAX_BYTES
from agent.readers.exported import LISTS, is_export

if TYPE_CHECKING:
    from schemas.context import Context
    from schemas.ticket import Ticket

MAX_LINE = 50_000_000
"""Bytes of one line, and characters of one row of a table. What is longer costs only itself, or ends a table."""

Pieces = Callable[[], Iterator[tuple[str, bytes | None]]]
"""Each object's JSON with where it stands; None for one that is longer than MAX_LINE."""

_DEPTH = 4  # of nested objects whose keys can be named
_WRAPPERS = ("ticket", "helpdesk_ticket", "issue", "conversation")
_ID_KEYS = ("display_id", "key", "number", "id")


class Objects:
    """Objects of JSON, one at a time."""

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path, columns: Columns, pieces: Pieces, kind: str) -> None:
        self._path, self._columns, self._pieces = path, columns, pieces
        self._as_rows = any(field in TICKET_FIELDS for field, _ in columns.named)
        self.name = f"{kind} {printable(str(path.resolve()))}"
        self._known: Mapping | None = None
        self.mapping = self._look()

    def count(self) -> int:
        """How many objects there are, broken ones included."""
        return sum(1 for _ in self._pieces())

    def items(self) -> Iterator[Item]:
        """Each object once. A broken one is an item whose `read` says so."""
        keys = Keys()
        named = repr(self._columns.named).encode()
        for where, raw in self._pieces():
            digest = hashlib.sha256(named)
            digest.update(b"\0" + (b"too long" if raw is None else raw))
            name = where if raw is None else self._key(raw) or where
            yield Item(keys.unique(name), digest.hexdigest(), partial(self._read, raw, where))

    def _columns_of(self, cells: list[tuple[str, Any]]) -> Mapping:
        """Lines mostly have the same keys as the line before."""
        names = tuple(name for name, _ in cells)
        known = self._known
        if known is None or known.header != names:
            self._known = known = self._columns.mapping(names)
        return known

    def _look(self) -> str:
        """How the first row is read. Raises BadInput where nothing in the source can be read.

        Usually that takes one line. Keys differ from line to line, so it goes on until every named column was met.
        """
        missing: set[str] | None = None
        header: dict[str, None] = {}
        rows = usable = broken = 0
        sentence, problem = "", None
        for where, raw in self._pieces():
            try:
                value = _parsed(raw, where)
            except BadInput as error:
                broken += 1
                problem = problem or error
                continue
            names = [name for name, _ in _flat(value)]
            left = set(self._columns.missing(names))
            missing = left if missing is None else missing & left
            if len(header) < 1000:
                header |= dict.fromkeys(names)
            if is_export(value) and not self._as_rows:
                usable += 1
            else:
                rows += 1
                found = self._columns.mapping(names)
                if not sentence and ("text" in found.fields or "subject" in found.fields):
                    sentence = found.sentence()
                usable += "text" in found.fields
            if usable and not missing:
                return sentence
        if problem is not None and not (rows or usable):
            raise BadInput(f"{str(self._path)!r}: {problem}")
        if missing is None:
            raise BadInput(f"{str(self._path)!r} holds no tickets: expected a JSON object on each line")
        if missing:
            raise unknown_columns(repr(str(self._path)), sorted(missing), list(header))
        raise no_text(repr(str(self._path)), list(header))

    def _key(self, raw: bytes) -> str | None:
        try:
            value = _parsed(raw, "")
        except BadInput:
            return None
        if is_export(value) and not self._as_rows:
            inner = next((value[name] for name in _WRAPPERS if isinstance(value.get(name), dict)), value)
            found: Any = next((inner[name] for name in _ID_KEYS if _is_name(inner.get(name))), None)
        else:
            cells = _flat(value)
            places = self._columns_of(cells).fields.get("id", ())
            found = next((cells[at][1] for at in places if _is_name(cells[at][1])), None)
        return None if found is None else " ".join(str(found).split())

    def _read(self, raw: bytes | None, where: str) -> "tuple[Ticket, Context | None]":
        value = _parsed(raw, where)
        cells = _flat(value)
        columns = self._columns_of(cells)
        from agent.batch.rows import read_context_of, read_row

        if self._as_rows or raw is None or not is_export(value):
            return read_row(columns, [cell for _, cell in cells], where)
        from agent.readers import read_ticket

        try:
            ticket = read_ticket(raw, name="x.json")
        except BadInput as error:
            raise BadInput(f"{where}: {error}") from None
        return ticket, read_context_of(columns, [cell for _, cell in cells], where)


def lines_of(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """The lines of a file that are not blank, as `line N`."""
    number = 0
    with open_file(path) as file:
        while line := file.readline(MAX_LINE + 1):
            number += 1
            too_long = len(line) > MAX_LINE
            if too_long:
                piece = line
                while piece and not piece.endswith(b"\n"):
                    piece = file.readline(1 << 20)
                del piece
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield f"line {number}", None if too_long else line.strip()


def list_of(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """The objects of a file that is one JSON list, or an object around one such as `{"tickets": […]}`, as `item N`.

    It is read as a whole, so it must be small. Raises BadInput where it is not, or is no list.
    """
    with open_file(path) as file:
        raw = file.read(MAX_BYTES + 1)
    hint = f"expected JSONL, an object on each line: jq -c '.[]' {shlex.quote(printable(path.name))} > tickets.jsonl"
    if len(raw) > MAX_BYTES:
        raise BadInput(f"{str(path)!r} is one JSON document of more than {MAX_BYTES:,} bytes, {hint}")
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else one_reason(error)
        raise BadInput(f"{str(path)!r} is no valid JSON ({reason}), {hint}") from None
    if isinstance(value, dict) and not is_export(value):
        value = next((value[name] for name in LISTS if isinstance(value.get(name), list)), value)
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise BadInput(f"{str(path)!r} holds a JSON {type(value).__name__}, {hint}")
    for number, element in enumerate(value, 1):
        yield f"item {number}", json.dumps(element, ensure_ascii=False).encode("utf-8", "surrogatepass")


def one_reason(error: ValueError) -> str:
    """Why text is no JSON, without the text."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 at byte {error.start + 1}"
    return str(error)[:200]


def _parsed(raw: bytes | None, where: str) -> dict[str, Any]:
    if raw is None:
        raise BadInput(f"{where} has more than {MAX_LINE:,} bytes: leave the log out and keep the ticket's text")
    try:
        value = json.loads(raw.decode("utf-8", "surrogatepass"))
    except RecursionError:
        raise BadInput(f"{where} is nested too deeply: export the ticket alone") from None
    except ValueError as error:
        raise BadInput(f"{where} is no JSON object ({one_reason(error)}): correct the line") from None
    if not isinstance(value, dict):
        raise BadInput(f"{where} holds a JSON {type(value).__name__}, an object was expected: correct the line")
    return value


def _flat(value: dict[str, Any], before: str = "", depth: int = 1) -> list[tuple[str, Any]]:
    """Keys and values; those of an inner object behind it, under its name and a full stop."""
    found: list[tuple[str, Any]] = []
    for name, inner in value.items():
        found.append((before + name, inner))
        if isinstance(inner, dict) and depth < _DEPTH:
            found += _flat(inner, f"{before}{name}.", depth + 1)
    return found


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and bool(str(value).strip())
