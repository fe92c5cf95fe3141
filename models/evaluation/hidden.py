"""The control: rendered returns with the evidence painted over, so that no grade can be seen any more.

Painting is itself a difference, and a damaged unit's region is larger than a used one's: were only the own
region hidden, its size would tell the grade. So every picture loses one region of a used and one of a
damaged unit of its object: its own, and borrowed ones in place of what it has not. What still tells the
grades apart afterwards would be a shortcut: light, pose, or what a defect leaves outside its mask.
"""

import random
from collections.abc import Mapping, Sequence
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


WORN = (Grade.USED, Grade.DAMAGED)
"""The grades that have a region to hide."""


def hiding(folder: Path, rows: Sequence[RenderedPicture]) -> Read:
    """Read an item with one region of each worn grade painted over: its own, the others borrowed."""
    masks = {grade: {row.picture: folder / row.mask for row in rows if row.grade == grade} for grade in WORN}

    def read(item: Item) -> bytes:
        regions = [defect_of(path) for path in regions_of(item.name, masks)]
        if not regions:
            return item.path.read_bytes()
        return painted(decode(item.path.read_bytes()), np.logical_or.reduce(regions))

    return read


def regions_of(name: str, masks: Mapping[Grade, Mapping[str, Path]]) -> list[Path]:
    """The masks to hide in one picture: one of every worn grade, its own before borrowed ones."""
    dice = random.Random(name)  # noqa: S311
    found = []
    for lenders in masks.values():
        lender = name if name in lenders else dice.choice(sorted(lenders)) if lenders else None
        if lender is not None:
            found.append(lenders[lender])
    return found


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
