"""The gate before grading: a frame that shows too little is taken again, with the reason.

Measured on the picture at the size that the model sees. The absolute limits are far out, so
that no normal picture is refused; where references exist, the frame is compared with them.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.evidence import ImageFault, ImageQuality
from models.images import Pixels

MIN_SHARPNESS = 6.0
"""Normal pictures at this size measured 30 and more, strongly blurred ones below 5."""
MIN_BRIGHTNESS, MAX_BRIGHTNESS = 8.0, 247.0
"""Of 255; phones with a black screen on a dark bench measured 30 and more."""
SHARPNESS_SHARE = 0.25
"""Of the least sharp reference; below it the frame is blurred."""
BRIGHTNESS_STEP = 60.0
"""Of 255, beyond the references' own range."""
BENCH_SIDE = 64
BENCH_STEP = 18.0
"""Of 255: a cell that differs this much from the empty bench shows something."""
BENCH_SHARE = 0.01
"""Share of such cells that an item needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the good references of a view measured."""

    min_sharpness: float
    min_brightness: float
    max_brightness: float


def measure(pixels: Pixels) -> ImageQuality:
    """Sharpness and brightness, with faults by the absolute limits only."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    sharpness = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    brightness = float(grey.mean())
    found = (
        (ImageFault.TOO_DARK, brightness < MIN_BRIGHTNESS),
        (ImageFault.TOO_BRIGHT, brightness > MAX_BRIGHTNESS),
    )
    faults = tuple(fault for fault, holds in found if holds)
    if not faults and sharpness < MIN_SHARPNESS:
        faults = (ImageFault.BLURRED,)  # a black or white frame is not called blurred as well
    return ImageQuality(sharpness=sharpness, brightness=brightness, faults=faults)


def baseline_of(measured: list[ImageQuality]) -> Baseline:
    """The range of the good references; the list is not empty."""
    return Baseline(
        min_sharpness=min(q.sharpness for q in measured),
        min_brightness=min(q.brightness for q in measured),
        max_brightness=max(q.brightness for q in measured),
    )


def against_baseline(quality: ImageQuality, baseline: Baseline) -> ImageQuality:
    """Add the faults that only the comparison with the references shows."""
    found = (
        (ImageFault.BLURRED, quality.sharpness < baseline.min_sharpness * SHARPNESS_SHARE),
        (ImageFault.TOO_DARK, quality.brightness < baseline.min_brightness - BRIGHTNESS_STEP),
        (ImageFault.TOO_BRIGHT, quality.brightness > baseline.max_brightness + BRIGHTNESS_STEP),
    )
    added = tuple(fault for fault, holds in found if holds and fault not in quality.faults)
    return replace(quality, faults=quality.faults + added)


def shows_nothing(pixels: Pixels, bench: Pixels) -> bool:
    """Whether the frame is the empty bench; a change of the light as a whole does not count."""
    difference = _small(pixels) - _small(bench)
    difference -= np.median(difference, axis=(0, 1))
    changed = np.abs(difference).max(axis=2) > BENCH_STEP
    return float(changed.mean()) < BENCH_SHARE


def _small(pixels: Pixels) -> NDArray[np.float32]:
    small = cv2.resize(pixels, (BENCH_SIDE, BENCH_SIDE), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)
