"""The Merkle tree of the ledger: leaf hashes as bytes, tiles, checkpoints, the log's state, alarms."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from inspection.custody.counters import CounterWalk
from server.db.migrations import subjects
from server.ledger.tree import grow

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None

PAGE = 4096
"""Leaves moved at a time: a big log is not held in memory."""


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False, autoincrement=False)


def _bytes(name: str, *, nullable: bool = False) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _leaves() -> None:
    """Hashes as 32 bytes, and a body that may be dropped one day."""
    op.rename_table("leaves", "leaves_v0002")
    op.create_table(
        "leaves",
        _text("site"),
        _number("seq"),
        _text("id"),
        _text("type"),
        _bytes("leaf", nullable=True),
        _bytes("hash"),
        _text("recorded_at"),
        sa.PrimaryKeyConstraint("site", "seq", name="pk_leaves"),
        sa.UniqueConstraint("site", "id", name="uq_leaves_site_id"),
    )
    later = sa.text("type IN ('correction', 'reversal', 'approval')")
    op.create_index("ix_leaves_later", "leaves", ["site", "seq"], sqlite_where=later)


def _tiles() -> None:
    op.create_table(
        "tiles",
        _text("site"),
        _number("level"),
        _number("idx"),
        _bytes("hashes"),
        sa.PrimaryKeyConstraint("site", "level", "idx", name="pk_tiles"),
        sqlite_with_rowid=False,
    )


def _checkpoints() -> None:
    op.create_table(
        "checkpoints",
        _text("site"),
        _number("size"),
        _bytes("root"),
        _bytes("note"),
        _text("signed_at"),
        sa.PrimaryKeyConstraint("site", "size", name="pk_checkpoints"),
    )
    op.create_table(
        "cosignatures",
        _text("site"),
        _number("size"),
        _text("name"),
        _text("line"),
        _number("at_s"),
        sa.PrimaryKeyConstraint("site", "size", "name", name="pk_cosignatures"),
    )


def _state() -> None:
    op.create_table(
        "ledger_state",
        _text("site"),
        _text("state"),
        _text("reason"),
        _number("min_index"),
        _text("changed_at"),
        sa.PrimaryKeyConstraint("site", name="pk_ledger_state"),
    )
    op.create_table(
        "alarms",
        _text("site"),
        _number("id"),
        _text("kind"),
        _text("subject"),
        _text("detail"),
        _text("raised_at"),
        _text("cleared_at", nullable=True),
        _text("cleared_by", nullable=True),
        sa.PrimaryKeyConstraint("site", "id", name="pk_alarms"),
    )
    op.create_index("ix_alarms_site_cleared_at_kind", "alarms", ["site", "cleared_at", "kind"])


def _counters() -> None:
    """What stations passed over, held back, or said with an uncertain clock."""
    op.add_column("refusals", _text("record", nullable=True))
    op.add_column("records", _text("clock", nullable=True))
    op.create_table(
        "station_starts",
        _text("site"),
        _text("station"),
        _text("boot"),
        _number("ordinal"),
        _text("seen_at"),
        sa.PrimaryKeyConstraint("site", "station", "boot", name="pk_station_starts"),
    )
    op.create_table(
        "held_records",
        _text("site"),
        _text("record"),
        _text("sha256"),
        _text("station"),
        _text("held_at"),
        sa.PrimaryKeyConstraint("site", "record", name="pk_held_records"),
    )
    op.create_index("ix_held_records_site_station", "held_records", ["site", "station"])
    op.create_table(
        "counter_gaps",
        _text("site"),
        _text("key"),
        _text("boot"),
        _number("first"),
        _number("last"),
        _text("station"),
        _text("found_at"),
        sa.PrimaryKeyConstraint("site", "key", "boot", "first", name="pk_counter_gaps"),
    )
    op.create_index("ix_counter_gaps_site_station", "counter_gaps", ["site", "station"])
    op.create_table(
        "noted_policies",
        _text("site"),
        _text("kind"),
        _text("sha256"),
        _number("leaf_seq"),
        sa.PrimaryKeyConstraint("site", "kind", name="pk_noted_policies"),
    )


def _find_gaps(connection: sa.Connection) -> None:
    """Name the numbers that were passed over before anybody looked."""
    walks: dict[str, CounterWalk] = {}
    stations: dict[str, tuple[str, str]] = {}
    chosen = sa.text("SELECT site, id, leaf_seq, station, recorded_at FROM records ORDER BY site, leaf_seq")
    for site, id, seq, station, recorded_at in connection.execute(chosen):
        key, boot, counter = id.split("/")
        walks.setdefault(site, CounterWalk()).feed(key, boot, int(counter), seq)
        stations[key] = (station, recorded_at)
    insert = sa.text(
        "INSERT INTO counter_gaps (site, key, boot, first, last, station, found_at) "
        "VALUES (:site, :key, :boot, :first, :last, :station, :found_at)"
    )
    for site, walk in walks.items():
        for gap in walk.gaps():
            station, found_at = stations[gap.key]
            row = {"site": site, "key": gap.key, "boot": gap.boot, "first": gap.first, "last": gap.last}
            connection.execute(insert, {**row, "station": station, "found_at": found_at})


def _witnessing() -> None:
    """What waits for witnesses, and who let it go without them."""
    op.add_column("deliveries", sa.Column("needs_size", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "overrides",
        _text("site"),
        _text("id"),
        _text("instruction", nullable=True),
        _number("before"),
        _text("reason"),
        _text("proposed_by"),
        _text("proposed_at"),
        _text("approved_by", nullable=True),
        sa.Column("leaf_seq", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("site", "id", name="pk_overrides"),
    )


def _move_leaves(connection: sa.Connection) -> None:
    """Carry every leaf over, and grow the tree that the tables before did not have."""
    sites = connection.execute(sa.text("SELECT site, size FROM heads")).all()
    moved = "INSERT INTO leaves VALUES (:site, :seq, :id, :type, :leaf, :hash, :recorded_at)"
    for site, size in sites:
        for first in range(0, size, PAGE):
            rows = _page(connection, site, first)
            connection.execute(sa.text(moved), rows)
            grow(connection, site, first, [row["hash"] for row in rows])


def _page(connection: sa.Connection, site: str, first: int) -> list[dict[str, Any]]:
    chosen = sa.text(
        "SELECT * FROM leaves_v0002 WHERE site = :site AND seq >= :first AND seq < :last ORDER BY seq"
    )
    found = connection.execute(chosen, {"site": site, "first": first, "last": first + PAGE}).mappings()
    return [{**row, "hash": bytes.fromhex(row["hash"])} for row in found]


def upgrade() -> None:
    """Make the tables, move what is there, and let the old table go."""
    _leaves()
    _tiles()
    _checkpoints()
    _state()
    subjects.upgrade()
    _witnessing()
    _move_leaves(op.get_bind())
    _counters()
    _find_gaps(op.get_bind())
    op.drop_table("leaves_v0002")


def downgrade() -> None:
    """Not offered: checkpoints that were signed are kept for ever."""
    raise NotImplementedError("checkpoints that were signed are kept for ever")
