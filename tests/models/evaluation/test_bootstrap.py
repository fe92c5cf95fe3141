"""Intervals: repeatable, by whole groups, and as wide as they should be."""

from pathlib import Path

import numpy as np
import pytest

from models.evaluation.bootstrap import NOTHING, Estimate, draw_weights, estimate, mean_of
from models.evaluation.folders import Item
from models.evaluation.metrics import Numbers


def item(name: str, *, good: bool, group: str = "") -> Item:
    return Item(path=Path(name), name=name, kind="", good=good, group=group or name)


def items(good: int, bad: int) -> list[Item]:
    return [item(f"g{n}", good=True) for n in range(good)] + [item(f"b{n}", good=False) for n in range(bad)]


def test_the_same_items_are_drawn_the_same_way_again() -> None:
    assert (draw_weights(items(5, 3)) == draw_weights(items(5, 3))).all()
    others = [item(f"other{n}", good=n < 5) for n in range(8)]
    assert (draw_weights(items(5, 3)) != draw_weights(others)).any()


def test_each_class_keeps_its_number_of_items() -> None:
    weights = draw_weights(items(7, 4))
    assert (weights[:, :7].sum(axis=1) == 7).all()
    assert (weights[:, 7:].sum(axis=1) == 4).all()


def test_a_group_is_drawn_as_a_whole() -> None:
    group = [item("a0", good=True, group="a"), item("a1", good=False, group="a")]
    weights = draw_weights([*group, item("b0", good=True, group="b"), item("b1", good=False, group="b")])
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2] == weights[:, 3]).all()
    assert (weights.sum(axis=1) == 4).all()


def test_the_interval_of_a_mean_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(10.0, 2.0, 400)
    drawn = items(400, 0)

    def mean(seed: int, weights: Numbers) -> Numbers:
        return np.asarray((weights @ values) / weights.sum(axis=1))

    found = estimate(mean, [np.arange(400)], draw_weights(drawn))
    assert found.value == pytest.approx(values.mean())
    assert found.interval is not None
    half = 1.96 * values.std() / 20
    assert found.interval[0] == pytest.approx(values.mean() - half, abs=0.03)
    assert found.interval[1] == pytest.approx(values.mean() + half, abs=0.03)


def test_five_seeds_of_the_same_items_do_not_make_the_interval_narrower() -> None:
    values = np.random.default_rng(4).normal(0.0, 1.0, 50)

    def mean(seed: int, weights: Numbers) -> Numbers:
        return np.asarray((weights @ values) / weights.sum(axis=1))

    weights = draw_weights(items(50, 0))
    one = estimate(mean, [np.arange(50)], weights)
    five = estimate(mean, [np.arange(50)] * 5, weights)
    assert one.interval == pytest.approx(five.interval)


def test_a_figure_that_a_seed_lacks_is_none() -> None:
    found = estimate(
        lambda seed, weights: np.full(len(weights), np.nan), [np.arange(2)], draw_weights(items(1, 1))
    )
    assert found is NOTHING
    assert found.interval is None


def test_the_mean_over_objects_leaves_out_those_without_the_figure() -> None:
    here = Estimate(value=0.5, replicates=np.full(1000, 0.5))
    there = Estimate(value=1.0, replicates=np.full(1000, 1.0))
    assert mean_of([here, NOTHING, there]).value == 0.75
    assert mean_of([here, there]).interval == (0.75, 0.75)
    assert mean_of([NOTHING]) is NOTHING
