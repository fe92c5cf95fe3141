"""What stations tell beside their health: birth, death, and what tags did there."""

import sqlalchemy as sa
from alembic import op

revision = "v0005"
down_revision = "v0004"
branch_labels = None
depends_on = None

ADDED = ("stopped_boot", "stopped_at")


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False, autoincrement=False)


def _bytes(name: str, *, nullable: bool = False) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("stations", _bytes("birth", nullable=True))
    for name in ADDED:
        op.add_column("stations", _text(name, nullable=True))
    op.create_table(
        "presence_batches",
        _text("site"),
        _text("station"),
        _text("boot"),
        _number("seq"),
        _number("ordinal"),
        _bytes("digest"),
        _bytes("events"),
        _number("dropped"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("site", "station", "boot", "seq", name="pk_presence_batches"),
    )
    op.create_index(
        "ix_presence_batches_site_station_ordinal", "presence_batches", ["site", "station", "ordinal"]
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("presence_batches")
    for name in (*ADDED, "birth"):
        op.drop_column("stations", name)
