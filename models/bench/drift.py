"""How far a bench has drifted from its calibration, by the light card or by the empty bench itself."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.evidence import BenchDrift
from models.bench.calibration import BenchCalibration
from models.bench.light import Light, light_between, relit
from models.bench.locating import difference
from models.bench.reading import CardReading, read_card
from models.errors import CardMissing
from models.framing import input_size, see
from models.images import Pixels, decode

DARKEST, BRIGHTEST = 0.8, 1.25
"""Gain against the calibration."""
WIDEST_COLOUR = 0.10
"""Gain of one colour over another, as a share."""
WIDEST_SLOPE = 0.25
"""Gain of one border of the picture over the other, as a share."""
WIDEST_SHIFT = 0.02
"""Of the picture's width."""
WIDEST_SCALE = 0.03
"""Change of millimetres per pixel, as a share."""
WIDEST_FOCUS = 1.6
"""Width of the card's edges against the calibration."""
LEAST_BENCH = 0.3
"""Share of the cells that must show the bench where no card lies there."""
SURE_SHIFT = 0.08
"""Response of the phase correlation; below it the bench has too little texture to tell."""
LIT_FIELDS = 4
"""Of the card, white first: the dark ones say more of noise than of the lamp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One measurement against the calibration; None where it could not be taken."""

    by_card: bool
    """Measured on the card; else on the empty bench alone, which says nothing of scale and focus."""
    brightness: float
    """Gain; 1 is as calibrated."""
    colour: float
    """Largest gain of one colour over another, as a share; 0 is as calibrated."""
    slope: float
    """Gain of one border over the other, as a share."""
    shift: float | None
    """How far the bench moved in the picture, as a share of its width."""
    scale: float | None
    """Millimetres per pixel against the calibration."""
    focus: float | None
    """Width of the card's edges against the calibration."""
    bench_share: float
    """Share of the picture that shows the bench."""
    same_size: bool
    """The camera sends pictures as large as it did."""

    @property
    def found(self) -> tuple[BenchDrift, ...]:
        """Everything beyond its limit."""
        if not self.by_card and self.bench_share < LEAST_BENCH:
            return (BenchDrift.NOT_SEEN,)
        shifted, zoomed = _beyond(self.shift, WIDEST_SHIFT), _beyond(self.scale, WIDEST_SCALE, 1.0)
        rows = (
            (BenchDrift.DARKER, self.brightness < DARKEST),
            (BenchDrift.BRIGHTER, self.brightness > BRIGHTEST),
            (BenchDrift.COLOUR, self.colour > WIDEST_COLOUR),
            (BenchDrift.UNEVEN, self.slope > WIDEST_SLOPE),
            (BenchDrift.MOVED, shifted or zoomed or not self.same_size),
            (BenchDrift.BLURRED, self.focus is not None and self.focus > WIDEST_FOCUS),
        )
        return tuple(kind for kind, holds in rows if holds)


def _beyond(value: float | None, limit: float, middle: float = 0.0) -> bool:
    return value is not None and abs(value - middle) > limit


def measure_drift(calibration: BenchCalibration, content: bytes) -> Drift:
    """Compare a picture of the bench, empty or with the light card, with the calibration.

    Raises BadImage, and BadCard kinds where a card lies there that cannot be read.
    """
    whole = decode(content)
    card = _card(whole, calibration)
    size = input_size(calibration.height, calibration.width)
    pixels = see(content, size)
    empty = calibration.empty_at(size)
    light = light_between(pixels, empty)
    brightness, colour = (
        (light.brightness, light.colour) if card is None else _by_greys(card, calibration.card)
    )
    seen = light.bench_share >= LEAST_BENCH
    return Drift(
        by_card=card is not None,
        brightness=brightness,
        colour=colour,
        slope=light.slope if seen else 0.0,
        shift=_shift(pixels, empty) if seen else None,
        same_size=whole.shape[:2] == (calibration.height, calibration.width),
        scale=card.mm_per_pixel / calibration.mm_per_pixel if card else None,
        focus=card.edge_mm / calibration.card.edge_mm if card else None,
        bench_share=light.bench_share,
    )


def light_changed(light: Light) -> bool:
    """Whether the light of one frame is so unlike the calibration that it should be taken again."""
    outside = not DARKEST <= light.brightness <= BRIGHTEST
    return light.tells and (outside or light.colour > WIDEST_COLOUR or light.slope > WIDEST_SLOPE)


def _card(pixels: Pixels, calibration: BenchCalibration) -> CardReading | None:
    try:
        return read_card(pixels, width_mm=calibration.card.width_mm)
    except CardMissing:
        return None


def _by_greys(now: CardReading, then: CardReading) -> tuple[float, float]:
    """Gain, and largest gain of one colour over another, on the lighter fields."""
    ratio = np.array(now.greys[:LIT_FIELDS]) / np.maximum(np.array(then.greys[:LIT_FIELDS]), 1.0)
    colours = ratio.mean(axis=0)
    return float(colours.mean()), float(colours.max() / colours.min() - 1.0)


def _shift(pixels: Pixels, empty: Pixels) -> float | None:
    """How far the bench moved, by its own texture; None where it has too little."""
    found = difference(pixels, empty)
    seen, was = _texture(pixels), _texture(relit(empty, found.light))
    covered = cv2.dilate(found.surely.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    if covered.mean() > 1.0 - LEAST_BENCH:
        return None
    seen[covered] = was[covered] = 0.0
    (right, down), response = cv2.phaseCorrelate(
        was, seen, cv2.createHanningWindow(seen.shape[::-1], cv2.CV_32F)
    )
    return float(np.hypot(right, down) / pixels.shape[1]) if response >= SURE_SHIFT else None


def _texture(pixels: Pixels) -> NDArray[np.float32]:
    """What does not depend on the light."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.GaussianBlur(grey, (0, 0), 1.0) - cv2.GaussianBlur(grey, (0, 0), 6.0)
