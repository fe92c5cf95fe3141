"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None


def _text(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer(), nullable=nullable, autoincrement=False)


def _bytes(name: str, *, nullable: bool = False) -> "sa.Column[bytes]":
    return sa.Column(name, sa.LargeBinary(), nullable=nullable)


def _real(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Float(), nullable=False)


def _leaves() -> None:
    op.create_table(
        "leaves",
        _text("site"),
        _number("seq"),
        _text("id"),
        _text("type"),
        _bytes("leaf"),
        _text("hash"),
        _text("recorded_at"),
        sa.PrimaryKeyConstraint("site", "seq", name="pk_leaves"),
        sa.UniqueConstraint("site", "id", name="uq_leaves_site_id"),
    )


def _heads() -> None:
    op.create_table(
        "heads",
        _text("site"),
        _number("size"),
        _text("head"),
        sa.PrimaryKeyConstraint("site", name="pk_heads"),
    )


def _counters() -> None:
    op.create_table(
        "counters",
        _text("site"),
        _text("name"),
        _number("value"),
        sa.PrimaryKeyConstraint("site", "name", name="pk_counters"),
    )


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        _text("site"),
        _text("hash"),
        _text("scope"),
        _text("merchant", nullable=True),
        _text("station", nullable=True),
        _text("label"),
        _text("created_at"),
        _text("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("site", "hash", name="pk_api_keys"),
    )


def _merchants() -> None:
    op.create_table(
        "merchants",
        _text("site"),
        _text("id"),
        _text("name"),
        _text("created_at"),
        sa.PrimaryKeyConstraint("site", "id", name="pk_merchants"),
    )


def _products() -> None:
    op.create_table(
        "products",
        _text("site"),
        _text("merchant"),
        _text("sku"),
        _bytes("body"),
        _number("changed"),
        sa.PrimaryKeyConstraint("site", "merchant", "sku", name="pk_products"),
    )
    op.create_index("ix_products_site_changed", "products", ["site", "changed"])


def _units() -> None:
    op.create_table(
        "units",
        _text("site"),
        _text("id"),
        _text("merchant"),
        _text("sku"),
        _text("epc", nullable=True),
        _text("parcel", nullable=True),
        _text("deadline", nullable=True),
        _text("state"),
        _number("inspection"),
        _bytes("body"),
        _number("changed"),
        sa.PrimaryKeyConstraint("site", "id", name="pk_units"),
    )
    op.create_index("ix_units_site_changed", "units", ["site", "changed"])
    op.create_index("ix_units_site_epc_state", "units", ["site", "epc", "state"])
    op.create_index("ix_units_site_merchant_parcel", "units", ["site", "merchant", "parcel"])
    op.create_index("ix_units_site_state_deadline", "units", ["site", "state", "deadline"])


def _parcels() -> None:
    op.create_table(
        "parcels",
        _text("site"),
        _text("merchant"),
        _text("id"),
        _text("signed_off_at"),
        sa.PrimaryKeyConstraint("site", "merchant", "id", name="pk_parcels"),
    )


def _enrolment_codes() -> None:
    op.create_table(
        "enrolment_codes",
        _text("site"),
        _text("hash"),
        _text("station"),
        _text("expires_at"),
        _text("used_at", nullable=True),
        sa.PrimaryKeyConstraint("site", "hash", name="pk_enrolment_codes"),
    )


def _stations() -> None:
    op.create_table(
        "stations",
        _text("site"),
        _text("id"),
        _text("enrolled_at"),
        _bytes("health", nullable=True),
        _text("health_at", nullable=True),
        _number("evidence_bytes"),
        _number("refusals"),
        sa.PrimaryKeyConstraint("site", "id", name="pk_stations"),
    )


def _station_keys() -> None:
    op.create_table(
        "station_keys",
        _text("site"),
        _text("key"),
        _text("station"),
        _bytes("public_key"),
        _text("added_at"),
        _text("closed_at", nullable=True),
        _text("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("site", "key", name="pk_station_keys"),
    )
    op.create_index("ix_station_keys_site_station", "station_keys", ["site", "station"])


def _boots() -> None:
    op.create_table(
        "boots",
        _text("site"),
        _text("key"),
        _text("boot"),
        _number("ordinal"),
        _number("counter"),
        sa.PrimaryKeyConstraint("site", "key", "boot", name="pk_boots"),
    )


def _inspectors() -> None:
    op.create_table(
        "inspectors",
        _text("site"),
        _text("id"),
        _bytes("body"),
        _number("changed"),
        sa.PrimaryKeyConstraint("site", "id", name="pk_inspectors"),
    )
    op.create_index("ix_inspectors_site_changed", "inspectors", ["site", "changed"])


def _records() -> None:
    op.create_table(
        "records",
        _text("site"),
        _text("id"),
        _number("leaf_seq"),
        _text("sha256"),
        _text("merchant"),
        _text("unit"),
        _number("inspection"),
        _text("sku"),
        _text("station"),
        _text("kind"),
        _text("grade"),
        _text("disposition"),
        _text("channel"),
        _bytes("announced"),
        _text("recorded_at"),
        _text("instructed", nullable=True),
        sa.PrimaryKeyConstraint("site", "id", name="pk_records"),
        sa.UniqueConstraint("site", "unit", "inspection", name="uq_records_site_unit_inspection"),
    )
    op.create_index("ix_records_site_leaf_seq", "records", ["site", "leaf_seq"])


def _record_evidence() -> None:
    op.create_table(
        "record_evidence",
        _text("site"),
        _text("record"),
        _text("sha256"),
        _bytes("wrapped_key"),
        _bytes("salt"),
        sa.PrimaryKeyConstraint("site", "record", "sha256", name="pk_record_evidence"),
        sa.ForeignKeyConstraint(
            ["site", "record"], ["records.site", "records.id"], name="fk_record_evidence_site_record"
        ),
    )
    op.create_index("ix_record_evidence_site_sha256", "record_evidence", ["site", "sha256"])


def _openings() -> None:
    op.create_table(
        "openings",
        _text("site"),
        _text("record"),
        _text("field"),
        _bytes("sealed"),
        sa.PrimaryKeyConstraint("site", "record", "field", name="pk_openings"),
        sa.ForeignKeyConstraint(
            ["site", "record"], ["records.site", "records.id"], name="fk_openings_site_record"
        ),
    )


def _refusals() -> None:
    op.create_table(
        "refusals",
        _text("site"),
        _text("station"),
        _text("submission"),
        _text("record_sha256"),
        _text("reason"),
        _text("detail"),
        _text("refused_at"),
        sa.PrimaryKeyConstraint("site", "station", "submission", name="pk_refusals"),
    )
    op.create_index("ix_refusals_site_refused_at", "refusals", ["site", "refused_at"])


def _evidence() -> None:
    op.create_table(
        "evidence",
        _text("site"),
        _text("sha256"),
        _number("bytes"),
        _text("station"),
        _text("stored_at"),
        sa.PrimaryKeyConstraint("site", "sha256", name="pk_evidence"),
    )


def _endpoints() -> None:
    op.create_table(
        "endpoints",
        _text("site"),
        _text("merchant"),
        _text("url"),
        _bytes("outcome_public_key"),
        _text("set_at"),
        _text("gone_at", nullable=True),
        sa.PrimaryKeyConstraint("site", "merchant", name="pk_endpoints"),
    )


def _instructions() -> None:
    op.create_table(
        "instructions",
        _text("site"),
        _text("id"),
        _text("merchant"),
        _text("unit"),
        _number("number"),
        _number("inspection"),
        _text("record"),
        _number("verdict_seq"),
        _number("leaf_seq"),
        _text("kind"),
        _number("target_total_minor"),
        _text("currency"),
        _bytes("body"),
        sa.PrimaryKeyConstraint("site", "id", name="pk_instructions"),
        sa.UniqueConstraint("site", "unit", "number", name="uq_instructions_site_unit_number"),
    )
    op.create_index(
        "ix_instructions_site_merchant_leaf_seq", "instructions", ["site", "merchant", "leaf_seq"]
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _text("site"),
        _text("instruction"),
        _text("merchant"),
        _text("unit"),
        _number("number"),
        _text("state"),
        _number("attempts"),
        _real("due_at"),
        _text("answer", nullable=True),
        _text("delivered_at", nullable=True),
        sa.PrimaryKeyConstraint("site", "instruction", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["site", "instruction"],
            ["instructions.site", "instructions.id"],
            name="fk_deliveries_site_instruction",
        ),
    )
    op.create_index(
        "ix_deliveries_site_merchant_state_due_at", "deliveries", ["site", "merchant", "state", "due_at"]
    )
    op.create_index("ix_deliveries_site_unit_state_number", "deliveries", ["site", "unit", "state", "number"])


def _outcomes() -> None:
    op.create_table(
        "outcomes",
        _text("site"),
        _text("merchant"),
        _text("id"),
        _text("sha256"),
        _text("instruction"),
        _text("status"),
        _number("refunded_total_minor"),
        _number("matches"),
        _number("leaf_seq"),
        sa.PrimaryKeyConstraint("site", "merchant", "id", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_site_instruction", "outcomes", ["site", "instruction"])
    op.create_index("ix_outcomes_site_leaf_seq", "outcomes", ["site", "leaf_seq"])


def upgrade() -> None:
    """Make every table."""
    _leaves()
    _heads()
    _counters()
    _api_keys()
    _merchants()
    _products()
    _units()
    _parcels()
    _enrolment_codes()
    _stations()
    _station_keys()
    _boots()
    _inspectors()
    _records()
    _record_evidence()
    _openings()
    _refusals()
    _evidence()
    _endpoints()
    _instructions()
    _deliveries()
    _outcomes()


def downgrade() -> None:
    """Drop every table, those that point at others first."""
    for name in TABLES:
        op.drop_table(name)


TABLES = (
    "outcomes",
    "deliveries",
    "instructions",
    "endpoints",
    "evidence",
    "refusals",
    "openings",
    "record_evidence",
    "records",
    "inspectors",
    "boots",
    "station_keys",
    "stations",
    "enrolment_codes",
    "parcels",
    "units",
    "products",
    "merchants",
    "api_keys",
    "counters",
    "heads",
    "leaves",
)
