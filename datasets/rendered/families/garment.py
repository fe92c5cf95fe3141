"""Folded garments seen from above: cloth with wrinkles, a collar, a print, a care label."""

from random import Random

import numpy as np

from datasets.rendered.item import Camera, Item
from datasets.rendered.prints import Colour, Sheet, brand, darker, fibres, tone
from datasets.rendered.shades import Grounds, Inks
from datasets.rendered.shapes import slab, waves
from datasets.rendered.skin import SIDE, Canvas, Floats, Patch, Push, Skin
from inspection.findings import DefectKind as K

CLOTHS = Grounds(
    kept=(
        (225, 222, 214), (70, 90, 130), (150, 158, 150), (196, 160, 120),
        (176, 74, 70), (120, 140, 170), (205, 190, 100), (130, 120, 140),
    ),
    hue=(0.0, 1.0),
    saturation=(0.03, 0.6),
    value=(0.4, 0.9),
)  # fmt: skip
INKS = Inks(
    kept=(
        (40, 60, 110), (235, 230, 220), (60, 70, 60), (110, 60, 40),
        (240, 230, 215), (245, 245, 240), (60, 50, 40), (225, 215, 150),
    ),
    on=CLOTHS,
)  # fmt: skip
STAINS = ((0.16, 0.06, 0.02), (0.22, 0.03, 0.03), (0.1, 0.08, 0.03))


def build(number: int, seed: int, unit_seed: int) -> Item:
    """Return garment `number`, folded and wrinkled as this unit is."""
    dice, unit = Random(seed), Random(unit_seed)  # noqa: S311
    width, depth, height = dice.uniform(2.0, 2.4), dice.uniform(2.0, 2.4), dice.uniform(0.22, 0.38)
    patch = Patch(
        name="cloth", shape=slab(width, depth, height, 0.2, 0.22), box=(0, 0, 1, 1), across=150, up=150
    )
    skin, canvas = Skin(patches=(patch,)), Canvas()
    sheet = _print(patch, number, dice, width / depth)
    sheet.lay(canvas, (unit.uniform(-0.009, 0.009), unit.uniform(-0.009, 0.009)))
    canvas.paint *= unit.uniform(0.94, 1.06)
    fibres(canvas, unit_seed, 0.035, 2)
    _weave(canvas, dice.choice((5, 6, 8)))
    canvas.rough[:] = 0.95
    canvas.pushes.append(_wrinkles(unit_seed, height))
    ring = np.abs(np.linspace(-1, 1, SIDE))
    inner = (ring[:, None] < 0.85) & (ring[None, :] < 0.85)
    return Item(
        skin=skin,
        canvas=canvas,
        camera=Camera(place=(0.0, -2.6, 5.6), target=(0.0, -0.05, 0.1), lens=56),
        places=dict.fromkeys((K.STAIN, K.HOLE, K.SMUDGE), inner),
        below={
            "torn": tone(CLOTHS[number], 0.45),
            "deep": (0.012, 0.011, 0.011),
            "stain": STAINS[unit.randrange(3)],
        },
        sheen=0.3,
        relief=0.012,
    )  # fmt: skip


def _wrinkles(seed: int, height: float) -> Push:
    def push(points: Floats) -> Floats:
        long = waves(points * np.array([1, 0.35, 0], np.float32), seed, 0.5)
        fine = waves(points * np.array([0.5, 1, 0], np.float32), seed + 1, 0.35)
        soft = np.clip(points[:, 2] / height, 0, 1)
        lifted = points.copy()
        lifted[:, 2] += soft * (0.034 * long + 0.016 * fine)
        lifted[:, :2] *= 1 + 0.006 * waves(points, seed + 2, 0.6)[:, None]
        return lifted

    return push


def _weave(canvas: Canvas, pitch: int) -> None:
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    canvas.height += (0.5 * np.sin(columns * 2 * np.pi / pitch) * np.sin(rows * 2 * np.pi / pitch)).astype(
        np.float32
    )


def _print(patch: Patch, number: int, dice: Random, stretch: float) -> Sheet:
    ground, ink = CLOTHS[number], INKS[number]
    sheet = Sheet(patch, ground, stretch)
    dark = darker(ground, 0.72)
    if number % 3 == 1:
        for stripe in range(6):
            sheet.box(0, 0.08 + 0.1 * stripe, 1, 0.025, ink)
    else:
        sheet.mark(0.5, dice.uniform(0.42, 0.5), 0.12, dice.randrange(4), ink, ground)
        sheet.text(0.5, 0.27, brand(dice), 0.085, ink)
    _collar(sheet, ground, dark, dice)
    for y in (0.055, 0.065):
        for dash in range(50):
            sheet.box(0.02 * dash, y, 0.011, 0.003, dark)
    return sheet


def _collar(sheet: Sheet, ground: Colour, dark: Colour, dice: Random) -> None:
    left, top = sheet.at(0.32, 1.06)
    right, bottom = sheet.at(0.68, 0.8)
    sheet.draw.ellipse((left - 10, top - 10, right + 10, bottom + 10), fill=dark)
    sheet.draw.ellipse((left - 7, top - 7, right + 7, bottom + 7), fill=ground)
    sheet.draw.ellipse((left, top, right, bottom), fill=dark)
    sheet.box(0.45, 0.84, 0.1, 0.05, (240, 240, 238))
    sheet.text(0.5, 0.866, brand(dice), 0.024, (50, 50, 50))
