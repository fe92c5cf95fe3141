"""The worklist: what changed since a cursor, in the order of the changes.

The products of a page's units are always in the page, so that no unit arrives before its product.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Table, select

from inspection.messages.base import read_time
from inspection.messages.catalogue import ProductMessage, UnitMessage
from inspection.messages.station import WorklistPage
from server.db.tables import inspectors, products, units
from server.returns.repository import EXPECTED
from server.subjects.bound import keys_of
from server.subjects.keys import SubjectKeys
from server.subjects.personal import GONE, whole_inspector, whole_unit

PAGE = 500


class Change(NamedTuple):
    """One changed row, in the order of the changes."""

    changed: int
    kind: Literal["product", "unit", "inspector"]
    row: Any


def worklist_page(connection: Connection, site: str, after: int, now: datetime) -> WorklistPage:
    """The next page behind a cursor; the same cursor again when nothing changed."""
    found = sorted(
        (
            *_changes(connection, products, "product", site, after),
            *_changes(connection, units, "unit", site, after),
            *_changes(connection, inspectors, "inspector", site, after),
        ),
        key=lambda change: change.changed,
    )
    page = found[:PAGE]
    rows = {kind: [c.row for c in page if c.kind == kind] for kind in ("product", "unit", "inspector")}
    keys = keys_of(connection)
    erased = {row.id for row in rows["unit"] if row.erased_at or keys.is_erased(row.personal or GONE)}
    # a unit whose key is lost stays at the stations as they know it, until its shop announces it again
    open_ones = [row for row in rows["unit"] if row.id not in erased and keys.opens(row.personal or GONE)]
    expected = [row for row in open_ones if row.state == EXPECTED]
    return WorklistPage(
        cursor=page[-1].changed if page else after,
        more=len(found) > PAGE,
        products=_products(connection, site, rows["product"], expected),
        units=tuple(_unit(keys, row) for row in expected),
        closed=tuple(row.id for row in open_ones if row.state != EXPECTED),
        inspectors=tuple(whole_inspector(keys, row.body, row.personal) for row in rows["inspector"]),
        erased=tuple(row.id for row in rows["unit"] if row.id in erased),
        centre_time=now,
    )


def _changes(
    connection: Connection,
    table: Table,
    kind: Literal["product", "unit", "inspector"],
    site: str,
    after: int,
) -> Iterable[Change]:
    chosen = select(table).where(table.c.site == site, table.c.changed > after)
    rows = connection.execute(chosen.order_by(table.c.changed).limit(PAGE + 1))
    return [Change(row.changed, kind, row) for row in rows]


def _unit(keys: SubjectKeys, row: Any) -> UnitMessage:
    message = whole_unit(keys, row.body, row.personal).for_stations()
    return message.model_copy(update={"deadline": read_time(row.deadline) if row.deadline else None})


def _products(
    connection: Connection, site: str, changed: list[Any], expected: list[Any]
) -> tuple[ProductMessage, ...]:
    bodies = {(row.merchant, row.sku): row.body for row in changed}
    for merchant in {row.merchant for row in expected}:
        wanted = {row.sku for row in expected if row.merchant == merchant}
        chosen = select(products.c.merchant, products.c.sku, products.c.body).where(
            products.c.site == site, products.c.merchant == merchant, products.c.sku.in_(wanted)
        )
        bodies |= {(row.merchant, row.sku): row.body for row in connection.execute(chosen)}
    return tuple(ProductMessage.read(body) for body in bodies.values())
