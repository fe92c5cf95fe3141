"""Units by any of their identifiers: what leads to a person is looked up by its pseudonym."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, literal_column, select

from inspection.messages.catalogue import UnitMessage
from server.db.tables import merchants, units
from server.errors import BadRequest
from server.returns.doubled import Doubled, doubled_among
from server.returns.schemas import UnitLine, UnitPage, UnitQuery
from server.subjects.bound import keys_of
from server.subjects.identity import SubjectSecrets

PLAIN = {
    "authorization": units.c.authorization,
    "tracking": units.c.parcel,
    "unit": units.c.id,
    "sku": units.c.sku,
    "batch": units.c.batch,
    "supplier": units.c.supplier,
}
"""What stands in the clear."""
NAMED: dict[str, tuple[Any, Callable[[SubjectSecrets, str, str], str]]] = {
    "order": (units.c.order_name, SubjectSecrets.order),
    "customer": (units.c.subject, SubjectSecrets.customer),
    "serial": (units.c.serial_name, SubjectSecrets.serial),
    "payment": (units.c.payment_name, SubjectSecrets.payment),
}
"""What stands as a pseudonym that its merchant is part of."""


def look_up(connection: Connection, site: str, own: str | None, query: UnitQuery) -> UnitPage:
    """A page of units that fit all that was asked; of one merchant, or of all where `own` is None.

    Raises BadRequest where nothing was asked.
    """
    asked = {name: value for name in (*PLAIN, *NAMED, "epc") if (value := getattr(query, name))}
    if not asked:
        raise BadRequest(f"say what to look for: {', '.join(sorted((*PLAIN, *NAMED, 'epc')))}")
    among = [own] if own is not None else list(_merchants(connection, site))
    fits = list(_conditions(keys_of(connection).secrets, asked, among))
    rows = connection.execute(question(site, asked, among, fits, query)).all()
    page = rows[: query.limit]
    doubled = doubled_among(connection, site, [row.id for row in page])
    return UnitPage(
        units=tuple(_line(row, doubled.get(row.id)) for row in page),
        next=page[-1].id if len(rows) > query.limit else None,
    )


def question(
    site: str, asked: Iterable[str], among: Sequence[str], fits: list[ColumnElement[bool]], query: UnitQuery
) -> Select[Any]:
    """What is asked of SQLite: by the index of what was asked for.

    A `+` takes a column out of its planner's reach: it would rather read all units in the order of their ids.
    """
    by_merchant = {"authorization", "tracking"} & set(asked)
    merchant: ColumnElement[str] = units.c.merchant if by_merchant else literal_column("+units.merchant")
    name: ColumnElement[str] = literal_column("+units.id")
    chosen = select(units).where(units.c.site == site, *fits, merchant.in_(among), name > query.after)
    return chosen.order_by(name).limit(query.limit + 1)


def _merchants(connection: Connection, site: str) -> Sequence[str]:
    return connection.execute(select(merchants.c.id).where(merchants.c.site == site)).scalars().all()


def _conditions(
    secrets: SubjectSecrets, asked: dict[str, str], among: Sequence[str]
) -> Iterator[ColumnElement[bool]]:
    for name, value in asked.items():
        if name == "epc":
            yield units.c.epc == secrets.tag(value.lower())
        elif name in PLAIN:
            yield PLAIN[name] == value
        else:
            column, named = NAMED[name]
            yield column.in_([named(secrets, merchant, value) for merchant in among])


def _line(row: Any, doubled: Doubled | None) -> UnitLine:
    said = UnitMessage.read(row.body)
    return UnitLine(
        unit=row.id,
        merchant=row.merchant,
        authorization=said.authorization,
        line=said.line,
        index=said.index,
        sku=row.sku,
        state=row.state,
        inspection=row.inspection,
        deadline=row.deadline,
        parcel=row.parcel,
        paid_minor=said.paid_minor,
        promised_minor=said.promised_minor,
        currency=said.currency,
        reason=said.reason,
        reason_band=row.reason_band,
        tier=said.tier,
        batch=said.batch,
        supplier=said.supplier,
        doubles=doubled.first if doubled else None,
    )
