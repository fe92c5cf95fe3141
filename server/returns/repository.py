"""Rows of units and parcels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.base import read_time, time_text
from inspection.messages.catalogue import UnitMessage
from server.db.changes import next_changes
from server.db.rows import find_rows, write_rows
from server.db.tables import parcels, records, units
from server.subjects.bound import keys_of
from server.subjects.keys import SubjectKeys
from server.subjects.personal import GONE, part_unit, whole_unit

EXPECTED, INSPECTED, CANCELLED = "expected", "inspected", "cancelled"
_COLUMNS = tuple(column.name for column in units.columns if column is not units.c.erased_at)
PUT = f"INSERT INTO units ({', '.join(_COLUMNS)})"
REPLACE = " ON CONFLICT (site, id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS if name not in ("site", "id", "merchant")
)


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
    """The announcement without what is personal in it."""
    personal: bytes
    """The rest, sealed; empty once it was erased."""
    subject: str | None
    """Pseudonym of its customer; names the erasure once there was one."""
    erased_at: str | None
    band: str | None = None
    """How sure its reason was read from words; None for the shop's own code."""
    keys: SubjectKeys = field(repr=False, compare=False)

    @property
    def erased(self) -> bool:
        """True once its customer was erased, also where a database older than that was restored."""
        return self.erased_at is not None or self.keys.is_erased(self.personal)

    @property
    def message(self) -> UnitMessage:
        """The unit as the shop announced it, as far as it can be opened."""
        return whole_unit(self.keys, self.body, self.personal)


def find_units(connection: Connection, site: str, ids: Iterable[str]) -> dict[str, KnownUnit]:
    """Units by id, those that are there."""
    columns = (units.c.id, units.c.merchant, units.c.sku, units.c.state, units.c.inspection, units.c.deadline)
    hidden = (units.c.body, units.c.personal, units.c.subject, units.c.erased_at, units.c.reason_band)
    keys = keys_of(connection)
    return {
        row[0]: KnownUnit(
            id=row[0],
            merchant=row[1],
            sku=row[2],
            state=row[3],
            inspection=row[4],
            deadline=row[5],
            body=row[6],
            personal=row[7] or GONE,
            subject=row[8],
            erased_at=row[9],
            band=row[10],
            keys=keys,
        )
        for row in find_rows(connection, (*columns, *hidden), units.c.id, set(ids), site=site)
    }


def expected_epcs(connection: Connection, site: str, epcs: Iterable[str]) -> dict[str, str]:
    """Which unit is expected under each of these tags; rows hold what stands for a tag, never the tag."""
    tag = keys_of(connection).secrets.tag
    wanted = {tag(epc): epc for epc in epcs}
    chosen = select(units.c.epc, units.c.id).where(
        units.c.site == site, units.c.epc.in_(wanted), units.c.state == EXPECTED
    )
    return {wanted[row.epc]: row.id for row in connection.execute(chosen)}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A unit that is to be expected."""

    unit: UnitMessage
    deadline: str | None
    band: str | None = None
    """How sure its reason was read from words; None for the shop's own code."""


def put_units(connection: Connection, site: str, announced: Sequence[Announced]) -> None:
    """Add or replace expected units."""
    keys = keys_of(connection)
    keys.ensure(keys.secrets.customer(each.unit.merchant, each.unit.customer) for each in announced)
    numbers = next_changes(connection, site, len(announced))
    rows = [
        _unit_row(keys, site, each) | {"changed": number}
        for each, number in zip(announced, numbers, strict=True)
    ]
    write_rows(connection, PUT, [tuple(row[name] for name in _COLUMNS) for row in rows], REPLACE)


def _unit_row(keys: SubjectKeys, site: str, announced: Announced) -> dict[str, object]:
    unit = announced.unit
    parted = part_unit(keys, unit)
    return looked_up_by(keys, unit) | {
        "site": site,
        "id": unit.id,
        "merchant": unit.merchant,
        "sku": unit.sku,
        "parcel": unit.parcel,
        "deadline": announced.deadline,
        "reason_band": announced.band,
        "state": EXPECTED,
        "inspection": unit.inspection,
        "body": parted.body,
        "personal": parted.personal,
        "subject": parted.subject,
    }


def looked_up_by(keys: SubjectKeys, unit: UnitMessage) -> dict[str, object]:
    """The columns by which a unit is found; pseudonyms where the value leads to a person."""
    names = keys.secrets
    return {
        "epc": names.tag(unit.epc) if unit.epc else None,
        "authorization": unit.authorization,
        "line": unit.line,
        "position": unit.index,
        "order_name": names.order(unit.merchant, unit.order),
        "serial_name": names.serial(unit.merchant, unit.serial) if unit.serial else None,
        "payment_name": names.payment(unit.merchant, unit.payment) if unit.payment else None,
        "tier": unit.tier.value if unit.tier else None,
        "batch": unit.batch,
        "supplier": unit.supplier,
    }


def set_state(connection: Connection, site: str, ids: Sequence[str], state: str) -> None:
    """Move units to a state; stations hear of it by the worklist."""
    numbers = next_changes(connection, site, len(ids))
    for unit, number in zip(ids, numbers, strict=True):
        connection.execute(
            update(units).where(units.c.site == site, units.c.id == unit).values(state=state, changed=number)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOff:
    """When a parcel came, and whether a carrier said so."""

    at: datetime
    assumed: bool = False


def sign_off_of(connection: Connection, site: str, merchant: str, parcel: str) -> SignedOff | None:
    """The sign-off that holds; None before there is one."""
    mine = (parcels.c.site == site, parcels.c.merchant == merchant, parcels.c.id == parcel)
    row = connection.execute(select(parcels.c.signed_off_at, parcels.c.assumed).where(*mine)).first()
    return SignedOff(at=read_time(row.signed_off_at), assumed=bool(row.assumed)) if row else None


def note_sign_off(
    connection: Connection, site: str, merchant: str, parcel: str, came: SignedOff, due_s: float
) -> SignedOff:
    """Start the clock of the parcel's units; returns what holds: the first, but told over assumed."""
    known = sign_off_of(connection, site, merchant, parcel)
    if known is not None and (came.assumed or not known.assumed):
        return known
    row = {"signed_off_at": time_text(came.at), "assumed": int(came.assumed)}
    fresh = insert(parcels).values(site=site, merchant=merchant, id=parcel, **row)
    connection.execute(fresh.on_conflict_do_update(index_elements=["site", "merchant", "id"], set_=row))
    due = timedelta(seconds=due_s)
    before = time_text(known.at + due) if known else None
    _set_deadlines(connection, site, merchant, parcel, time_text(came.at + due), before)
    return came


def _set_deadlines(
    connection: Connection, site: str, merchant: str, parcel: str, deadline: str, before: str | None
) -> None:
    """Give this one to the parcel's units that have none, or the one of an assumed sign-off."""
    replaced = units.c.deadline.is_(None)
    chosen = select(units.c.id).where(
        units.c.site == site,
        units.c.merchant == merchant,
        units.c.parcel == parcel,
        replaced if before is None else or_(replaced, units.c.deadline == before),
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
