"""Comparison with good references of one SKU and view, after PatchCore (arXiv 2106.08265).

Fitted from good photos only, for each look of the recipe (`looks.py` puts them together):
1. every channel is standardised by mean and spread over all reference patches, and a patch brought to
   one length where only its direction is compared;
2. each photo gives its own greedy coreset; the bank is their union. So leaving a photo out is
   exact: its rows are left out, and the others stay what they are;
3. each photo is compared with the others; the mean of these maps is the view's own noise
   (shiny caps and printed edges differ between good units too), by which every map is divided;
4. the divided maps are smoothed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.backbone import Matrix, Patches
from models.coreset import greedy_coreset, nearest_distance
from models.recipe import MAX_ROWS, PLAIN

NOISE_SMOOTHING = 1.0
"""Cells; standard deviation of the smoothing of the noise map."""
PLACE_SHARE = 0.75
"""Of what is normal at a place that its surroundings say; the rest is the whole view's, so never near 0."""
MAP_SMOOTHING = 1.0
"""Cells."""
LEAST_CHANNEL_SPREAD = 1e-6
LEAST_LENGTH = 1e-6
"""Of a standardised patch: one at the very mean has no direction."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bank:
    """What is known of good units in one look."""

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
    direction: bool = False
    """Whether patches are compared by their direction alone."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learnt:
    """A bank, and how each of its photos differs from the others."""

    bank: Bank
    left_out: tuple[Matrix, ...]
    """One map per photo, in the order of the photos."""
    marked: tuple[Matrix, ...]
    """The same of each photo's marked copy, where there are such; it is compared as if it were the photo."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """How one picture differs from the references."""

    heat: Matrix
    """rows x columns, in multiples of the distance that is normal at the place."""
    score: float
    """The mean of the largest values of `heat`, as many as the recipe says."""


def learn(
    shots: Sequence[Patches],
    *,
    marked: Sequence[Patches] = (),
    share: float = PLAIN.share,
    most_rows: int = MAX_ROWS,
    by_place: bool = True,
    direction: bool = False,
) -> Learnt:
    """Learn one look from two or more photos of one size; raises ValueError with mixed sizes.

    `marked`: a copy of each photo with something drawn on it, or none at all. Nothing is learnt from them.
    """
    rows, columns = shots[0].rows, shots[0].columns
    if any((shot.rows, shot.columns) != (rows, columns) for shot in (*shots, *marked)):
        raise ValueError("the photos differ in size")
    mean, spread = channels_of(shots)
    standard, drawn = (
        [standardise(shot.vectors, mean, spread, direction=direction) for shot in some]
        for some in (shots, marked)
    )
    kept = max(1, min(round(share * rows * columns), most_rows // len(shots)))
    coresets = [greedy_coreset(vectors, kept) for vectors in standard]
    maps, marks = (
        [left_out(vectors, index, coresets).reshape(rows, columns) for index, vectors in enumerate(some)]
        for some in (standard, drawn)
    )
    total: Matrix = np.stack(maps).sum(axis=0)
    others = max(1, len(maps) - 1)
    alone = [noise_of(total - one, others, by_place=by_place) for one in maps]
    return Learnt(
        bank=Bank(
            rows=rows,
            columns=columns,
            mean=mean,
            spread=spread,
            vectors=np.concatenate(coresets),
            noise=noise_of(total, len(maps), by_place=by_place),
            direction=direction,
        ),
        left_out=tuple(smoothed(one / noise) for one, noise in zip(maps, alone, strict=True)),
        marked=tuple(smoothed(one / noise) for one, noise in zip(marks, alone, strict=bool(marks))),
    )


def heat_of(bank: Bank, patches: Patches) -> Matrix:
    """The map of one picture; raises ValueError when its size is not the bank's."""
    if (patches.rows, patches.columns) != (bank.rows, bank.columns):
        raise ValueError("the picture's size is not the bank's")
    vectors = standardise(patches.vectors, bank.mean, bank.spread, direction=bank.direction)
    distance = nearest_distance(vectors, bank.vectors)
    return smoothed(distance.reshape(bank.rows, bank.columns) / bank.noise)


def channels_of(shots: Sequence[Patches]) -> tuple[Matrix, Matrix]:
    """Mean and spread of every channel over all patches."""
    everything = np.concatenate([shot.vectors for shot in shots])
    mean = everything.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = np.maximum(everything.std(axis=0, dtype=np.float64), LEAST_CHANNEL_SPREAD).astype(np.float32)
    return mean, spread


def standardise(vectors: Matrix, mean: Matrix, spread: Matrix, *, direction: bool = False) -> Matrix:
    """Channels in units of their spread over the references; rows of length 1 where directions count."""
    standard = np.asarray((vectors - mean) / spread, dtype=np.float32)
    if direction:
        lengths = np.sqrt(np.einsum("ij,ij->i", standard, standard))
        standard /= np.maximum(lengths, LEAST_LENGTH)[:, None]
    return standard


def left_out(vectors: Matrix, index: int, coresets: Sequence[Matrix]) -> Matrix:
    """Distances of one photo's patches to the bank without that photo."""
    others = [rows for at, rows in enumerate(coresets) if at != index]
    return nearest_distance(vectors, np.concatenate(others or coresets))


def noise_of(total: Matrix, maps: int, *, by_place: bool = True) -> Matrix:
    """The normal distance per cell: mostly its surroundings', the rest the whole view's."""
    mean_map = np.asarray(total / maps, dtype=np.float32)
    level = np.float32(max(float(mean_map.mean()), 1e-6))
    if not by_place:
        return np.full_like(mean_map, level)
    near = cv2.GaussianBlur(mean_map, (0, 0), NOISE_SMOOTHING)
    return np.asarray(PLACE_SHARE * near + (1.0 - PLACE_SHARE) * level, dtype=np.float32)


def smoothed(heat: Matrix) -> Matrix:
    """Without the noise of single cells."""
    plain = np.ascontiguousarray(heat, dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(plain, (0, 0), MAP_SMOOTHING), dtype=np.float32)
