"""CSV as programs write it: commas, semicolons, tabs or bars, any usual encoding, cells with line breaks in them."""

import codecs
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent.batch.columns import Columns, Mapping, no_text, shown_name, unknown_columns
from agent.batch.items import Item
from agent.batch.keys import Keys, printable
from agent.batch.lines import MAX_LINE
from agent.batch.reading import open_file
from agent.errors import BadInput
from agent.readers.decode import MAX_BYTES, guess_encoding

if TYPE_CHECKING:
    from schemas.context import Context
    from schemas.ticket import Ticket

_DELIMITERS = ",;\t|"
_SAMPLE = 64_000
_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # how Excel is told the delimiter


class Table:
    """The rows of one file below the row that names the columns. One row at a time is in memory."""

    def __init__(self, path: Path, columns: Columns) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), MAX_BYTES))
        self._path = path
        self.name = f"CSV {printable(str(path.resolve()))}"
        self._encoding, self.notes = _encoding_of(path)
        with self._open() as file:
            sample = file.read(_SAMPLE)
        declared = _SEPARATOR_LINE.match(sample)
        self._skip = 1 if declared else 0
        self.delimiter = declared[1] if declared else delimiter_of(sample)
        header = next((cells for _, cells in self._records()), None)
        if header is None:
            raise BadInput(f"{str(path)!r} is empty, expected a row that names the columns and a row for each ticket")
        names = [name.strip() for name in header]
        self._columns: Mapping = columns.mapping(names)
        if missing := columns.missing(names):
            raise unknown_columns(repr(str(path)), missing, names)
        if "text" not in self._columns.fields:
            raise no_text(f"{str(path)!r} (its first row must name the columns)", names)
        if next(self._rows(), None) is None:
            raise BadInput(f"{str(path)!r} holds no tickets: below the names of its columns there is no row")
        self.mapping = self._columns.sentence()

    def count(self) -> int:
        """How many rows there are. Raises BadInput where the file cannot be read to its end."""
        return sum(1 for _ in self._rows())

    def items(self) -> Iterator[Item]:
        """Each row that is not blank. Raises BadInput where a quotation mark is never closed."""
        keys = Keys()
        read = self._columns.sentence()
        for number, line, cells in self._rows():
            content = json.dumps([read, self._columns.header, cells], ensure_ascii=False)
            sha256 = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
            places = self._columns.fields.get("id", ())
            found = next((cells[at].strip() for at in places if at < len(cells) and cells[at].strip()), None)
            name = f"row {number}" if found is None else " ".join(found.split())
            yield Item(keys.unique(name), sha256, partial(self._read, cells, f"row {number} (line {line})"))

    def _read(self, cells: list[str], where: str) -> "tuple[Ticket, Context | None]":
        from agent.batch.rows import read_row

        width = len(self._columns.header)
        if any(cell.strip() for cell in cells[width:]):
            raise BadInput(
                f"{where} has {len(cells)} cells, the first row names {width}: put cells that hold "
                f"{shown_name(self.delimiter)} or quotation marks into quotation marks"
            )
        return read_row(self._columns, cells[:width], where)

    def _rows(self) -> Iterator[tuple[int, int, list[str]]]:
        """Data rows with their number and the line on which they begin."""
        records = self._records()
        next(records, None)
        for number, (line, cells) in enumerate(records, 1):
            yield number, line, cells

    def _open(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(open_file(self._path), encoding=self._encoding, errors="replace", newline="")

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Every row that is not blank, the header too, with the line on which it begins."""
        with self._open() as file:
            feed = _Feed(file, str(self._path))
            for _ in range(self._skip):
                next(feed, None)
            reader = csv.reader(feed, delimiter=self.delimiter)
            while True:
                feed.begin()
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    raise feed.broken(f"cannot be read ({error})") from None
                if feed.ended:
                    raise feed.broken("is not closed before the file's end")
                if any(cell.strip() for cell in cells):
                    yield feed.first, cells


class _Feed:
    """Lines for the csv module, which knows the line where a row ends only, and sets no bound to a row."""

    def __init__(self, file: io.TextIOWrapper, path: str) -> None:
        self._file, self._path = file, path
        self._line = self._size = 0
        self.first = 1
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self._line += 1
        self._size += len(line)
        if self._size > MAX_LINE:
            raise self.broken(f"has more than {MAX_LINE:,} characters")
        return line

    def begin(self) -> None:
        """A row begins with the next line."""
        self.first, self._size = self._line + 1, 0

    def broken(self, what: str) -> BadInput:
        """Why nothing behind this row can be read."""
        return BadInput(
            f"{self._path!r}: the row that begins on line {self.first} {what}: look for a quotation mark there that is "
            'not closed, or not doubled (""), and export the file again'
        )


def delimiter_of(sample: str) -> str:
    """The delimiter that cuts the first rows into the same number of cells, and into the most of them."""
    best, found = (0.0, 1), ","
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            continue
        if len(rows) > 1 and len(sample) >= _SAMPLE:
            rows.pop()  # the sample's end has cut it
        width = len(rows[0]) if rows else 0
        if width > 1:
            same = sum(len(row) == width for row in rows) / len(rows)
            best, found = max((best, found), ((round(same, 1), width), delimiter), key=lambda pair: pair[0])
    return found


def _encoding_of(path: Path) -> tuple[str, tuple[str, ...]]:
    """The encoding, by looking through the whole file where it has no mark: accents may come late."""
    with open_file(path) as file:
        top = file.read(_SAMPLE)
        for bom, encoding in _BOMS:
            if top.startswith(bom):
                return encoding, ()
        if top.count(0) * 4 > len(top):
            raise BadInput(f"{str(path)!r} looks like UTF-16 without a mark, or binary data: save it as CSV in UTF-8")
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")(errors="strict")
        at, chunk = 0, b""
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
                at += len(chunk)
            decoder.decode(b"", final=True)
            return "utf-8", ()
        except UnicodeDecodeError as error:
            start = max(0, at + error.start - 4)
        if _is_mostly_utf8(path):
            return "utf-8", ("some bytes are no UTF-8: they were replaced by U+FFFD",)
        file.seek(max(0, start - 200))
        encoding = guess_encoding(file.read(_SAMPLE))
    return encoding, (f"the file is not UTF-8: it was read as {encoding} (guessed)",)


def _is_mostly_utf8(path: Path) -> bool:
    """Whether a few broken bytes stand among many characters that are whole."""
    broken = whole = 0
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        while text := file.read(_CHUNK):
            bad = text.count("\ufffd")
            broken += bad
            whole += sum(1 for _ in re.finditer("[^\x00-\x7f]", text)) - bad
    return broken * 10 < whole
