"""Drinks: cans with a paper label and a ring-pull lid, and bottles with a label and a cap."""

from random import Random

import numpy as np

from datasets.rendered.item import Camera, Item, Part, Tone
from datasets.rendered.prints import Colour, Sheet, brand, linear, tone
from datasets.rendered.shades import Grounds, Inks
from datasets.rendered.shapes import disc, lathe, moved, slab, waves
from datasets.rendered.skin import Bools, Canvas, Mapped, Patch, Skin
from inspection.findings import DefectKind as K

LABELS = Grounds(
    kept=(
        (200, 45, 40), (35, 105, 60), (235, 190, 60), (40, 70, 150),
        (240, 238, 230), (225, 120, 40), (60, 150, 160), (120, 50, 110),
    ),
    hue=(0.0, 1.0),
    saturation=(0.1, 0.85),
    value=(0.4, 0.95),
)  # fmt: skip
INKS = Inks(
    kept=(
        (250, 245, 235), (245, 235, 200), (120, 30, 30), (250, 250, 250),
        (30, 60, 120), (250, 245, 230), (20, 40, 60), (250, 225, 120),
    ),
    on=LABELS,
)  # fmt: skip
BODIES = Grounds(
    kept=(
        (190, 190, 195), (60, 40, 22), (190, 190, 195), (225, 225, 225),
        (190, 190, 195), (30, 70, 40), (190, 190, 195), (190, 215, 225),
    ),
    hue=(0.0, 1.0),
    saturation=(0.05, 0.6),
    value=(0.2, 0.9),
)  # fmt: skip
METAL: Colour = (190, 190, 195)
"""Of every can."""
THREAD = (
    (0.0, 0.0, 0.03, 0.03, -0.02, -0.02, 0.012, -0.02, 0.012, -0.03, -0.05, -0.05),
    (0.0, 0.02, 0.02, 0.05, 0.06, 0.09, 0.1, 0.12, 0.15, 0.2, 0.2, 0.02),
)
"""What a cap hides: how far the profile of the thread stands out from the neck, and its heights."""
BODY = (0.0, 0.0, 1.0, 0.75)
LID = (0.0, 0.76, 0.24, 1.0)


def build(number: int, seed: int, unit_seed: int) -> Item:
    """Return can (even numbers) or bottle (odd numbers) `number`."""
    dice, unit = Random(seed), Random(unit_seed)  # noqa: S311
    item = _bottle(number, dice) if number % 2 else _can(number, dice)
    canvas, skin = item.canvas, item.skin
    body = skin.patches[0]
    band = _band(item)
    sheet = _label(body, number, dice)
    plain = canvas.paint.copy()
    sheet.lay(canvas, (unit.uniform(-0.009, 0.009), unit.uniform(-0.004, 0.004)))
    canvas.paint = np.where(band[..., None], canvas.paint, plain)
    canvas.metal[band], canvas.rough[band] = 0.0, 0.38
    canvas.height[band] = 0.4
    canvas.paint *= unit.uniform(0.95, 1.05)
    canvas.pushes.append(lambda points: points * (1 + 0.004 * waves(points, unit_seed, 0.7))[:, None])
    faces = skin.worn("body")
    item.places = {
        K.TEAR: band,
        K.DENT: band,
        K.SMUDGE: faces,
        K.STAIN: faces,
        K.MISSING_PART: skin.worn("body", "lid"),
    }
    return item


def _band(item: Item) -> Bools:
    """Return the texels under the label: where the body is at its widest."""
    where, body = item.skin.where, item.skin.worn("body")
    radius = np.where(body, np.hypot(where[..., 0], where[..., 1]), 0)
    widest = body & (np.abs(radius - np.median(radius[body])) < 0.006)
    z = where[..., 2]
    low, high = float(z[widest].min()), float(z[widest].max())
    band: Bools = widest & (z > low + 0.09) & (z < high - 0.07)
    return band


def _can(number: int, dice: Random) -> Item:
    r, h = dice.uniform(0.46, 0.56), dice.uniform(1.25, 1.75)
    radii = [r - 0.05, r - 0.01, r, r, r - 0.01, r - 0.015, r + 0.012, r + 0.012, r - 0.02]
    heights = [0.0, 0.0, 0.03, h - 0.1, h - 0.07, h - 0.05, h - 0.035, h, h]
    inner = moved(disc(r - 0.015, 0), (0, 0, h - 0.05))
    skin = Skin(patches=(
        Patch(name="body", shape=lathe(radii, heights), box=BODY, across=200, up=110),
        Patch(name="lid", shape=inner, box=LID, across=30, up=30),
    ))  # fmt: skip
    canvas = Canvas()
    canvas.paint[:] = linear(METAL)
    canvas.metal[:], canvas.rough[:] = 0.85, 0.3
    rings = np.hypot(skin.where[..., 0], skin.where[..., 1])
    canvas.height += np.where(skin.worn("lid"), 0.6 * np.cos(rings * 70), 0)
    turn = dice.uniform(-0.5, 0.5)
    tab = moved(slab(0.26, 0.5, 0.035, 0.1, 0.03), (0.0, -0.08, h - 0.045), turn)
    gap = moved(slab(0.13, 0.16, 0.005, 0.06, 0.01), (0.0, -0.2, h - 0.008), turn)
    mouth = moved(slab(1.5 * r, 1.5 * r, 0.004, 0.749 * r, 0.02), (0, 0, h - 0.03))
    deep = (0.1, 0.03, 0.012) if number % 4 else (0.012, 0.010, 0.008)
    return Item(
        skin=skin,
        canvas=canvas,
        camera=Camera(place=(0.0, -4.6, 3.5), target=(0.0, 0.0, 0.47 * h), lens=68),
        parts=[
            _part("tab", tab, (0.6, 0.6, 0.62), 0.25, 0.9, "lost"),
            _part("gap", gap, (0.08, 0.08, 0.08), 0.6, 0.0, "lost"),
            _part("mouth", mouth, deep, 0.25, 0.0, "bared"),
        ],
        below={"torn": (0.52, 0.52, 0.54), "deep": (0.02, 0.02, 0.02), "stain": (0.5, 0.48, 0.44)},
    )  # fmt: skip


def _bottle(number: int, dice: Random) -> Item:
    r, h, neck = dice.uniform(0.38, 0.46), dice.uniform(1.1, 1.35), dice.uniform(0.16, 0.2)
    radii = [r - 0.06, r - 0.01, r, r, r - 0.02, r * 0.8, neck + 0.05, neck, neck]
    heights = [0.0, 0.0, 0.05, h, h + 0.08, h + 0.25, h + 0.42, h + 0.5, h + 0.56]
    skin = Skin(patches=(Patch(name="body", shape=lathe(radii, heights), box=BODY, across=180, up=130),))
    canvas = Canvas()
    canvas.paint[:] = linear(BODIES[number])
    canvas.rough[:] = 0.16
    cap = tone(INKS[(number + 3) % 8] if number % 4 == 1 else LABELS[number])
    body, top = tone(BODIES[number]), h + 0.56
    finish = lathe([neck + step for step in THREAD[0]], THREAD[1])
    lid = lathe([neck + 0.035, neck + 0.04, neck + 0.04, neck + 0.01, 0.0], [0.0, 0.02, 0.19, 0.215, 0.215])
    return Item(
        skin=skin,
        canvas=canvas,
        camera=Camera(place=(0.0, -5.0, 2.9), target=(0.0, 0.0, 0.92), lens=60),
        parts=[
            _part("cap", moved(lid, (0, 0, top)), cap, 0.35, 0.0, "lost"),
            _part("finish", moved(finish, (0, 0, top - 0.01)), body, 0.2, 0.0, "bared"),
            _part("inside", disc(neck - 0.05, top + 0.14), (0.01, 0.01, 0.01), 0.5, 0.0, "bared"),
        ],
        below={"torn": body, "deep": (0.02, 0.02, 0.02), "stain": (0.5, 0.48, 0.44)},
        coat=0.3,
    )  # fmt: skip


def _part(name: str, shape: Mapped, colour: Tone, rough: float, metal: float, role: str) -> Part:
    patch = Patch(name=name, shape=shape, box=(0, 0, 1, 1), across=48, up=40)
    return Part(patch=patch, colour=colour, rough=rough, metal=metal, role=role)


def _label(body: Patch, number: int, dice: Random) -> Sheet:
    ground, ink = LABELS[number], INKS[number]
    sheet = Sheet(body, ground, 2.1)
    kind = dice.randrange(4)
    low = 0.22 if number % 2 else 0.3
    for turn in (0.0, 0.33, 0.66):
        x = (0.5 + turn) % 1
        sheet.mark(x, low + 0.3, 0.09, kind, ink, ground)
        sheet.text(x, low + 0.13, brand(Random(number)), 0.12, ink)  # noqa: S311
        sheet.small_print(x, low + 0.03, 2, 0.045, ink, dice)
    sheet.bar_code(0.61, low + 0.02, 0.09, 0.13, dice)
    for y in (low - 0.1, low + 0.42):
        sheet.box(0, y, 1, 0.025, ink)
    return sheet
