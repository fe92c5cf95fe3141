"""Tables that people upload: CSV bytes to named, bounded rows; what is wrong is said by row and column.

UTF-8 with or without a byte order mark, else GB18030 (what Excel writes on a Chinese Windows). The
separator is the one of comma, semicolon or tab under which the header names what is needed.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from server.errors import BadRequest

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

SEPARATORS = ",;\t"
LONGEST_CELL = 1000
MOST_COLUMNS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; a column that is empty or absent has no value."""

    number: int
    """Line of the file on which it ends, from 1: what a person sees in an editor."""
    values: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """Why one row was not taken."""

    row: int
    column: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the header must name, and what it may name besides."""

    required: frozenset[str]
    optional: frozenset[str]

    @property
    def known(self) -> frozenset[str]:
        """All of them."""
        return self.required | self.optional


def decode(content: bytes) -> str:
    """Return the text; raises BadRequest when it is neither UTF-8 nor GB18030, or holds NUL."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise BadRequest("the file holds NUL characters: it is not a CSV file")
        return text
    raise BadRequest("the file is neither UTF-8 nor GB18030 text")


def read_rows(content: bytes, columns: Columns, most_rows: int) -> tuple[list[Row], list[RowFault]]:
    """Split a file into good rows and faults; raises BadRequest when the file as a whole is none."""
    rows: list[Row] = []
    faults: list[RowFault] = []
    for each in each_row(decode(content).splitlines(keepends=True), columns):
        if len(rows) + len(faults) >= most_rows and not _ends_it(each):
            raise BadRequest(f"the file has more than {most_rows} rows: split it")
        if isinstance(each, Row):
            rows.append(each)
        else:
            faults.append(each)
    return rows, faults


def each_row(lines: Iterable[str], columns: Columns) -> Iterator[Row | RowFault]:
    """Rows and faults one by one, of lines that are read as they are needed.

    Raises BadRequest when the header is none of this table.
    """
    reader = _reader(lines, columns)
    header = _header(reader, columns)
    ending: list[RowFault] = []
    for cells in _cells(reader, ending):
        if any(cell.strip() for cell in cells):
            fault = _fault(cells, header, reader.line_num, columns)
            yield fault or Row(number=reader.line_num, values=_named(cells, header))
    yield from ending


def each_cells(lines: Iterable[str], columns: Columns) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row as they stand, the header's first, as far as they can be read."""
    reader = _reader(lines, columns)
    for cells in _cells(reader, []):
        yield reader.line_num, cells


def _ends_it(each: Row | RowFault) -> bool:
    return isinstance(each, RowFault) and each.code == "bad_csv"


def _reader(lines: Iterable[str], columns: Columns) -> "CsvReader":
    rest = iter(lines)
    first = next(rest, "")
    return csv.reader(
        chain([first] if first else [], rest), delimiter=_separator(first, columns), strict=True
    )


def _separator(first: str, columns: Columns) -> str:
    return max(SEPARATORS, key=lambda char: len(columns.required & set(_names(first.split(char)))))


def _names(cells: list[str]) -> list[str]:
    return [cell.strip().strip('"').strip().lower() for cell in cells]


def _header(lines: Iterator[list[str]], columns: Columns) -> list[str]:
    try:
        header = _names(next(lines))
    except StopIteration as error:
        raise BadRequest("the file is empty") from error
    except csv.Error as error:
        raise BadRequest(f"the header row cannot be read: {error}") from error
    missing, unknown = columns.required - set(header), set(header) - columns.known - {""}
    if missing:
        raise BadRequest(f"the header row lacks: {', '.join(sorted(missing))}")
    if unknown or len(header) > MOST_COLUMNS:
        raise BadRequest(f"the header row names unknown columns: {', '.join(sorted(unknown))[:200]}")
    if len(set(header)) != len(header):
        raise BadRequest("the header row names a column twice")
    return header


def _cells(lines: Iterator[list[str]], faults: list[RowFault]) -> Iterator[list[str]]:
    """Rows one by one; what csv itself cannot read ends the file, with a fault that says where."""
    try:
        yield from lines
    except csv.Error as error:
        number = getattr(lines, "line_num", 0)
        detail = f"the rows from here on cannot be read: {error}"
        faults.append(RowFault(row=number, column=None, code="bad_csv", detail=detail))


def _fault(cells: list[str], header: list[str], number: int, columns: Columns) -> RowFault | None:
    if len(cells) != len(header):
        detail = f"{len(cells)} cells, but the header has {len(header)} columns"
        return RowFault(row=number, column=None, code="cell_count", detail=detail)
    for name, cell in zip(header, cells, strict=True):
        if len(cell) > LONGEST_CELL:
            detail = f"the cell has {len(cell)} characters; {LONGEST_CELL} are allowed"
            return RowFault(row=number, column=name, code="cell_too_long", detail=detail)
        if name in columns.required and not cell.strip():
            return RowFault(row=number, column=name, code="cell_empty", detail="the cell is empty")
    return None


def _named(cells: list[str], header: list[str]) -> dict[str, str]:
    pairs = zip(header, cells, strict=True)
    return {name: cell.strip() for name, cell in pairs if name and cell.strip()}
