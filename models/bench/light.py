"""How the light on the bench differs from the light on the calibrated, empty bench.

Lamps age, daylight comes in from one side: the change is described by one gain per colour that
rises or falls evenly over the picture. It is found on the cells that show the bench; cells under an
item fit no such plane and are left out step by step, beginning with what the border of the picture says.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.images import Pixels

ROWS, COLUMNS = 24, 32
"""Cells of the picture."""
ROUNDS = 5
DARKEST = 6.0
"""Of 255, added to both pictures, so that noise in black says little."""
CLIPPED = 250.0
"""Of 255: a cell this bright cannot get brighter, and says nothing of the light."""
NEAR = 0.10
"""Logarithm: cells that fit the light as well as this are taken for the bench at the end."""
WIDEST = 0.35
"""Logarithm: how far from the border's median a cell may be at the beginning."""
LEAST_SHARE = 0.12
"""Of the cells, that must show the bench."""

Cells = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Light:
    """The light of a picture against the calibration."""

    planes: Cells
    """3 x 3: for red, green and blue the logarithm of the gain in the middle, its rise to the right
    border and its rise to the lower border."""
    bench_share: float
    """Share of the cells that show the bench in this light, 0..1."""

    @property
    def tells(self) -> bool:
        """Whether enough of the bench is seen to say anything of the light, or of what lies there."""
        return self.bench_share >= LEAST_SHARE

    @property
    def brightness(self) -> float:
        """Gain in the middle of the picture over all colours; 1 is as calibrated."""
        return float(np.exp(self.planes[:, 0].mean()))

    @property
    def colour(self) -> float:
        """Largest gain of one colour over another, as a share; 0 is as calibrated."""
        return float(np.exp(np.ptp(self.planes[:, 0])) - 1.0)

    @property
    def slope(self) -> float:
        """How much brighter one border has become than the other, as a share; 0 is as calibrated."""
        return float(np.exp(2.0 * np.abs(self.planes[:, 1:].mean(axis=0)).max()) - 1.0)


def light_between(pixels: Pixels, bench: Pixels) -> Light:
    """The light of a picture against the empty bench of the same size."""
    seen, empty = _cells(pixels), _cells(bench)
    ratio = np.log((seen + DARKEST) / (empty + DARKEST))
    usable = np.logical_and(seen.max(axis=2) < CLIPPED, empty.max(axis=2) < CLIPPED)
    planes = np.zeros((3, 3), np.float32)
    planes[:, 0] = _middle(ratio, usable)
    fits = usable
    for limit in np.geomspace(WIDEST, NEAR, ROUNDS):
        away = np.abs(ratio - gains(planes, ROWS, COLUMNS)).max(axis=2)
        fits = usable & (away < limit)
        if fits.sum() < 9:
            return Light(planes=np.zeros((3, 3), np.float32), bench_share=0.0)
        planes = _fit(ratio, fits)
    return Light(planes=planes, bench_share=float(fits.mean()))


def gains(planes: Cells, rows: int, columns: int) -> Cells:
    """The logarithm of the gain everywhere: rows x columns x 3."""
    return (_places(rows, columns) @ planes.T).astype(np.float32)


def relit(bench: Pixels, light: Light) -> Pixels:
    """The empty bench as it would look in this light."""
    height, width = bench.shape[:2]
    gain = np.exp(gains(light.planes, ROWS, COLUMNS))
    whole = cv2.resize(gain, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(bench, whole, dtype=cv2.CV_8U), dtype=np.uint8)


def _cells(pixels: Pixels) -> Cells:
    small = cv2.resize(pixels, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)


def _middle(ratio: Cells, usable: NDArray[np.bool_]) -> Cells:
    """Median along the border, where the bench is seen most often; of everything where it is not."""
    rim = usable.copy()
    rim[2:-2, 2:-2] = False
    chosen = ratio[rim] if rim.sum() >= 9 else ratio.reshape(-1, 3)
    return np.asarray(np.median(chosen, axis=0), dtype=np.float32)


def _places(rows: int, columns: int) -> Cells:
    down, right = np.mgrid[-1.0 : 1.0 : rows * 1j, -1.0 : 1.0 : columns * 1j]
    return np.stack([np.ones_like(right), right, down], axis=2).astype(np.float32)


def _fit(ratio: Cells, fits: NDArray[np.bool_]) -> Cells:
    """Least squares over the cells that fit."""
    places = _places(*fits.shape)[fits]
    found, *_ = np.linalg.lstsq(places, ratio[fits], rcond=None)
    return np.asarray(found.T, dtype=np.float32)
