"""Mugs: glazed, with a print, a handle and an open rim."""

from random import Random

from datasets.rendered.item import Camera, Item, Part
from datasets.rendered.prints import Sheet, brand, linear, tone
from datasets.rendered.shades import Grounds, Inks
from datasets.rendered.shapes import arc_tube, lathe, waves
from datasets.rendered.skin import Canvas, Patch, Skin
from inspection.findings import DefectKind as K

GLAZES = Grounds(
    kept=(
        (236, 234, 228), (70, 110, 160), (214, 190, 150), (60, 120, 100),
        (225, 215, 205), (190, 80, 60), (150, 170, 185), (230, 205, 120),
    ),
    hue=(0.0, 1.0),
    saturation=(0.03, 0.65),
    value=(0.45, 0.93),
)  # fmt: skip
INKS = Inks(
    kept=(
        (170, 40, 45), (240, 238, 230), (90, 55, 35), (245, 240, 225),
        (40, 70, 120), (250, 240, 225), (40, 45, 60), (60, 90, 70),
    ),
    on=GLAZES,
)  # fmt: skip


def build(number: int, seed: int, unit_seed: int) -> Item:
    """Return mug `number` as this unit was fired."""
    dice, unit = Random(seed), Random(unit_seed)  # noqa: S311
    r, h, flare = dice.uniform(0.55, 0.68), dice.uniform(1.2, 1.5), dice.uniform(-0.06, 0.1)
    skin = Skin(patches=_patches(r, h, flare))
    canvas = Canvas()
    shift = (unit.uniform(-0.009, 0.009), unit.uniform(-0.006, 0.006))
    _print(skin.patches[0], number, dice).lay(canvas, shift)
    inside = (238, 236, 230) if number % 2 else GLAZES[number]
    canvas.paint[skin.worn("rim")] = linear(inside)
    canvas.paint *= unit.uniform(0.95, 1.05)
    canvas.paint *= (1 + 0.025 * waves(skin.where, unit_seed, 0.25))[..., None]
    canvas.rough[:] = 0.14 if number % 3 else 0.3
    wobble = 0.004
    canvas.pushes.append(lambda points: points * (1 + wobble * waves(points, unit_seed, 0.9))[:, None])
    where = skin.where
    rim = skin.worn("rim") & (where[..., 2] > h - 0.03)
    outer = skin.worn("outer")
    tube = arc_tube(0.3, 0.36, 0.07, (r * 0.92 + 0.02, 0, h * 0.52), (-1.75, 1.75))
    handle = Patch(name="handle", shape=tube, box=(0, 0, 1, 1), across=60, up=24)
    return Item(
        skin=skin,
        canvas=canvas,
        camera=Camera(place=(-0.7, -4.6, 3.3), target=(0.1, 0.0, 0.48 * h), lens=60),
        parts=[Part(patch=handle, colour=tone(GLAZES[number]), rough=float(canvas.rough[0, 0]))],
        places={K.STAIN: outer, K.SMUDGE: outer, K.CRACK: outer, K.CHIP: rim},
        below={
            "torn": (0.72, 0.66, 0.56) if number % 2 else (0.5, 0.3, 0.18),
            "deep": (0.035, 0.025, 0.02),
            "stain": (0.13, 0.06, 0.02),
        },
        coat=0.4,
    )


def _patches(r: float, h: float, flare: float) -> tuple[Patch, ...]:
    top, wall = r + flare, 0.06
    outer = lathe([r - 0.1, r - 0.03, r, top], [0.0, 0.0, 0.06, h - 0.03])
    rim = lathe(
        [top, top - 0.008, top - wall / 2, top - wall + 0.008, top - wall, r - wall - 0.02, 0.0],
        [h - 0.03, h - 0.008, h, h - 0.008, h - 0.03, 0.12, 0.08],
    )
    return (
        Patch(name="outer", shape=outer, box=(0, 0, 1, 0.6), across=220, up=90),
        Patch(name="rim", shape=rim, box=(0, 0.6, 1, 1), across=220, up=130),
    )


def _print(patch: Patch, number: int, dice: Random) -> Sheet:
    ground, ink = GLAZES[number], INKS[number]
    sheet = Sheet(patch, ground, 2.6)
    kind, word = dice.randrange(4), brand(dice)
    x = dice.uniform(0.42, 0.52)
    if number % 4 == 3:
        for step in range(24):
            sheet.mark((step * 0.083) % 1, 0.3 + 0.3 * (step % 2), 0.07, kind, ink, ground)
    else:
        sheet.mark(x, 0.62, 0.14, kind, ink, ground)
        sheet.text(x, 0.38, word, 0.15, ink)
        sheet.small_print(x, 0.24, 1, 0.06, ink, dice)
    sheet.box(0, 0.88, 1, 0.03, ink)
    return sheet
