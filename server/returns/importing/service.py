"""What is done with a mapped document: units get their index in the order's line, and are announced."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from inspection.messages.catalogue import ProductMessage, UnitMessage
from server.db.rows import find_rows
from server.db.tables import products, units
from server.returns import repository, service
from server.returns.doubled import Doubled, Sameness, kin_of, names_of
from server.returns.importing.epcis import Moved
from server.returns.importing.mapped import Drafted, MappingFault
from server.returns.repository import EXPECTED
from server.returns.service import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a document."""

    accepted: int
    doubled: tuple[Doubled, ...]
    faults: tuple[MappingFault, ...]


def announce_drafts(connection: Connection, terms: Terms, drafts: Sequence[Drafted]) -> Imported:
    """Announce the units of a document; a unit that is there already stays as it is numbered."""
    messages = allotted(connection, terms, drafts)
    taken = service.announce(connection, terms, messages)
    return _imported(len(messages), taken, {draft.unit.id: draft.path for draft in drafts})


def allotted(connection: Connection, terms: Terms, drafts: Sequence[Drafted]) -> list[UnitMessage]:
    """Give each unit the first index of its line that no other return has taken.

    A shop says how many of a line come back, not which; past what was ordered an index is taken twice, and
    the unit is noted as doubled.
    """
    messages = [draft.unit for draft in drafts]
    held = repository.find_units(connection, terms.site, (unit.id for unit in messages))
    firsts = dict(kin_of(connection, terms.site, terms.merchant, messages).firsts)
    done = []
    for draft in drafts:
        known = held.get(draft.unit.id)
        if known is not None and not known.erased:
            unit = draft.at(known.message.index)
        else:
            unit = _free(connection, draft, firsts)
        firsts.setdefault(_thing(connection, unit), unit.id)
        done.append(unit)
    return done


Thing = tuple[Sameness, tuple[object, ...]]


def _free(connection: Connection, draft: Drafted, firsts: dict[Thing, str]) -> UnitMessage:
    by, (*line, _) = _thing(connection, draft.unit)
    for index in (draft.unit.index, *range(1, draft.ordered + 1)):
        if firsts.get((by, (*line, index)), draft.unit.id) == draft.unit.id:
            return draft.at(index)
    return draft.unit


def _thing(connection: Connection, unit: UnitMessage) -> Thing:
    return Sameness.ORDER_LINE, names_of(connection, unit)[Sameness.ORDER_LINE]


def note_moves(connection: Connection, terms: Terms, items: Sequence[Moved]) -> Imported:
    """Give announced units the serial number and the parcel that they travel with."""
    faults: list[MappingFault] = []
    messages: dict[str, UnitMessage] = {}
    paths: dict[str, str] = {}
    expected = _expected(connection, terms, {item.authorization for item in items})
    for item in items:
        among = expected.get((item.authorization, item.gtin), {})
        unit = _announced(item, among.values())
        if unit is None:
            detail = "no expected unit of this return is this product with this serial number, or with none"
            faults.append(MappingFault(path=item.path, code="not_announced", detail=detail))
            continue
        update = {"serial": item.serial} | ({"parcel": item.parcel} if item.parcel else {})
        among[unit.id] = messages[unit.id] = unit.model_copy(update=update)
        paths[unit.id] = item.path
    taken = service.announce(connection, terms, list(messages.values()))
    done = _imported(len(messages), taken, paths)
    return Imported(accepted=done.accepted, doubled=done.doubled, faults=(*faults, *done.faults))


def _announced(item: Moved, among: Iterable[UnitMessage]) -> UnitMessage | None:
    """The unit that an item is: with its serial number, else the first of its product that has none."""
    bare: UnitMessage | None = None
    for unit in among:
        if unit.serial == item.serial:
            return unit
        if unit.serial is None and bare is None:
            bare = unit
    return bare


def _expected(
    connection: Connection, terms: Terms, authorizations: Iterable[str]
) -> dict[tuple[str, str], dict[str, UnitMessage]]:
    """Expected units by authorization and GTIN, in the order of their lines; read once for a document."""
    mine = {"site": terms.site, "merchant": terms.merchant}
    rows = find_rows(connection, (units.c.id,), units.c.authorization, authorizations, **mine, state=EXPECTED)
    held = repository.find_units(connection, terms.site, (row.id for row in rows))
    found = [known.message for known in held.values() if not known.erased]
    gtins = _gtins(connection, mine, {unit.sku for unit in found})
    grouped: dict[tuple[str, str], dict[str, UnitMessage]] = {}
    for unit in sorted(found, key=lambda each: (each.line, each.index)):
        if unit.sku in gtins:
            grouped.setdefault((unit.authorization, gtins[unit.sku]), {})[unit.id] = unit
    return grouped


def _gtins(connection: Connection, mine: Mapping[str, str], skus: Iterable[str]) -> dict[str, str]:
    """GTIN of each of these products that has one."""
    rows = find_rows(connection, (products.c.sku, products.c.body), products.c.sku, skus, **mine)
    read = {row.sku: ProductMessage.read(row.body).gtin for row in rows}
    return {sku: gtin for sku, gtin in read.items() if gtin is not None}


def _imported(sent: int, taken: service.Taken, paths: dict[str, str]) -> Imported:
    faults = tuple(
        MappingFault(path=paths[fault.unit], code=fault.code, detail=f"unit {fault.unit}: {fault.detail}")
        for fault in taken.faults
    )
    return Imported(accepted=sent - len(faults), doubled=taken.doubled, faults=faults)
