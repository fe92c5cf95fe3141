"""One view of one product without a store: good photos in, a comparison of further photos out.

The station's pipeline goes the same way with banks from its store (`pipeline.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from models.backbone import Backbone, Matrix
from models.bench.locating import Mask, item_mask
from models.calibration import Calibration
from models.framing import Size, see
from models.heads import Sight
from models.images import Pixels, decode
from models.learning import Progress, learn_view
from models.looks import Banks, Sizes, compare_looks, look_at, show, sizes_for
from models.recipe import Recipe
from models.reference import Comparison


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedView:
    """What good photos of one view taught."""

    recipe: Recipe
    sizes: Sizes
    bank: Banks
    bench: bytes | None
    """Picture of the empty bench, by which the item is located."""

    @property
    def size(self) -> Size:
        """What heads see of a photo."""
        return self.sizes.whole

    @property
    def calibration(self) -> Calibration:
        """The fit over the leave-one-out scores."""
        return self.bank.calibration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenView:
    """One photo beside the good ones."""

    sight: Sight
    comparison: Comparison
    limit: float
    """Score that a good unit passes with the chance of `calibration.VIEW_FALSE_ALARM`."""
    p_value: float
    """Chance that a good unit scores as far or farther, by the fit; 0..1."""
    model_ms: float
    """Backbone and nearest neighbours."""
    total_ms: float
    """From the photo's bytes to the map."""

    @property
    def heat(self) -> Matrix:
        """rows x columns over the whole photo."""
        return self.comparison.heat

    @property
    def score(self) -> float:
        """How different the photo is; larger is more."""
        return self.comparison.score


def fit_view(
    backbone: Backbone,
    recipe: Recipe,
    photos: Sequence[bytes],
    *,
    bench: bytes | None = None,
    progress: Progress = lambda done, total: None,
) -> FittedView:
    """Learn one view; raises BadImage, and ValueError with fewer than MIN_SHOTS photos."""
    learnt = learn_view(backbone, recipe, photos, progress)
    return FittedView(recipe=recipe, sizes=learnt.sizes, bank=learnt.banks, bench=bench)


def compare_view(
    backbone: Backbone,
    view: FittedView,
    photo: bytes,
    *,
    bench: bytes | None = None,
    mm_per_pixel: float | None = None,
) -> SeenView:
    """Compare one photo; raises BadImage. `mm_per_pixel`: scale of the picture that heads see."""
    began = perf_counter()
    shown = show(photo, view.sizes)
    looked = look_at(backbone, view.recipe, shown)
    started = perf_counter()
    comparison = compare_looks(view.recipe, view.bank, looked.patches)
    ended = perf_counter()
    calibration = view.calibration
    return SeenView(
        sight=Sight(
            view="",
            pixels=shown.whole,
            maps=looked.maps,
            comparison=comparison,
            item=_item(shown.whole, bench or view.bench),
            mm_per_pixel=mm_per_pixel,
        ),
        comparison=comparison,
        limit=calibration.limit(),
        p_value=calibration.p_value(comparison.score),
        model_ms=looked.model_ms + (ended - started) * 1000.0,
        total_ms=(ended - began) * 1000.0,
    )


def see_view(backbone: Backbone, recipe: Recipe, photo: bytes) -> Sight:
    """One photo as a head sees it where there are no references; raises BadImage."""
    height, width = decode(photo).shape[:2]
    pixels = see(photo, sizes_for(height, width, recipe).whole)
    maps = backbone.maps(pixels)[0]
    return Sight(view="", pixels=pixels, maps=maps, comparison=None, item=None, mm_per_pixel=None)


def _item(pixels: Pixels, bench: bytes | None) -> Mask | None:
    if bench is None:
        return None
    height, width = pixels.shape[:2]
    return item_mask(pixels, see(bench, Size(height=height, width=width)))
