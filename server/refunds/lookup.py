"""Look refunds up by any field; personal ones are asked for by the name and found by what stands for it."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from operator import ge, le, lt
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, func, select, tuple_
from sqlalchemy import text as sql

from inspection.grades import Grade
from inspection.refund import RefundKind
from inspection.refund_exceptions import CASES
from inspection.refund_state import RefundState
from server.db.refund_tables import OPEN_CASE, cases, instructions, refunds
from server.db.tables import units
from server.errors import BadRequest
from server.refunds.lookup_schemas import Filters, RefundFound, RefundPage
from server.subjects.bound import keys_of

MOST_UNITS = 1000
"""Of one order, customer or authorization."""
OF_A_MERCHANT = ("order", "customer", "authorization", "payment")
SHOWN = (
    refunds.c.unit, refunds.c.merchant, refunds.c.instruction, refunds.c.kind, refunds.c.target_total_minor,
    refunds.c.paid_minor, refunds.c.currency, refunds.c.state, refunds.c.reason, refunds.c.grade,
    refunds.c.return_reason, refunds.c.approved_by, refunds.c.told_at, refunds.c.changed_at,
    instructions.c.verdict_seq, instructions.c.leaf_seq,
)  # fmt: skip
JOINED = refunds.join(
    instructions, (instructions.c.site == refunds.c.site) & (instructions.c.id == refunds.c.instruction)
)
PLACE = (refunds.c.told_at, refunds.c.unit)
Cursor = tuple[str, str]


def bound_to(filters: Filters, merchant: str | None) -> Filters:
    """What a caller may ask for: a shop its own refunds.

    Raises BadRequest for a merchant's own name without the merchant.
    """
    if merchant is not None:
        return replace(filters, merchant=merchant)
    if filters.merchant is None and any(getattr(filters, name) for name in OF_A_MERCHANT):
        raise BadRequest(f"merchant: {', '.join(OF_A_MERCHANT)} are a merchant's names: say whose")
    return filters


def page(connection: Connection, site: str, filters: Filters, after: str | None, limit: int) -> RefundPage:
    """The newest refunds that fit, behind a cursor; raises BadRequest for a cursor that is none."""
    place = read_cursor(after) if after else None
    found = found_behind(connection, site, filters, place, limit + 1, newest_first=True)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return RefundPage(refunds=tuple(shown), cursor=cursor_of(last) if last else None)


def found_behind(
    connection: Connection,
    site: str,
    filters: Filters,
    place: Cursor | None,
    limit: int,
    *,
    newest_first: bool,
) -> list[RefundFound]:
    """Refunds behind a place in the order in which they were told."""
    chosen = select(*SHOWN).select_from(JOINED).where(*conditions(connection, site, filters))
    if place is not None:
        here = tuple_(*PLACE)
        chosen = chosen.where(here < place if newest_first else here > place)
    order = [column.desc() if newest_first else column.asc() for column in PLACE]
    return [_found(row) for row in connection.execute(chosen.order_by(*order).limit(limit))]


def count(connection: Connection, site: str, filters: Filters) -> int:
    """How many refunds fit."""
    chosen: Select[Any] = select(func.count()).select_from(refunds)
    return int(connection.execute(chosen.where(*conditions(connection, site, filters))).scalar_one())


def conditions(connection: Connection, site: str, filters: Filters) -> list[ColumnElement[bool]]:
    """What must hold of a refund."""
    found = [refunds.c.site == site, *_plain(filters), *_ranges(filters)]
    if filters.payment is not None and filters.merchant is not None:
        secrets = keys_of(connection).secrets
        found.append(refunds.c.payment == secrets.payment(filters.merchant, filters.payment))
    if filters.instruction is not None:  # `{unit}#{number}`: the unit has an index
        found.append(refunds.c.unit == filters.instruction.partition("#")[0])
    for named in _units(connection, site, filters):
        found.append(refunds.c.unit.in_(named))
    return found


def _plain(filters: Filters) -> list[ColumnElement[bool]]:
    names = (
        "merchant", "unit", "instruction", "state", "kind", "reason", "return_reason", "grade", "currency",
    )  # fmt: skip
    said = {name: getattr(filters, name) for name in names}
    return [refunds.c[name] == str(value) for name, value in said.items() if value is not None]


def _ranges(filters: Filters) -> list[ColumnElement[bool]]:
    amount, told = refunds.c.target_total_minor, refunds.c.told_at
    bounds: tuple[tuple[Column[Any], Callable[[Any, Any], Any], object], ...] = (
        (amount, ge, filters.amount_from),
        (amount, le, filters.amount_to),
        (told, ge, filters.told_from),
        (told, lt, filters.told_to),
    )
    return [within(column, value) for column, within, value in bounds if value is not None]


def _units(connection: Connection, site: str, filters: Filters) -> list[list[str]]:
    """The units behind names that stand in no refund: each list is asked for by its own index first."""
    found: list[list[str]] = []
    secrets, merchant = keys_of(connection).secrets, filters.merchant or ""
    if filters.order is not None:
        found.append(_named(connection, site, units.c.order_name, secrets.order(merchant, filters.order)))
    if filters.customer is not None:
        found.append(_named(connection, site, units.c.subject, secrets.customer(merchant, filters.customer)))
    if filters.authorization is not None:
        own = units.c.merchant == merchant
        found.append(_named(connection, site, units.c.authorization, filters.authorization, own))
    if filters.case is not None:
        found.append(_with_case(connection, site, filters))
    return found


def _named(
    connection: Connection, site: str, column: Column[Any], name: str, *more: ColumnElement[bool]
) -> list[str]:
    chosen = select(units.c.id).where(units.c.site == site, *more, column == name).limit(MOST_UNITS)
    return list(connection.execute(chosen).scalars())


def _with_case(connection: Connection, site: str, filters: Filters) -> list[str]:
    """Units with such a case, the newest of them; whoever waits longest stands in the list of cases."""
    kind = filters.case
    if kind is None:
        return []
    c = cases.c
    mine = (c.site == site, sql(OPEN_CASE), c.owner == CASES[kind].owner.value, c.kind == kind.value)
    chosen = select(c.unit).where(*mine).order_by((c.id + 0).desc()).limit(MOST_UNITS)
    if filters.merchant is not None:
        chosen = chosen.where(c.merchant == filters.merchant)
    return list(connection.execute(chosen).scalars())


def cursor_of(row: RefundFound) -> str:
    """Where a page ends, as a text that is only good for the next one."""
    return urlsafe_b64encode(f"{row.told_at}|{row.unit}".encode()).decode()


def read_cursor(text: str) -> Cursor:
    """Read `cursor_of`; raises BadRequest."""
    try:
        told_at, mark, unit = urlsafe_b64decode(text.encode("ascii")).decode("ascii").partition("|")
    except (ValueError, binascii.Error):
        mark = ""
    if not mark:
        raise BadRequest("after: this is no cursor of a page of refunds")
    return told_at, unit


def _found(row: Any) -> RefundFound:
    said = dict(row._mapping)
    return RefundFound(
        **said
        | {
            "kind": RefundKind(said["kind"]),
            "state": RefundState(said["state"]),
            "grade": Grade(said["grade"]) if said["grade"] else None,
        }
    )
