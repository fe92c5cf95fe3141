"""Rows of parcels' ways; what they stand beside is an entry of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.base import read_time, time_text
from inspection.messages.carrier import CarrierEvent
from inspection.messages.entries import LogisticsEntry
from inspection.parcels import DONE, Node, Sighting, advance
from server.db.carrier_tables import carrier_events, carrier_parcels


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event and whose parcel it is about."""

    merchant: str
    event: CarrierEvent

    @property
    def seen(self) -> Sighting:
        """What moves the parcel."""
        return Sighting(node=self.event.event, at=self.event.at)


def add_node(connection: Connection, site: str, told: Told, leaf_seq: int, came_at: str) -> None:
    """Keep the row of an event that stands in the ledger, and move the parcel where it leads on."""
    event = told.event
    before = standing(connection, site, told.merchant, event.parcel)
    after = advance(before, told.seen)
    row = {"node": event.event.value, "event": event.id, "at": time_text(event.at), "came_at": came_at}
    fresh = insert(carrier_events).values(
        site=site, merchant=told.merchant, parcel=event.parcel, **row,
        leaf_seq=leaf_seq, moved=int(after != before),
    )  # fmt: skip
    if connection.execute(fresh.on_conflict_do_nothing()).rowcount == 1 and after != before:
        _stand(connection, site, told.merchant, event.parcel, after, came_at)


def _stand(connection: Connection, site: str, merchant: str, parcel: str, after: Sighting, at: str) -> None:
    moved: dict[str, object] = {"node": after.node.value, "node_at": time_text(after.at)}
    fresh = insert(carrier_parcels).values(
        site=site, merchant=merchant, parcel=parcel, known_at=at, cursor="", due_at=None, failures=0, **moved
    )
    if after.node in DONE:
        moved["due_at"] = None  # the carrier is asked no more
    index = ["site", "merchant", "parcel"]
    connection.execute(fresh.on_conflict_do_update(index_elements=index, set_=moved))


def standing(connection: Connection, site: str, merchant: str, parcel: str) -> Sighting | None:
    """Where a parcel stands; None before anything was told."""
    mine = carrier_parcels.c
    chosen = select(mine.node, mine.node_at).where(
        mine.site == site, mine.merchant == merchant, mine.parcel == parcel, mine.node.is_not(None)
    )
    row = connection.execute(chosen).first()
    return Sighting(node=Node(row.node), at=read_time(row.node_at)) if row else None


def nodes_of(connection: Connection, site: str, merchant: str, parcel: str) -> Sequence[Row[Any]]:
    """Every event of a parcel, in the order of the ledger."""
    mine = carrier_events.c
    chosen = select(carrier_events).where(mine.site == site, mine.merchant == merchant, mine.parcel == parcel)
    return connection.execute(chosen.order_by(mine.leaf_seq)).all()


def rebuild_node(connection: Connection, site: str, entry: LogisticsEntry, leaf_seq: int, at: str) -> None:
    """Write the row of an entry that came back after a restore."""
    if entry.event_id is None:
        return
    event = CarrierEvent(v=1, id=entry.event_id, parcel=entry.parcel, event=entry.event, at=entry.at)
    add_node(connection, site, Told(merchant=entry.merchant, event=event), leaf_seq, at)


def is_known(connection: Connection, site: str, told: Told) -> bool:
    """True when this very event was kept before."""
    mine, event = carrier_events.c, told.event
    chosen = select(mine.leaf_seq).where(
        mine.site == site,
        mine.merchant == told.merchant,
        mine.parcel == event.parcel,
        mine.node == event.event.value,
        mine.event == event.id,
    )
    return connection.execute(chosen).first() is not None


def count_nodes(connection: Connection, site: str, merchant: str, parcel: str) -> int:
    """How many events of a parcel are kept."""
    mine = carrier_events.c
    chosen = select(func.count()).where(mine.site == site, mine.merchant == merchant, mine.parcel == parcel)
    found: int = connection.execute(chosen).scalar_one()
    return found
