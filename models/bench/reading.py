"""The light card in a picture: its scale, its place, its greys and how sharp it is."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.bench.card import CARDS, MODULES, Card, Patch, SizeName, dictionary
from models.errors import (
    CardAskew,
    CardBlurred,
    CardCovered,
    CardLight,
    CardMissing,
    CardTooSmall,
    SeveralCards,
    WrongCard,
)
from models.images import Pixels

FLAT_PX_PER_MM = 6.0
"""Of the medium card when it is straightened; the others accordingly."""
FINE = 24
"""Samples of a module when an edge is measured."""
INNER = 0.6
"""Share of a grey field that is measured: its rim may be blurred or cut."""
SMALLEST_MARKER_PX = 24.0
WIDEST_TILT = 1.35
"""Longest over shortest scale on the card."""
WIDEST_BEND = 0.012
"""Of the card's width: how far a marker's corner may lie from where the other corners say."""
WIDEST_EDGE = 0.5
"""Of a marker's module: from dark to light at an edge."""
SIZE_SHARE = 0.1
"""A ruler and a printer may differ from the nominal width by this."""
DARKEST_WHITE, BRIGHTEST_WHITE = 80.0, 250.0
LEAST_CONTRAST = 50.0
"""Of 255, from the white field to the black one."""
LEAST_STEP = 4.0
"""Of 255, from one field to the next darker one."""
MOST_UNEVEN = 0.06
"""Spread within a field as a share of the contrast; glare and shadow have edges."""

Points = NDArray[np.float64]
Flat = NDArray[np.float32]
Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardReading:
    """What one picture says of the card."""

    card: SizeName
    width_mm: float
    mm_per_pixel: float
    """In the plane of the card, at its middle."""
    corners: tuple[tuple[float, float], ...]
    """Of the card, in pixels from the upper left of the picture: upper left, then clockwise."""
    greys: tuple[tuple[float, float, float], ...]
    """Mean red, green and blue of each field, 0..255, white first."""
    edge_mm: float
    """From dark to light at the edges of the markers: what the lens and the pixels blur."""
    tilt: float
    """Longest over shortest scale on the card; 1 when the camera looks straight down."""


def read_card(pixels: Pixels, *, width_mm: float | None = None) -> CardReading:
    """Find and measure the one card in a picture; raises BadCard kinds.

    `width_mm`: its width by a ruler, where the printer did not keep the size.
    """
    card, seen = _found(pixels)
    width = _width(card, width_mm)
    edge = _sharp(pixels, seen)
    _refuse_part(card, seen)
    to_pixels = _homography(card, seen)
    tilt = _tilt(card, to_pixels)
    flat = _flattened(pixels, card, to_pixels)
    greys = _greys(flat, card)
    true = width / card.width_mm
    return CardReading(
        card=card.name,
        width_mm=width,
        mm_per_pixel=true / _scale(to_pixels, card.width_mm / 2, card.height_mm / 2),
        corners=_corners(card, to_pixels),
        greys=greys,
        edge_mm=edge * true * card.marker_mm / MODULES,
        tilt=tilt,
    )


def has_card(pixels: Pixels) -> bool:
    """Whether any marker of a card is seen."""
    return bool(_markers(pixels))


def _markers(pixels: Pixels) -> list[tuple[int, Points]]:
    """Id and corners (4 x 2) of every marker that belongs to one of our cards."""
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary(), settings).detectMarkers(grey)
    if ids is None:
        return []
    ours = {number for card in CARDS.values() for number in card.ids}
    numbers = (int(number) for number in np.asarray(ids).ravel())
    found = zip(numbers, corners, strict=True)
    return [(number, np.asarray(four, np.float64).reshape(4, 2)) for number, four in found if number in ours]


def _found(pixels: Pixels) -> tuple[Card, dict[int, Points]]:
    markers = _markers(pixels)
    if not markers:
        raise CardMissing(
            "no light card is seen: lay it in the middle of the bench, printed side up, and focus the camera"
        )
    seen = dict(markers)
    cards = [card for card in CARDS.values() if seen.keys() & set(card.ids)]
    if len(cards) > 1 or len(seen) < len(markers):
        raise SeveralCards("more than one light card is seen: leave one on the bench")
    return cards[0], seen


def _sharp(pixels: Pixels, seen: dict[int, Points]) -> float:
    """How wide the edges are, in modules; raises CardBlurred. Asked first: blur also hides markers."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edge = float(np.median([_edge(grey, corners) for corners in seen.values()]))
    if edge > WIDEST_EDGE and min(_side(corners) for corners in seen.values()) >= SMALLEST_MARKER_PX:
        raise CardBlurred("the edges of the light card are blurred: focus the camera and hold the card still")
    return edge


def _refuse_part(card: Card, seen: dict[int, Points]) -> None:
    if min(_side(corners) for corners in seen.values()) < SMALLEST_MARKER_PX:
        raise CardTooSmall("the light card is too small in the picture: take a larger one")
    if len(seen) < len(card.ids):
        raise CardCovered(f"only {len(seen)} of the light card's 4 markers are seen: lay it wholly in view")


def _side(corners: Points) -> float:
    return float(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).min())


def _width(card: Card, said: float | None) -> float:
    if said is None:
        return card.width_mm
    if abs(said / card.width_mm - 1.0) > SIZE_SHARE:
        raise WrongCard(f"the card on the bench is {card.width_mm:g} mm wide by its markers, not {said:g} mm")
    return said


def _homography(card: Card, seen: dict[int, Points]) -> Points:
    """From millimetres on the card to pixels, by the sixteen corners."""
    side = card.marker_mm
    square = np.array([(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)])
    on_card = np.concatenate([square + corner for corner in card.marker_corners])
    in_picture = np.concatenate([seen[number] for number in card.ids])
    found, _ = cv2.findHomography(on_card, in_picture, 0)
    if found is None:
        raise CardAskew("the light card is not flat: lay it flat on the bench")
    there = cv2.perspectiveTransform(on_card[None], found)[0]
    homography = np.asarray(found, dtype=np.float64)
    off_mm = np.abs(there - in_picture).max() / _scale(homography, card.width_mm / 2, card.height_mm / 2)
    if off_mm > WIDEST_BEND * card.width_mm:
        raise CardAskew("the light card is bent: lay it flat on the bench")
    return homography


def _steps(homography: Points, x: float, y: float) -> Points:
    """Pixels for a millimetre to the right and a millimetre down, as rows."""
    here = np.array([[(x, y), (x + 0.5, y), (x, y + 0.5)]])
    middle, right, down = cv2.perspectiveTransform(here, homography)[0]
    return np.array([right - middle, down - middle]) * 2.0


def _scale(homography: Points, x: float, y: float) -> float:
    """Pixels per millimetre at a place of the card."""
    return float(np.sqrt(abs(np.linalg.det(_steps(homography, x, y)))))


def _tilt(card: Card, homography: Points) -> float:
    """Longest over shortest scale; raises CardAskew where one scale cannot stand for all."""
    places = [(0.0, 0.0), (card.width_mm, 0.0), (card.width_mm, card.height_mm), (0.0, card.height_mm)]
    scales = [np.linalg.svd(_steps(homography, x, y), compute_uv=False) for x, y in places]
    tilt = float(np.max(scales) / np.min(scales))
    if tilt > WIDEST_TILT:
        raise CardAskew("the camera looks at the light card from the side: let the card face the camera")
    return tilt


def _corners(card: Card, homography: Points) -> tuple[tuple[float, float], ...]:
    width, height = card.width_mm, card.height_mm
    there = cv2.perspectiveTransform(
        np.array([[(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]]), homography
    )
    return tuple((float(x), float(y)) for x, y in there[0])


def _per_mm(card: Card) -> float:
    return FLAT_PX_PER_MM / card.unit


def _flattened(pixels: Pixels, card: Card, homography: Points) -> Flat:
    """The card alone, straight from above."""
    per_mm = _per_mm(card)
    shrink = np.diag([1.0 / per_mm, 1.0 / per_mm, 1.0])
    size = (round(card.width_mm * per_mm), round(card.height_mm * per_mm))
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(pixels, homography @ shrink, size, flags=how).astype(np.float32)


def _greys(flat: Flat, card: Card) -> tuple[tuple[float, float, float], ...]:
    """Mean colour of each field; raises CardLight where they say nothing of the lamp."""
    fields = [_inner(flat, card, patch) for patch in card.greys]
    means = np.array([field.reshape(-1, 3).mean(axis=0) for field in fields])
    levels = means.mean(axis=1)
    if levels[0] > BRIGHTEST_WHITE:
        raise CardLight("the white of the light card is blown out: turn the light or the exposure down")
    if levels[0] < DARKEST_WHITE or levels[0] - levels[-1] < LEAST_CONTRAST:
        raise CardLight("the light card is too dark: switch the bench light on")
    uneven = max(cv2.blur(field, (5, 5)).std(axis=(0, 1)).max() for field in fields)
    if (np.diff(levels) > -LEAST_STEP).any() or uneven > MOST_UNEVEN * (levels[0] - levels[-1]):
        raise CardLight("a shadow or a reflection lies on the light card: move it, or cover what shines")
    return tuple((float(r), float(g), float(b)) for r, g, b in means)


def _inner(flat: Flat, card: Card, patch: Patch) -> Flat:
    per_mm, rim = _per_mm(card), (1.0 - INNER) / 2.0
    left, top = patch.left + rim * patch.width, patch.top + rim * patch.height
    rows = slice(round(top * per_mm), round((top + INNER * patch.height) * per_mm))
    return flat[rows, slice(round(left * per_mm), round((left + INNER * patch.width) * per_mm))]


def _edge(grey: Grey, corners: Points) -> float:
    """From 10 % to 90 % of the rise at a marker's outer edges, in modules: the middle of the four sides."""
    around = np.array([(1, 1), (MODULES + 1, 1), (MODULES + 1, MODULES + 1), (1, MODULES + 1)], np.float32)
    side = (MODULES + 2) * FINE
    straight = cv2.getPerspectiveTransform(corners.astype(np.float32), around * FINE)
    marker = cv2.warpPerspective(grey, straight, (side, side)).astype(np.float32)
    return float(np.median([_rise(np.rot90(marker, turn)) for turn in range(4)])) / FINE


def _rise(marker: Grey) -> float:
    """Samples from 10 % to 90 % of the way from light to dark at the left edge."""
    reach = round(0.8 * FINE)
    profile = marker[2 * FINE : -2 * FINE, FINE - reach : FINE + reach].mean(axis=0)
    light, dark = float(profile[:3].mean()), float(profile[-3:].mean())
    share = np.maximum.accumulate((light - profile) / max(light - dark, 1.0))
    start, end = np.interp((0.1, 0.9), share, np.arange(len(share)))
    return float(end - start)
