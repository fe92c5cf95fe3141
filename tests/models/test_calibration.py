"""From a few scores to a limit and a p-value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import MIN_SHOTS, VIEW_FALSE_ALARM, Calibration, calibrate, student_tail

SCORES = st.lists(st.floats(0.01, 100), min_size=MIN_SHOTS, max_size=30)


@pytest.mark.parametrize(
    ("freedom", "t", "tail"),
    [
        (1, 6.3138, 0.05),
        (2, 2.9200, 0.05),
        (4, 3.7469, 0.01),
        (5, 2.0150, 0.05),
        (9, 2.8214, 0.01),
        (19, 2.5395, 0.01),
        (30, 3.3852, 0.001),
    ],
)
def test_the_tail_is_that_of_the_printed_tables(freedom: int, t: float, tail: float) -> None:
    assert student_tail(t, freedom) == pytest.approx(tail, rel=1e-3)
    assert student_tail(-t, freedom) == pytest.approx(1 - tail, rel=1e-3)


@given(SCORES)
def test_the_limit_is_passed_with_the_chance_it_was_set_for(scores: list[float]) -> None:
    calibration = calibrate(scores)
    assert calibration.p_value(calibration.limit()) == pytest.approx(VIEW_FALSE_ALARM, rel=1e-4)


@given(SCORES, st.floats(0.001, 200), st.floats(1.0, 3.0))
def test_a_larger_difference_is_never_more_likely(scores: list[float], score: float, factor: float) -> None:
    calibration = calibrate(scores)
    assert 0.0 <= calibration.p_value(score * factor) <= calibration.p_value(score) <= 1.0


def test_few_photos_move_the_limit_out() -> None:
    limits = [Calibration(shots=n, log_mean=0.0, log_spread=0.2).limit() for n in (3, 5, 8, 12, 20, 60)]
    assert limits == sorted(limits, reverse=True)


def test_photos_that_are_all_alike_still_leave_room() -> None:
    calibration = calibrate([1.0] * 8)
    assert calibration.limit() > 1.1
    assert math.isfinite(calibration.p_value(0.0))


def test_too_few_scores_are_no_calibration() -> None:
    with pytest.raises(ValueError, match="3 are needed"):
        calibrate([1.0] * (MIN_SHOTS - 1))


def test_good_units_pass_the_limit_as_rarely_as_promised() -> None:
    draw = np.random.default_rng(7)
    alarms = 0
    for _ in range(400):
        logs = draw.normal(0.5, 0.2, 21)
        alarms += math.exp(logs[20]) > calibrate([math.exp(value) for value in logs[:20]]).limit()
    assert alarms / 400 < 2 * VIEW_FALSE_ALARM
