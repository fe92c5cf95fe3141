"""One view of a bench as it was calibrated: the empty bench, and what the light card said."""

import hashlib
import math
from dataclasses import dataclass, field
from datetime import datetime

from models.bench.light import light_between
from models.bench.reading import CardReading, has_card, read_card
from models.errors import BadBench
from models.framing import Size, fit_to, see
from models.images import Pixels, decode
from models.quality import measure

MOST_SIZES = 4
"""Sizes at which the empty bench is kept ready."""
SAME_SHARE = 0.25
"""Of the bench that both pictures must show: beside a card much of it is free."""
SAME_LIGHT = 0.06
"""How much the light may differ between the two pictures, as a share."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchCalibration:
    """What a view of a bench is compared with."""

    view: str
    camera: str
    taken_at: datetime
    height: int
    width: int
    """Of the camera's upright pictures, in pixels."""
    card: CardReading
    sharpness: float
    """Of the empty bench at the size that the model sees."""
    empty: bytes
    """The empty bench as the camera sent it."""
    sha256: str
    """Of the two pictures that it was made of, one after the other."""
    fitted: dict[Size, Pixels] = field(default_factory=dict, repr=False)
    """The empty bench at the sizes that were asked for."""

    @property
    def mm_per_pixel(self) -> float:
        """Millimetres of the card's plane in a pixel of the camera's picture."""
        return self.card.mm_per_pixel

    def mm_per_pixel_at(self, size: Size) -> float:
        """The same in a picture that was brought to a size; between both directions where they differ."""
        shrunk = math.sqrt((self.height / size.height) * (self.width / size.width))
        return self.card.mm_per_pixel * shrunk

    def empty_at(self, size: Size) -> Pixels:
        """The empty bench at a size, made by the same way as every other picture."""
        if size not in self.fitted:
            while len(self.fitted) >= MOST_SIZES:
                self.fitted.pop(next(iter(self.fitted)))
            self.fitted[size] = fit_to(see(self.empty, size), size)
        return self.fitted[size]


def calibrate(
    *, view: str, camera: str, taken_at: datetime, empty: bytes, card: bytes, width_mm: float | None = None
) -> BenchCalibration:
    """Make a calibration of a picture of the empty bench and one with the light card on it.

    Raises BadImage, BadCard kinds, and BadBench where the two do not belong together.
    """
    bare, laid = decode(empty), decode(card)
    if bare.shape != laid.shape:
        raise BadBench("the two pictures differ in size: take both with the same camera settings")
    if has_card(bare):
        raise BadBench("the light card lies on the empty bench: take it away for the first picture")
    reading = read_card(laid, width_mm=width_mm)
    height, width = bare.shape[:2]
    small = see(empty)
    _refuse_another_bench(small, see(card, Size(height=small.shape[0], width=small.shape[1])))
    return BenchCalibration(
        view=view,
        camera=camera,
        taken_at=taken_at,
        height=height,
        width=width,
        card=reading,
        sharpness=measure(small).sharpness,
        empty=empty,
        sha256=hashlib.sha256(empty + card).hexdigest(),
    )


def _refuse_another_bench(bare: Pixels, laid: Pixels) -> None:
    """The card's picture must show the same bench in the same light."""
    light = light_between(laid, bare)
    if light.bench_share < SAME_SHARE:
        raise BadBench("the two pictures do not show the same bench: clear it but for the light card")
    if abs(light.brightness - 1.0) > SAME_LIGHT or light.colour > SAME_LIGHT:
        raise BadBench(
            "the light changed between the two pictures: fix exposure and white balance, retake both"
        )
