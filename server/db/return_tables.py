"""What came with the refund link beside the units: doubled returns, claim photos, dropped files."""

from sqlalchemy import Index, Table

from server.db.columns import metadata, number, text

doubled_returns = Table(  # taken although the same thing was announced before, and to be looked at
    "doubled_returns",
    metadata,
    text("site", key=True),
    text("unit", key=True),
    text("merchant"),
    text("first"),  # the unit that was announced before
    text("by"),  # order_line, serial or epc: what the two have in common
    text("at"),
    Index(None, "site", "merchant"),
)
claim_photos = Table(  # the files lie beside the database, sealed under the customer's key
    "claim_photos",
    metadata,
    text("site", key=True),
    text("unit", key=True),
    text("sha256", key=True),  # of the photo
    text("merchant"),
    text("subject"),  # pseudonym of the customer
    text("sealed_sha256"),  # of the file
    number("bytes"),
    text("stored_at"),
    text("erased_at", nullable=True),  # the row goes when the file is gone
    Index(None, "site", "subject"),
    Index(None, "site", "merchant"),
    Index(None, "site", "erased_at"),
)
dropped_files = Table(  # for ever: the same file again changes nothing
    "dropped_files",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("sha256", key=True),
    text("name"),
    number("bytes"),
    text("state"),  # reading, done, refused
    number("rows_read"),  # line of the last row that is settled: where a start after a crash goes on
    number("accepted"),
    number("rejected"),
    text("taken_at"),
    text("ended_at", nullable=True),
    text("reason", nullable=True),  # code, where it was refused
)
dropped_faults = Table(  # until the file of faults is written
    "dropped_faults",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("sha256", key=True),
    number("row", key=True),
    text("column", nullable=True),
    text("code"),
    text("detail"),
)
