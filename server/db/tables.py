"""The tables; every one carries the site. Times are the wire's UTC text, which sorts as it reads.

Their DDL is in `migrations`; a test compares the two.
"""

from sqlalchemy import (
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, String, primary_key=key, nullable=nullable)


def _number(name: str, *, key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=nullable, autoincrement=False)


def _bytes(name: str, *, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=nullable)


# ledger
leaves = Table(
    "leaves",
    metadata,
    _text("site", key=True),
    _number("seq", key=True),
    _text("id"),
    _text("type"),
    _bytes("leaf"),
    _text("hash"),
    _text("recorded_at"),
    UniqueConstraint("site", "id"),
)
heads = Table("heads", metadata, _text("site", key=True), _number("size"), _text("head"))

# counters: one row per name; `changes` is the cursor of the worklist
counters = Table("counters", metadata, _text("site", key=True), _text("name", key=True), _number("value"))

# access
api_keys = Table(
    "api_keys",
    metadata,
    _text("site", key=True),
    _text("hash", key=True),
    _text("scope"),
    _text("merchant", nullable=True),
    _text("station", nullable=True),
    _text("label"),
    _text("created_at"),
    _text("revoked_at", nullable=True),
)

# catalogue and returns
merchants = Table(
    "merchants", metadata, _text("site", key=True), _text("id", key=True), _text("name"), _text("created_at")
)
products = Table(
    "products",
    metadata,
    _text("site", key=True),
    _text("merchant", key=True),
    _text("sku", key=True),
    _bytes("body"),
    _number("changed"),
    Index(None, "site", "changed"),
)
units = Table(
    "units",
    metadata,
    _text("site", key=True),
    _text("id", key=True),
    _text("merchant"),
    _text("sku"),
    _text("epc", nullable=True),
    _text("parcel", nullable=True),
    _text("deadline", nullable=True),
    _text("state"),
    _number("inspection"),
    _bytes("body"),
    _number("changed"),
    Index(None, "site", "changed"),
    Index(None, "site", "merchant", "parcel"),
    Index(None, "site", "state", "deadline"),
    Index(None, "site", "epc", "state"),
)
parcels = Table(
    "parcels",
    metadata,
    _text("site", key=True),
    _text("merchant", key=True),
    _text("id", key=True),
    _text("signed_off_at"),
)

# stations and people
enrolment_codes = Table(
    "enrolment_codes",
    metadata,
    _text("site", key=True),
    _text("hash", key=True),
    _text("station"),
    _text("expires_at"),
    _text("used_at", nullable=True),
)
stations = Table(
    "stations",
    metadata,
    _text("site", key=True),
    _text("id", key=True),
    _text("enrolled_at"),
    _bytes("health", nullable=True),
    _text("health_at", nullable=True),
    _number("evidence_bytes"),
    _number("refusals"),
)
station_keys = Table(
    "station_keys",
    metadata,
    _text("site", key=True),
    _text("key", key=True),
    _text("station"),
    _bytes("public_key"),
    _text("added_at"),
    _text("closed_at", nullable=True),
    _text("revoked_at", nullable=True),
    Index(None, "site", "station"),
)
boots = Table(
    "boots",
    metadata,
    _text("site", key=True),
    _text("key", key=True),
    _text("boot", key=True),
    _number("ordinal"),
    _number("counter"),
)
inspectors = Table(
    "inspectors",
    metadata,
    _text("site", key=True),
    _text("id", key=True),
    _bytes("body"),
    _number("changed"),
    Index(None, "site", "changed"),
)

# records and their evidence
records = Table(
    "records",
    metadata,
    _text("site", key=True),
    _text("id", key=True),
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
    UniqueConstraint("site", "unit", "inspection"),
    Index(None, "site", "leaf_seq"),
)
record_evidence = Table(
    "record_evidence",
    metadata,
    _text("site", key=True),
    _text("record", key=True),
    _text("sha256", key=True),
    _bytes("wrapped_key"),
    _bytes("salt"),
    ForeignKeyConstraint(["site", "record"], ["records.site", "records.id"]),
    Index(None, "site", "sha256"),
)
openings = Table(
    "openings",
    metadata,
    _text("site", key=True),
    _text("record", key=True),
    _text("field", key=True),
    _bytes("sealed"),
    ForeignKeyConstraint(["site", "record"], ["records.site", "records.id"]),
)
refusals = Table(
    "refusals",
    metadata,
    _text("site", key=True),
    _text("station", key=True),
    _text("submission", key=True),
    _text("record_sha256"),
    _text("reason"),
    _text("detail"),
    _text("refused_at"),
    Index(None, "site", "refused_at"),
)
evidence = Table(
    "evidence",
    metadata,
    _text("site", key=True),
    _text("sha256", key=True),
    _number("bytes"),
    _text("station"),
    _text("stored_at"),
)

# references
reference_files = Table(
    "reference_files",
    metadata,
    _text("site", key=True),
    _text("merchant", key=True),
    _text("sha256", key=True),
    _number("bytes"),
    _text("stored_at"),
    Index(None, "site", "sha256"),
)
reference_versions = Table(
    "reference_versions",
    metadata,
    _text("site", key=True),
    _number("version", key=True),
    _text("merchant"),
    _text("sku"),
    _text("view"),
    _bytes("body"),
    _number("standing"),
    Index(None, "site", "standing", "version"),
    Index(None, "site", "merchant", "sku", "view", "version"),
)
reference_uses = Table(
    "reference_uses",
    metadata,
    _text("site", key=True),
    _number("version", key=True),
    _text("sha256", key=True),
    _text("merchant"),
    ForeignKeyConstraint(
        ["site", "version"], ["reference_versions.site", "reference_versions.version"], ondelete="CASCADE"
    ),
    Index(None, "site", "merchant", "sha256"),
)

# refunds
endpoints = Table(
    "endpoints",
    metadata,
    _text("site", key=True),
    _text("merchant", key=True),
    _text("url"),
    _bytes("outcome_public_key"),
    _text("set_at"),
    _text("gone_at", nullable=True),
)
instructions = Table(
    "instructions",
    metadata,
    _text("site", key=True),
    _text("id", key=True),
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
    UniqueConstraint("site", "unit", "number"),
    Index(None, "site", "merchant", "leaf_seq"),
)
deliveries = Table(
    "deliveries",
    metadata,
    _text("site", key=True),
    _text("instruction", key=True),
    _text("merchant"),
    _text("unit"),
    _number("number"),
    _text("state"),
    _number("attempts"),
    Column("due_at", Float, nullable=False),
    _text("answer", nullable=True),
    _text("delivered_at", nullable=True),
    ForeignKeyConstraint(["site", "instruction"], ["instructions.site", "instructions.id"]),
    Index(None, "site", "merchant", "state", "due_at"),
    Index(None, "site", "unit", "state", "number"),
)
outcomes = Table(
    "outcomes",
    metadata,
    _text("site", key=True),
    _text("merchant", key=True),
    _text("id", key=True),
    _text("sha256"),
    _text("instruction"),
    _text("status"),
    _number("refunded_total_minor"),
    _number("matches"),
    _number("leaf_seq"),
    Index(None, "site", "instruction"),
    Index(None, "site", "leaf_seq"),
)
