"""The tables of holds and erasures. Keys of people are not here: they have a file of their own."""

from sqlalchemy import Index, Table

from server.db.columns import blob, metadata, number, text

holds = Table(
    "holds",
    metadata,
    text("site", key=True),
    text("id", key=True),
    text("scope"),  # merchant, unit or subject
    text("merchant"),
    text("unit", nullable=True),
    text("subject", nullable=True),  # pseudonym of the customer; null for a merchant's hold
    text("reason"),
    text("by"),
    text("at"),
    text("released_at", nullable=True),
    text("released_by", nullable=True),
    Index(None, "site", "merchant", "released_at"),
)
erasures = Table(
    "erasures",
    metadata,
    text("site", key=True),
    text("id", key=True),
    text("merchant"),
    text("subject"),  # pseudonym of the customer
    text("reason"),
    text("by"),
    text("requested_at"),
    text("state"),  # recorded, rows_dropped, done
    number("leaf_seq"),
    blob("certificate", nullable=True),
    Index(None, "site", "subject"),
    Index(None, "site", "state"),
)
