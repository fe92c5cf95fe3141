"""Comparison with good references of one SKU and view, after PatchCore (arXiv 2106.08265).

Fitted from good photos only:
1. every channel is standardised by mean and spread over all reference patches;
2. each photo gives its own greedy coreset of a tenth of its patches; the bank is their union.
   So leaving a photo out is exact: its rows are left out, and the others stay what they are;
3. each photo is compared with the others; the mean of these maps is the view's own noise
   (shiny caps and printed edges differ between good units too), by which every map is divided;
4. the divided maps, smoothed, give one leave-one-out score per photo, and these the limit and
   the p-value (`calibration.py`).

The fixed numbers below hold for every SKU. Steps 3 and 4 were preferred to the plain maximum of
the paper after both had been tried on real sets (`docs/peers/bottle-first-comparison.md`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.backbone import Matrix, Patches
from models.calibration import Calibration, calibrate
from models.coreset import greedy_coreset, nearest_distance

CORESET_SHARE = 0.10
NOISE_SMOOTHING = 2.0
"""Cells; standard deviation of the smoothing of the noise map."""
MAP_SMOOTHING = 1.0
"""Cells; one cell is 8 pixels of the model's picture."""
LEAST_CHANNEL_SPREAD = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bank:
    """What is known of good units in one view."""

    rows: int
    columns: int
    mean: Matrix
    """Per channel."""
    spread: Matrix
    """Per channel, above 0."""
    vectors: Matrix
    """Standardised coresets of all photos, one after another."""
    noise: Matrix
    """rows x columns: the distance that is normal here."""
    leave_one_out: tuple[float, ...]
    """Score of each photo against the others, in the order of the photos."""

    @property
    def calibration(self) -> Calibration:
        """The fit over the leave-one-out scores."""
        return calibrate(self.leave_one_out)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """How one picture differs from the references."""

    heat: Matrix
    """rows x columns, in multiples of the distance that is normal at the place."""
    score: float
    """The largest value of `heat`."""


def fit(shots: Sequence[Patches]) -> Bank:
    """A bank of MIN_SHOTS or more photos of one size; raises ValueError with fewer or mixed sizes."""
    rows, columns = shots[0].rows, shots[0].columns
    if any((shot.rows, shot.columns) != (rows, columns) for shot in shots):
        raise ValueError("the photos differ in size")
    everything = np.concatenate([shot.vectors for shot in shots])
    mean = everything.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = np.maximum(everything.std(axis=0, dtype=np.float64), LEAST_CHANNEL_SPREAD).astype(np.float32)
    standard = [standardise(shot.vectors, mean, spread) for shot in shots]
    share = max(1, round(CORESET_SHARE * rows * columns))
    coresets = [greedy_coreset(vectors, share) for vectors in standard]
    maps = [left_out(index, standard, coresets).reshape(rows, columns) for index in range(len(shots))]
    total: Matrix = np.stack(maps).sum(axis=0)
    others = max(1, len(maps) - 1)
    scores = [compare_map(one, noise_of(total - one, others)).score for one in maps]
    calibrate(scores)
    return Bank(
        rows=rows,
        columns=columns,
        mean=mean,
        spread=spread,
        vectors=np.concatenate(coresets),
        noise=noise_of(total, len(maps)),
        leave_one_out=tuple(scores),
    )


def compare(bank: Bank, patches: Patches) -> Comparison:
    """Compare one picture of the bank's size with the bank."""
    if (patches.rows, patches.columns) != (bank.rows, bank.columns):
        raise ValueError("the picture's size is not the bank's")
    distance = nearest_distance(standardise(patches.vectors, bank.mean, bank.spread), bank.vectors)
    return compare_map(distance.reshape(bank.rows, bank.columns), bank.noise)


def standardise(vectors: Matrix, mean: Matrix, spread: Matrix) -> Matrix:
    """Channels in units of their spread over the references."""
    return np.asarray((vectors - mean) / spread, dtype=np.float32)


def left_out(index: int, standard: Sequence[Matrix], coresets: Sequence[Matrix]) -> Matrix:
    """Distances of one photo's patches to the bank without that photo."""
    others = [rows for at, rows in enumerate(coresets) if at != index]
    return nearest_distance(standard[index], np.concatenate(others or coresets))


def noise_of(total: Matrix, maps: int) -> Matrix:
    """The normal distance per cell: half its surroundings', half the whole view's, so never near 0."""
    mean_map = np.asarray(total / maps, dtype=np.float32)
    near = cv2.GaussianBlur(mean_map, (0, 0), NOISE_SMOOTHING)
    level = np.float32(max(float(mean_map.mean()), 1e-6))
    return np.asarray(0.5 * near + 0.5 * level, dtype=np.float32)


def compare_map(distance: Matrix, noise: Matrix) -> Comparison:
    """Distances divided by the normal ones and smoothed."""
    smooth = cv2.GaussianBlur(np.asarray(distance / noise, dtype=np.float32), (0, 0), MAP_SMOOTHING)
    heat = np.asarray(smooth, dtype=np.float32)
    return Comparison(heat=heat, score=float(heat.max()))
