"""The tables; every one carries the site. Times are the wire's UTC text, which sorts as it reads.

Those of the ledger are in `ledger_tables`. Their DDL is in `migrations`; a test compares the two.
"""

from sqlalchemy import ForeignKeyConstraint, Index, Table, UniqueConstraint

from server.db.columns import blob, metadata, number, text

# counters: one row per name; `changes` is the cursor of the worklist
counters = Table("counters", metadata, text("site", key=True), text("name", key=True), number("value"))

# access
api_keys = Table(
    "api_keys",
    metadata,
    text("site", key=True),
    text("hash", key=True),
    text("scope"),
    text("merchant", nullable=True),
    text("station", nullable=True),
    text("label"),
    text("created_at"),
    text("revoked_at", nullable=True),
)

# catalogue and returns
merchants = Table(
    "merchants", metadata, text("site", key=True), text("id", key=True), text("name"), text("created_at")
)
products = Table(
    "products",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("sku", key=True),
    blob("body"),
    number("changed"),
    Index(None, "site", "changed"),
)
units = Table(
    "units",
    metadata,
    text("site", key=True),
    text("id", key=True),
    text("merchant"),
    text("sku"),
    text("epc", nullable=True),
    text("parcel", nullable=True),
    text("deadline", nullable=True),
    text("state"),
    number("inspection"),
    blob("body"),  # what is not personal
    blob("personal", nullable=True),  # the rest under its customer's key; empty once erased
    text("subject", nullable=True),  # pseudonym of the customer; `erasure:<id>` once erased
    text("erased_at", nullable=True),
    number("changed"),
    text("authorization", nullable=True),
    number("line", nullable=True),  # of the order
    number("position", nullable=True),  # among the units of that line: the message's `index`
    text("order_name", nullable=True),  # pseudonyms, to look units up by; empty once erased
    text("serial_name", nullable=True),
    text("payment_name", nullable=True),
    text("tier", nullable=True),
    text("batch", nullable=True),
    text("supplier", nullable=True),
    text("reason_band", nullable=True),  # how sure the reason was read from words; null: the shop's own code
    Index(None, "site", "changed"),
    Index(None, "site", "subject"),
    Index(None, "site", "merchant", "parcel"),
    Index(None, "site", "state", "deadline"),
    Index(None, "site", "epc", "state"),
    Index("ix_units_site_merchant_authorization", "site", "merchant", "authorization"),
    Index("ix_units_site_order_name", "site", "order_name"),
    Index("ix_units_site_serial_name", "site", "serial_name"),
    Index("ix_units_site_payment_name", "site", "payment_name"),
    Index("ix_units_site_sku", "site", "sku"),
    Index("ix_units_site_batch", "site", "batch"),
    Index("ix_units_site_supplier", "site", "supplier"),
)
parcels = Table(
    "parcels",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("id", key=True),
    text("signed_off_at"),
    number("assumed", nullable=True),  # 1 where no carrier said so
)

# stations and people
enrolment_codes = Table(
    "enrolment_codes",
    metadata,
    text("site", key=True),
    text("hash", key=True),
    text("station"),
    text("expires_at"),
    text("used_at", nullable=True),
)
stations = Table(
    "stations",
    metadata,
    text("site", key=True),
    text("id", key=True),
    text("enrolled_at"),
    blob("health", nullable=True),
    text("health_at", nullable=True),
    number("evidence_bytes"),
    number("refusals"),
    blob("birth", nullable=True),
    text("stopped_boot", nullable=True),  # the start that said that it ends, until another one speaks
    text("stopped_at", nullable=True),
)
station_keys = Table(
    "station_keys",
    metadata,
    text("site", key=True),
    text("key", key=True),
    text("station"),
    blob("public_key"),
    text("added_at"),
    text("closed_at", nullable=True),
    text("revoked_at", nullable=True),
    Index(None, "site", "station"),
)
boots = Table(
    "boots",
    metadata,
    text("site", key=True),
    text("key", key=True),
    text("boot", key=True),
    number("ordinal"),
    number("counter"),
)
station_starts = Table(  # the starts that a station's health named, in their order
    "station_starts",
    metadata,
    text("site", key=True),
    text("station", key=True),
    text("boot", key=True),
    number("ordinal"),
    text("seen_at"),
)
presence_batches = Table(  # what tags did at a station: the newest, and nothing that names a tag
    "presence_batches",
    metadata,
    text("site", key=True),
    text("station", key=True),
    text("boot", key=True),
    number("seq", key=True),
    number("ordinal"),  # in the order of their arrival
    blob("digest"),  # SHA-256 of the events as they are kept
    blob("events"),  # JSON; of an EPC only its end
    number("dropped"),
    text("received_at"),
    Index(None, "site", "station", "ordinal"),
)
inspectors = Table(
    "inspectors",
    metadata,
    text("site", key=True),
    text("id", key=True),
    blob("body"),  # without the name
    blob("personal", nullable=True),  # the name under the inspector's key
    number("changed"),
    Index(None, "site", "changed"),
)

# records and their evidence
records = Table(
    "records",
    metadata,
    text("site", key=True),
    text("id", key=True),
    number("leaf_seq"),
    text("sha256"),
    text("merchant"),
    text("unit"),
    number("inspection"),
    text("sku"),
    text("station"),
    text("kind"),
    text("grade"),
    text("disposition"),
    text("channel"),
    blob("announced"),  # the unit as it was then, without what is personal
    blob("personal", nullable=True),  # the rest under its customer's key; empty once erased
    text("subject", nullable=True),
    text("recorded_at"),
    text("instructed", nullable=True),
    text("clock", nullable=True),  # good, uncertain: its own time is shown, and decides nothing
    UniqueConstraint("site", "unit", "inspection"),
    Index(None, "site", "leaf_seq"),
    Index(None, "site", "subject"),
)
record_evidence = Table(
    "record_evidence",
    metadata,
    text("site", key=True),
    text("record", key=True),
    text("sha256", key=True),
    blob("wrapped_key"),  # under the customer's key, as the salt; empty once erased
    blob("salt"),
    ForeignKeyConstraint(["site", "record"], ["records.site", "records.id"]),
    Index(None, "site", "sha256"),
)
openings = Table(
    "openings",
    metadata,
    text("site", key=True),
    text("record", key=True),
    text("field", key=True),
    blob("sealed"),  # under the key of the customer or the inspector; empty once erased
    text("subject", nullable=True),
    ForeignKeyConstraint(["site", "record"], ["records.site", "records.id"]),
    Index(None, "site", "subject"),
)
refusals = Table(
    "refusals",
    metadata,
    text("site", key=True),
    text("station", key=True),
    text("submission", key=True),
    text("record_sha256"),
    text("reason"),
    text("detail"),
    text("refused_at"),
    text("record", nullable=True),  # its id, where its signature held: what explains a missing counter
    Index(None, "site", "refused_at"),
)
held_records = Table(  # from the future: their numbers are used up, they come again when their time has come
    "held_records",
    metadata,
    text("site", key=True),
    text("record", key=True),
    text("sha256"),
    text("station"),
    text("held_at"),
    Index(None, "site", "station"),
)
counter_gaps = Table(  # numbers that a station passed over, as they were found; some may have come since
    "counter_gaps",
    metadata,
    text("site", key=True),
    text("key", key=True),
    text("boot", key=True),
    number("first", key=True),
    number("last"),
    text("station"),
    text("found_at"),
    Index(None, "site", "station"),
)
noted_policies = Table(  # the rules that the ledger's newest policy entries name
    "noted_policies",
    metadata,
    text("site", key=True),
    text("kind", key=True),
    text("sha256"),
    number("leaf_seq"),
)
evidence = Table(
    "evidence",
    metadata,
    text("site", key=True),
    text("sha256", key=True),
    number("bytes"),
    text("station"),
    text("stored_at"),
    text("erased_at", nullable=True),  # never to be stored again
    Index(None, "site", "erased_at"),
)

# references
reference_files = Table(
    "reference_files",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("sha256", key=True),
    number("bytes"),
    text("stored_at"),
    Index(None, "site", "sha256"),
)
reference_versions = Table(
    "reference_versions",
    metadata,
    text("site", key=True),
    number("version", key=True),
    text("merchant"),
    text("sku"),
    text("view"),
    blob("body"),
    number("standing"),
    Index(None, "site", "standing", "version"),
    Index(None, "site", "merchant", "sku", "view", "version"),
)
reference_uses = Table(
    "reference_uses",
    metadata,
    text("site", key=True),
    number("version", key=True),
    text("sha256", key=True),
    text("merchant"),
    ForeignKeyConstraint(
        ["site", "version"], ["reference_versions.site", "reference_versions.version"], ondelete="CASCADE"
    ),
    Index(None, "site", "merchant", "sha256"),
)
