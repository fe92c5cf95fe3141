"""A dropped file as a stream: looked at once for its hash and encoding, then read row by row.

Neither pass holds more than a block, a line or a batch: memory does not grow with the file.
"""

import codecs
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from inspection.messages.catalogue import UnitMessage
from server.errors import BadRequest
from server.imports import message_of
from server.returns.schemas import COLUMNS, CONVERT, FIXED
from server.rows import Row, RowFault, each_cells, each_row

BLOCK = 1 << 20
BATCH = 250
"""Rows of one commit."""
LONGEST_LINE = 200_000
"""Characters: a line without an end is no table."""
ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a file is."""

    sha256: str
    encoding: str | None
    """None where it is no text that is read here."""
    reason: str = ""
    """Code, where there is no encoding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that are settled together."""

    units: dict[str, tuple[int, UnitMessage]]
    """By id, each with its row; no id twice."""
    faults: tuple[RowFault, ...]
    last: int
    """The last of its rows."""


def look(handle: int) -> Looked:
    """Hash a file and find its encoding: UTF-8 with or without a mark, else GB18030."""
    digest, nul = hashlib.sha256(), False
    for block in _blocks(handle):
        digest.update(block)
        nul = nul or b"\0" in block
    if nul:
        return Looked(sha256=digest.hexdigest(), encoding=None, reason="binary")
    for encoding in ENCODINGS:
        if _decodes(handle, encoding):
            return Looked(sha256=digest.hexdigest(), encoding=encoding)
    return Looked(sha256=digest.hexdigest(), encoding=None, reason="encoding")


def _blocks(handle: int) -> Iterator[bytes]:
    os.lseek(handle, 0, os.SEEK_SET)
    while block := os.read(handle, BLOCK):
        yield block


def _decodes(handle: int, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(handle):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def lines(handle: int, encoding: str) -> Iterator[str]:
    """The lines of a file; raises BadRequest for one that never ends."""
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(os.dup(handle), "rb", buffering=BLOCK) as file:
        text = io.TextIOWrapper(file, encoding=encoding, newline="")
        while line := text.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise BadRequest(f"a line has more than {LONGEST_LINE} characters")
            yield line


def batches(handle: int, encoding: str, merchant: str, after: int) -> Iterator[Batch]:
    """The rows behind row `after`, in batches; raises BadRequest where the header is none of ours."""
    rows = (each for each in each_row(lines(handle, encoding), COLUMNS) if _number(each) > after)
    left: Row | RowFault | None = None
    while True:
        units: dict[str, tuple[int, UnitMessage]] = {}
        faults: list[RowFault] = []
        last, waiting = 0, left
        left = None
        for each in _chained(waiting, islice(rows, BATCH)):
            read = each if isinstance(each, RowFault) else _unit(each, merchant)
            if isinstance(read, UnitMessage) and read.id in units:
                left = each  # the same unit again: it goes into the next commit, behind this one
                break
            last = _number(each)
            if isinstance(read, RowFault):
                faults.append(read)
            else:
                units[read.id] = (last, read)
        if last == 0:
            return
        yield Batch(units=units, faults=tuple(faults), last=last)


def _chained(first: Row | RowFault | None, rest: Iterator[Row | RowFault]) -> Iterator[Row | RowFault]:
    if first is not None:
        yield first
    yield from rest


def _unit(row: Row, merchant: str) -> UnitMessage | RowFault:
    return message_of(row, UnitMessage, CONVERT, {**FIXED, "merchant": merchant})


def _number(each: Row | RowFault) -> int:
    return each.number if isinstance(each, Row) else each.row


def cells(handle: int, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of every row, the header's first: for the file of faults."""
    yield from each_cells(lines(handle, encoding), COLUMNS)
