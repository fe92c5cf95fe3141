"""What comes back after a restore: entries ahead of the head, and verdicts without their rows."""

import sqlalchemy as sa
from alembic import op

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False, autoincrement=False)


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "refill_waiting",
        _text("site"),
        _number("seq"),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        _text("beside", nullable=True),
        sa.PrimaryKeyConstraint("site", "seq", name="pk_refill_waiting"),
    )
    op.create_table(
        "refill_bare",
        _text("site"),
        _number("seq"),
        _text("station"),
        _text("unit"),
        _text("beside", nullable=True),
        sa.PrimaryKeyConstraint("site", "seq", name="pk_refill_bare"),
    )
    op.create_index("ix_refill_bare_site_unit", "refill_bare", ["site", "unit"])


def downgrade() -> None:
    """Drop the two tables."""
    op.drop_table("refill_bare")
    op.drop_table("refill_waiting")
