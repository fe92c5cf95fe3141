"""Approvals in advance: a named person lets whole refunds up to a limit be paid, for a while.

What lowers a refund is never approved unseen. Nobody can tell beforehand who will confirm the verdicts, so
that one person's word may stand behind both; whoever must keep that apart approves each refund by itself.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from inspection.custody.leaf import EntryType
from inspection.errors import BadMessage
from inspection.messages.base import time_text
from inspection.messages.entries import ApprovalEntry, ApprovalKind
from inspection.money import exponent_of
from inspection.refund import RefundKind
from inspection.refund_exceptions import CaseKind, CaseState, WayOut
from inspection.refund_state import RefundEvent, RefundState
from server.db.refund_tables import refunds, standing_approvals
from server.db.tables import merchants
from server.errors import Conflict, NotFound
from server.ledger.entries import entry_of
from server.ledger.log import Entry, Log
from server.refunds import cases, owing, standing
from server.refunds.approvals_schemas import MOST_SHOWN, Approval, Approvals, Approved, NewApproval
from server.refunds.standing import EXECUTE, NEEDS_APPROVER, RefundRow

LONGEST = timedelta(days=90)
MOST_IN_FORCE = 100
"""Of one merchant: every refund is held against all of them."""
MOST_LET_GO = 500
"""Waiting refunds that one request lets go: the writer has other work too."""


def approve(
    connection: Connection, log: Log, asked: NewApproval, *, id: str, by: str, now: datetime
) -> Approved:
    """Approve in advance, and let go what waits and is covered; the same again lets more go.

    Raises NotFound for an unknown merchant, BadMessage for a time or currency that cannot be, or Conflict
    where too many approvals are in force.
    """
    _check(connection, log.site, asked, now)
    known = _same(connection, log.site, asked, by)
    made = known or _make(connection, log, asked, id, by, now)
    let_go, more = _let_go(connection, log.site, made, now)
    return Approved(approval=made, let_go=let_go, more=more)


def withdraw(connection: Connection, log: Log, *, id: str, by: str, reason: str, now: datetime) -> Approval:
    """Let nothing more be paid by it; what was approved stays approved. Once, however often asked."""
    found = find(connection, log.site, id)
    if found.withdrawn_at is not None:
        return found
    entry = _entry(found, f"approval/{id}/withdrawn", (found.leaf_seq,), reason, by, now)
    log.append(connection, entry, time_text(now))
    mine = (standing_approvals.c.site == log.site, standing_approvals.c.id == id)
    connection.execute(update(standing_approvals).where(*mine).values(withdrawn_at=time_text(now)))
    return find(connection, log.site, id)


def newest(connection: Connection, site: str, merchant: str | None) -> Approvals:
    """The newest approvals, withdrawn and past ones too."""
    chosen = select(standing_approvals).where(standing_approvals.c.site == site)
    if merchant is not None:
        chosen = chosen.where(standing_approvals.c.merchant == merchant)
    rows = connection.execute(chosen.order_by(standing_approvals.c.leaf_seq.desc()).limit(MOST_SHOWN))
    return Approvals(approvals=tuple(_approval(row) for row in rows))


def find(connection: Connection, site: str, id: str) -> Approval:
    """An approval; raises NotFound."""
    mine = (standing_approvals.c.site == site, standing_approvals.c.id == id)
    row = connection.execute(select(standing_approvals).where(*mine)).first()
    if row is None:
        raise NotFound(f"there is no approval {id[:40]!r}")
    return _approval(row)


def _check(connection: Connection, site: str, asked: NewApproval, now: datetime) -> None:
    exponent_of(asked.currency)
    mine = (merchants.c.site == site, merchants.c.id == asked.merchant)
    if connection.execute(select(merchants.c.id).where(*mine)).first() is None:
        raise NotFound(f"there is no merchant {asked.merchant}")
    if not now < asked.until <= now + LONGEST:
        raise BadMessage(f"until: an approval ends within {LONGEST.days} days from now, and not before")


def _same(connection: Connection, site: str, asked: NewApproval, by: str) -> Approval | None:
    """This very approval, where it is in force already: the request came twice, or asks for the rest."""
    c = standing_approvals.c
    said = (c.merchant == asked.merchant, c.currency == asked.currency, c.up_to_minor == asked.up_to_minor)
    chosen = select(standing_approvals).where(c.site == site, *said)
    mine = (c.by == by, c.until == time_text(asked.until), c.withdrawn_at.is_(None))
    row = connection.execute(chosen.where(*mine)).first()
    return _approval(row) if row else None


def _make(connection: Connection, log: Log, asked: NewApproval, id: str, by: str, now: datetime) -> Approval:
    in_force = owing.limits_of(connection, log.site, [asked.merchant], now)
    if len(in_force) >= MOST_IN_FORCE:
        raise Conflict(f"{asked.merchant} has {MOST_IN_FORCE} approvals in force: withdraw some first")
    made = Approval(
        id=id,
        merchant=asked.merchant,
        currency=asked.currency,
        up_to_minor=asked.up_to_minor,
        by=by,
        at=time_text(now),
        until=time_text(asked.until),
        withdrawn_at=None,
        leaf_seq=0,
    )
    entry = _entry(made, f"approval/{id}", (), asked.reason, by, now)
    place = log.append(connection, entry, time_text(now))
    made = made.model_copy(update={"leaf_seq": place.seq})
    connection.execute(insert(standing_approvals).values(site=log.site, **made.model_dump()))
    return made


def _entry(made: Approval, token: str, covers: tuple[int, ...], reason: str, by: str, now: datetime) -> Entry:
    said = f"refunds/{made.merchant}/{made.currency}/up-to/{made.up_to_minor}/until/{made.until}"
    body = ApprovalEntry(
        kind=ApprovalKind.REFUND, subject=said, covers=covers, reason=reason, by=(by,), at=now
    )
    return entry_of(EntryType.APPROVAL, body, token)


def _let_go(connection: Connection, site: str, made: Approval, now: datetime) -> tuple[int, bool]:
    """Approve what waits and is covered, the longest waiting first."""
    mode = owing.modes_of(connection, site, [made.merchant]).get(made.merchant)
    rows = _waiting(connection, site, made) if mode == EXECUTE else []
    at = time_text(now)
    for row in rows[:MOST_LET_GO]:
        standing.move(connection, site, row, RefundEvent.APPROVE, at, approved_by=made.by, reason=None)
        _close_case(connection, site, row.unit, made, at)
    return min(len(rows), MOST_LET_GO), len(rows) > MOST_LET_GO


def _waiting(connection: Connection, site: str, made: Approval) -> list[RefundRow]:
    c = refunds.c
    mine = (c.site == site, c.merchant == made.merchant, c.state == RefundState.REQUESTED.value)
    covered = (
        c.reason == NEEDS_APPROVER,
        c.kind == RefundKind.APPROVE.value,
        c.currency == made.currency,
        c.target_total_minor <= made.up_to_minor,
    )
    return standing.select_rows(connection, *mine, *covered, order=c.due_at, limit=MOST_LET_GO + 1)


def _close_case(connection: Connection, site: str, unit: str, made: Approval, at: str) -> None:
    for case in cases.open_of(connection, site, [unit]).get(unit, []):
        if case.kind is CaseKind.NEEDS_APPROVER:
            left = {"state": CaseState.RESOLVED.value, "way_out": WayOut.APPROVE.value, "person": made.by}
            cases.change(connection, site, case.id, **left, leaf_seq=made.leaf_seq, changed_at=at)


def _approval(row: Any) -> Approval:
    return Approval(**{name: value for name, value in row._mapping.items() if name != "site"})
