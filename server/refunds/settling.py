"""What a refund system says became of an instruction, as it bears on the unit's refund."""

from sqlalchemy import Connection

from inspection.messages.refund import OutcomeStatus, RefundInstruction, RefundOutcome
from inspection.refund import RefundKind
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import NEXT, SETTLED, RefundEvent, RefundState
from server.refunds import cases, repository, standing
from server.refunds.cases import Raised

EVENTS = {
    OutcomeStatus.SETTLED: RefundEvent.CONFIRM,
    OutcomeStatus.HELD: RefundEvent.HOLD,
    OutcomeStatus.REJECTED: RefundEvent.REJECT,
    OutcomeStatus.FAILED: RefundEvent.REOPEN,
    OutcomeStatus.REVERSED: RefundEvent.REOPEN,
}
AFTERWARDS = {OutcomeStatus.FAILED: CaseKind.LATE_FAILURE, OutcomeStatus.REVERSED: CaseKind.REVERSED}
TOLD = frozenset({RefundState.SENT, *SETTLED})
"""The newest instruction was told: it pays nothing by itself for an older one's payment that fails then."""
HELD_BY_SHOP = "held_by_shop"
SETTLED_BY_PAYING = (
    CaseKind.AMOUNT_MISMATCH,
    CaseKind.CURRENCY_MISMATCH,
    CaseKind.LATE_FAILURE,
    CaseKind.REJECTED,
    CaseKind.REVERSED,
    CaseKind.UNDELIVERED,
)


def case_of(outcome: RefundOutcome, instruction: RefundInstruction) -> CaseKind | None:
    """Which case an outcome is; None where all is as it should be. Pure."""
    if outcome.currency != instruction.currency:
        return CaseKind.CURRENCY_MISMATCH
    if outcome.status in AFTERWARDS:
        return AFTERWARDS[outcome.status]
    if outcome.refunded_total_minor == instruction.target_total_minor:
        return None
    too_much = outcome.refunded_total_minor > instruction.target_total_minor
    if outcome.status is OutcomeStatus.HELD and too_much and instruction.kind is not RefundKind.HOLD:
        return CaseKind.CORRECTED_AFTER_REFUND
    return {
        OutcomeStatus.SETTLED: CaseKind.AMOUNT_MISMATCH,
        OutcomeStatus.REJECTED: CaseKind.REJECTED,
    }.get(outcome.status)


def apply(
    connection: Connection, site: str, outcome: RefundOutcome, instruction: RefundInstruction, at: str
) -> None:
    """Note what was paid, take the step, and open or settle the cases; an older instruction moves no row.

    Word comes late and out of order: what happened before something that is known already changes nothing.
    """
    row = standing.find(connection, site, instruction.unit)
    if row is None or repository.happened_after(connection, site, outcome):
        return
    kind = case_of(outcome, instruction)
    known = {"paid_minor": outcome.refunded_total_minor} if outcome.currency == row.currency else {}
    if row.instruction == instruction.id:
        held = outcome.status is OutcomeStatus.HELD and row.state is not RefundState.HELD
        reason = {"reason": HELD_BY_SHOP} if held else {}
        if outcome.status in AFTERWARDS and kind is not None:
            reason = {"reason": kind.value}
        standing.move_if(connection, site, row, _event(outcome.status, row.state), at, **known, **reason)
    elif known:
        standing.note_paid(connection, site, row.unit, outcome.refunded_total_minor, at)
        short = outcome.refunded_total_minor < row.target_total_minor
        if outcome.status in AFTERWARDS and row.state in TOLD and short:
            reason = {"reason": AFTERWARDS[outcome.status].value}
            standing.move(connection, site, row, _event(outcome.status, row.state), at, **reason)
    if kind is None and outcome.status is OutcomeStatus.SETTLED and row.instruction == instruction.id:
        cases.settle(connection, site, row.unit, SETTLED_BY_PAYING, at)
    elif kind is not None:
        raised = _raised(kind, outcome, instruction)
        before = kind is CaseKind.CORRECTED_AFTER_REFUND and cases.told_before(connection, site, raised)
        if not before:  # a person may have left it already
            cases.raise_case(connection, site, raised, at)


def _event(status: OutcomeStatus, state: RefundState) -> RefundEvent:
    """What an outcome is in the table; a failure may be heard of before the payment itself. Pure."""
    event = EVENTS[status]
    return RefundEvent.HOLD if event is RefundEvent.REOPEN and event not in NEXT[state] else event


def _raised(kind: CaseKind, outcome: RefundOutcome, instruction: RefundInstruction) -> Raised:
    return Raised(
        kind=kind,
        merchant=outcome.merchant,
        unit=outcome.unit,
        about=instruction.id,
        amount_minor=outcome.refunded_total_minor,
        expected_minor=instruction.target_total_minor,
        currency=outcome.currency,
    )


def without_return(connection: Connection, site: str, outcome: RefundOutcome, at: str) -> int:
    """Keep word of a refund that follows from no instruction; returns its case. Raises QuotaUsed.

    It is not in the ledger: nothing there says that it is owed. When the unit comes, its refund is held.
    """
    raised = Raised(
        kind=CaseKind.REFUND_WITHOUT_RETURN,
        merchant=outcome.merchant,
        unit=outcome.unit,
        about=f"outcome:{outcome.id}",
        amount_minor=outcome.refunded_total_minor,
        currency=outcome.currency,
    )
    known = cases.told_before(connection, site, raised)
    if known is not None:
        return known
    cases.check_room(connection, site, outcome.merchant)
    return cases.raise_case(connection, site, raised, at)
