"""A small painter's box: masks, fills and shading on layers of floating colour.

All coordinates are pixels of a 960 x 720 canvas; colours are RGB, 0..1; a mask is 0..1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""HEIGHT x WIDTH."""
Colour = tuple[float, float, float]
Point = tuple[float, float]

WIDTH, HEIGHT = 960, 720
SHIFT = 4
"""Fraction bits of cv2's subpixel coordinates."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Something that lies on the bench; its arrays are painted on in place."""

    colour: NDArray[np.float32]
    alpha: Field


def new_layer() -> Layer:
    """A layer with nothing on it."""
    return Layer(np.zeros((HEIGHT, WIDTH, 3), np.float32), np.zeros((HEIGHT, WIDTH), np.float32))


def polygon(points: Sequence[Point] | NDArray[np.float64]) -> Field:
    """A filled polygon with soft edges."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    corners = np.round(np.asarray(points, np.float64) * (1 << SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [corners], (255,), cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / np.float32(255)


def ellipse(centre: Point, radii: Point, tilt_degrees: float = 0.0) -> Field:
    """A filled ellipse."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    middle = (round(centre[0] * (1 << SHIFT)), round(centre[1] * (1 << SHIFT)))
    axes = (round(radii[0] * (1 << SHIFT)), round(radii[1] * (1 << SHIFT)))
    cv2.ellipse(mask, middle, axes, tilt_degrees, 0, 360, (255,), -1, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / np.float32(255)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> Field:
    """A rectangle, its corners rounded by `radius`."""
    if radius <= 0:
        return polygon([(left, top), (right, top), (right, bottom), (left, bottom)])
    turn = np.linspace(0, np.pi / 2, 9)
    corners = ((right, bottom, 0), (left, bottom, 1), (left, top, 2), (right, top, 3))
    points = []
    for x, y, quarter in corners:
        cx = x - radius if x == right else x + radius
        cy = y - radius if y == bottom else y + radius
        angles = turn + quarter * np.pi / 2
        points += [(cx + radius * float(np.cos(a)), cy + radius * float(np.sin(a))) for a in angles]
    return polygon(points)


def blended(*masks: Field) -> Field:
    """Where any of the masks is."""
    return np.asarray(np.max(masks, axis=0), dtype=np.float32)


def stroke(points: Sequence[Point], thickness: int) -> Field:
    """An open line through the points."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    corners = np.round(np.asarray(points, np.float64) * (1 << SHIFT)).astype(np.int32)
    cv2.polylines(mask, [corners], False, (255,), thickness, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) / np.float32(255)


def words(text: str, left: int, baseline: int, height: float, thickness: int = 2) -> Field:
    """Lettering; `height` in pixels of a capital."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    face = cv2.FONT_HERSHEY_DUPLEX
    cv2.putText(mask, text, (left, baseline), face, height / 21.0, (255,), thickness, cv2.LINE_AA)
    return mask.astype(np.float32) / np.float32(255)


def soft(mask: Field, sigma: float) -> Field:
    """The mask, blurred."""
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), dtype=np.float32)


def clouds(draw: np.random.Generator, sigma: float) -> Field:
    """Smooth noise with mean 0 and spread 1; coarse noise is made small and enlarged."""
    coarser = max(1, int(sigma // 4))
    grid = draw.standard_normal((HEIGHT // coarser, WIDTH // coarser)).astype(np.float32)
    noise = cv2.resize(soft(grid, sigma / coarser), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.asarray((noise - noise.mean()) / noise.std(), dtype=np.float32)


def across(left: float, right: float) -> Field:
    """-1 at `left`, 1 at `right`, the same in every row."""
    line = (np.arange(WIDTH, dtype=np.float32) - (left + right) / 2) / ((right - left) / 2)
    return np.broadcast_to(line, (HEIGHT, WIDTH)).astype(np.float32)


def put(layer: Layer, mask: Field, colour: Colour) -> None:
    """Paint a colour through a mask, and make the layer opaque there."""
    tint(layer, mask, colour)
    np.maximum(layer.alpha, mask, out=layer.alpha)


def tint(layer: Layer, mask: Field, colour: Colour) -> None:
    """Paint a colour through a mask where the layer already is."""
    weight = mask[:, :, None]
    layer.colour[:] = layer.colour * (1 - weight) + np.asarray(colour, np.float32) * weight


def shade(layer: Layer, mask: Field, factor: NDArray[np.floating] | float) -> None:
    """Multiply the brightness by `factor` through a mask."""
    layer.colour[:] *= (1 + mask * (np.asarray(factor, np.float32) - 1))[:, :, None]


def cut(layer: Layer, mask: Field) -> None:
    """Take the layer away through a mask."""
    layer.alpha[:] *= 1 - mask


def push(layer: Layer, centre: Point, shift: Point, reach: float) -> None:
    """Deform the layer: what lies at `centre` moves by `shift`, fading over `reach` pixels."""
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    weight = np.exp(-((xs - centre[0]) ** 2 + (ys - centre[1]) ** 2) / np.float32(2 * reach * reach))
    from_x, from_y = xs - weight * np.float32(shift[0]), ys - weight * np.float32(shift[1])
    for target in (layer.colour, layer.alpha):
        target[:] = cv2.remap(target, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def ragged(
    draw: np.random.Generator, centre: Point, radius: float, points: int = 14, roughness: float = 0.35
) -> list[Point]:
    """The outline of a torn or broken patch around `centre`."""
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    radii = radius * (1 + roughness * draw.uniform(-1, 1, points))
    return [
        (centre[0] + float(r * np.cos(a)), centre[1] + float(r * np.sin(a)))
        for a, r in zip(angles, radii, strict=True)
    ]


def crooked(draw: np.random.Generator, start: Point, end: Point, steps: int, wander: float) -> list[Point]:
    """A line that wanders, as cracks and creases do."""
    along = np.linspace(0, 1, steps + 1)
    sideways = draw.uniform(-wander, wander, (steps + 1, 2))
    sideways[0] = sideways[-1] = 0
    return [
        (
            start[0] + (end[0] - start[0]) * float(t) + float(dx),
            start[1] + (end[1] - start[1]) * float(t) + float(dy),
        )
        for t, (dx, dy) in zip(along, sideways, strict=True)
    ]
