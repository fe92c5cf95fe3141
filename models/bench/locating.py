"""Where the item lies: what differs from the empty bench, with a rim that its colours decide.

A shadow is darker bench: it keeps the bench's colour, and counts for less than other differences.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.bench.light import Light, light_between, relit
from models.framing import Size
from models.images import Pixels

Mask = NDArray[np.bool_]
"""H x W; true where something is."""
Amount = NDArray[np.float32]

DOUBTFUL, MOST_DOUBTFUL = 10.0, 40.0
"""Of 255: a difference that may be an item, on a bench that stays as it is and on one that does not."""
NOISE_TIMES = 2.0
"""What may be an item is so many times what the rim of the picture differs."""
SURE_TIMES, SURE = 2.5, 25.0
"""What surely is one: so many times more, and at least this of 255."""
RIM = 12
"""Pixels along the border of the picture, where the bench is seen most often."""
COLOUR_WEIGHT = 4.0
"""A change of colour against a change of lightness: noise and shadows have little of it."""
SHADOW_COLOUR = 24.0
"""Of 255, weighted: a shadow changes the colour no more."""
SHADOW_WEIGHT = 0.15
"""Of a change that is only darker bench."""
TEXTURE_WEIGHT = 8.0
"""A change of fine texture: it tells white goods from a white bench, and a shadow has little of it."""
GAP = 15
"""Pixels between two parts of an item that are alike to the bench."""
GREY, NOISE, DEEPEST = 128.0, 6.0, 0.25
"""Of 255: where a tone has no colour; what says nothing in black. A shadow takes colour away with the
light, to a quarter at most."""
SMALLEST_SHARE = 0.004
"""Of the picture; a smaller piece is no item and no part of one."""
HOLE_SHARE = 0.01
"""Of the item: a smaller hole is filled."""
CUT_SIDE = 64
"""Pixels of the longer side that GrabCut sees: its time grows with the area, the rim needs no more."""
MARGIN = 0.12
"""Of the box, that GrabCut sees of the bench around it."""
SEED = 1
"""GrabCut draws lots: the same picture must give the same mask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle of a picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    def grown(self, share: float, size: Size) -> "Box":
        """The box with a margin of this share of its longer side, within a picture."""
        margin = round(share * max(self.width, self.height))
        left, top = max(0, self.left - margin), max(0, self.top - margin)
        right = min(size.width, self.left + self.width + margin)
        bottom = min(size.height, self.top + self.height + margin)
        return Box(left=left, top=top, width=right - left, height=bottom - top)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to cut it out of an array."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Difference:
    """A picture beside the empty bench."""

    light: Light
    amount: Amount
    """H x W, of 255: how much each pixel differs once the light is made the same."""

    doubtful_from: float
    """Of 255: from here on it may be an item, in this picture's noise."""

    @property
    def sure_from(self) -> float:
        """Of 255: from here on it is one."""
        return max(SURE, SURE_TIMES * self.doubtful_from)

    @property
    def surely(self) -> Mask:
        """Where something is that is not the bench."""
        return np.asarray(self.amount > self.sure_from)


def item_mask(pixels: Pixels, bench: Pixels) -> Mask | None:
    """Where the item lies, by the empty bench of the same size; None where nothing is seen."""
    return item_of(pixels, difference(pixels, bench))


def item_of(pixels: Pixels, found: Difference) -> Mask | None:
    """Where the item lies, from the difference."""
    rough = _whole(found)
    if rough is None:
        return None
    refined = _refined(pixels, found, rough)
    return refined if refined.any() else rough


def difference(pixels: Pixels, bench: Pixels) -> Difference:
    """Compare a picture with the empty bench of the same size in the picture's own light."""
    light = light_between(pixels, bench)
    amount = _amount(_tones(pixels), _tones(relit(bench, light)))
    return Difference(light=light, amount=amount, doubtful_from=_doubtful_from(amount))


def box_of(mask: Mask) -> Box:
    """The smallest box around a mask that is not empty."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return Box(left=left, top=top, width=width, height=height)


def _tones(pixels: Pixels) -> Amount:
    """Lightness and two colours, without the noise of single pixels."""
    return cv2.cvtColor(cv2.blur(pixels, (3, 3)), cv2.COLOR_RGB2YCrCb).astype(np.float32)


def _amount(seen: Amount, empty: Amount) -> Amount:
    """Lightness, colour and texture together; darker bench of the same colour counts for less."""
    (light, *colours), (was, *were) = cv2.split(seen), cv2.split(empty)
    lightness = np.asarray(light - was, dtype=np.float32)
    shade = np.clip((light + NOISE) / (was + NOISE), DEEPEST, 1.0)
    pairs = zip(colours, were, strict=True)
    colour = COLOUR_WEIGHT * sum(np.abs(now - GREY - (then - GREY) * shade) for now, then in pairs)
    darker = (lightness < 0) & (colour < SHADOW_COLOUR)
    fine = np.abs(lightness - cv2.blur(lightness, (7, 7)))
    texture = TEXTURE_WEIGHT * cv2.erode(cv2.blur(fine, (5, 5)), np.ones((5, 5), np.uint8))
    plain = np.abs(lightness) * np.where(darker, SHADOW_WEIGHT, 1.0)
    return np.asarray(plain + colour + texture, dtype=np.float32)


def _doubtful_from(amount: Amount) -> float:
    """From the noise at the rim; a rim that an item covers is no noise and must not hide it."""
    sides = (amount[:RIM], amount[-RIM:], amount[:, :RIM].T, amount[:, -RIM:].T)
    noise = float(np.median([np.percentile(side, 90) for side in sides]))
    return min(max(DOUBTFUL, NOISE_TIMES * noise), MOST_DOUBTFUL)


def _whole(found: Difference) -> Mask | None:
    """The doubtful pieces that hold something sure, closed, without small pieces and holes."""
    doubtful = (found.amount > found.doubtful_from).astype(np.uint8)
    opened = cv2.morphologyEx(doubtful, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    gap = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GAP, GAP))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, gap)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed)
    sure = np.bincount(labels[found.surely], minlength=count)
    smallest = SMALLEST_SHARE * labels.size
    kept = (stats[:, cv2.CC_STAT_AREA] >= smallest) & (sure >= smallest / 4)
    kept[0] = False
    return _filled(np.asarray(kept[labels])) if kept.any() else None


def _filled(mask: Mask) -> Mask:
    """Without the small holes; a large one, such as a handle's, shows the bench."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < HOLE_SHARE * mask.sum()
    small[0] = False
    return np.asarray(mask | small[labels])


def _refined(pixels: Pixels, found: Difference, rough: Mask) -> Mask:
    """Let GrabCut decide the doubtful rim of the rough mask, small; what is sure stays."""
    size = Size(height=rough.shape[0], width=rough.shape[1])
    cut = box_of(rough).grown(MARGIN, size).slices
    height, width = rough[cut].shape
    factor = min(1.0, CUT_SIDE / max(height, width))
    small = (max(8, round(width * factor)), max(8, round(height * factor)))
    amount = cv2.resize(found.amount[cut], small, interpolation=cv2.INTER_AREA)
    trimap = _trimap(np.asarray(amount > found.sure_from), rough[cut], small)
    if not (trimap == cv2.GC_PR_FGD).any():
        return rough
    picture = cv2.resize(pixels[cut], small, interpolation=cv2.INTER_AREA)
    cv2.setRNGSeed(SEED)
    cv2.grabCut(picture, trimap, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 1, cv2.GC_INIT_WITH_MASK)
    is_item = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    decided = cv2.resize(is_item, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    refined = np.zeros_like(rough)
    refined[cut] = rough[cut] & (decided | found.surely[cut])
    return refined


def _trimap(surely: Mask, rough: Mask, small: tuple[int, int]) -> NDArray[np.uint8]:
    """What GrabCut starts from: sure where the difference is, doubtful inside the rough mask, else bench."""
    inside = cv2.resize(rough.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    trimap = np.full(surely.shape, cv2.GC_BGD, np.uint8)
    trimap[inside > 0.3] = cv2.GC_PR_FGD
    trimap[surely & (inside > 0.9)] = cv2.GC_FGD
    return trimap
