"""Rows of what the centre announced of each view of a product, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from edge.tables import cursors, references
from inspection.messages.references import PublishedReferences

CURSOR = "references"
LOST = "wrong_file"
AGAIN = frozenset({LOST, "disk_full"})
"""Problems that may pass; what else is kept out is asked for again after the next start."""

Place = tuple[str, str, str]
"""Merchant, SKU, view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was made of the last announcement of a view."""

    version: int
    sha256: str | None
    problem: str | None


def cursor(connection: Connection) -> int:
    """Behind which version the station asks; 0 before the first."""
    found = connection.execute(select(cursors.c.value).where(cursors.c.name == CURSOR))
    newest = found.scalar_one_or_none() or 0
    waiting = select(func.min(references.c.version)).where(references.c.problem.in_(AGAIN))
    oldest: int | None = connection.execute(waiting).scalar()
    return newest if oldest is None else min(newest, oldest - 1)


def known(connection: Connection, published: PublishedReferences) -> Known | None:
    """What is known of the announced view; None where it is new."""
    wanted = published.references
    row = connection.execute(
        select(references.c.version, references.c.sha256, references.c.problem).where(
            references.c.merchant == wanted.merchant,
            references.c.sku == wanted.sku,
            references.c.view == wanted.view,
        )
    ).first()
    return Known(version=row.version, sha256=row.sha256, problem=row.problem) if row else None


def in_use(connection: Connection, published: PublishedReferences) -> None:
    """Write down that the announced bank is in use, or that it is withdrawn; ask behind it the next time."""
    bank = published.references.bank
    row = _place(published) | {"version": published.version, "problem": None}
    row |= {"sha256": bank.sha256 if bank else None, "bytes": bank.bytes if bank else 0}
    statement = upsert(references).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=list(_place(published)), set_=row))
    _move(connection, published.version)


def keep_out(connection: Connection, published: PublishedReferences, problem: str) -> None:
    """Write down why the announced bank is not used; the one before stays. Ask behind it the next time."""
    changed = {"version": published.version, "problem": problem}
    row = _place(published) | changed | {"sha256": None, "bytes": 0}
    statement = upsert(references).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=list(_place(published)), set_=changed))
    _move(connection, published.version)


def pass_by(connection: Connection, published: PublishedReferences) -> None:
    """Ask behind an announcement the next time, and change nothing else."""
    _move(connection, published.version)


def banks(connection: Connection) -> list[Place]:
    """The views whose bank came from the centre."""
    chosen = select(references.c.merchant, references.c.sku, references.c.view)
    rows = connection.execute(chosen.where(references.c.sha256.is_not(None)))
    return [(row.merchant, row.sku, row.view) for row in rows]


def lost(connection: Connection, places: Sequence[Place]) -> None:
    """The files of these views are gone: fetch them again."""
    for merchant, sku, view in places:
        here = (references.c.merchant == merchant, references.c.sku == sku, references.c.view == view)
        connection.execute(update(references).where(*here).values(problem=LOST))


def used_bytes(connection: Connection, but: Place) -> int:
    """What the banks from the centre take on the disk, all but one view's."""
    merchant, sku, view = but
    here = (references.c.merchant == merchant) & (references.c.sku == sku) & (references.c.view == view)
    total = select(func.coalesce(func.sum(references.c.bytes), 0)).where(~here)
    return int(connection.execute(total).scalar_one())


def newest(connection: Connection) -> int:
    """The highest version ever announced to this station; 0 before the first."""
    found = connection.execute(select(func.coalesce(func.max(references.c.version), 0)))
    return int(found.scalar_one())


def ask_again(connection: Connection) -> None:
    """After a start: what was kept out may fit this program; ask for it again."""
    kept_out = select(func.min(references.c.version)).where(references.c.problem.is_not(None))
    oldest: int | None = connection.execute(kept_out).scalar()
    if oldest is not None:
        statement = cursors.update().where(cursors.c.name == CURSOR, cursors.c.value >= oldest)
        connection.execute(statement.values(value=oldest - 1))


def _place(published: PublishedReferences) -> dict[str, object]:
    wanted = published.references
    return {"merchant": wanted.merchant, "sku": wanted.sku, "view": wanted.view}


def _move(connection: Connection, version: int) -> None:
    fresh = upsert(cursors).values(name=CURSOR, value=version)
    further = func.max(cursors.c.value, fresh.excluded.value)
    connection.execute(fresh.on_conflict_do_update(index_elements=["name"], set_={"value": further}))
