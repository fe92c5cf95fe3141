"""How good chances of the grades are, on rows that the model had not seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.autonomy import error_upper_bound

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Figures over some rows."""

    rows: int
    error: float
    """Share of rows whose likeliest grade was wrong, 0..1."""
    error_low: float
    error_high: float
    """95 % interval (Clopper and Pearson)."""
    log_loss: float
    """Mean of -ln of the chance given to the true grade."""
    ece: float
    """Expected calibration error of the likeliest grade's chance, 0..1."""


def quality(chances: Numbers, truth: NDArray[np.int64]) -> Quality:
    """Measure chances (rows x 3) against the true grades by their place."""
    likeliest = chances.argmax(axis=1)
    right = likeliest == truth
    given = chances[np.arange(len(truth)), truth]
    wrong = int((~right).sum())
    low, high = interval(wrong, len(truth))
    return Quality(
        rows=len(truth),
        error=wrong / len(truth),
        error_low=low,
        error_high=high,
        log_loss=float(-np.log(np.maximum(given, 1e-9)).mean()),
        ece=ece(chances.max(axis=1), right),
    )


def ece(confidence: Numbers, right: Flags, bins: int = BINS) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy over bins of equal size."""
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [abs(float(confidence[part].mean() - right[part].mean())) * len(part) for part in parts]
    return sum(gaps) / len(confidence)


def interval(wrong: int, rows: int) -> tuple[float, float]:
    """The exact 95 % interval of a rate."""
    return 1 - error_upper_bound(rows - wrong, rows, 0.975), error_upper_bound(wrong, rows, 0.975)
