"""What the centre expects at this site: units, products and people, kept for work without network."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from edge import erasure
from edge.tables import cursors, inspectors, products, units
from inspection.custody.sealing import commit
from inspection.messages.catalogue import ProductMessage, UnitMessage
from inspection.messages.station import InspectorMessage, WorklistPage
from inspection.returns import ExpectedUnit

CURSOR = "worklist"
MOST_MATCHES = 20
"""More units than this behind one code are not listed: a person has to look closer."""


def cursor(connection: Connection) -> int:
    """Where the last page ended; 0 before the first."""
    found = connection.execute(select(cursors.c.value).where(cursors.c.name == CURSOR))
    return found.scalar_one_or_none() or 0


def apply(connection: Connection, page: WorklistPage) -> None:
    """Take one page in and move the cursor, in the same transaction."""
    for product in page.products:
        _put_product(connection, product)
    for unit in page.units:
        _put_unit(connection, unit)
    if page.closed:
        connection.execute(update(units).where(units.c.id.in_(page.closed)).values(open=False))
    erasure.forget(connection, page.erased)
    for person in page.inspectors:
        _put_inspector(connection, person)
    row = {"name": CURSOR, "value": page.cursor}
    statement = upsert(cursors).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))


def size(connection: Connection) -> int:
    """How many units are expected."""
    return connection.execute(select(func.count()).select_from(units).where(units.c.open)).scalar_one()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A unit that the centre has announced, and whether it is still expected."""

    expected: ExpectedUnit
    open: bool


def by_epcs(connection: Connection, epcs: Iterable[bytes]) -> dict[bytes, Listed]:
    """The units behind tags; a tag that was never announced has no entry."""
    wanted = [epc.hex() for epc in epcs]
    found = _units(connection, units.c.epc.in_(wanted))
    return {each.expected.unit.epc: each for each in found if each.expected.unit.epc is not None}


def by_serial(connection: Connection, gtin: str, serial: str) -> tuple[Listed, ...]:
    """Units of a GTIN with this serial number."""
    return _units(connection, (products.c.gtin == gtin) & (units.c.serial == serial))


def by_gtin(connection: Connection, gtin: str) -> tuple[Listed, ...]:
    """Units of a GTIN; several, where the shop expects several of them."""
    return _units(connection, products.c.gtin == gtin)


def by_unit_id(connection: Connection, unit: str) -> tuple[Listed, ...]:
    """The unit with this id, as printed on a return slip."""
    return _units(connection, units.c.id == unit)


def person_with(connection: Connection, badge: str, salt: bytes) -> InspectorMessage | None:
    """Whose badge this is; every entry is compared, in constant time."""
    offered = commit(salt, badge)
    rows = connection.execute(select(inspectors.c.content)).scalars()
    people = [InspectorMessage.read(row) for row in rows]
    fits = [person for person in people if hmac.compare_digest(person.badge_commitment, offered)]
    return fits[0] if fits else None


def _units(connection: Connection, which: ColumnElement[bool]) -> tuple[Listed, ...]:
    same = (units.c.merchant == products.c.merchant) & (units.c.sku == products.c.sku)
    rows = connection.execute(
        select(units.c.content, units.c.open, products.c.content.label("product"))
        .join(products, same)
        .where(which)
        .order_by(units.c.open.desc(), units.c.id)
        .limit(MOST_MATCHES)
    )
    return tuple(_listed(row) for row in rows)


def _listed(row: Any) -> Listed:
    product = ProductMessage.read(row.product).product()
    return Listed(expected=UnitMessage.read(row.content).expected(product), open=row.open)


def _put_product(connection: Connection, product: ProductMessage) -> None:
    row = {
        "merchant": product.merchant,
        "sku": product.sku,
        "gtin": product.gtin,
        "content": product.model_dump_json(),
    }
    statement = upsert(products).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["merchant", "sku"], set_=row))


def _put_unit(connection: Connection, unit: UnitMessage) -> None:
    row = {
        "merchant": unit.merchant,
        "id": unit.id,
        "sku": unit.sku,
        "epc": unit.epc,
        "serial": unit.serial,
        "content": unit.model_dump_json(),
        "open": True,
    }
    statement = upsert(units).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["merchant", "id"], set_=row))


def _put_inspector(connection: Connection, person: InspectorMessage) -> None:
    row = {"id": person.id, "content": person.model_dump_json()}
    statement = upsert(inspectors).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
