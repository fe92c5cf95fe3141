"""Which defect is drawn where, on a good picture."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from inspection.findings import DefectKind as K
from models.heads import Mask
from models.images import Pixels
from models.training.segmenter import lines, patches
from models.training.segmenter.fields import Field, Spot

Painter = Callable[[Generator, Field, Spot], tuple[Field, Field]]

PAINTERS: Mapping[K, Painter] = {
    K.SCRATCH: lines.scratch,
    K.DENT: patches.dent,
    K.CRACK: lines.crack,
    K.CHIP: patches.chip,
    K.STAIN: patches.stain,
    K.SMUDGE: patches.smudge,
    K.TEAR: patches.tear,
    K.HOLE: patches.hole,
    K.CREASE: lines.crease,
    K.DEFORMATION: patches.deformation,
    K.MISSING_PART: patches.missing_part,
    K.OPENED_SEAL: lines.opened_seal,
    K.DEVIATION: patches.paste,
}
"""`deviation` is a defect of no kind: it teaches that something is wrong, and not what."""

SIZES: Mapping[K, tuple[float, float]] = {
    K.SCRATCH: (0.05, 0.22),
    K.DENT: (0.07, 0.26),
    K.CRACK: (0.05, 0.22),
    K.CHIP: (0.03, 0.10),
    K.STAIN: (0.05, 0.26),
    K.SMUDGE: (0.08, 0.26),
    K.TEAR: (0.05, 0.20),
    K.HOLE: (0.025, 0.14),
    K.CREASE: (0.05, 0.15),
    K.DEFORMATION: (0.14, 0.30),
    K.MISSING_PART: (0.06, 0.22),
    K.OPENED_SEAL: (0.05, 0.14),
    K.DEVIATION: (0.04, 0.20),
}
"""Radius as a share of the square root of the item's area."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A picture with one defect drawn on it."""

    pixels: Pixels
    kind: K
    cover: Field
    """H x W, 0..1: how much of the pixel is defect."""


def draw_defect(draw: Generator, pixels: Pixels, item: Mask, kind: K) -> Drawn:
    """Draw a defect of a kind somewhere on the item; the item's mask has at least one pixel."""
    rows, columns = np.nonzero(item)
    at = int(draw.integers(0, len(rows)))
    low, high = SIZES[kind]
    radius = math.exp(draw.uniform(math.log(low), math.log(high))) * math.sqrt(len(rows))
    spot = Spot(x=float(columns[at]), y=float(rows[at]), radius=max(radius, 2.5))
    drawn, cover = PAINTERS[kind](draw, pixels.astype(np.float32), spot)
    inside = np.clip(cover, 0, 1) * item
    kept = pixels * (1 - item[..., None]) + drawn * item[..., None]
    return Drawn(pixels=np.clip(kept, 0, 255).astype(np.uint8), kind=kind, cover=inside.astype(np.float32))


def middle(height: int, width: int) -> NDArray[np.bool_]:
    """Where the item surely is in a picture that somebody took of it: an ellipse in the middle."""
    rows, columns = np.mgrid[:height, :width]
    across = (columns / width - 0.5) / 0.25
    down = (rows / height - 0.5) / 0.36
    return np.asarray(across * across + down * down < 1)
