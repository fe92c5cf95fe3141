"""The head learns from verdicts, refuses too few, and gives the same head for the same rows."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from inspection.grades import Grade
from models.condition import softmax
from models.errors import TooFewVerdicts
from models.training.verdicts.figures import ece, interval
from models.training.verdicts.head import RIDGES, best_temperature, fit, learn, table_of, usable
from models.training.verdicts.rows import Verdicts

Returns = Callable[..., Verdicts]


def test_verdicts_lower_the_error_and_the_loss_on_items_and_days_that_were_not_seen(returns: Returns) -> None:
    learnt = learn(returns(300))
    assert learnt.unseen.error < learnt.fixed_map.error / 2
    assert learnt.unseen.log_loss < learnt.fixed_map.log_loss
    assert learnt.unseen.error_low < learnt.unseen.error < learnt.unseen.error_high


def test_the_same_rows_give_the_same_head(returns: Returns) -> None:
    assert learn(returns(90)).file == learn(returns(90)).file


@pytest.mark.parametrize(("count", "missing"), [(48, "2 more items"), (15, "5 more that are damaged")])
def test_too_few_verdicts_are_refused_with_what_is_missing(
    returns: Returns, count: int, missing: str
) -> None:
    with pytest.raises(TooFewVerdicts, match=missing):
        learn(returns(count))


def test_fifty_verdicts_with_one_grade_missing_are_refused(returns: Returns) -> None:
    verdicts = returns(120)
    without = tuple(row for row in verdicts.rows if row.grade != Grade.DAMAGED)
    with pytest.raises(TooFewVerdicts, match="10 more that are damaged"):
        learn(replace(verdicts, rows=without))


def test_verdicts_of_one_day_cannot_be_held_apart(returns: Returns) -> None:
    with pytest.raises(TooFewVerdicts, match="at least 3 days"):
        learn(returns(90, a_day=90))


def test_rows_without_views_and_of_rare_categories_are_left_out(returns: Returns) -> None:
    rows = [*returns(60).rows, *returns(4, category="boat").rows]
    blind = [row.model_copy(update={"views": ()}) for row in returns(30).rows]
    assert {row.category for row in usable([*rows, *blind])} == {"mug"}
    assert len(usable([*rows, *blind])) == 60


def test_a_firm_ridge_stays_at_the_fixed_map(returns: Returns) -> None:
    table = table_of(returns(60).rows, ("mug",))
    firm = fit(table, 1e9)
    assert np.abs(firm.weights).max() < 1e-6
    loose = fit(table, RIDGES[0])
    assert np.abs(loose.weights).max() > 0.1


def test_the_fit_lies_where_the_gradient_vanishes(returns: Returns) -> None:
    table, ridge = table_of(returns(120).rows, ("mug",)), 3.0
    found = fit(table, ridge)
    scaled = table.features.copy()
    scaled[:, : len(found.mean)] = (scaled[:, : len(found.mean)] - found.mean) / found.spread
    over = softmax(found.logits(table)) - np.eye(3)[table.truth]
    assert np.abs(scaled.T @ over + ridge * found.weights.T).max() < 1e-3


def test_answers_that_are_too_sure_are_cooled() -> None:
    dice = np.random.default_rng(3)
    truth = dice.integers(0, 3, 400)
    said = np.where(dice.random(400) < 0.7, truth, dice.integers(0, 3, 400))
    assert best_temperature(np.eye(3)[said] * 8.0, truth) > 2.0


def test_the_calibration_error_is_the_gap_between_promise_and_truth() -> None:
    right = np.array([True] * 80 + [False] * 20)
    dice = np.random.default_rng(0)
    dice.shuffle(right)
    assert ece(np.full(100, 0.9), right, bins=1) == pytest.approx(0.1)
    assert ece(np.full(100, 0.8), right, bins=1) == pytest.approx(0.0)


def test_an_interval_of_nothing_wrong_begins_at_nothing() -> None:
    low, high = interval(0, 20)
    assert low == 0.0
    assert high == pytest.approx(1 - 0.025 ** (1 / 20))
