"""Returns with the refund link: names to look units up by, doubled returns, claim photos, dropped files.

The names are pseudonyms that take the key store, so they are written at the first start:
`server.subjects.upgrade`.
"""

import sqlalchemy as sa
from alembic import op

revision = "v0006"
down_revision = "v0005"
branch_labels = None
depends_on = None

TEXTS = (
    "authorization",
    "order_name",
    "serial_name",
    "payment_name",
    "tier",
    "batch",
    "supplier",
    "reason_band",
)
NUMBERS = ("line", "position")
INDEXES = {
    "ix_units_site_merchant_authorization": ("site", "merchant", "authorization"),
    "ix_units_site_order_name": ("site", "order_name"),
    "ix_units_site_serial_name": ("site", "serial_name"),
    "ix_units_site_payment_name": ("site", "payment_name"),
    "ix_units_site_sku": ("site", "sku"),
    "ix_units_site_batch": ("site", "batch"),
    "ix_units_site_supplier": ("site", "supplier"),
}


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=nullable, autoincrement=False)


def _doubled() -> None:
    op.create_table(
        "doubled_returns",
        *(_text(name) for name in ("site", "unit", "merchant", "first", "by", "at")),
        sa.PrimaryKeyConstraint("site", "unit", name="pk_doubled_returns"),
    )
    op.create_index("ix_doubled_returns_site_merchant", "doubled_returns", ["site", "merchant"])


def _photos() -> None:
    op.create_table(
        "claim_photos",
        *(_text(name) for name in ("site", "unit", "sha256", "merchant", "subject", "sealed_sha256")),
        _number("bytes"),
        _text("stored_at"),
        _text("erased_at", nullable=True),
        sa.PrimaryKeyConstraint("site", "unit", "sha256", name="pk_claim_photos"),
    )
    for name in ("subject", "merchant", "erased_at"):
        op.create_index(f"ix_claim_photos_site_{name}", "claim_photos", ["site", name])


def _drops() -> None:
    op.create_table(
        "dropped_files",
        *(_text(name) for name in ("site", "merchant", "sha256", "name")),
        _number("bytes"),
        _text("state"),
        *(_number(name) for name in ("rows_read", "accepted", "rejected")),
        _text("taken_at"),
        *(_text(name, nullable=True) for name in ("ended_at", "reason")),
        sa.PrimaryKeyConstraint("site", "merchant", "sha256", name="pk_dropped_files"),
    )
    op.create_table(
        "dropped_faults",
        *(_text(name) for name in ("site", "merchant", "sha256")),
        _number("row"),
        _text("column", nullable=True),
        *(_text(name) for name in ("code", "detail")),
        sa.PrimaryKeyConstraint("site", "merchant", "sha256", "row", name="pk_dropped_faults"),
    )


def upgrade() -> None:
    """Add the columns and make the tables."""
    for name in TEXTS:
        op.add_column("units", _text(name, nullable=True))
    for name in NUMBERS:
        op.add_column("units", _number(name, nullable=True))
    for index, columns in INDEXES.items():
        op.create_index(index, "units", list(columns))
    _doubled()
    _photos()
    _drops()


def downgrade() -> None:
    """Drop them again."""
    for table in ("dropped_faults", "dropped_files", "claim_photos", "doubled_returns"):
        op.drop_table(table)
    for index in INDEXES:
        op.drop_index(index, "units")
    for name in (*TEXTS, *NUMBERS):
        op.drop_column("units", name)
