"""The tables of station.sqlite.

What is bound by one transaction stands in one file: events, outbox, evidence, counters, committed
units. Blobs hold exactly the bytes that were signed; nothing is ever written back from objects.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 4
"""`PRAGMA user_version`; a program refuses a journal that is newer than itself.

1: the first. 2: `verdicts` came. 3: `erased` came. 4: `held` came.
A table that is missing is made; none was changed yet.
"""

metadata = MetaData()

boots = Table(
    "boots",
    metadata,
    Column("boot", String(32), primary_key=True),
    Column("key", String(32), nullable=False),
    Column("counter", Integer, nullable=False),  # last counter used under this boot
    Column("started_at", String(27), nullable=False),
    Column("seq", Integer, nullable=False),  # order of the boots; clocks may jump
)

bench = Table(  # the item that lies on the bench, at most one row: what a crash interrupted
    "bench",
    metadata,
    Column("slot", Integer, primary_key=True),
    Column("merchant", String(32), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("boot", String(32), nullable=False),
    Column("since", String(27), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("boot", String(32), nullable=False),
    Column("at", String(27), nullable=False),
    Column("event", String(48), nullable=False),
    Column("state", String(48), nullable=False),
    Column("unit", String(64)),
    Column("detail", String(200)),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record_id", String(96), nullable=False, unique=True),
    Column("merchant", String(32), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("inspection", Integer, nullable=False),
    Column("grade", String(16), nullable=False),
    Column("disposition", String(16), nullable=False),
    Column("total_ms", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("device_key", String(32), nullable=False),
    Column("openings", Text, nullable=False),  # JSON rows of Opening: personal, beside the record
    Column("image_keys", Text, nullable=False),  # JSON rows of ImageKey
    Column("state", String(12), nullable=False),  # queued, delivered, refused
    Column("queued_at", Float, nullable=False),  # seconds since 1970, UTC
    Column("settled_at", Float),
    Column("attempts", Integer, nullable=False, default=0),
    Column("receipt", Text),  # ReceiptMessage as JSON
    Column("ledger_index", Integer),
    Column("refusal", Text),  # RefusalMessage as JSON
    sqlite_autoincrement=True,
)
Index("outbox_by_state", outbox.c.state, outbox.c.id)

held = Table(  # queued records that the centre sent back to wait: their time has not come for it
    "held",
    metadata,
    Column("outbox_id", Integer, primary_key=True),
    Column("until", Float, nullable=False),  # seconds since 1970, UTC; an hour away at most
)

evidence = Table(
    "evidence",
    metadata,
    Column("sha256", String(64), primary_key=True),  # of the ciphertext
    Column("outbox_id", Integer, ForeignKey("outbox.id"), nullable=False, index=True),
    Column("bytes", Integer, nullable=False),
    Column("media_type", String(16), nullable=False),
    Column("uploaded", Boolean, nullable=False, default=False),
    Column("confirmed_at", Float),  # when the centre last said that it holds it
    Column("deleted", Boolean, nullable=False, default=False),
    Column("lost", Boolean, nullable=False, default=False),  # the file is gone before it was confirmed
)

committed = Table(
    "committed",
    metadata,
    Column("merchant", String(32), primary_key=True),
    Column("unit", String(64), primary_key=True),
    Column("inspection", Integer, primary_key=True),
    Column("record_id", String(96), nullable=False),
    Column("at", Float, nullable=False),
)

verdicts = Table(  # what people made of the machine's grades, for learning; nobody is named in it
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),  # grows: the oldest go first
    Column("merchant", String(32), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("inspection", Integer, nullable=False),
    Column("line", Text, nullable=False),  # Confirmed as JSON
    UniqueConstraint("merchant", "unit", "inspection"),
    sqlite_autoincrement=True,
)

products = Table(
    "products",
    metadata,
    Column("merchant", String(32), primary_key=True),
    Column("sku", String(40), primary_key=True),
    Column("gtin", String(14), nullable=False, index=True),
    Column("content", Text, nullable=False),  # ProductMessage as JSON
)

units = Table(
    "units",
    metadata,
    Column("merchant", String(32), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("sku", String(40), nullable=False),
    Column("epc", String(124), index=True),
    Column("serial", String(40), index=True),
    Column("content", Text, nullable=False),  # UnitMessage as JSON
    Column("open", Boolean, nullable=False, default=True),
)
Index("units_by_sku", units.c.merchant, units.c.sku)

erased = Table(  # units whose customer the centre has erased: nothing personal of them is kept here again
    "erased",
    metadata,
    Column("unit", String(64), primary_key=True),
    Column("scrubbed", Boolean, nullable=False),  # the journal was rewritten since
)

inspectors = Table(
    "inspectors",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("content", Text, nullable=False),  # InspectorMessage as JSON
)

references = Table(  # what the centre has announced of each view of a product, and what came of it
    "references",
    metadata,
    Column("merchant", String(32), primary_key=True),
    Column("sku", String(40), primary_key=True),
    Column("view", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sha256", String(64)),  # of the bank that came with it; null where it is withdrawn or kept out
    Column("bytes", Integer, nullable=False),
    Column("problem", String(48)),  # code of what keeps the version out; null where it is in use
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Integer, nullable=False),
)
