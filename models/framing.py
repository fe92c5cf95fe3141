"""From a camera's bytes to the picture that the model sees: always by the same way.

References and items must be decoded and shrunk alike, or the difference between two ways of
shrinking would look like a difference between two items.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from models.images import Pixels, decode, read_header

SIDE = 320
"""Pixels; the model sees about SIDE*SIDE of a view, the shape follows the camera's."""
MULTIPLE = 32
"""Pixels: the coarsest stride of the backbone."""
WIDEST_SHAPE = 4.0
"""Longer side over shorter side; beyond it the picture is squeezed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Height and width in pixels that a view is brought to."""

    height: int
    width: int


def input_size(height: int, width: int, side: int = SIDE) -> Size:
    """The size nearest to the picture's own shape with about side*side pixels, in whole multiples."""
    shape = min(max(width / height, 1 / WIDEST_SHAPE), WIDEST_SHAPE)
    return Size(
        height=round(side / math.sqrt(shape) / MULTIPLE) * MULTIPLE,
        width=round(side * math.sqrt(shape) / MULTIPLE) * MULTIPLE,
    )


def max_side(side: int) -> int:
    """The longest side that `input_size` gives with this `side`, in pixels."""
    return round(side * math.sqrt(WIDEST_SHAPE) / MULTIPLE) * MULTIPLE


def see(content: bytes, size: Size | None = None) -> Pixels:
    """The picture at `size`, or at the size of its own shape; raises BadImage."""
    header = read_header(content)
    wanted = size or input_size(header.height, header.width)
    pixels = decode(content, need_side=min(wanted.height, wanted.width))
    return fit_to(pixels, size or input_size(*pixels.shape[:2]))


def fit_to(pixels: Pixels, size: Size) -> Pixels:
    """The picture stretched or shrunk to a size."""
    height, width = pixels.shape[:2]
    if (height, width) == (size.height, size.width):
        return pixels
    shrinks = height >= size.height and width >= size.width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (size.width, size.height), interpolation=how), dtype=np.uint8)
