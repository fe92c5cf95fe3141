"""Rows of dropped files: how far each was read, and what was wrong in it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from server.db.return_tables import dropped_faults, dropped_files
from server.db.rows import insert_rows
from server.db.tables import merchants
from server.rows import RowFault

READING, DONE, REFUSED = "reading", "done", "refused"
MOST_FAULTS = 10_000
"""Rows of one file whose faults are kept; the rest is counted."""
PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Which file: by what is in it, not by its name."""

    site: str
    merchant: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a file is."""

    state: str
    rows_read: int
    rejected: int


def known_merchants(connection: Connection, site: str) -> set[str]:
    """The merchants that may have a folder."""
    return set(connection.execute(select(merchants.c.id).where(merchants.c.site == site)).scalars())


def begin(connection: Connection, key: Key, name: str, length: int, at: str) -> Progress:
    """Note a file that is to be read; one that is known stays as it is."""
    row = {
        "site": key.site,
        "merchant": key.merchant,
        "sha256": key.sha256,
        "name": name,
        "bytes": length,
        "state": READING,
        "rows_read": 0,
        "accepted": 0,
        "rejected": 0,
        "taken_at": at,
    }
    connection.execute(insert(dropped_files).values(row).on_conflict_do_nothing())
    return progress(connection, key)


def settle(connection: Connection, key: Key, last: int, accepted: int, faults: list[RowFault]) -> None:
    """Note rows as settled, in the transaction that took them."""
    before = connection.execute(select(dropped_files.c.rejected).where(*_mine(key))).scalar_one()
    kept = [
        {
            "site": key.site,
            "merchant": key.merchant,
            "sha256": key.sha256,
            "row": fault.row,
            "column": fault.column,
            "code": fault.code,
            "detail": fault.detail,
        }
        for fault in faults[: max(0, MOST_FAULTS - before)]
    ]
    insert_rows(connection, dropped_faults, kept, or_ignore=True)
    values = {
        "rows_read": last,
        "accepted": dropped_files.c.accepted + accepted,
        "rejected": dropped_files.c.rejected + len(faults),
    }
    connection.execute(update(dropped_files).where(*_mine(key)).values(values))


def end(connection: Connection, key: Key, state: str, at: str, reason: str | None = None) -> None:
    """Note a file as ended; its faults are written by now."""
    values = {"state": state, "ended_at": at, "reason": reason}
    connection.execute(update(dropped_files).where(*_mine(key)).values(values))
    same = (dropped_faults.c.site == key.site, dropped_faults.c.merchant == key.merchant)
    connection.execute(delete(dropped_faults).where(*same, dropped_faults.c.sha256 == key.sha256))


def progress(connection: Connection, key: Key) -> Progress:
    """How far a file is."""
    columns = (dropped_files.c[name] for name in Progress.__slots__)
    return Progress(**connection.execute(select(*columns).where(*_mine(key))).one()._mapping)


def faults_after(connection: Connection, key: Key, row: int) -> list[RowFault]:
    """The next faults of a file, in the order of its rows."""
    same = (dropped_faults.c.site == key.site, dropped_faults.c.merchant == key.merchant)
    chosen = select(dropped_faults).where(
        *same, dropped_faults.c.sha256 == key.sha256, dropped_faults.c.row > row
    )
    rows = connection.execute(chosen.order_by(dropped_faults.c.row).limit(PAGE)).all()
    return [RowFault(row=r.row, column=r.column, code=r.code, detail=r.detail) for r in rows]


def _mine(key: Key) -> tuple[Any, ...]:
    same = (dropped_files.c.site == key.site, dropped_files.c.merchant == key.merchant)
    return (*same, dropped_files.c.sha256 == key.sha256)
