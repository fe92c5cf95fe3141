"""From a picture to a detector's square and from its numbers back to boxes: pure functions on arrays.

The numbers are those of YOLO by Ultralytics (8 to 11): one column per place, with the box's middle and
size in pixels of the square, then one probability per class, then the mask's coefficients where it has any.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import ModelFailed
from models.images import Pixels
from models.session import Tensor

GREY = 114
"""The rim around the picture, as in training."""
MAX_CANDIDATES = 300
"""Places that are looked at after the threshold, the surest first."""
SURE = 1.001
"""A probability may be above 1 by rounding, not by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """How a picture lies in the detector's input."""

    side: int
    scale: float
    """Pixels of the square per pixel of the picture."""
    left: int
    top: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boxes:
    """What a detector sees, surest first, after equal ones were taken out."""

    corners: NDArray[np.float32]
    """N x 4: left, top, right, bottom in pixels of the square."""
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]
    coefficients: NDArray[np.float32]
    """N x the number of mask prototypes; N x 0 without masks."""
    doubts: NDArray[np.float32]
    """Per class, the highest probability anywhere in the picture, also below the threshold."""


def letterbox(pixels: Pixels, side: int) -> tuple[Tensor, Square]:
    """1 x 3 x side x side between 0 and 1: the whole picture, its shape kept, in the middle of grey."""
    height, width = pixels.shape[:2]
    scale = min(side / height, side / width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (side - rows) // 2, (side - columns) // 2
    whole = np.full((side, side, 3), GREY, np.uint8)
    whole[top : top + rows, left : left + columns] = cv2.resize(
        pixels, (columns, rows), interpolation=cv2.INTER_LINEAR
    )
    numbers = np.ascontiguousarray(whole.transpose(2, 0, 1)[None], np.float32) / np.float32(255.0)
    return numbers, Square(side=side, scale=scale, left=left, top=top)


def boxes_of(answer: Tensor, classes: int, *, least: float, overlap: float) -> Boxes:
    """Boxes of at least that probability; of two of one class that overlap more, the surer one.

    `answer`: rows x places, finite. Raises ModelFailed when it holds no probabilities.
    """
    chances = answer[4 : 4 + classes]
    if chances.min() < 0 or chances.max() > SURE:
        raise ModelFailed("the detector's probabilities lie outside 0 to 1")
    chances = np.minimum(chances, 1.0)
    best = chances.max(axis=0)
    picked = np.flatnonzero(best >= least)
    picked = picked[np.argsort(-best[picked], kind="stable")][:MAX_CANDIDATES]
    names = chances[:, picked].argmax(axis=0)
    corners = corners_of(answer[:4, picked].T)
    kept = apart(corners, best[picked], names, overlap)
    return Boxes(
        corners=corners[kept],
        scores=best[picked][kept],
        classes=names[kept],
        coefficients=answer[4 + classes :, picked].T[kept],
        doubts=chances.max(axis=1),
    )


def corners_of(middles: NDArray[np.float32]) -> NDArray[np.float32]:
    """Middle and size to left, top, right, bottom."""
    half = middles[:, 2:] / 2
    return np.concatenate([middles[:, :2] - half, middles[:, :2] + half], axis=1, dtype=np.float32)


def apart(
    corners: NDArray[np.float32],
    scores: NDArray[np.float32],
    classes: NDArray[np.int64],
    overlap: float,
) -> NDArray[np.intp]:
    """Places of the boxes to keep, surest first; boxes of different classes never push each other out."""
    if not len(corners):
        return np.zeros(0, np.intp)
    sized = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxesBatched(
        sized.astype(np.float64).tolist(), scores.tolist(), classes.tolist(), 0.0, overlap
    )
    places = np.asarray(kept, np.intp).reshape(-1)
    return places[np.argsort(-scores[places], kind="stable")]


def on_picture(corners: NDArray[np.float32], square: Square, height: int, width: int) -> NDArray[np.float32]:
    """N x 4 corners in pixels of the picture, cut at its edges."""
    shifted = corners - np.array([square.left, square.top] * 2, np.float32)
    limits = np.array([width, height] * 2, np.float32)
    return np.asarray(np.clip(shifted / np.float32(square.scale), 0, limits), np.float32)


def filled(coefficients: NDArray[np.float32], prototypes: Tensor, corners: NDArray[np.float32]) -> float:
    """Share of a box that its mask covers, 0 to 1; 1 for a box too small for the prototypes' cells.

    `prototypes`: number x rows x columns over the whole square; `corners`: as shares of the square.
    """
    number, rows, columns = prototypes.shape
    left, top = (max(0, int(edge)) for edge in corners[:2] * (columns, rows))
    right, bottom = (int(np.ceil(edge)) for edge in corners[2:] * (columns, rows))
    cells = prototypes[:, top:bottom, left:right].reshape(number, -1)
    if not cells.shape[1]:
        return 1.0
    return float((coefficients @ cells > 0).mean())  # above 0 the logistic function says more than half
