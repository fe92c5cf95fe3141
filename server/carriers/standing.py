"""What is known of a parcel, for its shop."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

from inspection.custody.leaf import EntryType
from inspection.messages.base import time_text
from inspection.messages.entries import LogisticsEntry, entry_id
from inspection.parcels import Node
from server.carriers import repository, rows
from server.carriers.schemas import NodeRow, ParcelStanding, PickUp
from server.errors import UnknownParcel
from server.ledger.log import Log
from server.returns.repository import SignedOff, names_parcel, sign_off_of


def parcel_standing(
    connection: Connection, log: Log, merchant: str, parcel: str, due_s: float
) -> ParcelStanding:
    """Nodes with their entries, the sign-off that holds, and the pick-up; raises UnknownParcel."""
    site = log.site
    signed = sign_off_of(connection, site, merchant, parcel)
    if signed is None and not names_parcel(connection, site, merchant, parcel):
        raise UnknownParcel(f"no unit of yours was announced in parcel {parcel[:64]!r}")
    stands = rows.standing(connection, site, merchant, parcel)
    told = [_node(row) for row in rows.nodes_of(connection, site, merchant, parcel)]
    booking = repository.last_booking(connection, site, merchant, parcel)
    state = stands.node.value if stands else None
    return ParcelStanding(
        parcel=parcel,
        state=Node.SIGNED_OFF.value if signed else state,
        signed_off_at=time_text(signed.at) if signed else None,
        assumed=signed.assumed if signed else False,
        deadline=time_text(signed.at + timedelta(seconds=due_s)) if signed else None,
        pick_up=pick_up_of(booking) if booking is not None else None,
        nodes=(*told, *_ours(connection, log, merchant, parcel, signed, told)),
    )


def _node(row: Row[Any]) -> NodeRow:
    return NodeRow(
        event=row.node,
        id=row.event,
        at=row.at,
        recorded_at=row.came_at,
        leaf_index=row.leaf_seq,
        moved=bool(row.moved),
    )


def _ours(
    connection: Connection,
    log: Log,
    merchant: str,
    parcel: str,
    signed: SignedOff | None,
    told: list[NodeRow],
) -> list[NodeRow]:
    """The sign-off that holds where no carrier's event stands for it."""
    if signed is None:
        return []
    holds = LogisticsEntry(
        merchant=merchant, parcel=parcel, event=Node.SIGNED_OFF, at=signed.at, assumed=signed.assumed
    )
    id = entry_id(EntryType.LOGISTICS, holds)
    place = log.find(connection, (id,)).get(id)
    if place is not None and place.seq in {node.leaf_index for node in told}:
        return []
    return [
        NodeRow(
            event=Node.SIGNED_OFF.value,
            id=None,
            at=time_text(signed.at),
            recorded_at=None,
            leaf_index=place.seq if place else None,
            moved=True,
            assumed=signed.assumed,
        )
    ]


def pick_up_of(row: Row[Any]) -> PickUp:
    """A pick-up as it is shown."""
    names = PickUp.model_fields
    return PickUp(**{name: row._mapping[name] for name in names})
