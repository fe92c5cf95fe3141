"""The drawn products and what may have happened to them: a carton, a bottle and a mug.

Each product is a function that paints a good unit; each defect paints over it. Slight ones
are named `used_...`, strong ones `damaged_...`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from demo.strokes import (
    Colour,
    Layer,
    Point,
    across,
    blended,
    box,
    clouds,
    crooked,
    cut,
    ellipse,
    new_layer,
    polygon,
    push,
    put,
    ragged,
    shade,
    soft,
    stroke,
    tint,
    words,
)

Draw = np.random.Generator
Paint = Callable[[Layer, Draw], None]

INK: Colour = (0.10, 0.10, 0.12)
PAPER: Colour = (0.96, 0.95, 0.92)
KRAFT: Colour = (0.72, 0.56, 0.38)
TAPE: Colour = (0.80, 0.69, 0.50)
TEAL: Colour = (0.16, 0.55, 0.56)
CERAMIC: Colour = (0.93, 0.92, 0.89)
CLAY: Colour = (0.62, 0.47, 0.36)
COFFEE: Colour = (0.36, 0.22, 0.12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ware:
    """One product: how a good unit is painted, and each thing that may be wrong with it."""

    paint: Callable[[Draw], Layer]
    defects: Mapping[str, Paint]


def around(draw: Draw, x: float, y: float, by: float) -> Point:
    """A point near (x, y)."""
    return (x + float(draw.uniform(-by, by)), y + float(draw.uniform(-by, by)))


# --- carton -------------------------------------------------------------------------------


def carton(draw: Draw) -> Layer:
    """A shipping carton from above, sealed with tape, with label and handling marks."""
    layer = new_layer()
    body = box(150, 105, 810, 615, 8)
    put(layer, body, KRAFT)
    shade(layer, body, 1 + 0.018 * clouds(draw, 3))
    flutes = np.sin(np.arange(960, dtype=np.float32) / 3.5) * 0.012
    shade(layer, body, np.broadcast_to(1 + flutes, body.shape))
    shade(layer, body - soft(body, 14), 1.25)
    shade(layer, box(150, 358, 810, 362), 0.55)
    _tape(layer, 360 + float(draw.uniform(-2, 2)))
    _label(layer, draw)
    _marks(layer)
    return layer


def _tape(layer: Layer, y: float) -> None:
    strip = box(150, y - 34, 810, y + 34)
    tint(layer, 0.78 * strip, TAPE)
    tint(layer, 0.30 * soft(box(150, y - 20, 810, y - 12), 4), (1, 1, 1))
    shade(layer, stroke([(150, y - 34), (810, y - 34)], 2) + stroke([(150, y + 34), (810, y + 34)], 2), 0.8)


def _label(layer: Layer, draw: Draw) -> None:
    dx, dy = draw.uniform(-2, 2, 2)
    shade(layer, soft(box(508 + dx, 144 + dy, 772 + dx, 300 + dy), 5), 0.85)
    put(layer, box(505 + dx, 138 + dy, 770 + dx, 294 + dy, 4), PAPER)
    left = 522.0 + dx
    for index in range(38):
        width = 2.0 + 3.0 * ((index * 7 + 3) % 5 == 0) + 2.0 * (index % 3 == 0)
        tint(layer, box(left, 214 + dy, left + width, 272 + dy), INK)
        left += width + 2.2
    for row, length in enumerate((130, 155, 96)):
        tint(layer, 0.85 * box(522 + dx, 154 + dy + 17 * row, 522 + length + dx, 162 + dy + 17 * row), INK)
    tint(layer, 0.9 * words("R-7", 706 + round(dx), 184 + round(dy), 22), INK)


def _marks(layer: Layer) -> None:
    for left in (210, 270):
        tint(layer, 0.8 * polygon([(left, 490), (left + 20, 460), (left + 40, 490)]), INK)
        tint(layer, 0.8 * box(left + 13, 490, left + 27, 540), INK)
    tint(layer, 0.8 * box(205, 550, 315, 557), INK)
    tint(layer, 0.8 * words("REGRADE", 560, 530, 34, 3), INK)


def carton_smudge(layer: Layer, draw: Draw) -> None:
    """A greasy hand was here."""
    x, y = around(draw, 330, 220, 60)
    spot = soft(polygon(ragged(draw, (x, y), 46)), 9)
    tint(layer, 0.55 * spot * (0.8 + 0.2 * clouds(draw, 6)), (0.30, 0.22, 0.15))


def carton_tape(layer: Layer, draw: Draw) -> None:
    """The tape was cut along a stretch of the seam, and one end lifts."""
    start = float(draw.uniform(250, 520))
    line = crooked(draw, (start, 360), (start + 130, 360), 6, 3)
    tint(layer, stroke(line, 5), (0.20, 0.14, 0.09))
    lifted = polygon([(start + 90, 328), (start + 132, 330), (start + 120, 352), (start + 96, 350)])
    tint(layer, 0.8 * lifted, (0.93, 0.87, 0.72))


def carton_tear(layer: Layer, draw: Draw) -> None:
    """A hole is torn into the board."""
    centre = around(draw, 330, 245, 25)
    radius = float(draw.uniform(70, 88))
    put(layer, polygon(ragged(draw, centre, radius * 1.25)), (0.88, 0.79, 0.63))
    hole = polygon(ragged(draw, centre, radius))
    put(layer, hole, (0.09, 0.07, 0.06))
    flap = [
        centre,
        around(draw, centre[0] + radius, centre[1] + 40, 15),
        around(draw, centre[0] + 30, centre[1] + radius, 15),
    ]
    put(layer, polygon(flap), (0.80, 0.66, 0.47))


def carton_crush(layer: Layer, draw: Draw) -> None:
    """A corner is driven in."""
    push(layer, around(draw, 800, 600, 8), (-90, -70), 75)
    shade(layer, soft(polygon(ragged(draw, (700, 515), 80)), 20), 0.62)
    for reach in (40, 85, 130):
        start, end = (
            around(draw, 760 - reach, 600 - reach / 4, 12),
            around(draw, 800 - reach / 4, 590 - reach, 12),
        )
        fold = stroke(crooked(draw, start, end, 4, 7), 7)
        shade(layer, soft(fold, 2.5), 0.30)
        tint(layer, 0.6 * soft(np.roll(fold, (-7, -7), axis=(0, 1)), 2.5), (0.93, 0.80, 0.60))


# --- bottle -------------------------------------------------------------------------------

BODY: list[Point] = [
    (425, 150), (425, 196), (398, 226), (366, 262), (356, 300), (356, 640), (368, 662), (592, 662),
    (604, 640), (604, 300), (594, 262), (562, 226), (535, 196), (535, 150),
]  # fmt: skip


def bottle(draw: Draw) -> Layer:
    """A shampoo bottle from the front, with screw cap and label."""
    layer = new_layer()
    body = polygon(BODY)
    put(layer, body, TEAL)
    round_shade = 1.12 - 0.62 * across(356, 604) ** 2
    shade(layer, body, round_shade)
    shade(layer, box(425, 150, 535, 206), 0.82)
    _cap(layer)
    top = 350 + float(draw.uniform(-2, 2))
    sticker = box(357, top, 603, top + 230)
    tint(layer, sticker, (0.95, 0.91, 0.80))
    tint(layer, box(357, top + 14, 603, top + 26), (0.86, 0.45, 0.25))
    tint(layer, box(357, top + 204, 603, top + 216), (0.86, 0.45, 0.25))
    tint(layer, words("FERN", 405, round(top) + 92, 42, 4), (0.12, 0.33, 0.32))
    for row, length in enumerate((130, 150, 96)):
        tint(
            layer,
            0.7 * box(480 - length / 2, top + 126 + 18 * row, 480 + length / 2, top + 133 + 18 * row),
            INK,
        )
    shade(layer, sticker, 1.06 - 0.45 * across(356, 604) ** 2)
    tint(layer, 0.5 * soft(box(388, 270, 398, 640), 5), (1, 1, 1))
    return layer


def _cap(layer: Layer) -> None:
    lid = box(412, 70, 548, 176, 10)
    put(layer, lid, (0.90, 0.89, 0.86))
    ribs = 1 + 0.10 * np.sin(np.arange(960, dtype=np.float32) / 1.9)
    shade(layer, lid, (1.05 - 0.5 * across(412, 548) ** 2) * ribs)
    shade(layer, box(412, 160, 548, 176), 0.75)


def bottle_scuff(layer: Layer, draw: Draw) -> None:
    """Fine scratches on the label."""
    x, y = around(draw, 470, 470, 50)
    for _ in range(7):
        start, end = around(draw, x - 34, y - 22, 14), around(draw, x + 34, y + 22, 14)
        tint(layer, 0.8 * stroke(crooked(draw, start, end, 4, 3), 2), (0.62, 0.58, 0.50))


def bottle_smudge(layer: Layer, draw: Draw) -> None:
    """Something was spilt on the label."""
    spot = soft(polygon(ragged(draw, around(draw, 480, 480, 60), 32)), 5)
    tint(layer, 0.62 * spot, (0.52, 0.40, 0.24))


def bottle_cap(layer: Layer, draw: Draw) -> None:
    """The cap is missing: the threaded neck is bare."""
    cut(layer, box(400, 60, 560, 150))
    neck = box(436, 122, 524, 196)
    put(layer, neck, (0.12, 0.42, 0.43))
    for y in (134, 150, 166):
        shade(layer, stroke([(436, y + 4), (524, y - 4)], 5), 1.6)
    put(layer, ellipse((480, 122), (44, 9 + float(draw.uniform(-1, 1)))), (0.03, 0.10, 0.10))


def bottle_crack(layer: Layer, draw: Draw) -> None:
    """The body is split, and a shard is gone."""
    x, y = around(draw, 450, 470, 35)
    for _ in range(6):
        end = around(draw, x, y, 150)
        tint(layer, soft(stroke(crooked(draw, (x, y), end, 7, 11), 6), 1), (0.04, 0.08, 0.09))
    put(layer, polygon(ragged(draw, (x, y), 62)), (0.03, 0.05, 0.06))
    tint(layer, 0.8 * stroke(ragged(draw, (x, y), 66), 4), (0.85, 0.95, 0.95))


# --- mug ----------------------------------------------------------------------------------


def mug(draw: Draw) -> Layer:
    """A ceramic mug from the front, its handle to the right."""
    layer = new_layer()
    _handle(layer)
    body = blended(box(300, 180, 620, 560), ellipse((460, 560), (160, 42)))
    put(layer, body, CERAMIC)
    shade(layer, body, 1.05 - 0.42 * across(300, 620) ** 2 - 0.10 * across(300, 620))
    band = 470 + float(draw.uniform(-2, 2))
    ring = blended(box(300, band, 620, band + 34), ellipse((460, band + 34), (160, 26)))
    ring = np.asarray(ring * (1 - ellipse((460, band), (160, 26))) * body, dtype=np.float32)
    tint(layer, 0.9 * ring, (0.20, 0.33, 0.62))
    shade(layer, ring, 1.0 - 0.4 * across(300, 620) ** 2)
    _leaf(layer, *draw.uniform(-2, 2, 2))
    put(layer, ellipse((460, 180), (160, 44)), (0.97, 0.96, 0.93))
    put(layer, ellipse((460, 183), (148, 36)), (0.50, 0.48, 0.45))
    shade(layer, soft(ellipse((460, 172), (140, 28)), 8), 0.7)
    tint(layer, 0.45 * soft(box(345, 250, 357, 520), 5), (1, 1, 1))
    return layer


def _handle(layer: Layer) -> None:
    outer, inner = ellipse((640, 360), (120, 130)), ellipse((632, 360), (78, 88))
    loop = np.asarray(outer * (1 - inner), dtype=np.float32)
    put(layer, loop, (0.86, 0.85, 0.82))
    shade(layer, loop, 1.1 - 0.35 * (across(560, 760) + 1) / 2)
    shade(layer, loop - soft(loop, 5), 1.2)


def _leaf(layer: Layer, dx: float, dy: float) -> None:
    green = (0.24, 0.50, 0.30)
    for x, y, tilt in ((430, 340, -35.0), (482, 322, 35.0), (456, 392, 90.0)):
        tint(layer, ellipse((x + dx, y + dy), (50, 20), tilt), green)
        tint(layer, 0.7 * ellipse((x + dx, y + dy), (44, 2), tilt), (0.85, 0.92, 0.80))


def mug_stain(layer: Layer, draw: Draw) -> None:
    """Coffee ran down from the rim."""
    x = float(draw.uniform(350, 540))
    length = float(draw.uniform(60, 100))
    run = blended(stroke([(x, 222), (x + 4, 222 + length)], 13), ellipse((x + 4, 224 + length), (10, 13)))
    tint(layer, 0.75 * soft(run, 2), (0.52, 0.36, 0.22))


def mug_smudge(layer: Layer, draw: Draw) -> None:
    """Grease on the glaze."""
    spot = soft(polygon(ragged(draw, around(draw, 440, 430, 60), 34)), 6)
    tint(layer, 0.50 * spot, (0.42, 0.36, 0.28))


def mug_chip(layer: Layer, draw: Draw) -> None:
    """A large piece of the rim is broken out; raw clay shows, and cracks run down."""
    x = float(draw.uniform(400, 520))
    piece = polygon(ragged(draw, (x, 195), 70, roughness=0.25))
    edge = polygon(ragged(draw, (x, 203), 78, roughness=0.2))
    tint(layer, edge * layer.alpha, CLAY)
    tint(layer, piece * layer.alpha, (0.30, 0.28, 0.26))
    cut(layer, piece * box(0, 0, 960, 190))
    for _ in range(3):
        end = around(draw, x, 430, 70)
        tint(layer, stroke(crooked(draw, (x, 268), end, 6, 10), 3), (0.20, 0.16, 0.13))


def mug_handle(layer: Layer, draw: Draw) -> None:
    """The handle is broken off; two raw stubs are left."""
    cut(layer, box(622, 215, 790, 505))
    for y in (258, 462):
        put(layer, polygon(ragged(draw, (624, y), 27, roughness=0.25)), CLAY)


WARES: Mapping[str, Ware] = {
    "carton": Ware(
        paint=carton,
        defects={
            "used_smudge": carton_smudge,
            "used_tape": carton_tape,
            "damaged_tear": carton_tear,
            "damaged_crush": carton_crush,
        },
    ),
    "bottle": Ware(
        paint=bottle,
        defects={
            "used_scuff": bottle_scuff,
            "used_smudge": bottle_smudge,
            "damaged_cap": bottle_cap,
            "damaged_crack": bottle_crack,
        },
    ),
    "mug": Ware(
        paint=mug,
        defects={
            "used_stain": mug_stain,
            "used_smudge": mug_smudge,
            "damaged_chip": mug_chip,
            "damaged_handle": mug_handle,
        },
    ),
}
"""Everything that can be drawn, by name."""
