"""A threshold is derived only where the audited items prove every budget; otherwise it is off."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.autonomy import Autonomy, binomial_tail
from inspection.budget import (
    LADDER,
    AuditedItem,
    ErrorBudget,
    ErrorKind,
    acceptance,
    acceptances,
    keeps,
    kinds_in,
    least_accepted,
    once_per_item,
    scope_of,
)
from inspection.grades import Grade
from inspection.reasons import ReasonCode

FIRST = date(2026, 3, 1)
BUDGET = ErrorBudget()


def audited(number: int, share_ppm: int = 995_000, truth: Grade = Grade.NEW) -> AuditedItem:
    return AuditedItem(
        item=f"unit-{number}",
        day=FIRST + timedelta(days=number % 20),
        category="carton",
        proposed=Grade.NEW,
        share_ppm=share_ppm,
        truth=truth,
    )


def stream(good: int, *wrong: AuditedItem) -> list[AuditedItem]:
    return [*(audited(number) for number in range(good)), *wrong]


@pytest.mark.parametrize(
    ("errors", "budget_ppm", "accepted"),
    [(0, 10_000, 299), (0, 5_000, 598), (1, 10_000, 473), (2, 10_000, 628)],
)
def test_so_many_accepted_items_are_needed(errors: int, budget_ppm: int, accepted: int) -> None:
    assert least_accepted(errors, budget_ppm) == accepted
    assert keeps(errors, accepted, budget_ppm)
    assert not keeps(errors, accepted - 1, budget_ppm)


@pytest.mark.parametrize(("good", "why"), [(299, None), (298, ReasonCode.TOO_FEW_AUDITED)])
def test_299_items_without_an_error_turn_it_on_and_298_do_not(good: int, why: ReasonCode | None) -> None:
    rule = acceptance(stream(good), BUDGET, category="carton", proposed=Grade.NEW)
    assert (rule.threshold_ppm is None, rule.why_off) == (why is not None, why)
    assert (rule.audited, rule.needed) == (good, 299)


def test_an_error_among_too_few_turns_it_off_and_the_bound_is_told() -> None:
    wrong = audited(9_999, truth=Grade.USED)
    rule = acceptance(stream(400, wrong), BUDGET, category="carton", proposed=Grade.NEW)
    assert (rule.threshold_ppm, rule.why_off, rule.coverage_ppm) == (None, ReasonCode.BUDGET_EXCEEDED, 0)
    bound = rule.bound_of(ErrorKind.USED_AS_NEW)
    assert bound is not None
    assert (bound.errors, bound.kept) == (1, False)


def test_the_search_goes_lax_and_stops_before_the_errors() -> None:
    unsure = [audited(5_000 + k, 600_000, Grade.USED) for k in range(30)]
    rule = acceptance(stream(400, *unsure), BUDGET, category="carton", proposed=Grade.NEW)
    assert rule.threshold_ppm is not None
    assert 600_000 < rule.threshold_ppm <= 995_000
    assert rule.accepted == 400
    assert rule.coverage_ppm == 400 * 1_000_000 // 430


def test_the_first_failure_ends_the_search_although_a_laxer_rung_would_pass() -> None:
    items = [*(audited(k, 999_000) for k in range(700)), *(audited(1_000 + k, 700_000) for k in range(900))]
    bad = [audited(3_000 + k, 850_000, Grade.USED) for k in range(8)]
    rule = acceptance([*items, *bad], BUDGET, category="carton", proposed=Grade.NEW)
    assert keeps(8, 1_608, 10_000)
    assert rule.threshold_ppm is not None
    assert rule.threshold_ppm > 850_000


def test_a_narrower_budget_of_one_kind_counts_for_itself() -> None:
    narrow = replace(BUDGET, damaged_as_new=5_000)
    assert acceptance(stream(597), narrow, category="carton", proposed=Grade.NEW).threshold_ppm is None
    assert acceptance(stream(598), narrow, category="carton", proposed=Grade.NEW).threshold_ppm is not None


def test_every_wrong_grade_counts_also_one_without_a_kind_of_its_own() -> None:
    item = replace(audited(1), proposed=Grade.DAMAGED, truth=Grade.USED)
    assert kinds_in(item) == (ErrorKind.ANY,)
    assert kinds_in(audited(1)) == ()
    assert kinds_in(audited(1, truth=Grade.DAMAGED)) == (ErrorKind.DAMAGED_AS_NEW, ErrorKind.ANY)


def test_an_item_counts_once_and_its_error_outweighs() -> None:
    good, wrong = audited(1, 999_000), audited(1, 900_000, Grade.USED)
    assert once_per_item([good, wrong, good]) == [wrong]
    assert acceptance(stream(298, audited(1)), BUDGET, category="carton", proposed=Grade.NEW).audited == 298


def test_categories_and_grades_are_derived_apart() -> None:
    rules = acceptances(stream(300), {"mug": replace(BUDGET, any_error=20_000)})
    on = {(rule.category, rule.proposed) for rule in rules if rule.threshold_ppm is not None}
    assert on == {("carton", Grade.NEW)}
    assert len(rules) == 6


def test_a_scope_comes_from_the_rule_and_is_off_without_one() -> None:
    on = acceptance(stream(400), BUDGET, category="carton", proposed=Grade.NEW)
    scope = scope_of(on, BUDGET, Autonomy.NORMAL)
    assert (scope.level, scope.threshold_ppm, scope.audited) == (Autonomy.NORMAL, on.threshold_ppm, 400)
    assert scope.threshold_ppm < scope.tightened_ppm < 1_000_000
    off = acceptance(stream(4), BUDGET, category="carton", proposed=Grade.NEW)
    assert scope_of(off, BUDGET, Autonomy.NORMAL).level == Autonomy.OFF


@pytest.mark.parametrize("broken", [{"any_error": 0}, {"used_as_new": 1_000_000}, {"confidence": 1.0}])
def test_a_budget_that_cannot_be_is_refused(broken: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a budget must lie"):
        ErrorBudget(**broken)  # type: ignore[arg-type]


def test_an_item_without_a_grade_is_no_audited_item() -> None:
    with pytest.raises(ValueError, match="two grades"):
        audited(1, truth=Grade.UNGRADED)


def test_the_ladder_goes_from_strict_to_lax_without_a_step_twice() -> None:
    assert (LADDER[0], LADDER[-1]) == (999_000, 500_000)
    assert all(strict > lax for strict, lax in pairwise(LADDER))


@given(st.integers(0, 20), st.integers(1, 2_000), st.sampled_from([5_000, 10_000, 50_000]))
def test_more_good_items_never_break_a_kept_budget_and_more_errors_never_keep_a_broken_one(
    errors: int, accepted: int, budget_ppm: int
) -> None:
    if keeps(errors, accepted, budget_ppm):
        assert keeps(errors, accepted + 1, budget_ppm)
        assert errors == 0 or keeps(errors - 1, accepted, budget_ppm)


@pytest.mark.parametrize(("accepted", "budget_ppm"), list(product((5, 20, 60), (50_000, 100_000, 300_000))))
def test_a_true_rate_beyond_the_budget_passes_with_at_most_five_percent(
    accepted: int, budget_ppm: int
) -> None:
    """Exact enumeration over every number of errors, at the least rate that breaks the budget."""
    passing = [k for k in range(accepted + 1) if keeps(k, accepted, budget_ppm)]
    chance = binomial_tail(max(passing), accepted, budget_ppm / 1_000_000) if passing else 0.0
    assert passing == list(range(len(passing)))
    assert chance <= 0.05 + 1e-12


SHARES = (999_000, 900_000, 700_000, 500_000)


@given(st.lists(st.tuples(st.sampled_from(SHARES), st.booleans()), min_size=40, max_size=90))
def test_whatever_is_accepted_keeps_every_budget(rows: list[tuple[int, bool]]) -> None:
    truths = {True: Grade.DAMAGED, False: Grade.NEW}
    items = [audited(k, share, truths[wrong]) for k, (share, wrong) in enumerate(rows)]
    wide = ErrorBudget(used_as_new=200_000, damaged_as_new=100_000, any_error=200_000)
    rule = acceptance(items, wide, category="carton", proposed=Grade.NEW)
    if rule.threshold_ppm is not None:
        accepted = [one for one in items if one.share_ppm >= (rule.threshold_ppm or 0)]
        assert len(accepted) == rule.accepted
        assert all(bound.kept for bound in rule.bounds)
        assert rule.bounds[-1].errors == sum(one.wrong for one in accepted)


TENTH = ErrorBudget(
    used_as_new=100_000,
    damaged_as_new=100_000,
    new_as_damaged=100_000,
    new_as_used=100_000,
    any_error=100_000,
)


def two_levels(surest: int, others: int, each: int) -> list[AuditedItem]:
    """So many items at either share, the first of them wrong."""
    levels = ((990_000, surest, 0), (700_000, others, each))
    return [
        audited(start + number, share, Grade.USED if number < wrong else Grade.NEW)
        for share, wrong, start in levels
        for number in range(each)
    ]


@pytest.mark.parametrize("rates", [(0.1001, 0.1001), (0.02, 0.1802), (0.06, 0.16), (0.15, 0.15)])
def test_over_every_outcome_a_broken_threshold_comes_out_in_at_most_five_of_a_hundred(
    rates: tuple[float, float],
) -> None:
    """Exact: each number of errors at two shares with its chance, through the whole search."""
    each, most = 35, 8
    chances = [[_chance(errors, each, rate) for errors in range(most)] for rate in rates]
    broken = 0.0
    for surest, others in product(range(most), repeat=2):
        rule = acceptance(two_levels(surest, others, each), TENTH, category="carton", proposed=Grade.NEW)
        if rule.threshold_ppm is not None:
            true = rates[0] if rule.threshold_ppm > 700_000 else sum(rates) / 2
            broken += chances[0][surest] * chances[1][others] if true > 0.1 else 0.0
    assert not keeps(most, 2 * each, 100_000), "more errors never pass"
    assert broken <= 0.05


def _chance(errors: int, items: int, rate: float) -> float:
    return binomial_tail(errors, items, rate) - (binomial_tail(errors - 1, items, rate) if errors else 0.0)
