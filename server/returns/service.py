"""Rules of returns: which units a shop may announce, when their clock starts, how they are withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from inspection.custody.leaf import EntryType
from inspection.messages.base import read_time, time_text
from inspection.messages.catalogue import UnitMessage
from inspection.messages.entries import LogisticsEntry
from inspection.parcels import Node
from server.catalogue.repository import known_skus
from server.errors import Conflict, NotFound, UnknownParcel
from server.ledger.entries import entry_of
from server.ledger.log import Log, Place
from server.ledger.refill import FOR_EVER, fill_rows
from server.returns import repository
from server.returns.repository import CANCELLED, EXPECTED, INSPECTED, KnownUnit, SignedOff
from server.returns.schemas import UnitStanding, UnitState, VerdictRow


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFault:
    """Why a unit was not taken."""

    unit: str
    column: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What decides whether units may be announced; read once for all of them."""

    merchant: str
    units: dict[str, KnownUnit]
    skus: set[str]
    epcs: dict[str, str]
    """Tag to the unit that is expected under it."""
    signed_off: dict[str, str]


def announce(
    connection: Connection, site: str, merchant: str, messages: Sequence[UnitMessage], due_s: float
) -> list[UnitFault]:
    """Take the units that may be taken; returns a fault for each of the others.

    Announcing the same unit again changes nothing.
    """
    known = _known(connection, site, merchant, messages)
    faults: list[UnitFault] = []
    taken: dict[str, tuple[UnitMessage, str | None]] = {}
    for unit in messages:
        fault = fault_of(unit, known)
        if fault:
            faults.append(fault)
        elif not _unchanged(unit, known):
            taken[unit.id] = (unit, _deadline(unit, known, due_s))
            if unit.epc:
                known.epcs[unit.epc] = unit.id
    if taken:
        repository.put_units(connection, site, list(taken.values()))
        # of verdicts that came back after a restore, before their units
        fill_rows(connection, site, due_s, since=FOR_EVER, units=taken)
    return faults


def announce_all(
    connection: Connection, site: str, merchant: str, messages: Sequence[UnitMessage], due_s: float
) -> None:
    """Take all units or none; raises Conflict that names the first that cannot be taken."""
    faults = announce(connection, site, merchant, messages, due_s)
    if faults:
        raise Conflict(f"unit {faults[0].unit}: {faults[0].detail} ({faults[0].code})")


def fault_of(unit: UnitMessage, known: Known) -> UnitFault | None:
    """Why this unit cannot be announced; None when it can."""
    held = known.units.get(unit.id)
    owner = known.epcs.get(unit.epc or "")
    if unit.merchant != known.merchant:
        return _fault(unit, "merchant", "other_merchant", "the key is for another merchant")
    if held and held.merchant != known.merchant:
        return _fault(unit, "id", "unit_taken", "another merchant uses this unit id at this site")
    if held and held.erased:
        return _fault(unit, "id", "unit_erased", "its customer was erased: announce it under another id")
    if unit.sku not in known.skus:
        return _fault(unit, "sku", "unknown_sku", "the catalogue has no such SKU; send the product first")
    if owner not in (None, unit.id):
        return _fault(unit, "epc", "epc_taken", "another expected unit has this tag")
    if held and held.state == INSPECTED and unit.inspection <= held.inspection and held.message != unit:
        return _fault(unit, "inspection", "already_inspected", "this inspection is in the ledger already")
    return None


def _fault(unit: UnitMessage, column: str, code: str, detail: str) -> UnitFault:
    return UnitFault(unit=unit.id, column=column, code=code, detail=detail)


def _unchanged(unit: UnitMessage, known: Known) -> bool:
    held = known.units.get(unit.id)
    return held is not None and held.state != CANCELLED and held.message == unit


def _deadline(unit: UnitMessage, known: Known, due_s: float) -> str | None:
    if unit.deadline:
        return time_text(unit.deadline)
    arrived = known.signed_off.get(unit.parcel or "")
    return time_text(read_time(arrived) + timedelta(seconds=due_s)) if arrived else None


def _known(connection: Connection, site: str, merchant: str, messages: Sequence[UnitMessage]) -> Known:
    parcels = [unit.parcel for unit in messages if unit.parcel]
    return Known(
        merchant=merchant,
        units=repository.find_units(connection, site, (unit.id for unit in messages)),
        skus=known_skus(connection, site, merchant, (unit.sku for unit in messages)),
        epcs=repository.expected_epcs(connection, site, (unit.epc for unit in messages if unit.epc)),
        signed_off=repository.signed_off(connection, site, merchant, parcels),
    )


def cancel(connection: Connection, site: str, merchant: str, unit: str) -> UnitState:
    """Withdraw a unit's coming inspection; raises NotFound, or Conflict once it is recorded. Twice is once.

    What an earlier inspection found is told all the same.
    """
    held = own_unit(connection, site, merchant, unit)
    if held.state == INSPECTED:
        raise Conflict(f"unit {unit} is inspected already: its verdict is in the ledger")
    if held.state == EXPECTED:
        repository.set_state(connection, site, [unit], CANCELLED)
    return UnitState(unit=unit, state="cancelled")


def standing(connection: Connection, site: str, merchant: str, unit: str) -> UnitStanding:
    """What has become of a unit; raises NotFound."""
    held = own_unit(connection, site, merchant, unit)
    rows = [row._mapping for row in repository.verdicts_of(connection, site, unit)]
    names = set(VerdictRow.model_fields) - {"leaf_index"}
    verdicts = [VerdictRow(leaf_index=row["leaf_seq"], **{n: row[n] for n in names}) for row in rows]
    return UnitStanding.model_validate(
        {
            "unit": unit,
            "sku": held.sku,
            "state": held.state,
            "inspection": held.inspection,
            "deadline": held.deadline,
            "verdicts": tuple(verdicts),
        }
    )


def own_unit(connection: Connection, site: str, merchant: str, unit: str) -> KnownUnit:
    """The merchant's unit; raises NotFound, for another merchant's too."""
    held = repository.find_units(connection, site, [unit]).get(unit)
    if held is None or held.merchant != merchant:
        raise NotFound(f"no unit {unit[:64]!r} was announced")
    return held


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A parcel that the carrier handed over."""

    merchant: str
    parcel: str
    at: datetime
    assumed: bool = False
    """True where it was only seen here, and no carrier said so."""


def sign_off(connection: Connection, log: Log, arrival: Arrival, due_s: float, recorded_at: str) -> Place:
    """Record the sign-off and start the clock of the parcel's units; the first one stands for ever.

    Only over an assumed one goes what somebody tells. Raises UnknownParcel where no unit names the parcel:
    a sign-off is a leaf, and starts nobody's clock.
    """
    site, merchant, parcel = log.site, arrival.merchant, arrival.parcel
    known = repository.sign_off_of(connection, site, merchant, parcel)
    if known is None and not repository.names_parcel(connection, site, merchant, parcel):
        raise UnknownParcel(f"no unit of {merchant} was announced in parcel {parcel}: announce it first")
    came = SignedOff(at=arrival.at, assumed=arrival.assumed)
    holds = repository.note_sign_off(connection, site, merchant, parcel, came, due_s)
    body = LogisticsEntry(
        merchant=merchant, parcel=parcel, event=Node.SIGNED_OFF, at=holds.at, assumed=holds.assumed
    )
    return log.append(connection, entry_of(EntryType.LOGISTICS, body), recorded_at)
