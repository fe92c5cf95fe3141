"""The aim on real photographs of one product; dated figures: docs/peers/bottle-first-comparison.md."""

from pathlib import Path

import pytest

from benchmarks.comparison import area_under, compare_set, wilson
from models.backbone import Backbone

BOTTLES = Path(__file__).parents[3] / "shared" / "data" / "bottle"


def test_real_bottles_are_told_apart_with_a_limit_from_twenty_good_photos(backbone: Backbone) -> None:
    if not BOTTLES.is_dir():
        pytest.skip("the picture set bottle (MVTec AD) is not beside this checkout")
    outcome = compare_set(backbone, BOTTLES, 20)
    assert outcome.faults == 0
    assert sum(r > 1 for r in outcome.all_bad) >= 0.95 * len(outcome.all_bad)
    assert sum(r > 1 for r in outcome.good) <= 0.05 * len(outcome.good)
    assert outcome.auroc >= 0.99


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert area_under([1, 2], [3, 4]) == 1.0
    assert area_under([1, 2], [1, 2]) == 0.5
    assert area_under([3, 4], [1, 2]) == 0.0


def test_an_interval_is_that_of_the_printed_examples() -> None:
    assert wilson(0, 10) == "0/10 = 0.000 [0.000, 0.278]"
    assert wilson(63, 63) == "63/63 = 1.000 [0.943, 1.000]"
    assert wilson(0, 0) == "none"
