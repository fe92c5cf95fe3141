"""Identity by sight: which product of the gallery a picture resembles most.

A tag can hang on the wrong item. So the picture's signature is compared with the signatures of
all products' good photos, and an item that clearly resembles another product more than the one
its tag names raises an alert. A person decides; the alert never changes a grade by itself.

A signature is the backbone's embedding beside a coarse colour histogram. What differs between
photos of one product (pose, light) is measured over the whole gallery and weighed down, as in
linear discriminant analysis (Fisher, 1936), shrunk as far as few photos ask for. The limit of the
margin comes from leave-one-out over the good photos: an order statistic (conformal: Vovk,
Gammerman, Shafer, 2005) where there are enough, Student's prediction interval where there are few.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.backbone import Matrix
from models.calibration import student_tail
from models.images import Pixels

Wide = NDArray[np.float64]

FALSE_ALARM = 0.01
"""Share of right items that may raise an alert."""
MIN_PRODUCTS = 2
MAX_PRODUCTS = 2000
SHRINK = 0.1
"""Of the mean variance within a product, added to every direction."""
COLOUR_BINS = (4, 8, 8)
"""Of L, a and b."""
COLOUR_RANGE = (0, 256, 64, 192, 64, 192)
"""Goods and benches do not leave the middle half of a and b."""
COLOUR_SIDE = 96
BORDER = 6
"""A sixth of each side shows bench rather than item."""
ENOUGH_MARGINS = 300
"""Leave-one-out margins; more of them would cost time and hardly move the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resemblance:
    """How one picture stands between the product it should show and all others."""

    expected: str
    nearest: str
    """The other product that it resembles most."""
    margin: float
    """Resemblance to `nearest` less that to `expected`, -2..2; above 0 `nearest` is closer."""
    limit: float
    """The margin that a right item passes with FALSE_ALARM."""

    @property
    def differs(self) -> bool:
        """Whether the picture clearly shows another product."""
        return self.margin > max(self.limit, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Space:
    """Where signatures are compared: differences within a product count little."""

    mean: Matrix
    directions: Matrix
    """rank x length: where photos of one product differ."""
    gains: Matrix
    """rank: what is taken off in each direction."""
    scale: float

    def place(self, signatures: Matrix) -> Matrix:
        """Rows of length 1 in this space."""
        centred = np.asarray((signatures - self.mean) * self.scale, dtype=np.float32)
        along = np.asarray((centred @ self.directions.T) * self.gains, dtype=np.float32)
        return _unit(np.asarray(centred - along @ self.directions, dtype=np.float32))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """The products of one view."""

    space: Space
    placed: Mapping[str, Matrix]
    """Product -> its photos in `space`, and their mean as the last row."""
    limit: float
    margins: int
    """Leave-one-out margins behind the limit."""

    def resemblance(self, expected: str, signature: Matrix) -> Resemblance | None:
        """Where a signature stands; None for a product that is not in the gallery."""
        if expected not in self.placed:
            return None
        placed = self.space.place(signature[None, :])
        likeness = {sku: float(alike(placed, rows)[0]) for sku, rows in self.placed.items()}
        own = likeness.pop(expected)
        nearest = max(likeness, key=lambda sku: likeness[sku])
        return Resemblance(
            expected=expected, nearest=nearest, margin=likeness[nearest] - own, limit=self.limit
        )


def signature_length(embedding: int) -> int:
    """Numbers of a signature, from those of the embedding."""
    return embedding + math.prod(COLOUR_BINS)


def signature(embedding: Matrix, pixels: Pixels) -> Matrix:
    """The embedding and the colours of a picture, each of length 1, in one row."""
    return np.concatenate([_unit(embedding.reshape(1, -1))[0], colours(pixels)], dtype=np.float32)


def colours(pixels: Pixels) -> Matrix:
    """Square roots of a Lab histogram over the middle of the picture; length 1 (Hellinger's distance)."""
    height, width = pixels.shape[:2]
    middle = pixels[height // BORDER : height - height // BORDER, width // BORDER : width - width // BORDER]
    small = cv2.resize(middle, (COLOUR_SIDE, COLOUR_SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    counts = cv2.calcHist([lab], [0, 1, 2], None, list(COLOUR_BINS), list(COLOUR_RANGE)).ravel()
    return np.asarray(np.sqrt(counts / max(float(counts.sum()), 1.0)), dtype=np.float32)


def fit_gallery(signatures: Mapping[str, Matrix]) -> Gallery | None:
    """A gallery of photos x length by product; None where nothing can be told apart.

    Products with fewer than two photos say nothing of their own spread and are left out.
    """
    known = {sku: rows for sku, rows in sorted(signatures.items())[:MAX_PRODUCTS] if len(rows) > 1}
    if len(known) < MIN_PRODUCTS:
        return None
    margins = left_out_margins(known)
    space = fit_space(list(known.values()))
    return Gallery(
        space=space,
        placed={sku: with_mean(space.place(rows)) for sku, rows in known.items()},
        limit=limit_of(margins),
        margins=len(margins),
    )


def fit_space(groups: Sequence[Matrix]) -> Space:
    """The space in which the photos of each group lie close together."""
    within = np.concatenate([rows - rows.mean(axis=0) for rows in groups]).astype(np.float64)
    freedom = max(1, len(within) - len(groups))
    spread, directions = _principal(within)
    variance = spread / freedom
    floor = max(SHRINK * float(variance.mean()), 1e-12)
    return Space(
        mean=np.concatenate(groups).mean(axis=0, dtype=np.float64).astype(np.float32),
        directions=directions.astype(np.float32),
        gains=(1.0 - np.sqrt(floor / (variance + floor))).astype(np.float32),
        scale=1.0 / math.sqrt(floor),
    )


def _principal(rows: Wide) -> tuple[Wide, Wide]:
    """Sums of squares along the principal directions, and those directions; rank is the smaller side."""
    if len(rows) > rows.shape[1]:
        squares, axes = np.linalg.eigh(rows.T @ rows)
        return np.maximum(squares, 0.0), axes.T
    squares, sides = np.linalg.eigh(rows @ rows.T)
    squares = np.maximum(squares, 0.0)
    length = np.sqrt(np.maximum(squares, 1e-12))[:, None]
    return squares, (sides.T @ rows) / length


def left_out_margins(known: Mapping[str, Matrix]) -> list[float]:
    """Margin of each photo when its product, and the space, do without it."""
    margins: list[float] = []
    folds = min(math.ceil(ENOUGH_MARGINS / len(known)), max(len(rows) for rows in known.values()))
    for fold in range(folds):
        held = [sku for sku, rows in known.items() if fold < len(rows) and len(rows) > 2]
        kept = {sku: np.delete(rows, fold, axis=0) if sku in held else rows for sku, rows in known.items()}
        if held:
            margins += _margins(fit_space(list(kept.values())), kept, {sku: known[sku][fold] for sku in held})
    return margins


def limit_of(margins: Sequence[float]) -> float:
    """The margin that a right item passes with FALSE_ALARM; infinite where nothing was measured."""
    allowed = math.floor((len(margins) + 1) * FALSE_ALARM)
    if allowed:
        return sorted(margins)[-allowed]
    if len(margins) < 3:
        return math.inf
    mean, spread = float(np.mean(margins)), float(np.std(margins, ddof=1))
    width = next(t / 10 for t in range(1, 10_000) if student_tail(t / 10, len(margins) - 1) <= FALSE_ALARM)
    return max(mean + width * spread * math.sqrt(1 + 1 / len(margins)), max(margins))


def alike(placed: Matrix, rows: Matrix) -> Matrix:
    """Resemblance of each placed signature to a product: half its nearest photo, half their mean."""
    cosines = placed @ rows.T
    return np.asarray(0.5 * cosines[:, :-1].max(axis=1) + 0.5 * cosines[:, -1], dtype=np.float32)


def with_mean(placed: Matrix) -> Matrix:
    """The rows, and their mean as the last."""
    return np.vstack([placed, _unit(placed.mean(axis=0, keepdims=True))])


def _margins(space: Space, kept: Mapping[str, Matrix], held: Mapping[str, Matrix]) -> list[float]:
    placed = space.place(np.stack(list(held.values())))
    likeness = np.stack([alike(placed, with_mean(space.place(rows))) for rows in kept.values()], axis=1)
    order = list(kept)
    at, own = np.arange(len(held)), np.array([order.index(sku) for sku in held])
    mine = likeness[at, own].copy()
    likeness[at, own] = -np.inf
    return [float(value) for value in likeness.max(axis=1) - mine]


def _unit(rows: Matrix) -> Matrix:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), dtype=np.float32)
