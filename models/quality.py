"""The gate before grading: a frame that shows too little is taken again, with the reason.

Measured on the picture at the size that the model sees: on the item where the bench is calibrated, else
on the whole picture. The absolute limits are far out, so that no normal picture is refused; where
references exist, the frame is compared with them. All limits come from measured pictures (docs/bench.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.evidence import ImageFault, ImageQuality
from models.images import Pixels

MIN_SHARPNESS = 6.0
"""Normal pictures at this size measured 23 and more, strongly blurred ones below 5."""
MIN_BRIGHTNESS, MAX_BRIGHTNESS = 8.0, 247.0
"""Of 255; phones with a black screen on a dark bench measured 30 and more."""
BLOWN = 250
"""Of 255 in all three colours: no detail is left."""
MAX_BLOWN = 0.6
"""Normal pictures measured up to 0.36, on a bench lit from below."""
BLOWN_STEP, BLOWN_STEP_OF_ITEM = 0.08, 0.03
"""Share of blown pixels beyond that of the references: of the whole picture, where goods that lie elsewhere
shine elsewhere, and of the item."""
SHARPNESS_SHARE = 0.25
"""Of the least sharp reference; below it the frame is blurred."""
BRIGHTNESS_STEP = 60.0
"""Of 255, beyond the references' own range, and as much again as that range: goods that vary may vary."""
CONTACT_STEP = 0.03
"""Share of the picture's border that is covered, beyond that of the references."""
BENCH_SIDE = 64
BENCH_STEP = 18.0
"""Of 255: a cell that differs this much from the empty bench, or from the frame before, shows something."""
BENCH_SHARE = 0.01
"""Share of such cells that an item needs."""
MOVED_SHARE = 0.004
"""Share of such cells between two frames that a movement makes."""
RIM = 3
"""Pixels around the item that belong to its edge and count for sharpness."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the good references of a view measured."""

    min_sharpness: float
    min_brightness: float
    max_brightness: float
    max_blown: float = 1.0
    max_contact: float = 1.0
    """Share of the picture's border that the item covers."""
    of_item: bool = False
    """Measured on the item alone; else on the whole picture."""


def measure(pixels: Pixels, item: Mask | None = None) -> ImageQuality:
    """What the picture measures, on the item where it is known, with faults by the absolute limits only."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    edges = cv2.Laplacian(grey, cv2.CV_32F)
    where = None if item is None else item.astype(np.uint8)
    around = None if where is None else _grown(where)
    sharpness = float(cv2.meanStdDev(edges, mask=around)[1].item() ** 2)
    brightness = float(cv2.mean(grey, mask=where)[0])
    # OpenCV compares three colours in a fiftieth of NumPy's time
    no_detail = cv2.inRange(pixels, (BLOWN,) * 3, (255,) * 3)
    blown = cv2.countNonZero(cv2.bitwise_and(no_detail, no_detail, mask=where))
    of = grey.size if where is None else cv2.countNonZero(where)
    return ImageQuality(
        sharpness=sharpness,
        brightness=brightness,
        blown=blown / of,
        contact=_contact(item) if item is not None else 0.0,
        faults=_absolute(sharpness, brightness, blown / of),
    )


def baseline_of(measured: Sequence[ImageQuality], *, of_item: bool = False) -> Baseline:
    """The range of the good references, all measured alike; the list is not empty."""
    return Baseline(
        min_sharpness=min(q.sharpness for q in measured),
        min_brightness=min(q.brightness for q in measured),
        max_brightness=max(q.brightness for q in measured),
        max_blown=max(q.blown for q in measured),
        max_contact=max(q.contact for q in measured) if of_item else 1.0,
        of_item=of_item,
    )


def against_baseline(quality: ImageQuality, baseline: Baseline) -> ImageQuality:
    """Add the faults that only the comparison with the references shows; both were measured alike."""
    blown = BLOWN_STEP_OF_ITEM if baseline.of_item else BLOWN_STEP
    step = BRIGHTNESS_STEP + baseline.max_brightness - baseline.min_brightness
    found = (
        (ImageFault.BLURRED, quality.sharpness < baseline.min_sharpness * SHARPNESS_SHARE),
        (ImageFault.TOO_DARK, quality.brightness < baseline.min_brightness - step),
        (ImageFault.TOO_BRIGHT, quality.brightness > baseline.max_brightness + step),
        (ImageFault.GLARE, quality.blown > baseline.max_blown + blown),
        (ImageFault.HAND_IN_VIEW, quality.contact > baseline.max_contact + CONTACT_STEP),
    )
    return with_faults(quality, *(fault for fault, holds in found if holds))


def with_faults(quality: ImageQuality, *faults: ImageFault) -> ImageQuality:
    """The same with more faults, each named once."""
    return replace(quality, faults=tuple(dict.fromkeys((*quality.faults, *faults))))


def shows_nothing(pixels: Pixels, bench: Pixels) -> bool:
    """Whether the frame is the empty bench; a change of the light as a whole does not count."""
    return _changed_share(pixels, bench) < BENCH_SHARE


def moved(pixels: Pixels, before: Pixels) -> bool:
    """Whether something moved between two frames of one size; a change of the light does not count."""
    return _changed_share(pixels, before) >= MOVED_SHARE


def _absolute(sharpness: float, brightness: float, blown: float) -> tuple[ImageFault, ...]:
    found = (
        (ImageFault.TOO_DARK, brightness < MIN_BRIGHTNESS),
        (ImageFault.TOO_BRIGHT, brightness > MAX_BRIGHTNESS or blown > MAX_BLOWN),
    )
    faults = tuple(fault for fault, holds in found if holds)
    if faults or sharpness >= MIN_SHARPNESS:
        return faults
    return (ImageFault.BLURRED,)  # a black or white frame is not called blurred as well


def _grown(item: NDArray[np.uint8]) -> NDArray[np.uint8]:
    kernel = np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)
    return np.asarray(cv2.dilate(item, kernel), dtype=np.uint8)


def _contact(item: Mask) -> float:
    """Share of the picture's border that the mask covers."""
    border = np.concatenate([item[0], item[-1], item[1:-1, 0], item[1:-1, -1]])
    return float(border.mean())


def _changed_share(pixels: Pixels, other: Pixels) -> float:
    """Share of the cells that differ, once the other picture's light is made the same."""
    here, there = _small(pixels), _small(other)
    gain = np.median((here + 1.0) / (there + 1.0), axis=(0, 1))
    return float((np.abs(here - there * gain).max(axis=2) > BENCH_STEP).mean())


def _small(pixels: Pixels) -> NDArray[np.float32]:
    small = cv2.resize(pixels, (BENCH_SIDE, BENCH_SIDE), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)
