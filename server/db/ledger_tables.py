"""The ledger's tables: leaves, their Merkle tree as tiles, the checkpoints that were signed over it.

A leaf, its tiles and the head row are written in one transaction (`server/ledger/log.py`); nothing here
is ever updated but the head, the last tile of each upper level, and the state of the log.
"""

from sqlalchemy import Index, Table, UniqueConstraint
from sqlalchemy import text as sql

from server.db.columns import blob, metadata, number, text

LATER = "type IN ('correction', 'reversal', 'approval')"
"""What is said of other entries by their indexes: few, and looked for by whoever shows those."""

leaves = Table(
    "leaves",
    metadata,
    text("site", key=True),
    number("seq", key=True),
    text("id"),
    text("type"),
    blob("leaf", nullable=True),  # null below the minimum index, once its body was dropped
    blob("hash"),  # RFC 6962 leaf hash, 32 bytes: stays when the body goes
    text("recorded_at"),
    UniqueConstraint("site", "id"),
    Index("ix_leaves_later", "site", "seq", sqlite_where=sql(LATER)),
)
heads = Table("heads", metadata, text("site", key=True), number("size"), text("head"))
tiles = Table(  # c2sp.org/tlog-tiles; level 0 only when full, the levels above grow
    "tiles",
    metadata,
    text("site", key=True),
    number("level", key=True),
    number("idx", key=True),
    blob("hashes"),
    sqlite_with_rowid=False,
)
checkpoints = Table(  # every head that was ever signed
    "checkpoints",
    metadata,
    text("site", key=True),
    number("size", key=True),
    blob("root"),
    blob("note"),  # the signed note, without cosignatures
    text("signed_at"),
)
cosignatures = Table(
    "cosignatures",
    metadata,
    text("site", key=True),
    number("size", key=True),
    text("name", key=True),  # of the witness
    text("line"),  # its signature line, newline included
    number("at_s"),  # the witness's own time, seconds since 1970
)
ledger_state = Table(  # no row: open, nothing withheld
    "ledger_state",
    metadata,
    text("site", key=True),
    text("state"),  # open, recovering, frozen
    text("reason"),
    number("min_index"),  # what is below is no longer served
    text("changed_at"),
)
alarms = Table(
    "alarms",
    metadata,
    text("site", key=True),
    number("id", key=True),
    text("kind"),
    text("subject"),
    text("detail"),
    text("raised_at"),
    text("cleared_at", nullable=True),
    text("cleared_by", nullable=True),
    Index(None, "site", "cleared_at", "kind"),
)
overrides = Table(  # two persons let instructions go that wait for witnesses
    "overrides",
    metadata,
    text("site", key=True),
    text("id", key=True),
    text("instruction", nullable=True),  # null: all that waited when it was proposed
    number("before"),  # entries below this index
    text("reason"),
    text("proposed_by"),
    text("proposed_at"),
    text("approved_by", nullable=True),
    number("leaf_seq", nullable=True),  # of the approval's entry
)
