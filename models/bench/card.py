"""The light card: what is printed, and where everything on it lies.

Four square markers (ArUco, dictionary 4x4_50) in the corners give the scale and the place; six
fields from paper white to black between them give the light. The ids of the markers say which of
the three sizes it is. All lengths are millimetres on the card, from its upper left corner.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

SizeName = Literal["small", "medium", "large"]
IDS_PER_CARD = 4
MODULES = 6
"""Of a marker's side: 4 x 4 that code, and a black border."""
GREYS = (255, 205, 155, 105, 55, 0)
"""Of 255, as printed; 255 is the bare paper. What the camera sees of them is measured, not expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One even rectangle of the card."""

    left: float
    top: float
    width: float
    height: float
    grey: int
    """Of 255, as printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One of the cards that can be printed."""

    name: SizeName
    width_mm: float
    first_id: int

    @property
    def unit(self) -> float:
        """Millimetres of a hundred-and-fiftieth of its width, in which it is laid out."""
        return self.width_mm / 150.0

    @property
    def height_mm(self) -> float:
        """Two thirds of its width."""
        return 100.0 * self.unit

    @property
    def marker_mm(self) -> float:
        """Side of a marker."""
        return 30.0 * self.unit

    @property
    def ids(self) -> tuple[int, ...]:
        """Marker ids: upper left, upper right, lower right, lower left."""
        return tuple(range(self.first_id, self.first_id + IDS_PER_CARD))

    @property
    def marker_corners(self) -> tuple[tuple[float, float], ...]:
        """Upper left corner of each marker, in the order of the ids."""
        near, right, low = 5.0 * self.unit, 115.0 * self.unit, 65.0 * self.unit
        return ((near, near), (right, near), (right, low), (near, low))

    @property
    def greys(self) -> tuple[Patch, ...]:
        """The fields that tell the light: white, and five greys down to black."""
        return tuple(
            Patch(
                left=(43.0 + 22.0 * (number % 3)) * self.unit,
                top=(12.0 + 42.0 * (number // 3)) * self.unit,
                width=20.0 * self.unit,
                height=34.0 * self.unit,
                grey=grey,
            )
            for number, grey in enumerate(GREYS)
        )


CARDS: Mapping[SizeName, Card] = {
    "small": Card(name="small", width_mm=75.0, first_id=20),
    "medium": Card(name="medium", width_mm=150.0, first_id=24),
    "large": Card(name="large", width_mm=240.0, first_id=28),
}
"""Each fits a sheet of A4, lying."""


def dictionary() -> cv2.aruco.Dictionary:
    """The markers that cards are made of."""
    return cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)


def patches(card: Card) -> Iterator[Patch]:
    """Everything that is printed on a card, one even rectangle after the other."""
    for number, (left, top) in zip(card.ids, card.marker_corners, strict=True):
        yield from _marker(card, number, left, top)
    yield from (patch for patch in card.greys if patch.grey < 255)


def _marker(card: Card, number: int, left: float, top: float) -> Iterator[Patch]:
    module = card.marker_mm / MODULES
    cells = cv2.aruco.generateImageMarker(dictionary(), number, MODULES)
    yield Patch(left=left, top=top, width=card.marker_mm, height=card.marker_mm, grey=0)
    for row, column in np.argwhere(cells > 0):
        yield Patch(
            left=left + column * module, top=top + row * module, width=module, height=module, grey=255
        )
