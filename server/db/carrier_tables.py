"""What others tell us by webhook, and the carriers: their settings, events, pick-ups and cursors.

No address stands here: a pick-up's goes to the carrier and nowhere else.
"""

from sqlalchemy import Column, Float, Index, Table

from server.db.columns import blob, metadata, number, text

inbound_keys = Table(  # what a merchant's systems sign with, by source
    "inbound_keys",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("source", key=True),
    text("id", key=True),  # begins the SHA-256 of the key
    text("kind"),
    blob("secret"),  # sealed
    text("set_at"),
    text("not_after", nullable=True),  # good until then; null for one without an end
)
inbound_hooks = Table(  # ids that were seen: never forgotten, as money and parcels hang on them
    "inbound_hooks",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("source", key=True),
    text("hook", key=True),
    blob("digest"),  # SHA-256 of the raw body
    text("state"),  # begun, taken, waiting, refused, cleared
    text("came_at"),
    Index(None, "site", "merchant", "source", "digest"),
)
inbound_waiting = Table(  # verified, and about nothing that we know yet
    "inbound_waiting",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("source", key=True),
    text("hook", key=True),
    number("ordinal"),
    text("about"),  # of server/inbound/hooks.py
    text("name"),
    blob("content"),  # headers and body, sealed
    number("bytes"),
    text("sent_at", nullable=True),
    text("came_at"),
    number("tries"),
    text("refused", nullable=True),  # code of the refusal when it was tried again: a person clears it
    Index(None, "site", "ordinal"),
    Index(None, "site", "merchant", "about", "name"),
)

carriers = Table(
    "carriers",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("url"),
    blob("credential"),  # sealed
    text("set_at"),
)
carrier_events = Table(  # nodes of a parcel's way, each with its entry
    "carrier_events",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("parcel", key=True),
    text("node", key=True),
    text("event", key=True),  # the carrier's own id
    text("at"),
    text("came_at"),
    number("leaf_seq"),
    number("moved"),  # 0: kept, and the parcel stood further on already
)
carrier_parcels = Table(  # where a parcel stands, and when its carrier is asked next
    "carrier_parcels",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("parcel", key=True),
    text("node", nullable=True),
    text("node_at", nullable=True),
    text("known_at"),
    text("cursor"),
    Column("due_at", Float, nullable=True),  # null: never again
    number("failures"),
    Index(None, "site", "due_at"),
)
carrier_bookings = Table(  # written before the carrier is asked, so that a crash leaves a trace
    "carrier_bookings",
    metadata,
    text("site", key=True),
    text("merchant", key=True),
    text("key", key=True),
    text("parcel"),
    blob("digest"),  # SHA-256 of the order, sealed: an address could be guessed from it
    text("state"),  # asked, unsure, booked, refused, cancelled
    text("reference", nullable=True),
    text("pick_up_at", nullable=True),
    Column("leased_until", Float, nullable=False),
    text("asked_at"),
    Index(None, "site", "merchant", "parcel"),
)
