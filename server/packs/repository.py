"""Which entries are about a unit: verdicts, refunds, parcel, keys, and what was said of them later."""

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import Connection, select, text

from inspection.custody.leaf import EntryType
from inspection.messages.catalogue import ProductMessage
from server.db.carrier_tables import carrier_events
from server.db.ledger_tables import LATER, leaves
from server.db.refund_tables import instructions, outcomes
from server.db.tables import products, records
from server.errors import Withheld
from server.ledger.entries import key_ids
from server.ledger.standing import standing_of
from server.returns.repository import KnownUnit

KEYS = (EntryType.KEY_ADD, EntryType.KEY_REVOKE)


def entry_indexes(connection: Connection, site: str, unit: KnownUnit) -> list[int]:
    """Indexes of all entries about a unit, in the ledger's order; empty before its first verdict."""
    mine = select(records.c.id, records.c.leaf_seq).where(records.c.site == site, records.c.unit == unit.id)
    verdicts = connection.execute(mine).all()
    if not verdicts:
        return []
    keys = {row.id.partition("/")[0] for row in verdicts}
    found = {row.leaf_seq for row in verdicts}
    found |= _refunds(connection, site, unit.id)
    found |= _named(connection, site, [*key_ids(keys), *_parcel_ids(unit)])
    found |= _parcel_nodes(connection, site, unit)
    return sorted(_with_later(connection, site, found))


def bodies(connection: Connection, site: str, indexes: Sequence[int]) -> list[bytes]:
    """The leaves at these indexes; raises Withheld below the minimum index, but for a station's key.

    Keys are no person's, and without them no later verdict could be checked.
    """
    least = standing_of(connection, site).min_index
    chosen = select(leaves.c.seq, leaves.c.type, leaves.c.leaf).where(
        leaves.c.site == site, leaves.c.seq.in_(indexes)
    )
    rows = connection.execute(chosen.order_by(leaves.c.seq)).all()
    for row in rows:
        if row.leaf is None or (row.seq < least and row.type not in KEYS):
            raise Withheld(f"entry {row.seq} of this unit is no longer shown; its proof stays good")
    return [row.leaf for row in rows]


def product_title(connection: Connection, site: str, unit: KnownUnit) -> str:
    """The product's name as the shop wrote it; empty when the catalogue has none."""
    mine = (products.c.site == site, products.c.merchant == unit.merchant, products.c.sku == unit.sku)
    body = connection.execute(select(products.c.body).where(*mine)).scalar()
    return ProductMessage.read(body).title if body else ""


def _refunds(connection: Connection, site: str, unit: str) -> set[int]:
    mine = (instructions.c.site == site, instructions.c.unit == unit)
    told = connection.execute(select(instructions.c.id, instructions.c.leaf_seq).where(*mine)).all()
    answered = select(outcomes.c.leaf_seq).where(
        outcomes.c.site == site, outcomes.c.instruction.in_([row.id for row in told])
    )
    return {row.leaf_seq for row in told} | set(connection.execute(answered).scalars())


def _parcel_ids(unit: KnownUnit) -> list[str]:
    parcel = unit.message.parcel
    signed = f"parcel:{unit.merchant}:{parcel}:signed-off"
    return [signed, f"{signed}:assumed"] if parcel else []


def _parcel_nodes(connection: Connection, site: str, unit: KnownUnit) -> set[int]:
    """What its carrier told on the way, as far as it is still shown: a pack is whole without it."""
    mine = carrier_events.c
    chosen = select(mine.leaf_seq).where(
        mine.site == site,
        mine.merchant == unit.merchant,
        mine.parcel == unit.message.parcel,
        mine.leaf_seq >= standing_of(connection, site).min_index,
    )
    return set(connection.execute(chosen).scalars())


def _named(connection: Connection, site: str, ids: list[str]) -> set[int]:
    chosen = select(leaves.c.seq).where(leaves.c.site == site, leaves.c.id.in_(ids))
    return set(connection.execute(chosen).scalars())


def _with_later(connection: Connection, site: str, about: set[int]) -> set[int]:
    """Add corrections, reversals and approvals of these entries, and of those that are added."""
    found = set(about)
    for seq, subjects in _later(connection, site):
        if found & subjects:
            found.add(seq)
    return found


def _later(connection: Connection, site: str) -> Iterable[tuple[int, set[int]]]:
    chosen = select(leaves.c.seq, leaves.c.leaf).where(leaves.c.site == site, leaves.c.leaf.is_not(None))
    # in the very words of the index: SQLite uses a partial one only where it sees that it fits
    for row in connection.execute(chosen.where(text(LATER)).order_by(leaves.c.seq)):
        body = orjson.loads(row.leaf)["body"]
        named = {body.get("corrects"), body.get("reverses"), *body.get("covers", ())}
        yield row.seq, {each for each in named if each is not None}
