"""One view of one product without a store: good photos in, a comparison of further photos out.

The station's pipeline goes the same way with banks from its store (`pipeline.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from models.backbone import Backbone, Matrix, pool
from models.calibration import Calibration
from models.framing import Size, see
from models.heads import Sight
from models.recipe import Recipe
from models.reference import Bank, Comparison, compare, fit
from models.session import Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedView:
    """What good photos of one view taught."""

    recipe: Recipe
    size: Size
    """What the backbone sees of a photo."""
    bank: Bank

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
    backbone: Backbone, recipe: Recipe, photos: Sequence[bytes], *, bench: bytes | None = None
) -> FittedView:
    """Learn one view; raises BadImage, and ValueError with fewer than MIN_SHOTS photos."""
    height, width = see(photos[0]).shape[:2]
    size = Size(height=height, width=width)
    shots = [backbone.describe([see(photo, size)])[0][0] for photo in photos]
    return FittedView(recipe=recipe, size=size, bank=fit(shots))


def compare_view(
    backbone: Backbone,
    view: FittedView,
    photo: bytes,
    *,
    bench: bytes | None = None,
    mm_per_pixel: float | None = None,
) -> SeenView:
    """Compare one photo; raises BadImage. `mm_per_pixel`: scale of what the backbone sees."""
    began = perf_counter()
    pixels = see(photo, view.size)
    maps, model_ms = backbone.maps(pixels)
    started = perf_counter()
    comparison = compare(view.bank, pool(maps["f8"], maps["f16"]))
    ended = perf_counter()
    calibration = view.calibration
    return SeenView(
        sight=Sight(
            view="",
            pixels=pixels,
            maps=maps,
            comparison=comparison,
            item=None,
            mm_per_pixel=mm_per_pixel,
        ),
        comparison=comparison,
        limit=calibration.limit(),
        p_value=calibration.p_value(comparison.score),
        model_ms=model_ms + (ended - started) * 1000.0,
        total_ms=(ended - began) * 1000.0,
    )


def see_view(backbone: Backbone, recipe: Recipe, photo: bytes) -> Sight:
    """One photo as a head sees it where there are no references; raises BadImage."""
    pixels = see(photo)
    maps: dict[str, Tensor] = backbone.maps(pixels)[0]
    return Sight(view="", pixels=pixels, maps=maps, comparison=None, item=None, mm_per_pixel=None)
