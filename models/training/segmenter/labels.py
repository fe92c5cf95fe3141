"""Labels: for each cell of stride 4, how much of it each group of classes holds."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.framing import Size
from models.segmenter import KINDS, STRIDE
from models.training.segmenter.classes import DEFECT, GROUPS, SOUND, mask_group
from models.training.segmenter.fields import Field

Label = NDArray[np.uint8]
"""Groups x rows x columns; 255 is the whole cell."""


def label_of_mask(mask: NDArray[np.uint8], size: Size) -> Label:
    """Label of a rendered mask for a picture that the network sees at `size`."""
    label = _empty(size)
    for value in np.unique(mask):
        place = list(GROUPS).index(mask_group(int(value)))
        label[place] += _cells((mask == value).astype(np.float32) * 255, size)
    return label


def label_of_package(size: Size) -> Label:
    """Label of an intact package: sound everywhere."""
    label = _empty(size)
    label[list(GROUPS).index(SOUND)] = 255
    return label


def with_defect(label: Label, kind: str, cover: Field, size: Size) -> Label:
    """The label after a defect was drawn over the picture."""
    share = _cells(cover * 255, size)
    kept = (label * (1 - share.astype(np.float32) / 255)).astype(np.uint8)
    kept[list(GROUPS).index(kind if kind in KINDS else DEFECT)] += share
    return kept


def _empty(size: Size) -> Label:
    return np.zeros((len(GROUPS), size.height // STRIDE, size.width // STRIDE), np.uint8)


def _cells(cover: Field, size: Size) -> NDArray[np.uint8]:
    grid = (size.width // STRIDE, size.height // STRIDE)
    return np.round(cv2.resize(cover, grid, interpolation=cv2.INTER_AREA)).astype(np.uint8)
