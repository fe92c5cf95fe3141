"""The control: rendered returns with the evidence painted over, so that no grade can be seen any more.

In a used or damaged picture the defect's own region is filled from around it; in a new picture the
region that another picture of the same object lends. What still tells them apart afterwards would be a
shortcut: light, pose, or the painting itself.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from inspection.grades import Grade
from models.evaluation.folders import Item
from models.evaluation.graded import Read
from models.evaluation.pro import Mask
from models.evaluation.rendered import DEFECT_FROM, RenderedPicture
from models.images import Pixels, decode

MARGIN = 9
"""Pixels around the defect that go with it: its rim and shadow."""
RADIUS = 5
QUALITY = 95


def hiding(folder: Path, rows: Sequence[RenderedPicture]) -> Read:
    """Read an item with its evidence, or a borrowed region, painted over."""
    masks = {row.picture: folder / row.mask for row in rows if row.grade != Grade.NEW}
    lenders = sorted(masks)

    def read(item: Item) -> bytes:
        if not lenders:
            return item.path.read_bytes()
        lender = item.name if item.name in masks else random.Random(item.name).choice(lenders)  # noqa: S311
        return painted(decode(item.path.read_bytes()), defect_of(masks[lender]))

    return read


def defect_of(path: Path) -> Mask:
    """The defect of a picture, with its margin."""
    mask = (decode(path.read_bytes()).max(axis=2) >= DEFECT_FROM).astype(np.uint8)
    return np.asarray(cv2.dilate(mask, np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)) > 0)


def painted(pixels: Pixels, region: Mask) -> bytes:
    """The picture as JPEG with a region filled from around it (Telea, 2004)."""
    filled = cv2.inpaint(
        np.ascontiguousarray(pixels[:, :, ::-1]), region.astype(np.uint8), RADIUS, cv2.INPAINT_TELEA
    )
    return bytes(cv2.imencode(".jpg", filled, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
