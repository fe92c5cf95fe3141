"""Every way in which the books of refunds may differ is a named row; what fits, or is under way, is none."""

from dataclasses import replace
from typing import Any

import pytest

from inspection.refund import RefundKind
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundState
from server.refunds.differing import (
    LONGEST_OPEN_S,
    Movement,
    PaymentBooks,
    Shown,
    UnitBooks,
    Word,
    differences,
)
from server.refunds.payouts import PayoutStep

NOW_S = 1_000_000.0
KEY = "R1/1/1#1/1"
PAID = Movement(
    key=KEY,
    instruction="R1/1/1#1",
    owed_minor=800,
    amount_minor=800,
    state=PayoutStep.CONFIRMED,
    begun_at_s=NOW_S - 60,
)
SAID = Word(id=KEY, total_minor=800, in_ledger=True)
UNIT = UnitBooks(
    unit="R1/1/1",
    currency="EUR",
    state=RefundState.CONFIRMED,
    kind=RefundKind.APPROVE,
    instruction="R1/1/1#1",
    target_minor=800,
    paid_minor=800,
    newest="R1/1/1#1",
    newest_target_minor=800,
    movements=(PAID,),
    words=(SAID,),
)
SHOWN = Shown(captured_minor=1000, refunded_minor=800, currency="EUR")
BOOKS = PaymentBooks(payment="p1", merchant="m1", units=(UNIT,), shown=SHOWN)


def rows(books: PaymentBooks) -> list[tuple[str, str, str]]:
    return [(row.kind.value, row.ours, row.theirs) for row in differences(books, NOW_S)]


def unit(**changes: Any) -> PaymentBooks:
    return replace(BOOKS, units=(replace(UNIT, **changes),), shown=None)


def test_books_that_say_the_same_differ_in_nothing() -> None:
    assert rows(BOOKS) == []


@pytest.mark.parametrize(
    ("books", "row"),
    [
        (unit(newest="R1/1/1#2"), ("not_the_newest", "R1/1/1#1: 800", "R1/1/1#2: 800")),
        (unit(newest_target_minor=900), ("not_the_newest", "R1/1/1#1: 800", "R1/1/1#1: 900")),
        (unit(target_minor=700, newest_target_minor=700), ("paid_above_target", "800", "700")),
        (unit(paid_minor=0, state=RefundState.APPROVED), ("paid_not_as_moved", "0", "800")),
        (unit(movements=(), words=(Word(id="x", total_minor=700, in_ledger=True),)),
         ("paid_not_as_moved", "800", "700")),
        (unit(words=()), ("settled_without_word", "confirmed", "no outcome")),
        (unit(words=(replace(SAID, in_ledger=False),)), ("entry_missing", KEY, "no entry")),
        (unit(undelivered=("R1/1/1#1",)), ("delivery_missing", "R1/1/1#1", "no delivery")),
        (replace(BOOKS, shown=replace(SHOWN, captured_minor=700)), ("above_captured", "800", "700")),
        (replace(BOOKS, shown=replace(SHOWN, currency="USD")), ("other_currency", "EUR", "USD")),
        (replace(BOOKS, shown=replace(SHOWN, refunded_minor=900)), ("more_there", "800", "900")),
        (replace(BOOKS, shown=replace(SHOWN, refunded_minor=0)), ("less_there", "800", "0")),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)  # fmt: skip
def test_whatever_differs_is_named_with_both_sides(books: PaymentBooks, row: tuple[str, str, str]) -> None:
    assert row in rows(books)


def test_a_payout_that_was_made_twice_is_named() -> None:
    again = replace(PAID, key="R1/1/1#1/2")
    said = (SAID, Word(id=again.key, total_minor=1600, in_ledger=True))
    twice = unit(paid_minor=1600, movements=(PAID, again), words=said)
    assert ("paid_twice", "R1/1/1#1: 800", "2 payouts: 1600") in rows(twice)
    assert {kind for kind, *_ in rows(twice)} == {"paid_above_target", "paid_twice"}


def test_what_failed_is_paid_again_beside_what_the_newest_instruction_added() -> None:
    failed = replace(PAID, state=PayoutStep.FAILED)
    added = replace(PAID, key="R1/1/1#2/1", instruction="R1/1/1#2", owed_minor=1000, amount_minor=200)
    again = replace(added, key="R1/1/1#2/2", amount_minor=800)
    totals = {KEY: 800, added.key: 1000, f"{KEY}/failed": 200, again.key: 1000}
    books = unit(
        instruction="R1/1/1#2",
        newest="R1/1/1#2",
        target_minor=1000,
        newest_target_minor=1000,
        paid_minor=1000,
        movements=(failed, added, again),
        words=tuple(Word(id=id, total_minor=total, in_ledger=True) for id, total in totals.items()),
    )
    assert rows(books) == []


@pytest.mark.parametrize(
    ("state", "words", "missing"),
    [
        (PayoutStep.CONFIRMED, (), KEY),
        (PayoutStep.FAILED, (SAID,), f"{KEY}/failed"),
        (PayoutStep.REVERSED, (SAID,), f"{KEY}/reversed"),
    ],
)
def test_what_was_moved_has_its_word_in_the_ledger(
    state: PayoutStep, words: tuple[Word, ...], missing: str
) -> None:
    books = unit(movements=(replace(PAID, state=state),), words=words)
    assert ("outcome_missing", missing, "no outcome") in rows(books)


@pytest.mark.parametrize("state", [PayoutStep.SENT, PayoutStep.UNKNOWN, PayoutStep.PENDING])
def test_what_is_under_way_differs_only_after_a_day(state: PayoutStep) -> None:
    under_way = unit(
        state=RefundState.SENT,
        paid_minor=0,
        words=(),
        movements=(replace(PAID, state=state, begun_at_s=NOW_S),),
    )
    assert rows(replace(under_way, shown=SHOWN)) == []
    old = replace(PAID, state=state, begun_at_s=NOW_S - LONGEST_OPEN_S - 1)
    stuck = replace(under_way, units=(replace(under_way.units[0], movements=(old,)),))
    assert rows(stuck) == [("open_too_long", KEY, state.value)]


def test_what_a_person_knows_of_is_no_difference() -> None:
    lower = unit(
        target_minor=700,
        newest_target_minor=700,
        cases=frozenset({CaseKind.CORRECTED_AFTER_REFUND}),
    )
    assert rows(lower) == []
    foreign = replace(BOOKS, shown=replace(SHOWN, refunded_minor=1000))
    assert rows(replace(foreign, waiting=True)) == []
    assert rows(replace(foreign, found_minor=200)) == []


def test_money_that_was_found_for_a_unit_counts_as_paid() -> None:
    found = unit(
        movements=(), found_minor=800, words=(Word(id="R1/1/1#1/0", total_minor=800, in_ledger=True),)
    )
    assert rows(found) == []


def test_that_nothing_was_left_to_send_is_our_own_word_however_often_it_is_said() -> None:
    enough = Word(id="R1/1/1#1/0/1", total_minor=800, in_ledger=True)
    failed = Word(id=f"{KEY}/failed", total_minor=0, in_ledger=True)
    assert rows(unit(words=(SAID, enough))) == []
    late = replace(PAID, state=PayoutStep.FAILED)
    opened = unit(state=RefundState.HELD, paid_minor=0, movements=(late,), words=(SAID, enough, failed))
    assert rows(opened) == []


def test_a_hold_says_nothing_of_what_is_owed() -> None:
    held = unit(kind=RefundKind.HOLD, state=RefundState.HELD, target_minor=0, newest_target_minor=0)
    assert rows(held) == []
