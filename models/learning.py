"""One view learnt from its good photos, and whether the finer picture earns its time there.

The finer picture costs four times the first one. It is worth that where it tells apart what the first
one does not: on every good photo a small mark is drawn (`marks.py`), and the marked copy is compared
with the other photos, as the photo itself is for the limit. Where the marks stand out by `LEAST_GAIN`
more with the finer looks than without, the view keeps them; else they are neither stored nor taken.
Why so, with figures: docs/decisions/0014-how-references-are-compared.md.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from models.backbone import Backbone
from models.calibration import LEAST_SCORE, calibrate
from models.images import Pixels, decode
from models.looks import (
    Banks,
    Looked,
    Shown,
    Sizes,
    banks_of,
    learn_looks,
    look_at,
    scores_of,
    show,
    sizes_for,
)
from models.marks import change_on, mark_of, marked
from models.recipe import Recipe
from models.reference import Learnt

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

LEAST_GAIN = 1.0
"""In spreads of the good photos' own log scores."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntView:
    """What good photos of one view taught."""

    sizes: Sizes
    """What the model is to see of the view from now on."""
    pictures: tuple[Pixels, ...]
    """The photos as heads see them."""
    looked: tuple[Looked, ...]
    """The photos through the backbone; by the finer looks too, whether they are kept or not."""
    banks: Banks


def learn_view(
    backbone: Backbone,
    recipe: Recipe,
    photos: Sequence[bytes],
    progress: Progress = lambda done, total: None,
) -> LearntView:
    """Learn one view; raises BadImage, and ValueError with fewer than MIN_SHOTS photos."""
    height, width = decode(photos[0]).shape[:2]
    sizes = sizes_for(height, width, recipe)
    pictures, looked, drawn = [], [], []
    for number, photo in enumerate(photos, start=1):
        shown = show(photo, sizes)
        pictures.append(shown.whole)
        looked.append(look_at(backbone, recipe, shown))
        if sizes.finer is not None:
            drawn.append(look_at(backbone, recipe, with_mark(shown, number)).patches)
        progress(number, len(photos))
    learnt = learn_looks(recipe, [one.patches for one in looked], drawn)
    if sizes.finer is not None and gain(recipe, learnt) < LEAST_GAIN:
        learnt, sizes = learnt[: len(recipe.whole_looks)], replace(sizes, finer=None)
    return LearntView(
        sizes=sizes, pictures=tuple(pictures), looked=tuple(looked), banks=banks_of(recipe, learnt)
    )


def with_mark(shown: Shown, number: int) -> Shown:
    """Both sizes of one photo with the same mark on them."""
    mark = mark_of(number)
    change = change_on(shown.whole, mark)
    return Shown(whole=marked(shown.whole, mark, change), finer=marked(shown.finer, mark, change))


def gain(recipe: Recipe, learnt: Sequence[Learnt]) -> float:
    """How much farther the marked copies stand out by all looks than by those of the whole picture alone."""
    return standing_out(recipe, learnt) - standing_out(recipe, learnt[: len(recipe.whole_looks)])


def standing_out(recipe: Recipe, learnt: Sequence[Learnt]) -> float:
    """How far marks move the photos' log scores on average, in spreads of these.

    Raises ValueError with fewer than MIN_SHOTS photos.
    """
    plain = scores_of(recipe, [one.left_out for one in learnt])
    drawn = scores_of(recipe, [one.marked for one in learnt])
    moved = [
        math.log(max(after, LEAST_SCORE) / max(before, LEAST_SCORE))
        for before, after in zip(plain, drawn, strict=True)
    ]
    return math.fsum(moved) / len(moved) / calibrate(plain).log_spread
