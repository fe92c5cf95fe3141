"""Rows of refunds: how far each unit's refund has come. Every change goes through the transition table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, select, update

from inspection.refund_exceptions import CaseKind
from inspection.refund_state import NEXT, RefundEvent, RefundState, advance
from server.db.refund_tables import deliveries, payouts, refunds
from server.db.rows import find_rows, run, write_rows
from server.errors import RefundOpen
from server.refunds.cases import Raised, raise_case
from server.refunds.gate import read_gate

INFORM, EXECUTE = "inform", "execute"
"""Who moves the money: the refund system by what it is told, or the centre itself."""
NEEDS_APPROVER = "needs_approver"
TAKEN_BACK = "taken_back"
MAY_BE_PAID = ("intended", "sent", "pending", "unknown", "confirmed")
"""Payouts that moved money, or may have."""
_COLUMNS = (
    "unit", "merchant", "payment", "instruction", "kind", "target_total_minor", "paid_minor", "currency",
    "grade", "state", "reason", "due_at", "attempts", "approved_by", "told_at", "changed_at", "return_reason",
)  # fmt: skip
_KEPT = frozenset({"unit", "paid_minor"})
"""What a newer instruction leaves as it is."""
PUT = f"INSERT INTO refunds (site, {', '.join(_COLUMNS)})"
REPLACE = " ON CONFLICT (site, unit) DO UPDATE SET " + ", ".join(
    [*(f"{name} = excluded.{name}" for name in _COLUMNS if name not in _KEPT), "settled_s = NULL"]
)


TOLD = (  # of units by their instructions: composing it anew takes longer than SQLite takes to do it
    "UPDATE refunds SET state = ?, changed_at = ? WHERE site = ? AND state = ? "
    "AND unit IN (SELECT value FROM json_each(?)) AND instruction IN (SELECT value FROM json_each(?))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    """How far the refund of one unit has come."""

    unit: str
    merchant: str
    payment: str
    """What stands for its payment."""
    instruction: str
    """The newest."""
    kind: str
    target_total_minor: int
    paid_minor: int
    """All that is known to have been paid for the unit, by whatever way."""
    currency: str
    grade: str
    state: RefundState
    reason: str | None
    due_at: float
    attempts: int
    approved_by: str | None
    told_at: str
    changed_at: str
    return_reason: str


def find(connection: Connection, site: str, unit: str) -> RefundRow | None:
    """How far the refund of a unit has come; None before its first instruction."""
    return find_many(connection, site, [unit]).get(unit)


def find_many(connection: Connection, site: str, units: Iterable[str]) -> dict[str, RefundRow]:
    """Refunds by unit, those that are there."""
    wanted = tuple(refunds.c[name] for name in _COLUMNS)
    rows = find_rows(connection, wanted, refunds.c.unit, set(units), site=site)
    return {row[0]: read_row(row) for row in rows}


def select_rows(
    connection: Connection, *where: ColumnElement[bool], order: ColumnElement[Any], limit: int
) -> list[RefundRow]:
    """Refunds that meet all of it, in an order."""
    chosen = _chosen().where(*where).order_by(order).limit(limit)
    return [read_row(row) for row in connection.execute(chosen)]


def read_row(row: Any) -> RefundRow:
    """A row as it was selected, all columns in their order."""
    values = dict(zip(_COLUMNS, row, strict=True))
    return RefundRow(**values | {"state": RefundState(values["state"])})


def put(connection: Connection, site: str, rows: Iterable[RefundRow]) -> None:
    """Write what newer instructions say; what was paid stays."""
    values = [
        (site, *(getattr(row, name).value if name == "state" else getattr(row, name) for name in _COLUMNS))
        for row in rows
    ]
    write_rows(connection, PUT, values, REPLACE)


def move(
    connection: Connection, site: str, row: RefundRow, event: RefundEvent, at: str, **changes: Any
) -> RefundRow:
    """Take a step of the table, and change what goes with it; raises NoSuchTransition."""
    state = advance(row.state, event)
    _change(connection, site, row.unit, state=state.value, changed_at=at, **changes)
    return replace(row, state=state, changed_at=at, **changes)


def move_if(
    connection: Connection, site: str, row: RefundRow, event: RefundEvent, at: str, **changes: Any
) -> RefundRow:
    """Take a step where the table has it; otherwise only change what goes with it."""
    if event in NEXT[row.state]:
        return move(connection, site, row, event, at, **changes)
    if not changes:
        return row
    _change(connection, site, row.unit, changed_at=at, **changes)
    return replace(row, changed_at=at, **changes)


def note_paid(connection: Connection, site: str, unit: str, paid_minor: int, at: str) -> None:
    """Note what is known to have been paid for a unit, without a step."""
    _change(connection, site, unit, paid_minor=paid_minor, changed_at=at)


def set_due(connection: Connection, site: str, unit: str, due_at: float, attempts: int) -> None:
    """When a refund is tried again, and how often it was tried in vain."""
    _change(connection, site, unit, due_at=due_at, attempts=attempts)


def note_reason(connection: Connection, site: str, unit: str, reason: str, at: str) -> None:
    """Note why a unit's refund waits, without a step."""
    _change(connection, site, unit, reason=reason, changed_at=at)


def told(connection: Connection, site: str, said: Sequence[tuple[str, str]], at: str) -> None:
    """The refund systems have these, units with instructions: outcomes are open, unless newer ones stand."""
    before = RefundState.APPROVED
    after = advance(before, RefundEvent.SEND)
    units, names = (orjson.dumps(each).decode() for each in zip(*said, strict=True))
    run(connection, TOLD, (after.value, at, site, before.value, units, names))


def mode_changed(connection: Connection, site: str, merchant: str, mode: str, at: str) -> int:
    """The merchant's refunds are moved by somebody else from now on; returns how many a person must look at.

    What was told of a unit, or stood in the feed, may have been paid by whoever read it: the centre pays none
    of these by itself, and each is a case. Raises RefundOpen where the centre has paid, or may have: a refund
    system that is told a total does not know of that money, and would pay it again.
    """
    if mode != EXECUTE:
        moved = (payouts.c.site == site, payouts.c.merchant == merchant, payouts.c.state.in_(MAY_BE_PAID))
        if connection.execute(select(payouts.c.key).where(*moved).limit(1)).first():
            raise RefundOpen(
                "the centre has paid refunds of this merchant itself: it has to go on paying them"
            )
        return 0
    theirs = (deliveries.c.site == site, deliveries.c.merchant == merchant)
    in_the_feed = deliveries.c.needs_size <= read_gate(connection, site).covered
    attempted = select(deliveries.c.unit).where(*theirs, (deliveries.c.attempts > 0) | in_the_feed)
    waiting = (RefundState.APPROVED.value, RefundState.REQUESTED.value)
    mine = (
        refunds.c.site == site,
        refunds.c.merchant == merchant,
        refunds.c.state.in_(waiting),
        refunds.c.unit.in_(attempted),
    )
    found = [read_row(row) for row in connection.execute(_chosen().where(*mine))]
    for row in found:
        move(connection, site, row, RefundEvent.HOLD, at, reason=NEEDS_APPROVER)
        raised = Raised(
            kind=CaseKind.NEEDS_APPROVER,
            merchant=merchant,
            unit=row.unit,
            about=row.instruction,
            expected_minor=row.target_total_minor,
            currency=row.currency,
        )
        raise_case(connection, site, raised, at)
    return len(found)


def take_back(connection: Connection, site: str, instruction: str, at: str) -> None:
    """A person reversed an instruction in the ledger: nothing is paid on it any more.

    What was told or asked for already cannot be called back: its outcome is taken as it comes.
    """
    mine = (refunds.c.site == site, refunds.c.instruction == instruction)
    found = connection.execute(_chosen().where(*mine)).first()
    row = read_row(found) if found is not None else None
    if row is not None and row.state in (RefundState.REQUESTED, RefundState.APPROVED):
        move(connection, site, row, RefundEvent.HOLD, at, reason=TAKEN_BACK)


def _chosen() -> Any:
    return select(*(refunds.c[name] for name in _COLUMNS))


def _change(connection: Connection, site: str, unit: str, **values: Any) -> None:
    mine = (refunds.c.site == site, refunds.c.unit == unit)
    connection.execute(update(refunds).where(*mine).values(**values))
