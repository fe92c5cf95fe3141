"""Figures over scored items, each for many weightings of the items at once.

Every function takes `weights`, rows x items: a row of ones gives the figure itself, a row of counts
the figure of one bootstrap replicate. The answer has one number per row, NaN where a row leaves
one of the classes empty. Higher scores mean "more different".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

ECE_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """Weights of good and bad items at each distinct score, from the lowest up; rows x scores."""

    good: Numbers
    bad: Numbers


def steps_of(scores: Numbers, bad: Flags, weights: Numbers) -> Steps:
    """Sort once, add up per distinct score."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    heavy, is_bad = weights[:, order], bad[order]
    return Steps(
        good=np.add.reduceat(heavy * ~is_bad, starts, axis=1),
        bad=np.add.reduceat(heavy * is_bad, starts, axis=1),
    )


def auroc(scores: Numbers, bad: Flags, weights: Numbers) -> Numbers:
    """Chance that a bad item scores above a good one; ties count half."""
    steps = steps_of(scores, bad, weights)
    below = np.cumsum(steps.good, axis=1) - 0.5 * steps.good
    return share((steps.bad * below).sum(axis=1), steps.good.sum(axis=1) * steps.bad.sum(axis=1))


def recall_at(scores: Numbers, bad: Flags, weights: Numbers, false_alarms: float) -> Numbers:
    """Share of the bad above the lowest limit that at most this share of the good exceed.

    With n good items floor(share * n) may exceed it: with fewer than 100 of them the limit of 1 %
    is the highest good score, and with fewer than 20 so is that of 5 %.
    """
    steps = steps_of(scores, bad, weights)
    good_above = np.cumsum(steps.good[:, ::-1], axis=1)[:, ::-1] - steps.good
    bad_above = np.cumsum(steps.bad[:, ::-1], axis=1)[:, ::-1] - steps.bad
    allowed = np.floor(false_alarms * steps.good.sum(axis=1, keepdims=True) + 1e-9)
    at = np.argmax(good_above <= allowed, axis=1)
    found = np.take_along_axis(bad_above, at[:, None], axis=1)[:, 0]
    there = np.minimum(steps.bad.sum(axis=1), np.where(steps.good.sum(axis=1) > 0, np.inf, 0.0))
    return share(found, there)


def ece(chances: Numbers, bad: Flags, weights: Numbers) -> Numbers:
    """Expected calibration error of `chances` (0..1) of being bad, over ten bins of equal width.

    The sum over bins of |mean chance - share of bad items|, each bin weighted by its items.
    """
    bins = np.minimum((chances * ECE_BINS).astype(np.int64), ECE_BINS - 1)
    gaps = np.zeros(len(weights))
    for number in range(ECE_BINS):
        inside = weights[:, bins == number]
        gaps += np.abs(inside @ chances[bins == number] - inside @ bad[bins == number].astype(np.float64))
    return share(gaps, weights.sum(axis=1))


def quadratic_kappa(truth: NDArray[np.int64], said: NDArray[np.int64], weights: Numbers, of: int) -> Numbers:
    """Cohen's kappa with quadratic weights over classes 0..of-1 (Cohen, 1968).

    NaN where truth and answers all lie in one class: agreement by chance is then certain.
    """
    table = np.zeros((len(weights), of, of))
    for row in range(of):
        for column in range(of):
            table[:, row, column] = weights[:, (truth == row) & (said == column)].sum(axis=1)
    steps = np.arange(of, dtype=np.float64)
    cost = (steps[:, None] - steps[None, :]) ** 2
    total = table.sum(axis=(1, 2))
    by_chance = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :]
    expected = share((by_chance * cost).sum(axis=(1, 2)), total)
    return 1.0 - share((table * cost).sum(axis=(1, 2)), expected)


def share(part: Numbers, of: Numbers) -> Numbers:
    """`part / of`, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Any = np.where(of > 0, part / of, np.nan)
    return np.asarray(result, dtype=np.float64)
