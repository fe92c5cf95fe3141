"""Pixel AUPRO: how much of each defect is covered, up to 30 % false alarms among normal pixels.

Per-region overlap as in MVTec AD (Bergmann et al., IJCV 2021): every connected defect counts the
same, small or large. Evaluated on the method's own map enlarged by a whole factor to at most
FINEST cells a side; a mask's cell is defective where any of its pixels is, so hairlines stay.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.backbone import Matrix
from models.evaluation.metrics import Numbers, share

MOST_FALSE = 0.30
LIMITS = 101
FINEST = 256
MOST_CELLS = 24_000_000
"""Of all maps of a seed together: 100 MB."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProParts:
    """Counts per picture and limit, from which AUPRO follows for any weights of the pictures."""

    false_cells: Numbers
    """pictures x limits: normal cells above the limit."""
    normal_cells: Numbers
    """Per picture."""
    overlaps: Numbers
    """regions x limits: share of the region above the limit."""
    owner: NDArray[np.int64]
    """Place of the picture that each region lies in."""


def pro_parts(heats: Sequence[Matrix], masks: Sequence[Mask | None]) -> ProParts:
    """Count over pictures; None stands for a good one. Maps and masks may be of any size."""
    factor = factor_for(heats)
    scaled = [enlarged(heat, factor) for heat in heats]
    shrunk = [
        None if mask is None else fitted(mask, heat.shape) for heat, mask in zip(scaled, masks, strict=True)
    ]
    normal = [
        heat.ravel() if mask is None else heat[~mask] for heat, mask in zip(scaled, shrunk, strict=True)
    ]
    limits = limits_of(np.concatenate(normal))
    overlaps, owner = [], []
    for at, (heat, mask) in enumerate(zip(scaled, shrunk, strict=True)):
        for region in regions(mask):
            overlaps.append(above(heat[region], limits) / region.sum())
            owner.append(at)
    return ProParts(
        false_cells=np.stack([above(cells, limits) for cells in normal]),
        normal_cells=np.array([float(cells.size) for cells in normal]),
        overlaps=np.stack(overlaps),
        owner=np.array(owner, dtype=np.int64),
    )


def aupro(parts: ProParts, weights: Numbers) -> Numbers:
    """Area under mean overlap against false alarms, divided by MOST_FALSE; rows x pictures in, rows out."""
    false = share(weights @ parts.false_cells, (weights @ parts.normal_cells)[:, None])
    of_region = weights[:, parts.owner]
    overlap = share(of_region @ parts.overlaps, of_region.sum(axis=1)[:, None])
    return np.array([_area(x, y) for x, y in zip(false, overlap, strict=True)])


def _area(false: Numbers, overlap: Numbers) -> float:
    """Trapezoids up to MOST_FALSE; the limits come strict first, so both grow."""
    if not (np.isfinite(false).all() and np.isfinite(overlap).all()):
        return float("nan")
    inside = false < MOST_FALSE
    x = np.r_[0.0, false[inside], MOST_FALSE]
    y = np.r_[overlap[0], overlap[inside], np.interp(MOST_FALSE, false, overlap)]
    return float(np.trapezoid(y, x)) / MOST_FALSE


def limits_of(normal: Matrix) -> Matrix:
    """Limits, strict first, that 0 to a little over 30 % of the normal cells exceed."""
    shares = np.linspace(0.0, MOST_FALSE + 0.01, LIMITS)
    return np.asarray(np.quantile(normal, 1.0 - shares, method="inverted_cdf"), dtype=np.float32)


def above(cells: Matrix, limits: Matrix) -> Numbers:
    """How many cells exceed each limit."""
    ranked = np.sort(cells.ravel())
    return np.asarray(ranked.size - np.searchsorted(ranked, limits, side="right"), dtype=np.float64)


def regions(mask: Mask | None) -> list[Mask]:
    """The connected defects of a mask, also by a corner."""
    if mask is None:
        return []
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    return [np.asarray(labels == label) for label in range(1, count)]


def factor_for(heats: Sequence[Matrix]) -> int:
    """By how much the maps are enlarged: to FINEST cells a side, less where there are very many of them."""
    rows, columns = heats[0].shape
    side, cells = int(max(rows, columns)), len(heats) * int(rows * columns)
    return max(1, min(FINEST // side, math.isqrt(MOST_CELLS // cells)))


def enlarged(heat: Matrix, factor: int) -> Matrix:
    """The map at a whole multiple of its size, interpolated."""
    rows, columns = heat.shape
    how = cv2.INTER_LINEAR
    return np.asarray(
        cv2.resize(heat, (columns * factor, rows * factor), interpolation=how), dtype=np.float32
    )


def fitted(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask at the map's size: a cell holds a defect where any of its pixels does."""
    rows, columns = shape[:2]
    shrinks = mask.shape[0] >= rows and mask.shape[1] >= columns
    how = cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST
    small = cv2.resize(mask.astype(np.float32), (columns, rows), interpolation=how)
    return np.asarray(small > 0)
