"""Confirmed verdicts out of an export of the ledger: enough for a calibration and an audit, not for a head.

The export is read as it is; whether it is genuine, `regrade verify log` says.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from inspection.confirmed import Confirmed, from_record
from inspection.custody.canonical import canonical
from inspection.custody.leaf import MAX_LEAF_BYTES, EntryType, read_leaf
from inspection.errors import DomainError
from inspection.record import InspectionRecord, read_record
from models.errors import BadTrainingSet

SKIPPED = ("unreadable", "no_confirmed_grade", "no_category")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an export gave."""

    rows: tuple[Confirmed, ...]
    """The last one of each unit."""
    skipped: Mapping[str, int]
    """By the words of `SKIPPED`."""


def read_ledger(path: Path, categories: Mapping[str, str]) -> Taken:
    """Take the confirmed verdicts of an export; raises BadTrainingSet where it cannot be read."""
    rows: dict[str, Confirmed] = {}
    skipped: Counter[str] = Counter(dict.fromkeys(SKIPPED, 0))
    try:
        with path.open("rb") as stream:
            for record in _records(stream, skipped):
                category = categories.get(record.unit.sku)
                row = from_record(record, category) if category else None
                if row is None:
                    skipped["no_confirmed_grade" if category else "no_category"] += 1
                else:
                    rows[row.unit] = row
    except OSError as error:
        raise BadTrainingSet(f"{path}: {error.strerror}") from error
    return Taken(rows=tuple(rows.values()), skipped=dict(skipped))


def read_categories(path: Path) -> dict[str, str]:
    """SKU -> category, from a table of products as the centre imports it; raises BadTrainingSet."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return {row["sku"]: row["category"] for row in csv.DictReader(stream)}
    except OSError as error:
        raise BadTrainingSet(f"{path}: {error.strerror}") from error
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise BadTrainingSet(f"{path} is no table in UTF-8 with the columns sku and category") from error


def _records(stream: BinaryIO, skipped: Counter[str]) -> Iterator[InspectionRecord]:
    """The verdicts behind the header line; what cannot be read is counted."""
    stream.readline(MAX_LEAF_BYTES + 1)
    while line := stream.readline(MAX_LEAF_BYTES + 1):
        try:
            leaf = read_leaf(line.rstrip(b"\n"))
            if leaf.type == EntryType.VERDICT:
                yield read_record(canonical(leaf.body))
        except DomainError:
            skipped["unreadable"] += 1
