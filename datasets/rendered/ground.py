"""The neighbourhood of a defect: the texels around its middle, in lengths along the surface."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from datasets.rendered.item import Item
from datasets.rendered.shapes import waves
from datasets.rendered.skin import Bools, Floats

FACING = 0.42
"""Least cosine towards the camera of a defect's middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Texels near a middle; all arrays (N,) unless said."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    points: Floats
    """(N, 3)"""
    across: Floats
    up: Floats
    middle: Floats
    """(3,)"""
    normal: Floats
    """(3,) outward."""

    def distance(self) -> Floats:
        """Return the distance from the middle."""
        far: Floats = np.linalg.norm(self.points - self.middle, axis=1).astype(np.float32)
        return far

    def blob(self, radius: float, seed: int, wobble: float) -> Floats:
        """Return an uneven round field: below 1 inside, 0 in the middle."""
        ragged = waves(self.points, seed, 0.9 * radius) + 0.5 * waves(self.points, seed + 1, 0.35 * radius)
        return (self.distance() / radius * (1 + wobble * ragged)).astype(np.float32)

    def along(self, path: Sequence[tuple[float, float]]) -> Floats:
        """Return the distance from a line of straight pieces in (across, up)."""
        nearest = np.full(len(self.across), 1e3, np.float32)
        for (x0, y0), (x1, y1) in pairwise(path):
            dx, dy = x1 - x0, y1 - y0
            share = ((self.across - x0) * dx + (self.up - y0) * dy) / max(dx * dx + dy * dy, 1e-9)
            share = np.clip(share, 0, 1)
            piece = np.hypot(self.across - x0 - share * dx, self.up - y0 - share * dy)
            nearest = np.minimum(nearest, piece)
        return nearest


def middle_of(item: Item, allowed: Bools, seed: int, facing: float = FACING) -> tuple[int, int]:
    """Return a random texel among those allowed that the camera sees well."""
    seen = allowed & (item.facing > facing)
    spots = np.flatnonzero(seen if seen.any() else allowed)
    place = int(spots[np.random.default_rng(seed).integers(len(spots))])
    return place // allowed.shape[1], place % allowed.shape[1]


def ground_at(item: Item, texel: tuple[int, int], reach: float, same_side: bool = True) -> Ground:
    """Return the texels within `reach` of a texel; if asked, of its own patch and facing its way alone."""
    where, normals = item.skin.where, item.skin.normals
    middle, normal = where[texel], normals[texel]
    near = np.linalg.norm(where - middle, axis=2) < reach
    if same_side:
        near &= (normals @ normal > 0.2) & (item.skin.owner == item.skin.owner[texel])
    rows, columns = np.nonzero(near)
    helper = np.array([0, 0, 1] if abs(normal[2]) < 0.8 else [0, 1, 0], np.float32)
    right = np.cross(helper, normal)
    right /= max(float(np.linalg.norm(right)), 1e-6)
    offsets = where[rows, columns] - middle
    return Ground(
        rows=rows,
        columns=columns,
        points=where[rows, columns],
        across=offsets @ right,
        up=offsets @ np.cross(normal, right),
        middle=middle,
        normal=normal,
    )
