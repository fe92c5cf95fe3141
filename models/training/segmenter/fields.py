"""Smooth random fields, blobs and lines: what every drawn defect is made of."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""H x W, or H x W x 3 for a picture."""
Points = NDArray[np.float32]
"""N x 2, x and y in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a defect goes, and how large it may be."""

    x: float
    y: float
    radius: float
    """Pixels; of a disc that covers as much as the defect should."""


def smooth(field: NDArray[np.floating], sigma: float) -> Field:
    """The field blurred."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), dtype=np.float32)


def slopes(field: Field, size: int = 3) -> tuple[Field, Field]:
    """How the field rises to the right and downwards (Sobel)."""
    right = cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=size)
    down = cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=size)
    return np.asarray(right, dtype=np.float32), np.asarray(down, dtype=np.float32)


def noise(draw: Generator, shape: tuple[int, int], cell: float, octaves: int = 3) -> Field:
    """Value noise of about -1..1: random grids of halving cells, as in DRAEM's Perlin masks."""
    total = np.zeros(shape, np.float32)
    weight = 1.0
    for _ in range(octaves):
        rows, columns = (max(2, math.ceil(side / max(cell, 1.0)) + 2) for side in shape)
        grid = draw.uniform(-1, 1, (rows, columns)).astype(np.float32)
        total += weight * cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        weight, cell = weight * 0.55, cell / 2
    return total


def blob(
    draw: Generator, shape: tuple[int, int], spot: Spot, *, ragged: float = 0.4, soft: float = 1.5
) -> Field:
    """A patch of about the spot's size, 0..1; `soft` is the width of its edge in pixels."""
    stretch = math.exp(draw.uniform(-0.5, 0.5))
    turned = turn(draw, shape, spot)
    distance = np.hypot(turned[0] / stretch, turned[1] * stretch) / spot.radius
    inside = 1.0 - distance + ragged * noise(draw, shape, max(4.0, spot.radius * 0.8))
    return np.clip(inside * spot.radius / max(soft, 0.5) + 0.5, 0, 1).astype(np.float32)


def turn(draw: Generator, shape: tuple[int, int], spot: Spot) -> tuple[Field, Field]:
    """Coordinates around the spot, turned by a random angle."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle = draw.uniform(0, math.pi)
    dx, dy = columns - spot.x, rows - spot.y
    along = dx * math.cos(angle) + dy * math.sin(angle)
    across = dy * math.cos(angle) - dx * math.sin(angle)
    return along.astype(np.float32), across.astype(np.float32)


def walk(
    draw: Generator, start: tuple[float, float], angle: float, length: float, wobble: float, step: float = 5.0
) -> Points:
    """A line that wanders: `wobble` is the change of angle per step, in radians."""
    count = max(2, round(length / step))
    angles = angle + np.cumsum(draw.normal(0, wobble, count))
    moves = step * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    first = np.array([start], np.float64)
    return np.concatenate([first, first + np.cumsum(moves, axis=0)]).astype(np.float32)


def stroke(shape: tuple[int, int], lines: list[Points], width: float) -> Field:
    """Coverage 0..1 of lines of a width in pixels, which may be less than 1."""
    scale = 3
    canvas = np.zeros((shape[0] * scale, shape[1] * scale), np.uint8)
    thick = max(1, round(width * scale))
    for line in lines:
        points = np.round(line * scale).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(canvas, [points], False, 255, thick, cv2.LINE_8)
    small = cv2.resize(canvas, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)
