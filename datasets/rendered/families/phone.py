"""Phones seen from above: a glass plate in a frame, its screen off or showing a picture."""

from random import Random

import numpy as np

from datasets.rendered.item import Camera, Item, Part
from datasets.rendered.prints import Colour, Sheet, brand
from datasets.rendered.shades import Grounds
from datasets.rendered.shapes import disc, moved, slab
from datasets.rendered.skin import Canvas, Patch, Skin
from inspection.findings import DefectKind as K

FRAMES = Grounds(
    kept=(
        (30, 30, 34), (190, 192, 196), (40, 52, 80), (200, 170, 140),
        (60, 60, 62), (150, 40, 45), (120, 130, 125), (215, 215, 218),
    ),
    hue=(0.0, 1.0),
    saturation=(0.0, 0.5),
    value=(0.15, 0.85),
)  # fmt: skip
GROUNDS = Grounds(
    kept=(
        (14, 15, 18), (40, 80, 140), (16, 17, 22), (90, 60, 120),
        (20, 22, 24), (30, 110, 110), (18, 18, 20), (170, 110, 70),
    ),
    hue=(0.0, 1.0),
    saturation=(0.2, 0.8),
    value=(0.35, 0.7),
)  # fmt: skip
UNLIT: Colour = (17, 18, 21)
"""Of a screen that is off, where no table says it."""


def build(number: int, seed: int, unit_seed: int) -> Item:
    """Return phone `number`; those with an odd number have their screen on."""
    dice, unit = Random(seed), Random(unit_seed)  # noqa: S311
    width, depth = dice.uniform(1.25, 1.45), dice.uniform(2.5, 2.8)
    corner = dice.uniform(0.12, 0.28)
    patch = Patch(name="glass", shape=slab(width, depth, 0.16, corner, 0.06), box=(0, 0, 1, 1))
    skin, canvas = Skin(patches=(patch,)), Canvas()
    lit = number % 2 == 1
    ground = GROUNDS[number] if lit or number < len(GROUNDS.kept) else UNLIT
    sheet = _face(patch, FRAMES[number], ground, dice, lit, width / depth)
    sheet.lay(canvas)
    canvas.paint *= unit.uniform(0.96, 1.04)
    ring = np.abs(np.linspace(-1, 1, canvas.rough.shape[0]))
    edge = np.maximum(ring[:, None] * 1.0, ring[None, :]) > 0.95
    canvas.rough[:] = 0.07
    canvas.rough[edge] = 0.3
    canvas.metal[edge] = 0.8
    inner = (ring[:, None] < 0.8) & (ring[None, :] < 0.72)
    lens = Patch(
        name="lens",
        shape=moved(disc(0.03, 0.163), (0, depth / 2 - 0.14, 0)),
        box=(0, 0, 1, 1),
        across=12,
        up=12,
    )
    return Item(
        skin=skin,
        canvas=canvas,
        camera=Camera(place=(0.0, -1.2, 5.6), target=(0.0, 0.0, 0.0), lens=48),
        parts=[Part(patch=lens, colour=(0.01, 0.01, 0.03), rough=0.05)],
        places=dict.fromkeys((K.SCRATCH, K.CRACK, K.SMUDGE), inner),
        below={"torn": (0.62, 0.64, 0.66), "deep": (0.75, 0.78, 0.8), "stain": (0.16, 0.16, 0.165)},
        lit=lit,
        shine=0.14,
        relief=0.004,
    )


def _face(patch: Patch, frame: Colour, ground: Colour, dice: Random, lit: bool, stretch: float) -> Sheet:
    sheet = Sheet(patch, frame, stretch)
    sheet.box(0.03, 0.018, 0.94, 0.964, (9, 9, 10))
    if not lit:
        sheet.box(0.05, 0.05, 0.9, 0.9, ground)
        return sheet
    sheet.box(0.05, 0.05, 0.9, 0.9, ground)
    second: Colour = (255 - ground[0] // 2, 235 - ground[1] // 2, 240 - ground[2] // 2)
    sheet.mark(0.5, dice.uniform(0.55, 0.65), 0.13, dice.randrange(3), second, ground)
    sheet.text(0.5, 0.86, f"{dice.randrange(10, 24)}:{dice.randrange(10, 60)}", 0.07, (240, 240, 240))
    sheet.text(0.5, 0.8, brand(dice), 0.025, (230, 230, 230))
    for row in range(dice.choice((2, 3))):
        for column in range(4):
            tint: Colour = (dice.randrange(60, 255), dice.randrange(60, 255), dice.randrange(60, 255))
            sheet.box(0.11 + 0.21 * column, 0.1 + 0.11 * row, 0.13, 0.06, tint)
    return sheet
