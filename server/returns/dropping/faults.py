"""The file that tells a person which rows of theirs were not taken: their own cells, and why.

A spreadsheet runs a cell that begins like a formula, so such a cell gets an apostrophe in front.
"""

import csv
import io
import os
from collections.abc import Iterable, Iterator

from server.rows import RowFault

RISKY = ("=", "+", "-", "@", "\t", "\r")
HEAD = ("row", "column", "code", "detail")
MARK = "\ufeff"
"""So that a spreadsheet reads UTF-8."""


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(RISKY) else cell


def fault_rows(faults: Iterator[RowFault], cells: Iterable[tuple[int, list[str]]]) -> Iterator[list[str]]:
    """The header and each faulty row, as it stands in the file; both come in the order of the lines."""
    rows = iter(cells)
    number, header = next(rows, (0, []))
    yield [*HEAD, *header]
    found: list[str] = []
    for fault in faults:
        while number < fault.row:
            number, found = next(rows, (fault.row + 1, []))
        shown = found if number == fault.row else []
        yield [str(fault.row), fault.column or "", fault.code, fault.detail, *shown]


def write_table(handle: int, rows: Iterable[list[str]]) -> None:
    """Write rows durably, each cell made safe; closes the handle."""
    with io.TextIOWrapper(os.fdopen(handle, "wb"), encoding="utf-8", newline="") as file:
        file.write(MARK)
        writer = csv.writer(file, lineterminator="\r\n")
        for row in rows:
            writer.writerow([safe(cell) for cell in row])
        file.flush()
        os.fsync(handle)
