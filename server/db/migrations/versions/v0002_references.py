"""Reference files and the versions that name them."""

import sqlalchemy as sa
from alembic import op

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None

TABLES = ("reference_uses", "reference_versions", "reference_files")


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=False, autoincrement=False)


def _files() -> None:
    op.create_table(
        "reference_files",
        _text("site"),
        _text("merchant"),
        _text("sha256"),
        _number("bytes"),
        _text("stored_at"),
        sa.PrimaryKeyConstraint("site", "merchant", "sha256", name="pk_reference_files"),
    )
    op.create_index("ix_reference_files_site_sha256", "reference_files", ["site", "sha256"])


def _versions() -> None:
    op.create_table(
        "reference_versions",
        _text("site"),
        _number("version"),
        _text("merchant"),
        _text("sku"),
        _text("view"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _number("standing"),
        sa.PrimaryKeyConstraint("site", "version", name="pk_reference_versions"),
    )
    standing, place = ["site", "standing", "version"], ["site", "merchant", "sku", "view", "version"]
    op.create_index("ix_reference_versions_site_standing_version", "reference_versions", standing)
    op.create_index("ix_reference_versions_site_merchant_sku_view_version", "reference_versions", place)


def _uses() -> None:
    op.create_table(
        "reference_uses",
        _text("site"),
        _number("version"),
        _text("sha256"),
        _text("merchant"),
        sa.PrimaryKeyConstraint("site", "version", "sha256", name="pk_reference_uses"),
        sa.ForeignKeyConstraint(
            ["site", "version"],
            ["reference_versions.site", "reference_versions.version"],
            name="fk_reference_uses_site_version",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_reference_uses_site_merchant_sha256", "reference_uses", ["site", "merchant", "sha256"]
    )


def upgrade() -> None:
    """Make the tables, those that are pointed at first."""
    _files()
    _versions()
    _uses()


def downgrade() -> None:
    """Drop every table, those that point at others first."""
    for name in TABLES:
        op.drop_table(name)
