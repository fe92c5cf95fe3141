"""The contact sheet of the card: one row per family, a new, a used and a damaged unit, masks outlined.

Run with any Python that has Pillow: `python -m datasets.rendered.contact docs/images/rendered.jpg`.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.rendered.index import HOME, Row, read
from datasets.rendered.plan import FAMILIES

CELL = (320, 240)
OUTLINE = (255, 0, 160)


def outlined(pixels: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture with a line around every defect."""
    defect = mask >= 10
    grown = defect.copy()
    for axis in (0, 1):
        for step in (-2, -1, 1, 2):
            grown |= np.roll(defect, step, axis)
    drawn = pixels.copy()
    drawn[grown & ~defect] = OUTLINE
    return drawn


def chosen(rows: list[Row], family: str) -> list[Row]:
    """Return a new, two used and two damaged units of a family's held-out products."""
    own = [row for row in rows if row["family"] == family and row["split"] == "held_out"]
    by_class = {grade: [row for row in own if row["grade"] == grade] for grade in ("new", "used", "damaged")}
    return [by_class["new"][0], *by_class["used"][1:5:3], *by_class["damaged"][1:5:3]]


def cell(row: Row) -> Image.Image:
    """Return one cell of the sheet."""
    picture, mask = Image.open(HOME / row["picture"]), Image.open(HOME / row["mask"])
    return Image.fromarray(outlined(np.asarray(picture), np.asarray(mask))).resize(CELL)


def contact(target: Path) -> None:
    """Write the sheet."""
    lines = [[cell(row) for row in chosen(read(), family)] for family in FAMILIES]
    sheet = Image.new("RGB", (CELL[0] * len(lines[0]), CELL[1] * len(lines)))
    for down, line in enumerate(lines):
        for right, image in enumerate(line):
            sheet.paste(image, (right * CELL[0], down * CELL[1]))
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target, quality=85)


if __name__ == "__main__":
    contact(Path(sys.argv[1]))
