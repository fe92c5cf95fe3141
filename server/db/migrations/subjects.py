"""Part of v0003: columns for what is sealed under a person's key, holds and erasures.

Rows are sealed at the first start, because that takes the key store: `server.subjects.upgrade`.
"""

import sqlalchemy as sa
from alembic import op

COLUMNS: tuple[tuple[str, str, type[sa.LargeBinary] | type[sa.String]], ...] = (
    ("units", "personal", sa.LargeBinary),
    ("units", "subject", sa.String),
    ("units", "erased_at", sa.String),
    ("records", "personal", sa.LargeBinary),
    ("records", "subject", sa.String),
    ("openings", "subject", sa.String),
    ("instructions", "personal", sa.LargeBinary),
    ("inspectors", "personal", sa.LargeBinary),
    ("evidence", "erased_at", sa.String),
)
BY_SUBJECT = ("units", "records", "openings")


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    """Add the columns and make the tables."""
    for table, name, kind in COLUMNS:
        op.add_column(table, sa.Column(name, kind(), nullable=True))
    for table in BY_SUBJECT:
        op.create_index(f"ix_{table}_site_subject", table, ["site", "subject"])
    op.create_index("ix_evidence_site_erased_at", "evidence", ["site", "erased_at"])
    _holds()
    _erasures()


def _holds() -> None:
    op.create_table(
        "holds",
        _text("site"),
        _text("id"),
        _text("scope"),
        _text("merchant"),
        _text("unit", nullable=True),
        _text("subject", nullable=True),
        _text("reason"),
        _text("by"),
        _text("at"),
        _text("released_at", nullable=True),
        _text("released_by", nullable=True),
        sa.PrimaryKeyConstraint("site", "id", name="pk_holds"),
    )
    op.create_index("ix_holds_site_merchant_released_at", "holds", ["site", "merchant", "released_at"])


def _erasures() -> None:
    op.create_table(
        "erasures",
        _text("site"),
        _text("id"),
        _text("merchant"),
        _text("subject"),
        _text("reason"),
        _text("by"),
        _text("requested_at"),
        _text("state"),
        sa.Column("leaf_seq", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("site", "id", name="pk_erasures"),
    )
    op.create_index("ix_erasures_site_subject", "erasures", ["site", "subject"])
    op.create_index("ix_erasures_site_state", "erasures", ["site", "state"])
