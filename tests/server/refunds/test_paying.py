"""Each step of a payout in the books, at the moments at which it could go wrong."""

from inspection.messages.refund import OutcomeStatus
from inspection.payouts import PayoutCode
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundEvent, RefundState
from server.db.refund_tables import outcomes
from server.db.refund_tables import payouts as payout_rows
from server.refunds import due, paying, payouts, standing
from server.refunds.gateway import PaymentStanding, PayoutAnswer, PayoutState
from server.refunds.payouts import PayoutStep
from server.refunds.standing import RefundRow
from tests.server.refunds.books import (
    LEASE_S,
    NEW,
    PLACES,
    SITE,
    UNIT,
    USED,
    Kept,
    announced,
    approve,
    choose,
    claim,
    kinds,
    owe,
    row,
    settle,
    take,
)

OTHER = "R1/2/1"
DONE = PayoutAnswer(state=PayoutState.CONFIRMED, code=PayoutCode.REFUNDED, reference="re_1")
LOST = PayoutAnswer(state=PayoutState.UNKNOWN, code=PayoutCode.NO_ANSWER)


def test_a_payment_that_is_free_again_wakes_nothing_that_the_bench_may_take_back(kept: Kept) -> None:
    owe(kept)
    kept.undo_s = 2
    job = take(kept)
    owe(kept, OTHER)
    assert choose(kept, job) is not None
    settle(kept, job.payout.key, DONE)
    assert claim(kept).to_pay == ()
    kept.forward(1.9)
    assert claim(kept).to_pay == ()
    kept.forward(0.2)
    assert [each.payout.unit for each in claim(kept).to_pay] == [OTHER]


def test_who_lost_the_lock_neither_asks_nor_lets_go_what_another_asks_for(kept: Kept) -> None:
    owe(kept)
    slow = take(kept)
    kept.forward(LEASE_S + 1)
    again = take(kept)  # what was only intended is let go, and taken up anew
    assert again.payout.key == slow.payout.key
    assert choose(kept, slow) is None
    assert choose(kept, again) is not None
    assert choose(kept, slow) is None
    assert kept.rows(payout_rows)[0].state == PayoutStep.SENT


def test_an_answer_from_before_another_asked_is_no_news_unless_money_moved(kept: Kept) -> None:
    owe(kept)
    job = take(kept)
    choose(kept, job)
    first = paying.lease_end(kept.books, kept.now)
    kept.forward(LEASE_S + 1)
    (looked,) = claim(kept).to_look_up
    assert settle(kept, job.payout.key, LOST, first) == PayoutStep.SENT
    assert settle(kept, job.payout.key, None, looked.payout.due_at) == PayoutStep.ABSENT
    assert settle(kept, job.payout.key, DONE, first) == PayoutStep.CONFIRMED
    assert (row(kept).state, row(kept).paid_minor) == (RefundState.CONFIRMED, 5000)


def test_a_look_up_from_before_it_was_asked_for_again_frees_nothing(kept: Kept) -> None:
    owe(kept)
    job = take(kept)
    choose(kept, job)
    kept.forward(LEASE_S + 1)
    (slow,) = claim(kept).to_look_up
    kept.forward(LEASE_S + 1)
    (quick,) = claim(kept).to_look_up
    settle(kept, quick.payout.key, None, quick.payout.due_at)
    choose(kept, take(kept))
    assert settle(kept, slow.payout.key, None, slow.payout.due_at) == PayoutStep.SENT


def test_what_is_under_way_here_is_not_taken_up_again_wherever_the_clock_jumps_to(kept: Kept) -> None:
    owe(kept)
    job = take(kept)
    choose(kept, job)
    kept.forward(3600)
    busy = frozenset({job.payout.key})
    found = kept.do(lambda c: due.claim(c, kept.books, kept.now, PLACES, busy))
    assert (found.to_pay, found.to_look_up) == ((), ())
    assert kept.do(lambda c: due.due_times(c, SITE, busy)) == {}
    assert set(kept.do(lambda c: due.due_times(c, SITE))) == {"m1"}


def test_a_unit_that_is_announced_anew_for_another_payment_waits_for_its_own_payout(kept: Kept) -> None:
    owe(kept, payment="P-1")
    job = take(kept)
    choose(kept, job)
    settle(kept, job.payout.key, LOST)
    owe(kept, number=2, payment="P-2")
    assert claim(kept).to_pay == ()
    settle(kept, job.payout.key, DONE)
    kept.forward(3)
    assert choose(kept, take(kept)) is None
    assert (row(kept).state, row(kept).paid_minor) == (RefundState.CONFIRMED, 5000)


def test_what_was_paid_in_another_currency_is_never_taken_off_a_total(kept: Kept) -> None:
    kept.approve_up_to("EUR", 10_000)
    owe(kept)
    job = take(kept)
    choose(kept, job)
    settle(kept, job.payout.key, DONE)
    owe(kept, number=2, payment="P-2", currency="EUR", paid_minor=9000)
    euros = PaymentStanding(captured_minor=9000, refunded_minor=0, currency="EUR")
    assert choose(kept, take(kept), euros) is None
    assert (row(kept).state, kinds(kept)) == (RefundState.HELD, {CaseKind.CURRENCY_MISMATCH})


def test_the_rest_of_a_total_whose_first_part_failed_meanwhile_is_a_case(kept: Kept) -> None:
    owe(kept, verdict=USED)
    approve(kept)
    first = take(kept)
    choose(kept, first)
    settle(kept, first.payout.key, DONE)
    owe(kept, number=2)
    rest = take(kept)
    choose(kept, rest, PaymentStanding(captured_minor=5000, refunded_minor=4000, currency="CNY"))
    failed = kept.do(lambda c: payouts.find(c, SITE, first.payout.key))
    kept.do(lambda c: paying.afterwards(c, kept.books, failed, OutcomeStatus.FAILED, kept.now))
    settle(kept, rest.payout.key, DONE)
    assert (row(kept).paid_minor, row(kept).target_total_minor) == (1000, 5000)
    assert kinds(kept) == {CaseKind.LATE_FAILURE, CaseKind.AMOUNT_MISMATCH}


def reopen(kept: Kept, paid: RefundRow) -> None:
    kept.do(lambda c: standing.move(c, SITE, paid, RefundEvent.REOPEN, kept.at))


def test_nothing_left_to_pay_may_be_found_twice(kept: Kept) -> None:
    owe(kept)
    job = take(kept)
    choose(kept, job)
    settle(kept, job.payout.key, DONE)
    paid = PaymentStanding(captured_minor=5000, refunded_minor=5000, currency="CNY")
    for many in (2, 3):
        reopen(kept, row(kept))
        approve(kept)
        kept.forward(1)
        assert choose(kept, take(kept), paid) is None
        assert (row(kept).state, len(kept.rows(outcomes))) == (RefundState.CONFIRMED, many)


def test_a_payment_that_nobody_knows_holds_the_instruction_that_asked_and_no_newer_one(kept: Kept) -> None:
    owe(kept)
    job = take(kept)
    owe(kept, number=2)
    kept.do(lambda c: paying.refused_to_say(c, kept.books, job.payout.key, kept.now))
    assert (row(kept).state, kinds(kept)) == (RefundState.APPROVED, set())
    job = take(kept)
    kept.do(lambda c: paying.refused_to_say(c, kept.books, job.payout.key, kept.now))
    assert (row(kept).state, kinds(kept)) == (RefundState.HELD, {CaseKind.REJECTED})


def test_nothing_is_asked_for_before_a_checkpoint_covers_what_is_owed(kept: Kept) -> None:
    kept.judge(announced(UNIT), 1, **NEW)
    assert claim(kept).to_pay == ()
    kept.checkpoint()
    assert len(claim(kept).to_pay) == 1


def test_what_nobody_has_approved_by_name_is_never_asked_for(kept: Kept) -> None:
    owe(kept, verdict=USED)
    reopen_without_name(kept, row(kept))
    job = take(kept)
    assert choose(kept, job) is None
    assert (row(kept).state, kinds(kept)) == (RefundState.HELD, {CaseKind.NEEDS_APPROVER})


def reopen_without_name(kept: Kept, owed: RefundRow) -> None:
    """As what was owed while the refund system was only told."""
    kept.do(lambda c: standing.move(c, SITE, owed, RefundEvent.APPROVE, kept.at))


def test_what_a_person_stopped_while_its_payment_was_read_is_not_asked_for(kept: Kept) -> None:
    owe(kept)
    job = take(kept)
    kept.do(lambda c: standing.take_back(c, SITE, f"{UNIT}#1", kept.at))
    assert choose(kept, job) is None
    assert (row(kept).state, kept.rows(payout_rows)[0].state) == (RefundState.HELD, PayoutStep.ABSENT)


def test_of_one_payment_one_unit_is_asked_for_at_a_time(kept: Kept) -> None:
    owe(kept)
    owe(kept, OTHER)
    assert len(claim(kept).to_pay) == 1
    assert claim(kept).to_pay == ()


def test_what_is_paid_later_comes_on_top_of_what_was_paid_before(kept: Kept) -> None:
    owe(kept, verdict=USED)
    approve(kept)
    first = take(kept)
    choose(kept, first)
    settle(kept, first.payout.key, DONE)
    owe(kept, number=2)
    rest = take(kept)
    choose(kept, rest, PaymentStanding(captured_minor=5000, refunded_minor=4000, currency="CNY"))
    settle(kept, rest.payout.key, DONE)
    assert (row(kept).state, row(kept).paid_minor, kinds(kept)) == (RefundState.CONFIRMED, 5000, set())


def test_a_lock_that_was_let_go_is_nobodys(kept: Kept) -> None:
    owe(kept)
    job = take(kept)
    kept.do(lambda c: paying.not_reached(c, kept.books, job.payout.key, 0.0, kept.now))
    assert choose(kept, job) is None
    assert kept.rows(payout_rows)[0].state == PayoutStep.ABSENT


def test_a_final_no_is_not_asked_again_but_by_a_person(kept: Kept) -> None:
    owe(kept)
    job = take(kept)
    choose(kept, job)
    refused = PayoutAnswer(state=PayoutState.REFUSED, code=PayoutCode.NOT_REFUNDABLE)
    assert settle(kept, job.payout.key, refused) == PayoutStep.REFUSED
    kept.forward(10_000)
    assert claim(kept).to_pay == ()
    assert (row(kept).state, kinds(kept)) == (RefundState.REJECTED, {CaseKind.REJECTED})
