"""Inbound webhooks and carriers: keys, ids that were seen, what waits, events, pick-ups."""

import sqlalchemy as sa
from alembic import op

revision = "v0007"
down_revision = "v0006"
branch_labels = None
depends_on = None

SCOPE = ("site", "merchant")
TABLES = (
    "inbound_keys",
    "inbound_hooks",
    "inbound_waiting",
    "carriers",
    "carrier_events",
    "carrier_parcels",
    "carrier_bookings",
)
INDEXES = {
    "inbound_hooks": ("site", "merchant", "source", "digest"),
    "carrier_parcels": ("site", "due_at"),
    "carrier_bookings": ("site", "merchant", "parcel"),
}


def _texts(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _maybe(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.String(), nullable=True) for name in names]


def _numbers(*names: str) -> "list[sa.Column[int]]":
    return [sa.Column(name, sa.Integer(), nullable=False, autoincrement=False) for name in names]


def _blobs(*names: str) -> "list[sa.Column[bytes]]":
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in names]


def _time(name: str, *, nullable: bool) -> "sa.Column[float]":
    return sa.Column(name, sa.Float(), nullable=nullable)


def _key(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*SCOPE, *names, name=f"pk_{table}")


def upgrade() -> None:
    """Make the tables, and say of a sign-off whether it was only assumed."""
    _inbound()
    _carriers()
    for table, columns in INDEXES.items():
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
    waiting = "inbound_waiting"
    op.create_index(f"ix_{waiting}_site_ordinal", waiting, ["site", "ordinal"])
    op.create_index(f"ix_{waiting}_site_merchant_about_name", waiting, ["site", "merchant", "about", "name"])
    op.add_column("parcels", sa.Column("assumed", sa.Integer(), nullable=True, autoincrement=False))


def _inbound() -> None:
    hook = ("source", "hook")
    op.create_table(
        "inbound_keys",
        *_texts(*SCOPE, "source", "id", "kind"),
        *_blobs("secret"),
        *_texts("set_at"),
        *_maybe("not_after"),
        _key("inbound_keys", "source", "id"),
    )
    op.create_table(
        "inbound_hooks",
        *_texts(*SCOPE, *hook),
        *_blobs("digest"),
        *_texts("state", "came_at"),
        _key("inbound_hooks", *hook),
    )
    op.create_table(
        "inbound_waiting",
        *_texts(*SCOPE, *hook),
        *_numbers("ordinal"),
        *_texts("about", "name"),
        *_blobs("content"),
        *_numbers("bytes"),
        *_maybe("sent_at"),
        *_texts("came_at"),
        *_numbers("tries"),
        *_maybe("refused"),
        _key("inbound_waiting", *hook),
    )


def _carriers() -> None:
    op.create_table(
        "carriers",
        *_texts(*SCOPE, "url"),
        *_blobs("credential"),
        *_texts("set_at"),
        _key("carriers"),
    )
    op.create_table(
        "carrier_events",
        *_texts(*SCOPE, "parcel", "node", "event", "at", "came_at"),
        *_numbers("leaf_seq", "moved"),
        _key("carrier_events", "parcel", "node", "event"),
    )
    op.create_table(
        "carrier_parcels",
        *_texts(*SCOPE, "parcel"),
        *_maybe("node", "node_at"),
        *_texts("known_at", "cursor"),
        _time("due_at", nullable=True),
        *_numbers("failures"),
        _key("carrier_parcels", "parcel"),
    )
    op.create_table(
        "carrier_bookings",
        *_texts(*SCOPE, "key", "parcel"),
        *_blobs("digest"),
        *_texts("state"),
        *_maybe("reference", "pick_up_at"),
        _time("leased_until", nullable=False),
        *_texts("asked_at"),
        _key("carrier_bookings", "key"),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_column("parcels", "assumed")
    for table in TABLES:
        op.drop_table(table)
