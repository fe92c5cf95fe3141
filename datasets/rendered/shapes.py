"""The shapes that skins and parts are made of, as maps from the unit square into space."""

from collections.abc import Sequence

import numpy as np

from datasets.rendered.skin import Floats, Mapped


def flat(origin: Sequence[float], right: Sequence[float], up: Sequence[float]) -> Mapped:
    """Return a parallelogram."""
    o, r, u = (np.array(vector, np.float32) for vector in (origin, right, up))
    return lambda s, t: o + s[..., None] * r + t[..., None] * u


def lathe(radii: Sequence[float], heights: Sequence[float]) -> Mapped:
    """Return a profile turned around the z axis; s = 0.5 faces the viewer (-y), t runs along the profile."""
    r, z = np.array(radii, np.float32), np.array(heights, np.float32)
    length = np.concatenate([[0], np.cumsum(np.hypot(np.diff(r), np.diff(z)))])
    length = length / length[-1]

    def shape(s: Floats, t: Floats) -> Floats:
        angle = (s - 0.5) * 2 * np.pi
        radius, height = np.interp(t, length, r), np.interp(t, length, z)
        return np.stack([radius * np.sin(angle), -radius * np.cos(angle), height], -1).astype(np.float32)

    return shape


def slab(width: float, depth: float, height: float, corner: float, bevel: float) -> Mapped:
    """Return a rounded plate seen from above: corners of radius `corner`, an edge that falls over `bevel`."""

    def shape(s: Floats, t: Floats) -> Floats:
        a, b = 2 * s - 1, 2 * t - 1
        ring = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-6)
        x, y = _rounded(a / ring * width / 2, b / ring * depth / 2, width / 2, depth / 2, corner)
        inward = np.clip((1 - ring) * min(width, depth) / 2 / bevel, 0, 1)
        z = height * np.sqrt(1 - (1 - inward) ** 2)
        return np.stack([x * ring, y * ring, z], -1).astype(np.float32)

    return shape


def _rounded(x: Floats, y: Floats, right: float, top: float, corner: float) -> tuple[Floats, Floats]:
    """Pull the points of a rectangle's outline onto the outline with round corners."""
    inner_x, inner_y = right - corner, top - corner
    dx, dy = np.maximum(np.abs(x) - inner_x, 0), np.maximum(np.abs(y) - inner_y, 0)
    scale = np.where((dx > 0) & (dy > 0), corner / np.maximum(np.hypot(dx, dy), 1e-6), 1)
    away_x = np.minimum(np.abs(x), inner_x) + dx * scale
    away_y = np.minimum(np.abs(y), inner_y) + dy * scale
    return (np.sign(x) * away_x).astype(np.float32), (np.sign(y) * away_y).astype(np.float32)


def disc(radius: float, height: float) -> Mapped:
    """Return a level disc."""
    return lambda s, t: (
        slab(2 * radius, 2 * radius, 1e-4, radius * 0.999, 0.01)(s, t) + np.array([0, 0, height], np.float32)
    )


def moved(shape: Mapped, offset: Sequence[float], turn: float = 0.0) -> Mapped:
    """Return a shape turned about z by `turn` radians and then moved."""
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], np.float32)
    return lambda s, t: (shape(s, t) @ matrix + np.array(offset, np.float32)).astype(np.float32)


def arc_tube(
    radius_x: float, radius_z: float, tube: float, centre: Sequence[float], span: tuple[float, float]
) -> Mapped:
    """Return a bent tube in the xz plane, such as a handle; `span` in radians from +x upwards."""

    def shape(s: Floats, t: Floats) -> Floats:
        along, around = span[0] + s * (span[1] - span[0]), t * 2 * np.pi
        out = tube * np.cos(around)
        x = (radius_x + out) * np.cos(along) + centre[0]
        z = (radius_z + out) * np.sin(along) + centre[2]
        return np.stack([x, -1.4 * tube * np.sin(around) + centre[1], z], -1).astype(np.float32)

    return shape


def waves(points: Floats, seed: int, pitch: float) -> Floats:
    """Return smooth noise, about -1..1, whose bumps are about `pitch` wide; points (..., 3)."""
    dice = np.random.default_rng(seed)
    directions = dice.normal(size=(7, 3)) * (2.4 / pitch)
    phases = dice.uniform(0, 2 * np.pi, 7)
    noise: Floats = (np.sin(points @ directions.T.astype(np.float32) + phases).sum(-1) / 3.2).astype(
        np.float32
    )
    return noise
