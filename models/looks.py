"""The looks of a recipe put together: one map and one score of several ways to compare a view.

Every look gives distances in multiples of what is normal there, so their maps may be averaged.
The leave-one-out maps are put together alike; their scores give limit and p-value (`calibration.py`).
The network has no global step: a finer picture run whole gives what tiles of it would, without seams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.backbone import Backbone, Matrix, Patches, pool_levels
from models.calibration import Calibration, calibrate
from models.framing import Size, input_size, see, see_each
from models.images import Pixels
from models.recipe import Look, Recipe
from models.reference import Bank, Comparison, Learnt, heat_of, learn
from models.session import Tensor

STRIDES: Mapping[str, int] = {"f8": 8, "f16": 16, "f32": 32}
"""Pixels along a side of each map's cells."""
MAX_ENLARGED = 2.0
"""A finer picture has at most this many times the camera's own pixels along a side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What the model sees of a view."""

    whole: Size
    """The picture that heads see, and regions are shares of."""
    finer: Size | None
    """The picture of the finer looks; None where there are none, by the recipe or in this view."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """One picture as the model sees it."""

    whole: Pixels
    finer: Pixels
    """The very same object as `whole` where there is no finer look."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """One picture through the backbone."""

    maps: Mapping[str, Tensor]
    """Of the whole picture, by output name."""
    patches: tuple[Patches, ...]
    """One for each look of the view."""
    model_ms: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Banks:
    """What is known of good units in one view."""

    looks: tuple[Bank, ...]
    """One for each look of the view: all of the recipe, or those of the whole picture alone."""
    leave_one_out: tuple[float, ...]
    """Score of each photo against the others, in the order of the photos."""

    @property
    def calibration(self) -> Calibration:
        """The fit over the leave-one-out scores."""
        return calibrate(self.leave_one_out)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays = (array for bank in self.looks for array in arrays_of(bank))
        return sum(int(array.nbytes) for array in arrays)


def arrays_of(bank: Bank) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """The arrays of one look, in the order of the bank's file."""
    return bank.mean, bank.spread, bank.vectors, bank.noise


def sizes_for(height: int, width: int, recipe: Recipe) -> Sizes:
    """What the model sees of a camera's picture of this height and width."""
    native = (height * width) ** 0.5
    side = min(recipe.fine_side, int(MAX_ENLARGED * native))
    whole = input_size(height, width, recipe.side)
    finer = input_size(height, width, side) if side > recipe.side else whole
    return Sizes(whole=whole, finer=None if finer == whole else finer)


def show(content: bytes, sizes: Sizes) -> Shown:
    """A camera's picture as the model sees it; raises BadImage."""
    if sizes.finer is None:
        whole = see(content, sizes.whole)
        return Shown(whole=whole, finer=whole)
    whole, finer = see_each(content, (sizes.whole, sizes.finer))
    return Shown(whole=whole, finer=finer)


def cells_of(size: Size, look: Look) -> tuple[int, int]:
    """Rows and columns of one look's map, over a picture of this size."""
    stride = STRIDES[look.levels[0]]
    return size.height // stride, size.width // stride


def look_at(backbone: Backbone, recipe: Recipe, shown: Shown) -> Looked:
    """Describe one picture for every look of its view."""
    maps, spent_ms = backbone.maps(shown.whole)
    patches = patches_of(maps, recipe.whole_looks)
    if shown.finer is not shown.whole:
        finer, more_ms = backbone.maps(shown.finer)
        spent_ms += more_ms
        patches += patches_of(finer, recipe.finer_looks)
    return Looked(maps=maps, patches=patches, model_ms=spent_ms)


def patches_of(maps: Mapping[str, Tensor], looks: Sequence[Look]) -> tuple[Patches, ...]:
    """One picture's patches for each look; maps that two looks share are pooled once."""
    pooled = {levels: pool_levels(maps, levels) for levels in dict.fromkeys(look.levels for look in looks)}
    return tuple(pooled[look.levels] for look in looks)


def learn_looks(
    recipe: Recipe, photos: Sequence[Sequence[Patches]], marked: Sequence[Sequence[Patches]] = ()
) -> list[Learnt]:
    """Learn every look that the photos are given by; raises ValueError with mixed sizes.

    `marked`: a copy of each photo with something drawn on it, or none at all.
    """
    looks = recipe.looks[: len(photos[0])]
    return [
        learn(
            [photo[at] for photo in photos],
            marked=[photo[at] for photo in marked],
            share=look.share,
            most_rows=look.most_rows,
            by_place=recipe.by_place,
            direction=look.direction,
        )
        for at, look in enumerate(looks)
    ]


def banks_of(recipe: Recipe, learnt: Sequence[Learnt]) -> Banks:
    """What MIN_SHOTS or more photos taught by the first looks of a recipe; raises ValueError with fewer."""
    scores = scores_of(recipe, [one.left_out for one in learnt])
    calibrate(scores)
    return Banks(looks=tuple(one.bank for one in learnt), leave_one_out=scores)


def scores_of(recipe: Recipe, maps: Sequence[Sequence[Matrix]]) -> tuple[float, ...]:
    """The score of each picture, from the maps that each look made of it."""
    return tuple(
        score_of(together(list(of_picture), enlarged(recipe)), recipe.top)
        for of_picture in zip(*maps, strict=True)
    )


def compare_looks(recipe: Recipe, banks: Banks, patches: Sequence[Patches]) -> Comparison:
    """Compare one picture by every look; raises ValueError when its size is not the banks'."""
    pairs = zip(banks.looks, patches, strict=True)
    heat = together([heat_of(bank, described) for bank, described in pairs], enlarged(recipe))
    return Comparison(heat=heat, score=score_of(heat, recipe.top))


def enlarged(recipe: Recipe) -> int:
    """How many cells of the result lie along one of the first look."""
    return STRIDES[recipe.looks[0].levels[0]] // STRIDES["f8"]


def together(maps: Sequence[Matrix], times: int = 1) -> Matrix:
    """The mean of the maps, on the cells of the first one, each cut into `times` x `times`."""
    rows, columns = (times * cells for cells in maps[0].shape)
    fitted = [
        one
        if one.shape == (rows, columns)
        else cv2.resize(one, (columns, rows), interpolation=cv2.INTER_LINEAR)
        for one in maps
    ]
    return np.asarray(np.mean(fitted, axis=0), dtype=np.float32)


def score_of(heat: Matrix, top: float) -> float:
    """The mean of the largest cells, `top` of all of them and at least one."""
    count = max(1, round(top * heat.size))
    return float(np.sort(heat, axis=None)[-count:].mean(dtype=np.float64))
