"""Rows of units and parcels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.catalogue import UnitMessage
from server.db.changes import next_changes
from server.db.tables import parcels, records, units

EXPECTED, INSPECTED, CANCELLED = "expected", "inspected", "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUnit:
    """What the centre holds of a unit."""

    id: str
    merchant: str
    sku: str
    state: str
    inspection: int
    deadline: str | None
    body: bytes

    @property
    def message(self) -> UnitMessage:
        """The unit as the shop announced it."""
        return UnitMessage.read(self.body)


def find_units(connection: Connection, site: str, ids: Iterable[str]) -> dict[str, KnownUnit]:
    """Units by id, those that are there."""
    rows = connection.execute(
        select(
            units.c.id,
            units.c.merchant,
            units.c.sku,
            units.c.state,
            units.c.inspection,
            units.c.deadline,
            units.c.body,
        ).where(units.c.site == site, units.c.id.in_(set(ids)))
    )
    return {
        id: KnownUnit(
            id=id,
            merchant=merchant,
            sku=sku,
            state=state,
            inspection=inspection,
            deadline=deadline,
            body=body,
        )
        for id, merchant, sku, state, inspection, deadline, body in rows
    }


def expected_epcs(connection: Connection, site: str, epcs: Iterable[str]) -> dict[str, str]:
    """Which unit is expected under each of these tags."""
    chosen = select(units.c.epc, units.c.id).where(
        units.c.site == site, units.c.epc.in_(set(epcs)), units.c.state == EXPECTED
    )
    return {row.epc: row.id for row in connection.execute(chosen)}


def signed_off(connection: Connection, site: str, merchant: str, ids: Iterable[str]) -> dict[str, str]:
    """When each of these parcels was signed off, those that were."""
    chosen = select(parcels.c.id, parcels.c.signed_off_at).where(
        parcels.c.site == site, parcels.c.merchant == merchant, parcels.c.id.in_(set(ids))
    )
    return {row.id: row.signed_off_at for row in connection.execute(chosen)}


def names_parcel(connection: Connection, site: str, merchant: str, parcel: str) -> bool:
    """True when some unit of the merchant is announced to come in this parcel."""
    chosen = select(units.c.id).where(
        units.c.site == site, units.c.merchant == merchant, units.c.parcel == parcel
    )
    return connection.execute(chosen.limit(1)).first() is not None


def put_units(connection: Connection, site: str, announced: Sequence[tuple[UnitMessage, str | None]]) -> None:
    """Add or replace expected units, each with its deadline."""
    numbers = next_changes(connection, site, len(announced))
    rows = [
        _unit_row(site, unit, deadline, number)
        for (unit, deadline), number in zip(announced, numbers, strict=True)
    ]
    fresh = insert(units)
    replaced = ("sku", "epc", "parcel", "deadline", "state", "inspection", "body", "changed")
    set_ = {name: fresh.excluded[name] for name in replaced}
    connection.execute(fresh.on_conflict_do_update(index_elements=["site", "id"], set_=set_), rows)


def _unit_row(site: str, unit: UnitMessage, deadline: str | None, number: int) -> dict[str, object]:
    return {
        "site": site,
        "id": unit.id,
        "merchant": unit.merchant,
        "sku": unit.sku,
        "epc": unit.epc,
        "parcel": unit.parcel,
        "deadline": deadline,
        "state": EXPECTED,
        "inspection": unit.inspection,
        "body": unit.to_json(),
        "changed": number,
    }


def set_state(connection: Connection, site: str, ids: Sequence[str], state: str) -> None:
    """Move units to a state; stations hear of it by the worklist."""
    numbers = next_changes(connection, site, len(ids))
    for unit, number in zip(ids, numbers, strict=True):
        connection.execute(
            update(units).where(units.c.site == site, units.c.id == unit).values(state=state, changed=number)
        )


def add_sign_off(connection: Connection, site: str, merchant: str, parcel: str, at: str) -> bool:
    """Note the carrier's sign-off; False when there is one already."""
    fresh = insert(parcels).values(site=site, merchant=merchant, id=parcel, signed_off_at=at)
    return connection.execute(fresh.on_conflict_do_nothing()).rowcount == 1


def set_deadlines(connection: Connection, site: str, merchant: str, parcel: str, deadline: str) -> None:
    """Give the parcel's units without a deadline this one."""
    chosen = select(units.c.id).where(
        units.c.site == site,
        units.c.merchant == merchant,
        units.c.parcel == parcel,
        units.c.deadline.is_(None),
        units.c.state == EXPECTED,
    )
    waiting = list(connection.execute(chosen).scalars())
    numbers = next_changes(connection, site, len(waiting))
    for unit, number in zip(waiting, numbers, strict=True):
        connection.execute(
            update(units)
            .where(units.c.site == site, units.c.id == unit)
            .values(deadline=deadline, changed=number)
        )


def verdicts_of(connection: Connection, site: str, unit: str) -> Sequence[Row[tuple[object, ...]]]:
    """Every recorded inspection of a unit, in the order of the ledger."""
    chosen = select(records).where(records.c.site == site, records.c.unit == unit)
    return connection.execute(chosen.order_by(records.c.leaf_seq)).all()
