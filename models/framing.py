"""From a camera's bytes to the picture that the model sees: always by the same way.

References and items must be decoded and shrunk alike, or the difference between two ways of
shrinking would look like a difference between two items. So every picture is decoded at the scale of
the finest look, whether that look is taken or not, and what is smaller is made of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.images import Header, Pixels, decode, read_header

SIDE = 320
"""Pixels; the model sees about SIDE*SIDE of a view, the shape follows the camera's."""
FINEST_SIDE = 640
"""Pixels, likewise: of the finest look of the recipe that ships."""
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
    if size is not None:
        return see_each(content, (size,))[0]
    header = read_header(content)
    pixels = decode(content, need_side=_need(header, input_size(header.height, header.width)))
    return shrink_to(pixels, input_size(*pixels.shape[:2]))


def see_each(content: bytes, sizes: Sequence[Size]) -> tuple[Pixels, ...]:
    """The picture at each of these sizes, decoded once where that serves them all; raises BadImage.

    At one size a picture is the same whatever other sizes are asked for.
    """
    header = read_header(content)
    needs = [_need(header, size) for size in sizes]
    decoded = {need: decode(content, need_side=need) for need in set(needs)}
    return tuple(shrink_to(decoded[need], size) for need, size in zip(needs, sizes, strict=True))


def _need(header: Header, size: Size) -> int:
    """The shorter side that a picture is decoded at: that of the finest usual look, or of a finer one."""
    finest = input_size(header.height, header.width, FINEST_SIDE)
    return max(min(finest.height, finest.width), min(size.height, size.width))


def shrink_to(pixels: Pixels, size: Size) -> Pixels:
    """A decoded picture at a size: halved while it can be, and interpolated for the rest.

    By areas of broken pixels OpenCV takes five times as long; below a half, interpolation leaves none out.
    """
    while pixels.shape[0] >= 2 * size.height and pixels.shape[1] >= 2 * size.width:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        pixels = np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    height, width = pixels.shape[:2]
    if (height, width) == (size.height, size.width):
        return pixels
    if height >= 2 * size.height or width >= 2 * size.width:  # a picture that is squeezed
        return fit_to(pixels, size)
    smooth = cv2.resize(pixels, (size.width, size.height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(smooth, dtype=np.uint8)


def fit_to(pixels: Pixels, size: Size) -> Pixels:
    """The picture stretched or shrunk to a size."""
    height, width = pixels.shape[:2]
    if (height, width) == (size.height, size.width):
        return pixels
    shrinks = height >= size.height and width >= size.width
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (size.width, size.height), interpolation=how), dtype=np.uint8)
