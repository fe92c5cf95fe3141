"""What becomes of a payout in the books: chosen under the lock, settled once, every step a transaction.

Nothing here calls anybody. The cashier asks the payment system between two of these steps, and whatever
kills it there leaves a row that says what has to be found out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from inspection.messages.base import time_text
from inspection.messages.refund import OutcomeStatus
from inspection.paying import Enough, Move, Owed, Purse, Stop, next_step
from inspection.payouts import PayoutCode
from inspection.refund import RefundKind
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundEvent, RefundState
from server.ledger.log import Log
from server.refunds import cases, payouts, repository, standing
from server.refunds.cases import Raised
from server.refunds.freeing import free, hold, raised_of
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer, PayoutState
from server.refunds.noting import Done, note_outcome
from server.refunds.payouts import PayoutRow, PayoutStep
from server.refunds.settling import SETTLED_BY_PAYING
from server.refunds.standing import NEEDS_APPROVER, RefundRow

REFUSALS: Mapping[str, CaseKind] = {
    PayoutCode.ALREADY_REFUNDED: CaseKind.ALREADY_REFUNDED,
    PayoutCode.OVER_REFUND: CaseKind.OVER_REFUND,
}
MOST_STALE = 5
LOOK_UP_S = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""Waits before a payout whose outcome is open is looked up again."""
TELL_PERSON_AT = 5
"""After so many look-ups in vain a person hears of it; it is looked up all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Where payouts are written."""

    log: Log
    lease_s: float
    """How long a request may be under way at most, and some more."""
    retry_s: tuple[float, ...]

    @property
    def site(self) -> str:
        """Whose ledger it is."""
        return self.log.site


def choose(
    connection: Connection,
    books: Books,
    row: PayoutRow,
    ref: PaymentRef,
    seen: PaymentStanding,
    now: datetime,
) -> Payout | None:
    """Decide under the lock what to ask for, durably before it is asked; None where nothing is asked for.

    The lock is `row` as it was claimed: once its lease has ended somebody else may have it, and what was
    `seen` under it says nothing any more.
    """
    site = books.site
    held = payouts.find(connection, site, row.key)
    if held.state is not PayoutStep.INTENDED or held.due_at != row.due_at:
        return None
    refund = standing.find(connection, site, row.unit)
    current = refund is not None and refund.instruction == row.instruction
    if refund is None or not current or refund.state is not RefundState.APPROVED:
        free(connection, books.site, row, now)
        return None
    if refund.approved_by is None:
        hold(connection, books.site, row, refund, CaseKind.NEEDS_APPROVER, now, reason=NEEDS_APPROVER)
        return None
    purse = _purse(connection, site, row, seen)
    step = next_step(_owed(refund), purse)
    if payouts.was_in_another(connection, site, row.unit, refund.currency):
        step = Stop(case=CaseKind.CURRENCY_MISMATCH)
    if isinstance(step, Stop):
        hold(connection, site, row, refund, step.case, now, amount_minor=purse.foreign_minor)
        return None
    if isinstance(step, Enough):
        free(connection, books.site, row, now)
        _enough(connection, books, refund, now)
        return None
    sent = _send(connection, books, row, refund, step, now)
    return Payout(
        key=sent.key,
        payment=ref,
        amount_minor=sent.amount_minor,
        unit=sent.unit,
        reason=refund.return_reason,
        version=seen.version,
        sent_before=row.sent_before,
    )


def _send(
    connection: Connection, books: Books, row: PayoutRow, refund: RefundRow, step: Move, now: datetime
) -> PayoutRow:
    at = time_text(now)
    standing.move(connection, books.site, refund, RefundEvent.SEND, at)
    return payouts.change(
        connection,
        books.site,
        row,
        at,
        state=PayoutStep.SENT,
        amount_minor=step.amount_minor,
        sent_at=at,
        attempts=0,
        due_at=lease_end(books, now),
    )


def lease_end(books: Books, now: datetime) -> float:
    """Until when a payout that is asked for now is its asker's alone, in seconds since 1970."""
    return now.timestamp() + books.lease_s


def _owed(refund: RefundRow) -> Owed:
    return Owed(
        target_total_minor=refund.target_total_minor,
        currency=refund.currency,
        paid_minor=refund.paid_minor,
    )


def _purse(connection: Connection, site: str, row: PayoutRow, seen: PaymentStanding) -> Purse:
    return Purse(
        captured_minor=seen.captured_minor,
        refunded_minor=seen.refunded_minor,
        currency=seen.currency,
        known_minor=payouts.known_minor(connection, site, row.payment),
    )


def settle(
    connection: Connection,
    books: Books,
    key: str,
    answer: PayoutAnswer | None,
    now: datetime,
    *,
    lease: float | None = None,
) -> PayoutRow:
    """Write down what a payment system said of a payout; None is certain: it was not made. Twice is once.

    `lease` is the end of the lease under which it was asked: where another has taken the payout up since,
    the answer is of a request before that one's, and only that money has moved is news.
    """
    row = payouts.find(connection, books.site, key)
    state = PayoutState.NOT_SENT if answer is None else answer.state
    if answer is not None and state is PayoutState.CONFIRMED:
        known = row.state not in (*payouts.OPEN, PayoutStep.ABSENT)
        return row if known else confirm(connection, books, row, answer, now)
    if row.state not in payouts.OPEN or lease not in (None, row.due_at):
        return row
    if answer is not None and state is PayoutState.REFUSED:
        return _refuse(connection, books, row, answer, now)
    if answer is not None and state in (PayoutState.PENDING, PayoutState.UNKNOWN):
        return _leave_open(connection, books, row, answer, now)
    return _miss(connection, books, row, answer, now)


def confirm(
    connection: Connection, books: Books, row: PayoutRow, answer: PayoutAnswer, now: datetime
) -> PayoutRow:
    """The money has moved: note it, tell the ledger, and let the payment go."""
    site, at = books.site, time_text(now)
    amount = row.amount_minor if answer.amount_minor is None else answer.amount_minor
    asked = row.amount_minor
    row = payouts.change(
        connection,
        site,
        row,
        at,
        state=PayoutStep.CONFIRMED,
        amount_minor=amount,
        code=answer.code,
        reference=answer.reference or row.reference,
    )
    refund = standing.find(connection, site, row.unit)
    if refund is None:
        return row
    paid = refund.paid_minor + amount
    if refund.instruction == row.instruction:
        event = RefundEvent.FIND if refund.state is RefundState.UNKNOWN else RefundEvent.CONFIRM
        refund = standing.move_if(
            connection, site, refund, event, at, paid_minor=paid, reason=None, attempts=0
        )
    else:
        standing.note_paid(connection, site, row.unit, paid, at)
    done = Done(id=row.key, instruction=row.instruction, status=OutcomeStatus.SETTLED, paid_minor=paid)
    note_outcome(connection, books.log, refund, done, now)
    cases.settle(connection, site, row.unit, (CaseKind.UNKNOWN_OUTCOME,), at)
    if amount != asked:
        raised = raised_of(row, CaseKind.AMOUNT_MISMATCH, amount_minor=amount, expected_minor=asked)
        cases.raise_case(connection, site, raised, at)
    elif refund.instruction == row.instruction:
        _compare(connection, books, row, refund, at)
    payouts.wake_others(connection, site, row.payment, now.timestamp())
    return row


def _compare(connection: Connection, books: Books, row: PayoutRow, refund: RefundRow, at: str) -> None:
    """What was open about paying it is settled by the whole total; part of it is a case of its own.

    An earlier payment of the unit may have failed while this one was under way.
    """
    site, paid, owed = books.site, refund.paid_minor, refund.target_total_minor
    if refund.kind == RefundKind.HOLD.value:
        return
    if paid == owed:
        cases.settle(connection, site, row.unit, SETTLED_BY_PAYING, at)
        return
    raised = raised_of(row, CaseKind.AMOUNT_MISMATCH, amount_minor=paid, expected_minor=owed)
    cases.raise_case(connection, site, raised, at)


def _enough(connection: Connection, books: Books, refund: RefundRow, now: datetime) -> None:
    """Nothing is left to send: what is owed was paid, or nothing is owed."""
    standing.move(connection, books.site, refund, RefundEvent.CONFIRM, time_text(now), reason=None)
    before = repository.count_outcomes(connection, books.site, refund.instruction)
    done = Done(
        id=f"{refund.instruction}/0/{before}" if before else f"{refund.instruction}/0",
        instruction=refund.instruction,
        status=OutcomeStatus.SETTLED,
        paid_minor=refund.paid_minor,
    )
    note_outcome(connection, books.log, refund, done, now)


def _refuse(
    connection: Connection, books: Books, row: PayoutRow, answer: PayoutAnswer, now: datetime
) -> PayoutRow:
    site, at = books.site, time_text(now)
    row = payouts.change(connection, site, row, at, state=PayoutStep.REFUSED, code=answer.code)
    refund = standing.find(connection, site, row.unit)
    kind = REFUSALS.get(answer.code, CaseKind.REJECTED)
    if refund is not None and refund.instruction == row.instruction:
        standing.move_if(connection, site, refund, RefundEvent.REJECT, at, reason=answer.code)
    asked = None if kind is CaseKind.ALREADY_REFUNDED else row.amount_minor  # how much was found is not known
    cases.raise_case(connection, site, raised_of(row, kind, amount_minor=asked), at)
    payouts.wake_others(connection, site, row.payment, now.timestamp())
    return row


def _leave_open(
    connection: Connection, books: Books, row: PayoutRow, answer: PayoutAnswer, now: datetime
) -> PayoutRow:
    """Nobody knows yet, or it is under way: it is looked up again, and never asked for meanwhile."""
    site, at = books.site, time_text(now)
    pending = answer.state is PayoutState.PENDING
    row = payouts.change(
        connection,
        site,
        row,
        at,
        state=PayoutStep.PENDING if pending else PayoutStep.UNKNOWN,
        code=answer.code,
        reference=answer.reference or row.reference,
        attempts=row.attempts + 1,
        due_at=now.timestamp() + max(look_up_in(row.attempts), answer.retry_after_s or 0.0),
    )
    refund = standing.find(connection, site, row.unit)
    if not pending and refund is not None and refund.instruction == row.instruction:
        standing.move_if(connection, site, refund, RefundEvent.LOSE, at, reason=answer.code)
    if not pending and row.attempts >= TELL_PERSON_AT:
        cases.raise_case(connection, site, raised_of(row, CaseKind.UNKNOWN_OUTCOME), at)
    return row


def look_up_in(attempts: int) -> float:
    """How long to wait before the next look-up, in seconds. Pure."""
    return LOOK_UP_S[min(attempts, len(LOOK_UP_S) - 1)]


def not_told(connection: Connection, books: Books, key: str, now: datetime) -> PayoutRow:
    """The payment system could not be asked about an open payout: it stays as it is, and is asked later."""
    row = payouts.find(connection, books.site, key)
    if row.state not in payouts.OPEN or row.state is PayoutStep.INTENDED:
        return row
    lost = PayoutAnswer(state=PayoutState.UNKNOWN, code=PayoutCode.NO_ANSWER)
    return _leave_open(connection, books, row, lost, now)


def _miss(
    connection: Connection, books: Books, row: PayoutRow, answer: PayoutAnswer | None, now: datetime
) -> PayoutRow:
    """Certain that nothing was moved: the payment is free, and the refund falls due again."""
    site, at = books.site, time_text(now)
    stale = answer is not None and answer.state is PayoutState.STALE
    row = payouts.change(
        connection, site, row, at, state=PayoutStep.ABSENT, code=answer.code if answer else None
    )
    payouts.wake_others(connection, site, row.payment, now.timestamp())
    refund = standing.find(connection, site, row.unit)
    if refund is None or refund.instruction != row.instruction:
        return row
    refund = standing.move_if(connection, site, refund, RefundEvent.MISS, at)
    asked = answer.retry_after_s if answer is not None else 0.0
    again(connection, books, refund, asked or 0.0, now, stale=stale, at_once=answer is None)
    return row


def again(
    connection: Connection,
    books: Books,
    refund: RefundRow,
    asked_s: float,
    now: datetime,
    *,
    stale: bool = False,
    at_once: bool = False,
) -> None:
    """Let a refund that was not asked for fall due again; at the end of the schedule a person is asked."""
    site, at, tries = books.site, time_text(now), refund.attempts + 1
    most = MOST_STALE if stale else len(books.retry_s)
    if tries > most and refund.state is RefundState.APPROVED:
        kind = CaseKind.STALE_VERSION if stale else CaseKind.UNDELIVERED
        standing.move(connection, site, refund, RefundEvent.HOLD, at, reason=kind.value, attempts=0)
        raised = Raised(kind=kind, merchant=refund.merchant, unit=refund.unit, about=refund.instruction)
        cases.raise_case(connection, site, raised, at)
        return
    wait_s = 0.0 if stale or at_once else max(books.retry_s[min(tries, len(books.retry_s)) - 1], asked_s)
    standing.set_due(connection, site, refund.unit, now.timestamp() + wait_s, tries)


def not_reached(connection: Connection, books: Books, key: str, asked_s: float, now: datetime) -> None:
    """The payment could not be read: nothing was asked for."""
    row = payouts.find(connection, books.site, key)
    if row.state is not PayoutStep.INTENDED:
        return
    free(connection, books.site, row, now)
    refund = standing.find(connection, books.site, row.unit)
    if refund is not None and refund.instruction == row.instruction:
        again(connection, books, refund, asked_s, now)


def refused_to_say(connection: Connection, books: Books, key: str, now: datetime) -> None:
    """The payment system knows no such payment, or not our key: a person has to look."""
    row = payouts.find(connection, books.site, key)
    if row.state is not PayoutStep.INTENDED:
        return
    refund = standing.find(connection, books.site, row.unit)
    current = refund is not None and refund.instruction == row.instruction
    if refund is None or not current or refund.state is not RefundState.APPROVED:
        free(connection, books.site, row, now)  # a newer word stands, and is asked about by itself
    else:
        hold(connection, books.site, row, refund, CaseKind.REJECTED, now)


def afterwards(
    connection: Connection, books: Books, row: PayoutRow, status: OutcomeStatus, now: datetime
) -> None:
    """A payout that was confirmed has failed, or was taken back: open the refund again."""
    if row.state is not PayoutStep.CONFIRMED:
        return
    site, at = books.site, time_text(now)
    failed = status is OutcomeStatus.FAILED
    step = PayoutStep.FAILED if failed else PayoutStep.REVERSED
    payouts.change(connection, site, row, at, state=step)
    refund = standing.find(connection, site, row.unit)
    if refund is None:
        return
    paid = max(0, refund.paid_minor - row.amount_minor)
    kind = CaseKind.LATE_FAILURE if failed else CaseKind.REVERSED
    standing.move_if(connection, site, refund, RefundEvent.REOPEN, at, paid_minor=paid, reason=kind.value)
    done = Done(id=f"{row.key}/{status.value}", instruction=row.instruction, status=status, paid_minor=paid)
    note_outcome(connection, books.log, refund, done, now)
    raised = raised_of(row, kind, amount_minor=row.amount_minor, expected_minor=refund.target_total_minor)
    cases.raise_case(connection, site, raised, at)


def decide_unknown(connection: Connection, books: Books, key: str, now: datetime, *, done: bool) -> PayoutRow:
    """A named person says what became of a payout that nobody can look up."""
    row = payouts.find(connection, books.site, key)
    if row.state not in payouts.OPEN:
        return row
    if done:
        known = PayoutAnswer(state=PayoutState.CONFIRMED, code=PayoutCode.REFUNDED)
        return confirm(connection, books, row, known, now)
    row = _miss(connection, books, row, None, now)
    cases.settle(connection, books.site, row.unit, (CaseKind.UNKNOWN_OUTCOME,), time_text(now))
    return row
