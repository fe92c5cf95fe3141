"""Refunds as a table for spreadsheets, page by page: whatever its length, little of it is in memory."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from functools import partial

from sqlalchemy import Connection

from server.centre import Centre
from server.refunds import lookup, repository
from server.refunds.lookup_schemas import Filters, RefundFound

BOM = b"\xef\xbb\xbf"
"""Without it Excel takes UTF-8 for something else."""
MOST_AT_ONCE = 500
COLUMNS = tuple(RefundFound.model_fields)
PERSONAL = ("order",)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe before what would begin a formula.

    >>> safe_cell("=1+1"), safe_cell("R1/1/1")
    ("'=1+1", 'R1/1/1')
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def line_of(cells: Sequence[object]) -> str:
    """One line of the table."""
    written = io.StringIO()
    texts = ("" if cell is None else str(cell) for cell in cells)
    csv.writer(written, lineterminator="\r\n").writerow([safe_cell(text) for text in texts])
    return written.getvalue()


async def lines(centre: Centre, filters: Filters, *, bom: bool, personal: bool) -> AsyncIterator[bytes]:
    """The whole table, the oldest first: what is told meanwhile comes at the end, and nothing is left out."""
    head = line_of((*COLUMNS, *(PERSONAL if personal else ())))
    yield (BOM if bom else b"") + head.encode()
    place: lookup.Cursor | None = None
    while True:
        read = partial(_page, site=centre.site, filters=filters, place=place, personal=personal)
        found, text = await centre.reader.run(read)
        if text:
            yield text.encode()
        if len(found) < MOST_AT_ONCE:
            return
        place = (found[-1].told_at, found[-1].unit)


def _page(
    connection: Connection, site: str, filters: Filters, place: lookup.Cursor | None, *, personal: bool
) -> tuple[list[RefundFound], str]:
    found = lookup.found_behind(connection, site, filters, place, MOST_AT_ONCE, newest_first=False)
    return found, "".join(line_of(_cells(connection, site, row, personal=personal)) for row in found)


def _cells(connection: Connection, site: str, row: RefundFound, *, personal: bool) -> list[object]:
    said = row.model_dump(mode="json")
    cells = [said[name] for name in COLUMNS]
    if personal:
        told = repository.find_instruction(connection, site, row.instruction)
        cells.append(told.order if told else None)
    return cells
