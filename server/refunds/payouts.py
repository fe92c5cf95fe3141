"""Rows of payouts: money that the centre asks a payment system to move, each under one key for ever.

One payout per payment is open at a time; the database itself refuses a second. That row is the lock under
which a payment is read, the amount is decided and the money is asked for, and it outlives a crash.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, func, or_, select, update
from sqlalchemy.dialects.sqlite import insert

from inspection.messages.base import read_time, time_text
from server.db.refund_tables import found_money, payouts, refunds
from server.errors import NotFound
from server.refunds.standing import RefundRow


class PayoutStep(StrEnum):
    """How far a payout has come."""

    INTENDED = "intended"
    """The payment is locked; nothing was asked for."""
    SENT = "sent"
    """Asked for, or just about to be: after a crash it is looked up."""
    PENDING = "pending"
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    ABSENT = "absent"
    """It certainly was not made: it may be asked for again under the same key."""
    FAILED = "failed"
    REVERSED = "reversed"


OPEN = (PayoutStep.INTENDED, PayoutStep.SENT, PayoutStep.PENDING, PayoutStep.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutRow:
    """One movement of money."""

    key: str
    merchant: str
    unit: str
    payment: str
    instruction: str
    amount_minor: int
    """0 while it is intended."""
    currency: str
    state: PayoutStep
    code: str | None
    reference: str | None
    begun_at: str
    sent_at: str | None
    """When it was last asked for."""
    due_at: float
    attempts: int
    changed_at: str

    @property
    def sent_before(self) -> datetime | None:
        """When it was last asked for, as a time."""
        return read_time(self.sent_at) if self.sent_at else None


_COLUMNS = tuple(PayoutRow.__slots__)


def open_of(connection: Connection, site: str, payment: str, unit: str) -> PayoutRow | None:
    """The payout under which a payment is locked, or the unit itself: it may have been another payment's."""
    mine = (payouts.c.site == site, payouts.c.state.in_(OPEN))
    either = or_(payouts.c.payment == payment, payouts.c.unit == unit)
    row = connection.execute(_chosen().where(*mine, either).limit(1)).first()
    return _row(row) if row else None


def find(connection: Connection, site: str, key: str) -> PayoutRow:
    """A payout by its key; raises NotFound."""
    row = connection.execute(_chosen().where(payouts.c.site == site, payouts.c.key == key)).first()
    if row is None:
        raise NotFound(f"there is no payout {key[:80]}")
    return _row(row)


def begin(connection: Connection, site: str, row: RefundRow, now: datetime, lease_s: float) -> PayoutRow:
    """Lock the unit's payment by a payout; one that certainly was not made is taken up under its own key.

    Who calls has seen that the payment is free.
    """
    mine = (payouts.c.site == site, payouts.c.unit == row.unit, payouts.c.instruction == row.instruction)
    earlier = [_row(found) for found in connection.execute(_chosen().where(*mine))]
    absent = next((each for each in earlier if each.state is PayoutStep.ABSENT), None)
    at, due_at = time_text(now), now.timestamp() + lease_s
    if absent is not None:
        return change(
            connection, site, absent, at, state=PayoutStep.INTENDED, due_at=due_at, payment=row.payment
        )
    fresh = PayoutRow(
        key=f"{row.instruction}/{len(earlier) + 1}",
        merchant=row.merchant,
        unit=row.unit,
        payment=row.payment,
        instruction=row.instruction,
        amount_minor=0,
        currency=row.currency,
        state=PayoutStep.INTENDED,
        code=None,
        reference=None,
        begun_at=at,
        sent_at=None,
        due_at=due_at,
        attempts=0,
        changed_at=at,
    )
    connection.execute(insert(payouts).values(site=site, **{name: getattr(fresh, name) for name in _COLUMNS}))
    return fresh


def change(connection: Connection, site: str, row: PayoutRow, at: str, **values: Any) -> PayoutRow:
    """Change a payout's row."""
    values = {**values, "changed_at": at}
    mine = (payouts.c.site == site, payouts.c.key == row.key)
    connection.execute(update(payouts).where(*mine).values(**values))
    return replace(row, **values)


def due(
    connection: Connection, site: str, merchant: str, now_s: float, limit: int, busy: frozenset[str]
) -> list[PayoutRow]:
    """A merchant's open payouts whose time has come: looked up next, or left over from a crash."""
    mine = (*_idle(site, merchant, busy), payouts.c.due_at <= now_s)
    rows = connection.execute(_chosen().where(*mine).order_by(payouts.c.due_at).limit(limit))
    return [_row(row) for row in rows]


def next_due(site: str, merchant: ColumnElement[str], busy: frozenset[str]) -> "ScalarSelect[float | None]":
    """When a merchant's next open payout falls due that is not under way, in seconds since 1970."""
    return select(func.min(payouts.c.due_at)).where(*_idle(site, merchant, busy)).scalar_subquery()


def _idle(
    site: str, merchant: str | ColumnElement[str], busy: frozenset[str]
) -> "tuple[ColumnElement[bool], ...]":
    mine = (payouts.c.site == site, payouts.c.merchant == merchant)
    return (*mine, payouts.c.state.in_(OPEN), payouts.c.key.not_in(busy))


def lease(connection: Connection, site: str, rows: list[PayoutRow], until_s: float) -> list[PayoutRow]:
    """Nobody else takes these up before that time; returns them with it."""
    mine = (payouts.c.site == site, payouts.c.key.in_([row.key for row in rows]))
    connection.execute(update(payouts).where(*mine).values(due_at=until_s))
    return [replace(row, due_at=until_s) for row in rows]


def was_in_another(connection: Connection, site: str, unit: str, currency: str) -> bool:
    """Whether the unit has been paid something in another currency: amounts cannot be told apart then."""
    mine = (payouts.c.site == site, payouts.c.unit == unit, payouts.c.state == PayoutStep.CONFIRMED)
    other = select(payouts.c.key).where(*mine, payouts.c.currency != currency)
    return connection.execute(other.limit(1)).first() is not None


def known_minor(connection: Connection, site: str, payment: str) -> int:
    """All refunds of a payment that are accounted for: ours, and others' that a person explained."""
    held = (payouts.c.site == site, payouts.c.payment == payment)
    ours = select(payouts.c.amount_minor).where(*held, payouts.c.state == PayoutStep.CONFIRMED)
    found = (found_money.c.site == site, found_money.c.payment == payment)
    theirs = select(found_money.c.amount_minor).where(*found)
    amounts: list[int] = [*connection.execute(ours).scalars(), *connection.execute(theirs).scalars()]
    return sum(amounts)


def wake_others(connection: Connection, site: str, payment: str, now_s: float) -> None:
    """The payment is free again: units that wait for it may go at once."""
    mine = (refunds.c.site == site, refunds.c.payment == payment, refunds.c.state == "approved")
    waiting = (refunds.c.attempts == 0, refunds.c.due_at > now_s, refunds.c.due_at < now_s + WAIT_S + 1)
    connection.execute(update(refunds).where(*mine, *waiting).values(due_at=now_s))


WAIT_S = 2.0
"""A unit whose payment is locked by another's payout looks again after this long."""


def _chosen() -> Any:
    return select(*(payouts.c[name] for name in _COLUMNS))


def _row(row: Any) -> PayoutRow:
    values = dict(row._mapping)
    return PayoutRow(**values | {"state": PayoutStep(values["state"])})
