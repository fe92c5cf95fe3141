"""How a payout lets its payment go: because nothing was asked for, or because a person has to look first."""

from datetime import datetime

from sqlalchemy import Connection

from inspection.messages.base import time_text
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundEvent
from server.refunds import cases, payouts, standing
from server.refunds.cases import Raised
from server.refunds.payouts import PayoutRow, PayoutStep
from server.refunds.standing import RefundRow


def free(connection: Connection, site: str, row: PayoutRow, now: datetime) -> None:
    """Let the payment go: nothing was asked for under this lock."""
    payouts.change(connection, site, row, time_text(now), state=PayoutStep.ABSENT)
    payouts.wake_others(connection, site, row.payment, now.timestamp())


def hold(
    connection: Connection,
    site: str,
    row: PayoutRow,
    refund: RefundRow,
    kind: CaseKind,
    now: datetime,
    *,
    reason: str | None = None,
    amount_minor: int | None = None,
) -> None:
    """Let the payment go, and open the case."""
    at = time_text(now)
    free(connection, site, row, now)
    standing.move(connection, site, refund, RefundEvent.HOLD, at, reason=reason or kind.value)
    raised = raised_of(row, kind, amount_minor=amount_minor, expected_minor=refund.target_total_minor)
    cases.raise_case(connection, site, raised, at)


def raised_of(
    row: PayoutRow, kind: CaseKind, *, amount_minor: int | None = None, expected_minor: int | None = None
) -> Raised:
    """A case about a payout. Pure."""
    return Raised(
        kind=kind,
        merchant=row.merchant,
        unit=row.unit,
        about=row.key,
        amount_minor=amount_minor,
        expected_minor=expected_minor,
        currency=row.currency,
    )
