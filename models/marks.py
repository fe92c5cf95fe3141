"""Small marks drawn on good photos: what a view must tell apart, when nobody has shown it a worn item.

A stroke or a spot, as of a scratch or a stain, given in shares of the picture, so that it can be drawn
at any size. Drawn marks only choose how to look (`learning.py`); nothing is learnt from them.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.backbone import Matrix
from models.images import Pixels

SEED = 5
INNER = (0.25, 0.75)
"""Of height and width: where items lie."""
STROKE_LENGTH, STROKE_WIDTH = (0.05, 0.12), 0.006
"""Of the picture's side, the root of its area."""
SPOT = (0.008, 0.025)
"""Likewise, half an axis."""
STRENGTH = (25.0, 60.0)
"""Of 255, added in the dark and taken away in the light."""
MIDDLE_GREY = 128.0
SOFTNESS = 0.002
"""Of the side: standard deviation of the blur of a mark's edge."""
LEAST_SOFTNESS = 0.5
"""Pixels."""
SUBPIXELS = 3
"""Bits after the point that OpenCV draws with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A stroke or a spot."""

    x: float
    """Of the width, 0..1."""
    y: float
    stroke: bool
    length: float
    """Of the picture's side: of the stroke, or half an axis of the spot."""
    width: float
    """Likewise, the other way."""
    angle: float
    """Degrees."""
    strength: float


def mark_of(number: int) -> Mark:
    """The mark of the photo with this number: always the same."""
    draw = np.random.default_rng((SEED, number))
    stroke = bool(draw.random() < 0.5)
    return Mark(
        x=draw.uniform(*INNER),
        y=draw.uniform(*INNER),
        stroke=stroke,
        length=draw.uniform(*(STROKE_LENGTH if stroke else SPOT)),
        width=STROKE_WIDTH if stroke else draw.uniform(*SPOT),
        angle=draw.uniform(0.0, 180.0),
        strength=draw.uniform(*STRENGTH),
    )


def change_on(pixels: Pixels, mark: Mark) -> float:
    """How much a mark changes a picture, of 255: it is bright on what is dark, and dark on what is bright."""
    where = _drawn(mark, *pixels.shape[:2])
    under = float((pixels.mean(axis=2) * where).sum()) / max(float(where.sum()), 1e-6)
    return mark.strength if under < MIDDLE_GREY else -mark.strength


def marked(pixels: Pixels, mark: Mark, change: float) -> Pixels:
    """A copy of a picture with the mark on it."""
    where = _drawn(mark, *pixels.shape[:2])[:, :, None]
    return np.asarray(np.clip(np.rint(pixels + change * where), 0, 255), dtype=np.uint8)


def _drawn(mark: Mark, height: int, width: int) -> Matrix:
    """How much of the mark each pixel holds, 0..1."""
    side = (height * width) ** 0.5
    canvas = np.zeros((height, width), dtype=np.float32)
    middle = np.array([mark.x * width, mark.y * height])
    if mark.stroke:
        turn = np.deg2rad(mark.angle)
        reach = 0.5 * mark.length * side * np.array([np.cos(turn), np.sin(turn)])
        begin, end = _subpixels(middle - reach), _subpixels(middle + reach)
        cv2.line(canvas, begin, end, 1.0, max(1, round(mark.width * side)), cv2.LINE_AA, SUBPIXELS)
    else:
        axes = _subpixels(side * np.array([mark.length, mark.width]))
        cv2.ellipse(
            canvas, _subpixels(middle), axes, mark.angle, 0, 360, 1.0, cv2.FILLED, cv2.LINE_AA, SUBPIXELS
        )
    softness = max(LEAST_SOFTNESS, SOFTNESS * side)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), softness), dtype=np.float32)


def _subpixels(point: NDArray[np.float64]) -> tuple[int, int]:
    x, y = np.rint(point * (1 << SUBPIXELS))
    return int(x), int(y)
