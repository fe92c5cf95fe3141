"""Defects painted and pressed into an item, one function per kind.

Each takes the item, its canvas, the size (a radius or a length in decimetres), a seed and the mask value.
"""

from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from numpy.typing import NDArray

from datasets.rendered.ground import Ground, ground_at, middle_of
from datasets.rendered.item import Item
from datasets.rendered.shapes import waves
from datasets.rendered.skin import Canvas, Floats
from inspection.findings import DefectKind as K

Apply = Callable[[Item, Canvas, float, int, int], None]
FINE = 0.006
"""Half the width of a line that a camera still sees, decimetres: about one pixel."""


def mask_value(kind: K) -> int:
    """Return the value of a kind in the masks: 10 and its place in the enum."""
    return 10 + list(K).index(kind)


def _mix(canvas: Canvas, ground: Ground, share: Floats, colour: tuple[float, ...]) -> None:
    old = canvas.paint[ground.rows, ground.columns]
    new = old + share[:, None] * (np.array(colour, np.float32) - old)
    canvas.paint[ground.rows, ground.columns] = new


def _mark(canvas: Canvas, ground: Ground, inside: NDArray[np.bool_], value: int) -> None:
    canvas.values[ground.rows[inside], ground.columns[inside]] = value


def _set(layer: Floats, ground: Ground, share: Floats, value: float) -> None:
    old = layer[ground.rows, ground.columns]
    layer[ground.rows, ground.columns] = old + share * (value - old)


def _soft(field: Floats, edge: float) -> Floats:
    """Return 1 well inside, 0 outside, falling over `edge` before the rim."""
    share: Floats = np.clip((1 - field) / edge, 0, 1).astype(np.float32)
    return share


def stain(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Soak in: darker and tinted, darkest at the rim where it dried."""
    ground = ground_at(item, middle_of(item, item.places[K.STAIN], seed), 2.2 * size, same_side=False)
    field = ground.blob(size, seed, 0.22)
    dice = Random(seed)  # noqa: S311
    rim = np.exp(-(((field - 0.93) / 0.06) ** 2))
    share = _soft(field, 0.05) * dice.uniform(0.5, 0.68) + 0.22 * rim * (field < 1)
    old = canvas.paint[ground.rows, ground.columns].mean(axis=1, keepdims=True)
    tint = np.minimum(np.array(item.below["stain"], np.float32), 0.75 * old + 0.01)
    paint = canvas.paint[ground.rows, ground.columns]
    dark = tint if float(old.mean()) > 0.08 else tint + 0.12
    canvas.paint[ground.rows, ground.columns] = paint + share[:, None].astype(np.float32) * (dark - paint)
    _set(canvas.rough, ground, 0.6 * _soft(field, 0.1), 0.45)
    _mark(canvas, ground, field < 1, value)


def smudge(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Rub on a greasy film: hazy, with the ridges of a finger or of a wipe."""
    ground = ground_at(item, middle_of(item, item.places[K.SMUDGE], seed, 0.6), 2.2 * size)
    dice = Random(seed)  # noqa: S311
    field = ground.blob(size, seed, 0.16)
    angle, pitch = dice.uniform(0, 3.14), 0.05
    across = ground.across * np.cos(angle) + ground.up * np.sin(angle)
    ridges = 0.5 + 0.5 * np.sin(across * 6.28 / pitch + 2.2 * waves(ground.points, seed + 5, 0.5))
    share = _soft(field, 0.3) * (0.3 + 0.25 * ridges + 0.12 * waves(ground.points, seed + 7, 0.25))
    old = float(canvas.paint[ground.rows, ground.columns].mean())
    grey = (
        item.below["stain"]
        if item.lit or old < 0.05
        else (0.16, 0.145, 0.12)
        if old > 0.22
        else (0.4, 0.39, 0.37)
    )
    _mix(canvas, ground, np.clip(share, 0, 0.7).astype(np.float32), grey)
    _set(canvas.rough, ground, _soft(field, 0.3), 0.55)
    _mark(canvas, ground, field < 0.97, value)


def dent(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Press in a face: a bowl with a crumpled rim."""
    middle = middle_of(item, item.places[K.DENT], seed, 0.55)
    _press(item, canvas, middle, size, value, seed)


def crush(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Crush a corner or an edge towards the middle of the item."""
    middle = middle_of(item, item.places[K.DEFORMATION], seed, -1.0)
    _press(item, canvas, middle, size, value, seed)


def _press(item: Item, canvas: Canvas, texel: tuple[int, int], size: float, value: int, seed: int) -> None:
    corner = bool(item.places.get(K.DEFORMATION, np.zeros((1, 1), bool)).any()) and _is_corner(item, texel)
    ground = ground_at(item, texel, 1.8 * size, same_side=not corner)
    centre = np.array([0, 0, ground.middle[2] * (0.3 if corner else 1.0)], np.float32)
    inward = centre - ground.middle if corner else -ground.normal
    inward = inward / max(float(np.linalg.norm(inward)), 1e-6)
    depth = (0.55 if corner else 0.65) * size

    def field_of(points: Floats) -> Floats:
        distance = np.linalg.norm(points - ground.middle, axis=1)
        field: Floats = (distance / size * (1 + 0.16 * waves(points, seed, 0.9 * size))).astype(np.float32)
        return field

    def push(points: Floats) -> Floats:
        field = field_of(points)
        fold = 1 + 0.45 * waves(points, seed + 3, 0.45 * size)
        amount = depth * np.clip(1 - field, 0, 1) ** 0.8 * fold
        return points + amount[:, None] * inward

    field = field_of(ground.points)
    crease = np.abs(waves(ground.points, seed + 3, 0.45 * size)) < 0.06
    shade = 0.12 * crease * (field < 0.9) + 0.12 * np.exp(-(((field - 0.96) / 0.05) ** 2)) * (field < 1)
    _mix(canvas, ground, shade.astype(np.float32), item.below["torn"])
    _mark(canvas, ground, field < 1, value)
    canvas.pushes.append(push)


def _is_corner(item: Item, texel: tuple[int, int]) -> bool:
    return bool(item.places[K.DEFORMATION][texel])


def tear(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Peel off the outer layer: what lies below shows inside a ragged, pale rim."""
    middle = middle_of(item, item.places[K.TEAR], seed, 0.5)
    ground = ground_at(item, middle, 3 * size)
    dice = Random(seed)  # noqa: S311
    angle, long = dice.uniform(-0.7, 0.7), dice.uniform(1.2, 1.8)
    a = (ground.across * np.cos(angle) + ground.up * np.sin(angle)) / long
    b = (ground.up * np.cos(angle) - ground.across * np.sin(angle)) * long**0.5
    ragged = 0.2 * waves(ground.points, seed, 0.5 * size) + 0.13 * waves(ground.points, seed + 1, 0.15 * size)
    field = (np.hypot(a, b) / size * (1 + ragged)).astype(np.float32)
    field = np.where(item.places[K.TEAR][ground.rows, ground.columns], field, 9).astype(np.float32)
    stripes = 1 + 0.16 * np.sign(np.sin(ground.across * 2 * np.pi / 0.07))
    _mix(canvas, ground, _soft(field, 0.04), item.below["torn"])
    canvas.paint[ground.rows, ground.columns] *= np.where(field < 1, stripes, 1)[:, None]
    _mix(canvas, ground, ((field > 0.86) & (field < 1)).astype(np.float32) * 0.8, (0.82, 0.8, 0.76))
    _set(canvas.height, ground, (field < 0.9).astype(np.float32), -1.0)
    _mark(canvas, ground, field < 1, value)


def hole(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Break through: dark inside, frayed at the rim."""
    ground = ground_at(item, middle_of(item, item.places[K.HOLE], seed, 0.5), 2.2 * size)
    field = ground.blob(size, seed, 0.3)
    fray = waves(ground.points, seed + 4, 0.12 * size + 0.02)
    rim = ((field > 0.72 + 0.12 * fray) & (field < 1)).astype(np.float32)
    _mix(canvas, ground, _soft(field, 0.03), item.below["deep"])
    _mix(canvas, ground, rim * 0.85, item.below["torn"])
    _set(canvas.height, ground, _soft(field, 0.2), -2.5)
    _mark(canvas, ground, field < 1, value)

    def push(points: Floats) -> Floats:
        near = np.linalg.norm(points - ground.middle, axis=1) / size
        pushed: Floats = points - (0.25 * size * np.clip(1 - near, 0, 1))[:, None] * ground.normal
        return pushed

    canvas.pushes.append(push)


def scratch(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Draw fine lines, longer and more of them as `size` (their joint length) grows."""
    dice = Random(seed)  # noqa: S311
    count = 1 if size < 1.0 else 2 if size < 1.8 else 3 + int(size / 2.5)
    ground = ground_at(item, middle_of(item, item.places[K.SCRATCH], seed), 4.0)
    lean = dice.uniform(0, 3.14)
    for line in range(count):
        angle = lean + dice.gauss(0, 0.25)
        start = (dice.uniform(-0.25, 0.25) * (line > 0), dice.uniform(-0.4, 0.4) * (line > 0))
        path = [start]
        for _ in range(8):
            angle += dice.gauss(0, 0.09)
            step = size / count / 8
            path.append((path[-1][0] + step * np.cos(angle), path[-1][1] + step * np.sin(angle)))
        _line(item, canvas, ground, path, FINE * dice.uniform(0.75, 1.0), value)


def crack(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Break the glass: a web from where it was hit, or one forked line."""
    dice = Random(seed)  # noqa: S311
    ground = ground_at(item, middle_of(item, item.places[K.CRACK], seed, 0.5), 4.0)
    web = item.lit or seed % 3 > 0
    arms = dice.randrange(5, 9) if web and K.SCRATCH in item.places else 2
    reach = 0.8 * size / arms
    turn, tips = dice.uniform(0, 6.28), []
    for arm in range(arms):
        angle, path = turn + 6.28 * (arm + dice.uniform(-0.2, 0.2)) / arms, [(0.0, 0.0)]
        for _ in range(6):
            angle += dice.gauss(0, 0.3)
            step = reach / 6 * dice.uniform(0.7, 1.3)
            path.append((path[-1][0] + step * np.cos(angle), path[-1][1] + step * np.sin(angle)))
        tips.append(path)
        _line(item, canvas, ground, path, FINE * 0.8, value)
    for ring in (3,):
        for first, second in zip(tips, tips[1:] + tips[:1], strict=True):
            if dice.random() < 0.6:
                _line(
                    item, canvas, ground, [first[ring], second[ring - dice.randrange(2)]], FINE * 0.7, value
                )


def _line(
    item: Item, canvas: Canvas, ground: Ground, path: list[tuple[float, float]], half: float, value: int
) -> None:
    distance = ground.along(path)
    share = np.clip(1.6 - distance / half, 0, 1).astype(np.float32)
    glass = K.SCRATCH in item.places
    _mix(canvas, ground, 0.95 * share, item.below["torn" if glass else "deep"])
    _set(canvas.rough, ground, share, 0.6)
    _set(canvas.metal, ground, share, 0.0)
    _set(canvas.height, ground, share, -0.3)
    _mark(canvas, ground, distance < 1.3 * half, value)


def chip(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Break a piece off the rim: a scoop, raw clay below the glaze."""
    ground = ground_at(item, middle_of(item, item.places[K.CHIP], seed, 0.3), 2 * size, same_side=False)
    top = float(item.skin.where[item.places[K.CHIP]][:, 2].max())
    middle = ground.middle * np.array([1, 1, 0], np.float32) + np.array([0, 0, top], np.float32)

    def field_of(points: Floats) -> Floats:
        flat = np.linalg.norm((points - middle)[:, :2], axis=1) / size
        low = np.maximum(top - points[:, 2], 0) / (0.75 * size)
        field: Floats = (np.hypot(flat, low) * (1 + 0.14 * waves(points, seed, 0.5 * size))).astype(
            np.float32
        )
        return field

    def push(points: Floats) -> Floats:
        flat = np.linalg.norm((points - middle)[:, :2], axis=1) / size
        floor = top - 0.42 * size * np.clip(1 - flat**2, 0, 1) * (
            1 + 0.2 * waves(points, seed + 2, 0.4 * size)
        )
        lowered = points.copy()
        lowered[:, 2] = np.where(flat < 1, np.minimum(points[:, 2], floor), points[:, 2])
        return lowered

    field = field_of(ground.points)
    _mix(canvas, ground, _soft(field, 0.04), item.below["torn"])
    grain = 1 + 0.18 * waves(ground.points, seed + 6, 0.05)
    canvas.paint[ground.rows, ground.columns] *= np.where(field < 1, grain, 1)[:, None]
    _set(canvas.rough, ground, (field < 1).astype(np.float32), 0.95)
    _set(canvas.height, ground, (field < 1).astype(np.float32), -0.8)
    _mark(canvas, ground, field < 1, value)
    canvas.pushes.append(push)


def opened_seal(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Cut the tape along the middle of the lid: a dark slit between curled edges."""
    top = item.skin.worn("top")
    where = item.skin.where
    rows, columns = np.nonzero(top)
    x, y = where[rows, columns, 0], where[rows, columns, 1]
    dice = Random(seed)  # noqa: S311
    width = float(x.max() - x.min())
    half = 0.02 + 0.02 * size
    wavy = 0.008 * np.sin(x * 9 + seed % 7) + 0.3 * half * waves(where[rows, columns], seed, 0.2)
    middle = x.min() + width * (0.5 if dice.random() < 0.5 else dice.uniform(0.4, 0.6))
    field = np.maximum(
        np.abs(y + wavy) / half, np.abs(x - middle) / (0.3 * width + 0.24 * width * min(size, 1))
    )
    inside = field < 1
    slit = inside & (np.abs(y + wavy) < 0.55 * half)
    canvas.paint[rows[inside], columns[inside]] = np.array(item.below["torn"], np.float32) * 1.05
    canvas.paint[rows[slit], columns[slit]] = item.below["deep"]
    canvas.rough[rows[inside], columns[inside]] = 0.8
    canvas.values[rows[inside], columns[inside]] = value


def missing_part(item: Item, canvas: Canvas, size: float, seed: int, value: int) -> None:
    """Take the loose part away; the bared parts are told by their role, nothing is painted."""
    item.parts = [part for part in item.parts if part.role != "lost"]


APPLY: Mapping[K, Apply] = {
    K.STAIN: stain,
    K.SMUDGE: smudge,
    K.DENT: dent,
    K.TEAR: tear,
    K.HOLE: hole,
    K.SCRATCH: scratch,
    K.CRACK: crack,
    K.CHIP: chip,
    K.OPENED_SEAL: opened_seal,
    K.MISSING_PART: missing_part,
}
