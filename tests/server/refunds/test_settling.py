"""What refund systems say, in whatever order it comes."""

import pytest

from inspection.messages.refund import OutcomeStatus, RefundOutcome
from inspection.refund_exceptions import CaseKind, WayOut
from inspection.refund_state import RefundState
from server.errors import Conflict
from server.refunds import cases, leaving, service, settling
from server.refunds.cases_schemas import LeaveCase
from server.refunds.leaving import Who
from tests.server.refunds.books import (
    SITE,
    UNIT,
    USED,
    Kept,
    kinds,
    owe,
    row,
)


def without_return(kept: Kept, id: str, merchant: str = "m1") -> int:
    """Word of money that follows from no instruction."""
    value = {
        "v": 1, "id": id, "merchant": merchant, "instruction": None, "unit": UNIT,
        "status": OutcomeStatus.SETTLED, "refunded_total_minor": 1000, "currency": "CNY",
        "happened_at": kept.now,
    }  # fmt: skip
    outcome = RefundOutcome.model_validate(value)
    return kept.do(lambda c: settling.without_return(c, SITE, outcome, kept.at))


def said(kept: Kept, id: str, number: int, total: int, after_s: int, status: str = "settled") -> None:
    """An outcome as a refund system tells it."""
    kept.forward(1)
    value = {
        "v": 1, "id": id, "merchant": "m1", "instruction": f"{UNIT}#{number}", "unit": UNIT,
        "status": OutcomeStatus(status), "refunded_total_minor": total, "currency": "CNY",
        "happened_at": kept.now.replace(minute=after_s),
    }  # fmt: skip
    outcome = RefundOutcome.model_validate(value)
    kept.do(lambda c: service.take_outcome(c, kept.books.log, outcome, kept.at))


def test_outcomes_that_come_in_the_wrong_order_leave_what_happened_last(kept: Kept) -> None:
    kept.change_mode("inform")
    owe(kept, verdict=USED)
    owe(kept, number=2)
    said(kept, "re_2", 2, 4500, after_s=20)
    said(kept, "re_1", 1, 4000, after_s=10)
    assert (row(kept).paid_minor, row(kept).state) == (4500, RefundState.CONFIRMED)
    assert kinds(kept) == {CaseKind.AMOUNT_MISMATCH}
    said(kept, "re_3", 2, 0, after_s=15, status="failed")
    assert (row(kept).paid_minor, kinds(kept)) == (4500, {CaseKind.AMOUNT_MISMATCH})
    said(kept, "re_4", 2, 5000, after_s=30)
    assert (row(kept).paid_minor, kinds(kept)) == (5000, set())


def test_later_word_of_an_older_instruction_settles_no_case_of_a_newer_one(kept: Kept) -> None:
    kept.change_mode("inform")
    owe(kept, verdict=USED)
    owe(kept, number=2)
    said(kept, "re_2", 2, 4500, after_s=20)
    said(kept, "re_1", 1, 4000, after_s=40)
    assert kinds(kept) == {CaseKind.AMOUNT_MISMATCH}


def test_money_without_a_return_is_one_case_when_its_unit_comes(kept: Kept) -> None:
    without_return(kept, "re_1")
    owe(kept, verdict=USED)
    assert (row(kept).state, kinds(kept)) == (RefundState.HELD, {CaseKind.REFUND_WITHOUT_RETURN})


def test_money_without_a_return_is_answered_with_its_own_case(kept: Kept) -> None:
    raised = cases.Raised(kind=CaseKind.ALREADY_REFUNDED, merchant="m1", unit=UNIT)
    other = kept.do(lambda c: cases.raise_case(c, SITE, raised, kept.at))
    first = without_return(kept, "re_1")
    assert without_return(kept, "re_2") == first != other


def test_another_merchants_word_of_a_unit_neither_holds_it_nor_hides_its_own(kept: Kept) -> None:
    theirs = without_return(kept, "re_1", merchant="m2")
    owe(kept)
    assert row(kept).state is RefundState.APPROVED
    assert without_return(kept, "re_1") != theirs


def test_another_merchants_money_is_not_counted_to_a_unit(kept: Kept) -> None:
    theirs = without_return(kept, "re_1", merchant="m2")
    owe(kept)
    who, asked = Who(name="Li Wei", merchant="m2"), LeaveCase(way_out=WayOut.COUNT_IT, reason="the same")
    with pytest.raises(Conflict, match="was never announced"):
        kept.do(lambda c: leaving.leave(c, kept.books, theirs, asked, who, kept.policy, kept.now))
    assert row(kept).paid_minor == 0
