"""The same thing announced twice: what two units have in common, and which of them came second.

A unit is refunded once. Two units are the same thing where they are the same unit of one line of an order,
or bear the same serial number of one product, or the same tag. The second one is accepted, since it will
arrive all the same, and is noted here for whoever decides about its money.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Connection
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.catalogue import UnitMessage
from server.db.return_tables import doubled_returns
from server.db.rows import find_rows
from server.db.tables import units
from server.returns.repository import CANCELLED, EXPECTED
from server.subjects.bound import keys_of


class Sameness(StrEnum):
    """What two units have in common."""

    ORDER_LINE = "order_line"
    SERIAL = "serial"
    EPC = "epc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubled:
    """A unit that is the same thing as one that was announced before."""

    unit: str
    first: str
    by: Sameness


Names = dict[Sameness, tuple[object, ...]]
"""What tells a thing from another, as pseudonyms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """Units of a merchant that are not withdrawn, by what tells a thing from another."""

    places: dict[tuple[str, int, int], str] = field(default_factory=dict)
    """By authorization, line and index."""
    firsts: dict[tuple[Sameness, tuple[object, ...]], str] = field(default_factory=dict)
    """The unit that was announced first as this thing."""
    open_serials: dict[tuple[object, ...], str] = field(default_factory=dict)
    """The unit that is expected with this serial number of this product."""

    def place_of(self, unit: UnitMessage) -> str | None:
        """Another unit that stands in the same place of the same authorization."""
        owner = self.places.get((unit.authorization, unit.line, unit.index))
        return owner if owner != unit.id else None

    def open_serial(self, names: Names, unit: str) -> str | None:
        """Another expected unit with this serial number."""
        owner = self.open_serials.get(names.get(Sameness.SERIAL, ()))
        return owner if owner != unit else None

    def doubled(self, names: Names, unit: str) -> Doubled | None:
        """Which unit came before this one; None for the first, and for one that stands alone."""
        for by, name in names.items():
            first = self.firsts.get((by, name), unit)
            if first != unit:
                return Doubled(unit=unit, first=first, by=by)
        return None

    def add(self, unit: str, names: Names, *, expected: bool, first: bool = True) -> None:
        """Take a unit in behind those that are there; one that came second is the first of nothing."""
        for by, name in names.items() if first else ():
            self.firsts.setdefault((by, name), unit)
        if expected and Sameness.SERIAL in names:
            self.open_serials.setdefault(names[Sameness.SERIAL], unit)


def names_of(connection: Connection, unit: UnitMessage) -> Names:
    """What tells this thing from another, as pseudonyms."""
    secrets = keys_of(connection).secrets
    order = secrets.order(unit.merchant, unit.order)
    names: Names = {Sameness.ORDER_LINE: (order, unit.sku, unit.line, unit.index)}
    if unit.serial:
        names[Sameness.SERIAL] = (secrets.serial(unit.merchant, unit.serial), unit.sku)
    if unit.epc:
        names[Sameness.EPC] = (secrets.tag(unit.epc),)
    return names


def kin_of(connection: Connection, site: str, merchant: str, messages: Sequence[UnitMessage]) -> Kin:
    """All units that could be the same as one of these; read once for all of them."""
    secrets, kin = keys_of(connection).secrets, Kin()
    authorizations = {m.authorization for m in messages}
    for row in _rows(connection, units.c.authorization, authorizations, site=site, merchant=merchant):
        kin.places[row.authorization, row.line, row.position] = row.id
    asked = (
        (units.c.order_name, {secrets.order(merchant, m.order) for m in messages}),
        (units.c.serial_name, {secrets.serial(merchant, m.serial) for m in messages if m.serial}),
        (units.c.epc, {secrets.tag(m.epc) for m in messages if m.epc}),
    )
    # the merchant is told apart afterwards: asked for with these, SQLite would read all of its units
    rows = (row for column, names in asked for row in _rows(connection, column, names, site=site))
    found = {row.id: row for row in rows if row.merchant == merchant}
    second = doubled_among(connection, site, found)
    for row in sorted(found.values(), key=lambda each: each.changed):
        kin.add(row.id, _names_in(row), expected=row.state == EXPECTED, first=row.id not in second)
    return kin


def _rows(connection: Connection, column: Column[str], names: set[str], **mine: str) -> list[Any]:
    wanted = (
        units.c.id, units.c.merchant, units.c.state, units.c.authorization, units.c.line, units.c.position,
        units.c.sku, units.c.order_name, units.c.serial_name, units.c.epc, units.c.changed,
    )  # fmt: skip
    rows = find_rows(connection, wanted, column, names, **mine) if names else ()
    return [row for row in rows if row.state != CANCELLED]


def _names_in(row: Any) -> Names:
    names: Names = {}
    if row.order_name:
        names[Sameness.ORDER_LINE] = (row.order_name, row.sku, row.line, row.position)
    if row.serial_name:
        names[Sameness.SERIAL] = (row.serial_name, row.sku)
    if row.epc:
        names[Sameness.EPC] = (row.epc,)
    return names


def same_thing(connection: Connection, site: str, unit: UnitMessage) -> Doubled | None:
    """The unit that was announced before this one and is the same thing; None where there is none."""
    kin = kin_of(connection, site, unit.merchant, [unit])
    return kin.doubled(names_of(connection, unit), unit.id)


def note_doubled(connection: Connection, site: str, merchant: str, found: Iterable[Doubled], at: str) -> None:
    """Keep what came second; what is known already stays."""
    rows = [
        {"site": site, "merchant": merchant, "unit": d.unit, "first": d.first, "by": d.by.value, "at": at}
        for d in found
    ]
    if rows:
        connection.execute(insert(doubled_returns).on_conflict_do_nothing(), rows)


def doubled_among(connection: Connection, site: str, names: Iterable[str]) -> dict[str, Doubled]:
    """Those of these units that were found to be announced twice."""
    wanted = (doubled_returns.c.unit, doubled_returns.c.first, doubled_returns.c.by)
    rows = find_rows(connection, wanted, doubled_returns.c.unit, set(names), site=site)
    return {row.unit: Doubled(unit=row.unit, first=row.first, by=Sameness(row.by)) for row in rows}
