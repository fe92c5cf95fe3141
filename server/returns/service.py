"""Rules of returns: which units a shop may announce, when their clock starts, how they are withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from inspection.claims.understanding import ReasonReader
from inspection.custody.leaf import EntryType
from inspection.messages.base import read_time, time_text
from inspection.messages.catalogue import UnitMessage
from inspection.messages.entries import LogisticsEntry
from inspection.money import EXPONENTS
from inspection.parcels import Node
from server.catalogue.repository import known_skus
from server.errors import Conflict, NotFound, UnknownParcel
from server.ledger.entries import entry_of
from server.ledger.log import Log, Place
from server.ledger.refill import FOR_EVER, fill_rows
from server.returns import repository
from server.returns.claims import claim_rows
from server.returns.doubled import Doubled, Kin, Names, doubled_among, kin_of, names_of, note_doubled
from server.returns.reasons import Understand, not_understood, with_reason
from server.returns.repository import CANCELLED, EXPECTED, INSPECTED, Announced, KnownUnit, SignedOff
from server.returns.schemas import UnitStanding, UnitState, VerdictRow

AHEAD = timedelta(minutes=5)
"""How much later than ours a carrier's clock may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFault:
    """Why a unit was not taken."""

    unit: str
    column: str | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Who announces, and what the centre does with it."""

    site: str
    merchant: str
    due_s: float
    """From a parcel's sign-off to the deadline of its units."""
    at: str
    understand: Understand = not_understood
    """Reads a reason from the customer's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of an announcement."""

    faults: tuple[UnitFault, ...]
    """Units that were not taken."""
    doubled: tuple[Doubled, ...]
    """Units that were taken although the same thing was announced before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What decides whether units may be announced; read once for all of them."""

    merchant: str
    units: dict[str, KnownUnit]
    skus: set[str]
    epcs: dict[str, str]
    """Tag to the unit that is expected under it."""
    signed_off: dict[str, str]
    kin: Kin


def announce(connection: Connection, terms: Terms, messages: Sequence[UnitMessage]) -> Taken:
    """Take the units that may be taken; returns a fault for each of the others.

    Announcing the same unit again changes nothing.
    """
    site = terms.site
    known = _known(connection, terms, messages)
    faults: list[UnitFault] = []
    doubled: dict[str, Doubled] = {}
    taken: dict[str, Announced] = {}
    for message in messages:
        held = known.units.get(message.id)
        before = held.message if held and not held.erased else None
        unit, band = with_reason(message, before, held.band if held else None, terms.understand)
        names = names_of(connection, unit)
        fault = fault_of(unit, known, names)
        if fault:
            faults.append(fault)
        elif not _unchanged(unit, known):
            taken[unit.id] = Announced(unit=unit, deadline=_deadline(unit, known, terms.due_s), band=band)
            found = _take_in(unit, known, names)
            doubled |= {unit.id: found} if found else {}
    if taken:
        repository.put_units(connection, site, list(taken.values()))
        note_doubled(connection, site, terms.merchant, doubled.values(), terms.at)
        # of verdicts that came back after a restore, before their units
        fill_rows(connection, site, terms.due_s, since=FOR_EVER, units=taken)
    return Taken(faults=tuple(faults), doubled=tuple(doubled.values()))


def _take_in(unit: UnitMessage, known: Known, names: Names) -> Doubled | None:
    """Let the units behind this one know of it; returns what it doubles."""
    found = known.kin.doubled(names, unit.id)
    known.kin.add(unit.id, names, expected=True, first=found is None)
    known.kin.places.setdefault((unit.authorization, unit.line, unit.index), unit.id)
    if unit.epc:
        known.epcs[unit.epc] = unit.id
    return found


def announce_all(connection: Connection, terms: Terms, messages: Sequence[UnitMessage]) -> Taken:
    """Take all units or none; raises Conflict that names the first that cannot be taken."""
    taken = announce(connection, terms, messages)
    for fault in taken.faults:
        raise Conflict(f"unit {fault.unit}: {fault.detail} ({fault.code})")
    return taken


def fault_of(unit: UnitMessage, known: Known, names: Names) -> UnitFault | None:
    """Why this unit cannot be announced; None when it can."""
    return _foreign(unit, known) or _taken_place(unit, known, names)


def _foreign(unit: UnitMessage, known: Known) -> UnitFault | None:
    """What does not fit the merchant: id, product, currency."""
    held = known.units.get(unit.id)
    if unit.merchant != known.merchant:
        return _fault(unit, "merchant", "other_merchant", "the key is for another merchant")
    if held and held.merchant != known.merchant:
        return _fault(unit, "id", "unit_taken", "another merchant uses this unit id at this site")
    if held and held.erased:
        return _fault(unit, "id", "unit_erased", "its customer was erased: announce it under another id")
    if unit.sku not in known.skus:
        return _fault(unit, "sku", "unknown_sku", "the catalogue has no such SKU; send the product first")
    if unit.currency not in EXPONENTS:
        return _fault(unit, "currency", "unknown_currency", "ISO 4217 has no such currency in use")
    return None


def _taken_place(unit: UnitMessage, known: Known, names: Names) -> UnitFault | None:
    """What another unit has already: tag, serial number, place; or this one, its verdict."""
    held = known.units.get(unit.id)
    if known.epcs.get(unit.epc or "") not in (None, unit.id):
        return _fault(unit, "epc", "epc_taken", "another expected unit has this tag")
    if known.kin.open_serial(names, unit.id):
        return _fault(unit, "serial", "serial_taken", "another expected unit has this serial number")
    if known.kin.place_of(unit):
        detail = "another unit stands in this line and index of the authorization"
        return _fault(unit, "index", "place_taken", detail)
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


def _known(connection: Connection, terms: Terms, messages: Sequence[UnitMessage]) -> Known:
    site, merchant = terms.site, terms.merchant
    parcels = [unit.parcel for unit in messages if unit.parcel]
    return Known(
        merchant=merchant,
        units=repository.find_units(connection, site, (unit.id for unit in messages)),
        skus=known_skus(connection, site, merchant, (unit.sku for unit in messages)),
        epcs=repository.expected_epcs(connection, site, (unit.epc for unit in messages if unit.epc)),
        signed_off=repository.signed_off(connection, site, merchant, parcels),
        kin=kin_of(connection, site, merchant, messages),
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


def standing(
    connection: Connection, site: str, merchant: str, unit: str, other: ReasonReader | None = None
) -> UnitStanding:
    """What has become of a unit; raises NotFound. `other` reads its words too."""
    held = own_unit(connection, site, merchant, unit)
    rows = [row._mapping for row in repository.verdicts_of(connection, site, unit)]
    names = set(VerdictRow.model_fields) - {"leaf_index", "claim"}
    places = [row["leaf_seq"] for row in rows]
    claims = claim_rows(connection, site, held.message.reason_text, places, other)
    verdicts = [
        VerdictRow(
            leaf_index=row["leaf_seq"], claim=claims.get(row["leaf_seq"]), **{n: row[n] for n in names}
        )
        for row in rows
    ]
    return UnitStanding.model_validate(
        {
            "unit": unit,
            "sku": held.sku,
            "state": held.state,
            "inspection": held.inspection,
            "deadline": held.deadline,
            "verdicts": tuple(verdicts),
            "reason_band": held.band,
            "doubles": found.first if (found := doubled_among(connection, site, [unit]).get(unit)) else None,
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
