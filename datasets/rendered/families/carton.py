"""Cartons: three printed faces, a taped seam, board with fibres."""

from random import Random

import numpy as np

from datasets.rendered.item import Camera, Item
from datasets.rendered.prints import Colour, Sheet, brand, darker, fibres, linear, tone
from datasets.rendered.shades import Grounds, Inks
from datasets.rendered.shapes import flat, waves
from datasets.rendered.skin import Canvas, Patch, Skin
from inspection.findings import DefectKind as K

BOARDS = Grounds(
    kept=(
        (186, 146, 100), (232, 228, 220), (172, 132, 92), (70, 110, 150),
        (205, 170, 126), (190, 150, 110), (226, 222, 214), (178, 140, 102),
    ),
    hue=(0.05, 0.13),
    saturation=(0.05, 0.5),
    value=(0.55, 0.92),
)  # fmt: skip
INKS = Inks(
    kept=(
        (40, 40, 45), (20, 80, 150), (160, 40, 35), (240, 235, 225),
        (30, 100, 60), (90, 40, 110), (200, 90, 20), (25, 60, 90),
    ),
    on=BOARDS,
)  # fmt: skip
TAPES: tuple[Colour, ...] = ((205, 180, 140), (215, 215, 210), (150, 105, 60), (225, 225, 225))


def build(number: int, seed: int, unit_seed: int) -> Item:
    """Return carton `number` as this unit came out of the factory."""
    dice, unit = Random(seed), Random(unit_seed)  # noqa: S311
    width, depth, height = dice.uniform(1.25, 1.8), dice.uniform(0.95, 1.4), dice.uniform(0.75, 1.3)
    skin = Skin(patches=_patches(width, depth, height))
    canvas = Canvas()
    board, ink = BOARDS[number], INKS[number]
    shift = (unit.uniform(-0.008, 0.008), unit.uniform(-0.008, 0.008))
    _front(skin.patches[0], board, ink, dice, width / height).lay(canvas, shift)
    _side(skin.patches[1], board, ink, dice, depth / height).lay(canvas, shift)
    _top(skin.patches[2], board, ink, TAPES[number % 4], dice, width / depth).lay(canvas)
    canvas.paint[skin.worn("back")] = linear(board)
    canvas.paint *= unit.uniform(0.94, 1.06)
    canvas.paint *= (1 + 0.04 * waves(skin.where, unit_seed, 0.6))[..., None]
    fibres(canvas, unit_seed, 0.035, 6)
    tape = skin.worn("top") & (np.abs(skin.where[..., 1]) < 0.11)
    canvas.rough[:] = 0.75
    canvas.rough[tape] = 0.25
    canvas.pushes.append(lambda points: points + 0.006 * waves(points, unit_seed, 0.9)[:, None])
    return _item(skin, canvas, board, (width, depth, height))


def _item(skin: Skin, canvas: Canvas, board: Colour, size: tuple[float, float, float]) -> Item:
    width, depth, height = size
    faces = skin.worn("front", "side", "top")
    corners = np.zeros_like(faces)
    for x, y in ((1, -1), (-1, -1)):
        corner = np.array([x * width / 2, y * depth / 2, height], np.float32)
        corners |= np.linalg.norm(skin.where - corner, axis=2) < 0.07
    torn = tone((166, 122, 80) if board[2] > 150 else (214, 184, 146))
    return Item(
        skin=skin,
        canvas=canvas,
        camera=Camera(place=(2.6, -4.4, 3.3), target=(0.05, 0.0, 0.42 * height), lens=70),
        places={K.DENT: faces, K.TEAR: faces, K.STAIN: faces, K.HOLE: faces, K.OPENED_SEAL: corners}
        | {K.DEFORMATION: corners},
        below={"torn": torn, "deep": (0.03, 0.02, 0.012), "stain": (0.13, 0.075, 0.035)},
    )


def _patches(width: float, depth: float, height: float) -> tuple[Patch, ...]:
    w, d = width / 2, depth / 2
    back = (0.9, 0.9, 0.95, 0.95)
    return (
        Patch(name="front", shape=flat((-w, -d, 0), (width, 0, 0), (0, 0, height)), box=(0, 0, 0.5, 0.5)),
        Patch(name="side", shape=flat((w, -d, 0), (0, depth, 0), (0, 0, height)), box=(0.5, 0, 1, 0.5)),
        Patch(name="top", shape=flat((-w, -d, height), (width, 0, 0), (0, depth, 0)), box=(0, 0.5, 0.5, 1)),
        Patch(name="back", shape=flat((w, d, 0), (-width, 0, 0), (0, 0, height)), box=back),
        Patch(name="back", shape=flat((-w, d, 0), (0, -depth, 0), (0, 0, height)), box=back),
    )


def _front(patch: Patch, board: Colour, ink: Colour, dice: Random, stretch: float) -> Sheet:
    sheet = Sheet(patch, board, stretch)
    x, y = dice.uniform(0.35, 0.6), dice.uniform(0.55, 0.68)
    if dice.random() < 0.5:
        sheet.box(0.0, 0.06, 1.0, 0.12, ink)
    sheet.mark(x - 0.2, y + 0.08, 0.11, dice.randrange(4), ink, board)
    sheet.text(x + 0.12, y + 0.06, brand(dice), 0.17, ink)
    sheet.small_print(x + 0.05, y - 0.14, dice.choice((2, 3, 4)), 0.05, ink, dice)
    return sheet


def _side(patch: Patch, board: Colour, ink: Colour, dice: Random, stretch: float) -> Sheet:
    sheet = Sheet(patch, board, stretch)
    sheet.box(0.12, 0.45, 0.62, 0.42, (246, 246, 242))
    sheet.small_print(0.43, 0.81, 3, 0.05, (40, 40, 40), dice)
    sheet.bar_code(0.2, 0.48, 0.45, 0.16, dice)
    for step in range(3):
        sheet.mark(0.2 + 0.2 * step, 0.2, 0.07, (dice.randrange(4)), ink, board)
        sheet.box(0.1 + 0.2 * step, 0.08, 0.19, 0.24, ink, outline=2)
    return sheet


def _top(patch: Patch, board: Colour, ink: Colour, tape: Colour, dice: Random, stretch: float) -> Sheet:
    sheet = Sheet(patch, board, stretch)
    sheet.text(dice.uniform(0.2, 0.35), 0.2, brand(dice), 0.1, ink)
    sheet.box(0.62, 0.68, 0.28, 0.2, (244, 244, 240))
    sheet.small_print(0.76, 0.82, 3, 0.045, (60, 60, 60), dice)
    sheet.box(0, 0.42, 1, 0.16, tape)
    for step in range(12):
        sheet.text(0.04 + step * 0.085, 0.54, "seal", 0.03, darker(tape, 0.8))
    sheet.box(0, 0.497, 1, 0.006, darker(tape, 0.75))
    return sheet
