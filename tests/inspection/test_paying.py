"""What may be moved for a unit: exactly what is missing, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.paying import Enough, Move, Owed, Purse, Stop, next_step
from inspection.refund_exceptions import CaseKind

minor = st.integers(0, 10**12)


def owed(target: int, paid: int = 0, currency: str = "EUR") -> Owed:
    return Owed(target_total_minor=target, currency=currency, paid_minor=paid)


def purse(captured: int, refunded: int = 0, known: int = 0, currency: str = "EUR") -> Purse:
    return Purse(captured_minor=captured, refunded_minor=refunded, currency=currency, known_minor=known)


@pytest.mark.parametrize(
    ("unit", "payment", "step"),
    [
        (owed(800), purse(1000), Move(amount_minor=800)),
        (owed(800, paid=300), purse(1000, 300, 300), Move(amount_minor=500)),
        (owed(1000), purse(1000), Move(amount_minor=1000)),
        (owed(800, paid=800), purse(1000, 800, 800), Enough()),
        (owed(0), purse(1000), Enough()),
        (owed(500, paid=800), purse(1000, 800, 800), Stop(case=CaseKind.CORRECTED_AFTER_REFUND)),
        (owed(800), purse(1000, 300, 300), Stop(case=CaseKind.OVER_REFUND)),
        (owed(800), purse(1000, 800, 0), Stop(case=CaseKind.ALREADY_REFUNDED)),
        (owed(800), purse(1000, 1, 0), Stop(case=CaseKind.ALREADY_REFUNDED)),
        (owed(800), purse(1000, 0, 100), Stop(case=CaseKind.REVERSED)),
        (owed(800), purse(1000, currency="USD"), Stop(case=CaseKind.CURRENCY_MISMATCH)),
    ],
)
def test_the_table(unit: Owed, payment: Purse, step: object) -> None:
    assert next_step(unit, payment) == step


@given(minor, minor, minor, minor, minor)
def test_no_more_than_owed_and_no_more_than_there_is(
    target: int, paid: int, captured: int, refunded: int, known: int
) -> None:
    step = next_step(owed(target, paid), purse(captured, refunded, known))
    if isinstance(step, Move):
        assert step.amount_minor > 0
        assert paid + step.amount_minor == target
        assert refunded + step.amount_minor <= captured
        assert refunded == known
