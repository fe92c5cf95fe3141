"""Figures against values worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.metrics import Flags, Numbers, auroc, ece, quadratic_kappa, recall_at


def scored(good: Sequence[float], bad: Sequence[float]) -> tuple[Numbers, Flags, Numbers]:
    """Scores, which are bad, and a weight of one for each."""
    scores = np.array([*good, *bad], dtype=np.float64)
    return scores, np.array([False] * len(good) + [True] * len(bad)), np.ones((1, len(scores)))


@pytest.mark.parametrize(
    ("good", "bad", "area"),
    [
        ([1, 2], [3, 4], 1.0),
        ([3, 4], [1, 2], 0.0),
        ([1, 2], [1, 2], 0.5),
        ([1, 2, 3], [2, 2, 4], (1.5 + 1.5 + 3) / 9),
        ([5], [5, 5, 5], 0.5),
    ],
)
def test_the_area_counts_ties_half(good: list[float], bad: list[float], area: float) -> None:
    assert auroc(*scored(good, bad))[0] == pytest.approx(area)


scores_of = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=12)


@given(scores_of, scores_of)
def test_the_area_is_the_share_of_pairs_in_order(good: list[float], bad: list[float]) -> None:
    pairs = [1.0 if b > g else 0.5 if b == g else 0.0 for b in bad for g in good]
    assert auroc(*scored(good, bad))[0] == pytest.approx(np.mean(pairs))


@given(scores_of, scores_of, st.data())
def test_a_weight_of_two_is_the_item_twice(good: list[float], bad: list[float], data: st.DataObject) -> None:
    scores, is_bad, _ = scored(good, bad)
    counts = np.array([data.draw(st.integers(1, 3)) for _ in scores])
    weights = counts[None].astype(np.float64)
    again, bad_again = np.repeat(scores, counts), np.repeat(is_bad, counts)
    ones = np.ones((1, len(again)))
    assert auroc(scores, is_bad, weights)[0] == pytest.approx(auroc(again, bad_again, ones)[0])
    assert recall_at(scores, is_bad, weights, 0.3)[0] == recall_at(again, bad_again, ones, 0.3)[0]


def test_with_few_good_items_the_limit_is_the_highest_of_them() -> None:
    scores, bad, ones = scored([1, 2, 9], [3, 9, 10, 11])
    assert recall_at(scores, bad, ones, 0.01)[0] == 0.5


def test_one_of_a_hundred_good_items_may_exceed_the_limit_of_one_percent() -> None:
    good = [float(n) for n in range(1, 101)]
    scores, bad, ones = scored(good, [99.0, 99.5, 100.0, 200.0])
    assert recall_at(scores, bad, ones, 0.01)[0] == 0.75, "the limit is 99: only 100 exceeds it"
    assert recall_at(scores, bad, ones, 0.005)[0] == 0.25


def test_a_class_that_is_not_there_gives_no_figure() -> None:
    scores, bad, _ = scored([1, 2], [3])
    nobody_bad = np.array([[1.0, 1.0, 0.0]])
    nobody_good = np.array([[0.0, 0.0, 1.0]])
    for weights in (nobody_bad, nobody_good):
        assert np.isnan(auroc(scores, bad, weights)[0])
        assert np.isnan(recall_at(scores, bad, weights, 0.05)[0])


def test_the_calibration_error_weighs_each_bin_by_its_items() -> None:
    chances = np.array([0.05, 0.05, 0.95, 0.95, 1.0])
    bad = np.array([False, True, True, True, False])
    # bin 0: |0.05 - 0.5| x 2 items; bin 9: |2.9 - 2| over 3 items; of 5 items
    assert ece(chances, bad, np.ones((1, 5)))[0] == pytest.approx((0.9 + 0.9) / 5)


def test_perfect_chances_have_no_calibration_error() -> None:
    bad = np.array([False, True, True])
    assert ece(bad.astype(np.float64), bad, np.ones((1, 3)))[0] == 0.0


def test_kappa_is_one_for_agreement_and_zero_for_chance() -> None:
    truth = np.array([0, 0, 1, 1, 2, 2])
    assert quadratic_kappa(truth, truth, np.ones((1, 6)), 3)[0] == 1.0
    # answers independent of the truth: each truth gets the same mix
    assert quadratic_kappa(np.array([0, 0, 2, 2]), np.array([0, 2, 0, 2]), np.ones((1, 4)), 3)[0] == 0.0


def test_kappa_punishes_by_the_square_of_the_distance() -> None:
    truth, near, far = np.array([0, 1, 2, 0]), np.array([0, 1, 2, 1]), np.array([0, 1, 2, 2])
    # near: observed cost 1; expected (2,1,1)x(1,2,1)/4 = (2*2+1*1+1*1+1*2 + 4*(2*1+1*1))/4 = 20/4
    assert quadratic_kappa(truth, near, np.ones((1, 4)), 3)[0] == pytest.approx(1 - 1 / 5)
    assert (
        quadratic_kappa(truth, far, np.ones((1, 4)), 3)[0]
        < quadratic_kappa(truth, near, np.ones((1, 4)), 3)[0]
    )


def test_kappa_of_one_class_alone_is_no_figure() -> None:
    same = np.zeros(3, dtype=np.int64)
    assert np.isnan(quadratic_kappa(same, same, np.ones((1, 3)), 3)[0])
