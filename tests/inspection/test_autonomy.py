"""The machine decides alone only inside an error budget, and never against the customer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.autonomy import Autonomy, AutonomyScope, bound_ppm, error_upper_bound, may_decide_alone
from inspection.catalogue import Product
from inspection.disposition import decide
from inspection.grades import Grade, GradeShares, ReturnException
from inspection.grading import Grading
from inspection.policy import DEFAULT_POLICY
from inspection.reasons import ReasonCode, Rule, because
from inspection.returns import ReturnUnit

PROVEN = AutonomyScope(level=Autonomy.NORMAL, audited=299)


@pytest.fixture
def sure(likely_new: Grading) -> Grading:
    return replace(likely_new, shares=GradeShares(new=995_000, used=4_000, damaged=1_000))


def refusal(shoe: Product, unit: ReturnUnit, graded: Grading, scope: AutonomyScope, **why: bool) -> list[str]:
    decision = decide(shoe, unit, graded, DEFAULT_POLICY)
    permission = may_decide_alone(
        graded,
        decision,
        scope,
        lowers_refund=why.get("lowers_refund", False),
        clock_uncertain=why.get("clock_uncertain", False),
    )
    assert permission.reasons
    return [] if permission.allowed else [reason.code for reason in permission.reasons]


@pytest.mark.parametrize(("accepted", "bound"), [(299, 0.00997), (598, 0.005)])
def test_no_error_in_so_many_bounds_the_rate(accepted: int, bound: float) -> None:
    found = error_upper_bound(0, accepted)
    assert found == pytest.approx(bound, rel=0.01)
    assert found == pytest.approx(1 - 0.05 ** (1 / accepted), rel=1e-9)


@pytest.mark.parametrize(
    ("errors", "accepted", "bound"),
    [(1, 10, 0.394163), (5, 100, 0.102253), (0, 0, 1.0), (3, 3, 1.0)],
)
def test_the_bound_agrees_with_published_tables(errors: int, accepted: int, bound: float) -> None:
    assert error_upper_bound(errors, accepted) == pytest.approx(bound, abs=2e-6)


@given(st.integers(1, 3_000).flatmap(lambda n: st.tuples(st.integers(0, min(n - 1, 60)), st.just(n))))
def test_one_more_error_raises_the_bound_and_one_more_good_item_lowers_it(audit: tuple[int, int]) -> None:
    errors, accepted = audit
    bound = error_upper_bound(errors, accepted)
    assert errors / accepted < bound <= 1
    assert bound < error_upper_bound(errors + 1, accepted) <= 1
    assert error_upper_bound(errors, accepted + 1) < bound


@pytest.mark.parametrize(("errors", "accepted", "confidence"), [(-1, 3, 0.95), (4, 3, 0.95), (0, 3, 1.0)])
def test_an_audit_that_cannot_be_is_refused(errors: int, accepted: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no such audit"):
        error_upper_bound(errors, accepted, confidence)


def test_a_proven_scope_may_accept_a_sure_unit(shoe: Product, unit: ReturnUnit, sure: Grading) -> None:
    assert refusal(shoe, unit, sure, PROVEN) == []


def test_autonomy_is_off_unless_somebody_turned_it_on(shoe: Product, unit: ReturnUnit, sure: Grading) -> None:
    assert refusal(shoe, unit, sure, AutonomyScope(audited=10_000)) == [ReasonCode.AUTONOMY_OFF]


def test_a_lower_refund_always_needs_a_person(shoe: Product, unit: ReturnUnit, sure: Grading) -> None:
    assert refusal(shoe, unit, sure, PROVEN, lowers_refund=True) == [ReasonCode.LOWERS_REFUND]


def test_an_uncertain_clock_needs_a_person(shoe: Product, unit: ReturnUnit, sure: Grading) -> None:
    assert refusal(shoe, unit, sure, PROVEN, clock_uncertain=True) == [ReasonCode.CLOCK_UNCERTAIN]


def test_the_worked_example_is_too_unsure_to_go_alone(
    shoe: Product, unit: ReturnUnit, likely_new: Grading
) -> None:
    assert refusal(shoe, unit, likely_new, PROVEN) == [ReasonCode.SHARE_TOO_LOW]


def test_a_tightened_scope_asks_for_more(shoe: Product, unit: ReturnUnit, sure: Grading) -> None:
    assert refusal(shoe, unit, sure, replace(PROVEN, level=Autonomy.TIGHTENED)) == [ReasonCode.SHARE_TOO_LOW]


def test_too_few_audited_items_prove_nothing(shoe: Product, unit: ReturnUnit, sure: Grading) -> None:
    assert refusal(shoe, unit, sure, replace(PROVEN, audited=298)) == [ReasonCode.TOO_FEW_AUDITED]


def test_one_error_in_299_breaks_a_budget_of_one_percent(
    shoe: Product, unit: ReturnUnit, sure: Grading
) -> None:
    assert bound_ppm(PROVEN) <= 10_000
    assert refusal(shoe, unit, sure, replace(PROVEN, errors=1)) == [ReasonCode.BUDGET_EXCEEDED]


def test_what_is_held_or_ungraded_is_not_for_the_machine(
    shoe: Product, unit: ReturnUnit, sure: Grading
) -> None:
    held = decide(shoe, unit, sure, DEFAULT_POLICY, ReturnException.EMPTY_BOX)
    assert not may_decide_alone(sure, held, PROVEN, lowers_refund=False).allowed
    ungraded = replace(sure, grade=Grade.UNGRADED, shares=None)
    assert refusal(shoe, unit, ungraded, PROVEN) == [ReasonCode.NOT_DECIDED]


def test_a_unit_that_the_condition_head_disputes_is_for_a_person(
    shoe: Product, unit: ReturnUnit, sure: Grading
) -> None:
    against = because(Rule.GRADE_SHARES, ReasonCode.HEAD_DISAGREES, grade=Grade.NEW, share_ppm=90_000)
    assert refusal(shoe, unit, replace(sure, reasons=(against,)), PROVEN) == [ReasonCode.HEAD_DISAGREES]
