"""Monotone maps from a share to how often it was right: Platt's line on the logit, and isotonic steps."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PLATT_STEPS = 100
MAX_KNOTS = 4_096


def pav(heights: Numbers, weights: Numbers) -> Numbers:
    """The rising values nearest to `heights` by weighted squares (pool adjacent violators, Ayer 1955)."""
    means: list[float] = []
    sizes: list[float] = []
    counts: list[int] = []
    for height, weight in zip(heights.tolist(), weights.tolist(), strict=True):
        means.append(height)
        sizes.append(weight)
        counts.append(1)
        while len(means) > 1 and means[-2] > means[-1]:
            size = sizes[-2] + sizes[-1]
            mean = (means[-2] * sizes[-2] + means[-1] * sizes[-1]) / size
            count = counts[-2] + counts[-1]
            del means[-2:], sizes[-2:], counts[-2:]
            means.append(mean)
            sizes.append(size)
            counts.append(count)
    return np.repeat(np.asarray(means, dtype=np.float64), counts)


def isotonic_knots(shares_ppm: NDArray[np.int64], right: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """(share, how often right) in ppm, rising. Every level is drawn in as if one more had been right and
    one more wrong, so that no level says never or always."""
    places, where = np.unique(shares_ppm, return_inverse=True)
    counts = np.bincount(where).astype(np.float64)
    rates = np.bincount(where, weights=right.astype(np.float64)) / counts
    fitted = pav(rates, counts)
    knots: list[tuple[int, int]] = []
    for level in np.unique(fitted):
        held = fitted == level
        number = counts[held].sum()
        height = round(1_000_000 * (level * number + 1) / (number + 2))
        height = max(height, knots[-1][1] if knots else 0)
        ends = {int(places[held][0]), int(places[held][-1])}
        knots += [(place, height) for place in sorted(ends)]
    return tuple(knots[:MAX_KNOTS])


def platt_line(shares_ppm: NDArray[np.int64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """(slope >= 0, intercept) of the logistic line over the share's logit, by Newton's method.

    The targets are Platt's (1999), one more right and one more wrong, and the slope is drawn towards 1.
    """
    share = np.clip(shares_ppm / 1_000_000, 1e-6, 1 - 1e-6)
    x = np.column_stack([np.log(share / (1 - share)), np.ones(len(share))])
    good = int(right.sum())
    target = np.where(right, (good + 1) / (good + 2), 1 / (len(right) - good + 2))
    line, start, drawn = np.array([1.0, 0.0]), np.array([1.0, 0.0]), np.array([1.0, 1e-3])

    def loss(tried: Numbers) -> float:
        logits = x @ tried
        return float(
            (np.logaddexp(0, logits) - target * logits).sum() + 0.5 * (drawn * (tried - start) ** 2).sum()
        )

    for _ in range(PLATT_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ line, -60, 60)))
        gradient = x.T @ (chance - target) + drawn * (line - start)
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(drawn)
        step, size, before = np.linalg.solve(curve, gradient), 1.0, loss(line)
        while loss(line - size * step) > before and size > 1e-9:
            size /= 2
        line = line - size * step
        if np.abs(size * step).max() < 1e-9:
            break
    return (float(line[0]), float(line[1])) if line[0] >= 0 else (0.0, _level(good, len(right)))


def _level(good: int, rows: int) -> float:
    """The logit of the rate: where a larger share is no better, every share says the same."""
    return float(np.log((good + 1) / (rows - good + 1)))
