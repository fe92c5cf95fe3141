"""95 % intervals by drawing the items again (Efron's percentile bootstrap), groups as a whole."""

import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.folders import Item
from models.evaluation.metrics import Numbers

REPLICATES = 1000
SEED = 0
LOW, HIGH = 2.5, 97.5
"""Percent."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """A figure with its replicates, from which intervals of means are made too."""

    value: float | None
    """None where it cannot be had."""
    replicates: Numbers

    @property
    def interval(self) -> tuple[float, float] | None:
        """The middle 95 % of the replicates; None where there is no figure."""
        usable = self.replicates[np.isfinite(self.replicates)]
        if self.value is None or not len(usable):
            return None
        low, high = np.percentile(usable, (LOW, HIGH))
        return float(low), float(high)


NOTHING = Estimate(value=None, replicates=np.full(REPLICATES, np.nan))
Figure = Callable[[int, Numbers], Numbers]
"""Takes a seed's place and the weights of that seed's items, answers one number per row."""


def draw_weights(items: Sequence[Item], replicates: int = REPLICATES) -> Numbers:
    """How often each item counts in each replicate; replicates x items, the same for the same items.

    Whole groups are drawn with replacement, among groups of one make-up (good only, bad only, both);
    where every item is its own group this is the usual bootstrap within each class. The names are part
    of the seed, so that two objects do not share their luck.
    """
    rng = np.random.default_rng([SEED, zlib.crc32("\n".join(item.name for item in items).encode())])
    weights = np.zeros((replicates, len(items)))
    for groups in by_make_up(items).values():
        of_item = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        drawn = rng.multinomial(len(groups), [1 / len(groups)] * len(groups), size=replicates)
        weights[:, [at for group in groups for at in group]] = drawn[:, of_item]
    return weights


def by_make_up(items: Sequence[Item]) -> dict[tuple[bool, ...], list[list[int]]]:
    """Places of the items of each group, sorted by which classes the group holds."""
    groups: dict[str, list[int]] = defaultdict(list)
    for at, item in enumerate(items):
        groups[item.group].append(at)
    found: dict[tuple[bool, ...], list[list[int]]] = defaultdict(list)
    for places in groups.values():
        found[tuple(sorted({items[at].good for at in places}))].append(places)
    return found


def estimate(figure: Figure, places: Sequence[NDArray[np.int64]], weights: Numbers) -> Estimate:
    """The mean of a figure over the seeds, and its replicates.

    `places[s]` are the items that seed s tests, as places in the columns of `weights`. A replicate draws
    the items once and the same way for all seeds, takes the figure of each seed with these weights,
    and averages over the seeds: the seeds share their test items, so they must not count as more of them.
    The interval is about other items of the same kind, with these draws of references.
    """
    ones = np.ones((1, weights.shape[1]))
    value = over_seeds(figure, places, ones)[0]
    if not np.isfinite(value):
        return NOTHING
    return Estimate(value=float(value), replicates=over_seeds(figure, places, weights))


def over_seeds(figure: Figure, places: Sequence[NDArray[np.int64]], weights: Numbers) -> Numbers:
    """Mean of the seeds' figures, for each row of weights; NaN where a seed has none."""
    rows = [figure(seed, weights[:, tested]) for seed, tested in enumerate(places)]
    return np.asarray(np.mean(rows, axis=0), dtype=np.float64)


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """Mean over objects, of those that have the figure; objects vary independently of one another."""
    there = [one for one in estimates if one.value is not None]
    if not there:
        return NOTHING
    return Estimate(
        value=float(np.mean([one.value for one in there if one.value is not None])),
        replicates=np.mean([one.replicates for one in there], axis=0),
    )
