"""Calibrations rise, are fitted apart by item and day, and are refused below their minimum."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.grades import Grade
from models.confidence import ShareMap
from models.errors import TooFewVerdicts
from models.training.verdicts.isotonic import isotonic_knots, pav, platt_line
from models.training.verdicts.rows import Verdicts
from models.training.verdicts.shares import fit_map, fit_shares

Returns = Callable[..., Verdicts]
PAIRS = st.lists(st.tuples(st.integers(0, 1_000_000), st.booleans()), min_size=1, max_size=120)


def test_the_nearest_rising_values_are_the_textbooks() -> None:
    values = pav(np.array([1.0, 3.0, 2.0, 4.0, 3.5, 3.0]), np.ones(6))
    assert values.tolist() == pytest.approx([1.0, 2.5, 2.5, 3.5, 3.5, 3.5])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_pooling_rises_and_keeps_the_mean(heights: list[float]) -> None:
    values = pav(np.array(heights), np.ones(len(heights)))
    assert all(low <= high for low, high in pairwise(values.tolist()))
    assert values.mean() == pytest.approx(np.mean(heights))


@given(PAIRS, st.integers(0, 1_000_000), st.integers(0, 1_000_000), st.sampled_from(["platt", "isotonic"]))
def test_a_larger_share_is_never_mapped_to_a_smaller_one(
    pairs: list[tuple[int, bool]], one: int, other: int, method: str
) -> None:
    ppm = np.asarray([share for share, _ in pairs], dtype=np.int64)
    right = np.asarray([was for _, was in pairs])
    slope, intercept = platt_line(ppm, right)
    fitted = ShareMap(
        category="mug",
        proposed=Grade.NEW,
        items=len(pairs),
        method="platt" if method == "platt" else "isotonic",
        slope=slope if method == "platt" else 1.0,
        intercept=intercept if method == "platt" else 0.0,
        knots=isotonic_knots(ppm, right) if method == "isotonic" else (),
        ece_before=0.0,
        ece_after=0.0,
    )
    low, high = sorted((one, other))
    assert 0 <= fitted.right_ppm(low) <= fitted.right_ppm(high) <= 1_000_000


def test_no_level_of_a_calibration_says_always() -> None:
    knots = isotonic_knots(np.full(98, 900_000, dtype=np.int64), np.full(98, True))
    assert knots == ((900_000, 990_000),)


@pytest.mark.parametrize("count", [150, 600])
def test_a_share_that_promises_too_much_is_brought_down(returns: Returns, count: int) -> None:
    rows = [row.model_copy(update={"proposed": Grade.USED}) for row in returns(count).rows]
    dice = np.random.default_rng(5)
    ppm = np.clip(dice.normal(950_000, 20_000, count), 0, 999_000).astype(np.int64)
    fitted = fit_map("mug", Grade.USED, rows, ppm)
    assert fitted.ece_before > 0.5
    assert fitted.ece_after < 0.2
    assert 250_000 < fitted.right_ppm(950_000) < 420_000


def test_few_items_get_a_line_and_many_may_get_steps(returns: Returns) -> None:
    file = fit_shares(returns(300))
    assert {one.method for one in file.maps} == {"platt"}
    assert {one.proposed for one in file.maps} <= {Grade.NEW, Grade.USED}
    assert len(file.fitted_days) == 30
    assert len(file.fitted_items) == 300


def test_below_a_hundred_items_of_a_grade_nothing_is_calibrated(returns: Returns) -> None:
    with pytest.raises(TooFewVerdicts, match="100 confirmed items"):
        fit_shares(returns(90))


def test_the_same_verdicts_give_the_same_calibration(returns: Returns) -> None:
    assert fit_shares(returns(600)) == fit_shares(returns(600))
