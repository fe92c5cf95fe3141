"""Draws returned goods on a bench: our own pictures, the same from the same seed.

`draw("mug", "used_stain", 3)` gives a JPEG as a station's camera would send it: fixed pose with
a little play, light that changes a little, sensor noise. `python -m demo.drawing datasets/drawn`
writes the committed set with its manifest.
"""

import hashlib
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.strokes import HEIGHT, WIDTH, Layer, clouds, new_layer, soft, stroke
from demo.wares import WARES

GOOD = "good"
PICTURE = (480, 360)
"""Width and height of the committed pictures."""
QUALITY = 83
COUNTS = {GOOD: 32, "used": 4, "damaged": 4}
"""Pictures per folder; used and damaged have two folders each."""

Image = NDArray[np.float32]


def conditions(ware: str) -> tuple[str, ...]:
    """`good` and every defect of a product; raises KeyError for an unknown product."""
    return (GOOD, *WARES[ware].defects)


def draw(ware: str, condition: str, number: int, size: tuple[int, int] = PICTURE) -> bytes:
    """One JPEG of a product in a condition; raises KeyError for names that do not exist."""
    dice = _dice(f"{ware}/{condition}/{number}")
    layer = WARES[ware].paint(dice)
    if condition != GOOD:
        WARES[ware].defects[condition](layer, dice)
    return photograph(lay_down(layer, dice), dice, size)


def draw_bench(number: int = 0, size: tuple[int, int] = PICTURE) -> bytes:
    """One JPEG of the empty bench."""
    dice = _dice(f"bench/{number}")
    return photograph(lay_down(new_layer(), dice), dice, size)


def _dice(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def bench() -> Image:
    """The cutting mat that everything lies on: always the same one."""
    dice = _dice("the bench itself")
    mat = np.empty((HEIGHT, WIDTH, 3), np.float32)
    mat[:] = (0.235, 0.27, 0.29)
    lines = np.zeros((HEIGHT, WIDTH), np.float32)
    for x in range(40, WIDTH, 80):
        lines = np.maximum(lines, stroke([(x, 0), (x, HEIGHT)], 1))
    for y in range(40, HEIGHT, 80):
        lines = np.maximum(lines, stroke([(0, y), (WIDTH, y)], 1))
    grain = (0.008 * clouds(dice, 1.5) + 0.012 * clouds(dice, 40))[:, :, None]
    return np.asarray(mat + 0.05 * lines[:, :, None] + grain, dtype=np.float32)


def lay_down(layer: Layer, dice: np.random.Generator) -> Image:
    """The layer on the bench, turned and moved a little, with its shadow."""
    middle = (WIDTH / 2, HEIGHT / 2)
    spin, zoom = dice.uniform(-0.8, 0.8), dice.uniform(0.995, 1.005)
    turn = np.array(cv2.getRotationMatrix2D(middle, spin, zoom), dtype=np.float64)
    turn[:, 2] += dice.uniform(-5, 5, 2)
    colour = cv2.warpAffine(layer.colour, turn, (WIDTH, HEIGHT))
    alpha = np.asarray(cv2.warpAffine(layer.alpha, turn, (WIDTH, HEIGHT)), dtype=np.float32)
    shadow = soft(np.roll(alpha, (14, 10), axis=(0, 1)), 12)[:, :, None]
    ground = bench() * (1 - np.float32(0.55) * shadow)
    return np.asarray(ground * (1 - alpha[:, :, None]) + colour * alpha[:, :, None], dtype=np.float32)


def photograph(scene: Image, dice: np.random.Generator, size: tuple[int, int]) -> bytes:
    """Light, lens and sensor; RGB scene in, JPEG bytes out."""
    ys, xs = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
    slope = dice.uniform(-0.03, 0.03, 2).astype(np.float32)
    light = (
        np.float32(dice.uniform(0.96, 1.04))
        * (1 + slope[0] * xs + slope[1] * ys)
        * (1 - 0.10 * (xs**2 + ys**2))
    )
    small = cv2.resize(scene * light[:, :, None], size, interpolation=cv2.INTER_AREA)
    noisy = small * 255 + dice.normal(0, 1.0, small.shape)
    pixels = np.clip(np.round(noisy), 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()


def pictures() -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every committed picture."""
    yield "bench.jpg", draw_bench()
    for ware in WARES:
        for condition in conditions(ware):
            for number in range(1, COUNTS[condition.partition("_")[0]] + 1):
                yield f"{ware}/{condition}/{number:03d}.jpg", draw(ware, condition, number)


def write_set(folder: Path) -> None:
    """Write all pictures and `manifest.json` with the SHA-256 of each."""
    listed = {}
    for name, content in pictures():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        listed[name] = hashlib.sha256(content).hexdigest()
    text = json.dumps({"licence": "CC0-1.0", "made_by": "demo/drawing.py", "sha256": listed}, indent=1)
    (folder / "manifest.json").write_text(text + "\n")


if __name__ == "__main__":
    write_set(Path(sys.argv[1]))
