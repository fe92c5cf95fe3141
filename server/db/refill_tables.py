"""What came back after a restore and cannot be put in its place yet."""

from sqlalchemy import Index, Table

from server.db.columns import blob, metadata, number, text

refill_waiting = Table(  # entries that a receipt or a proof shows, ahead of the head
    "refill_waiting",
    metadata,
    text("site", key=True),
    number("seq", key=True),
    blob("leaf"),
    text("beside", nullable=True),  # openings and image keys, sealed
)
refill_bare = Table(  # verdicts that stand in the ledger again, without their rows
    "refill_bare",
    metadata,
    text("site", key=True),
    number("seq", key=True),
    text("station"),
    text("unit"),  # empty for what is of none
    text("beside", nullable=True),  # null: the station has not offered it yet
    Index(None, "site", "unit"),
)
