"""The sets that the segmenter learns from, and how they are split: by object, never by picture."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.errors import BadTrainingSet

Split = Literal["train", "more", "validation", "held_out", "sealed"]
TAUGHT = ("train", "more")
"""Splits that are learnt from: kept renders, and those that are made on demand."""

REFERENCES = 8
"""The first new pictures of an object are its references."""
EVERY = 4
"""Of the intact packages by name every fourth class is held out; every eighth from the third validates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A picture of an intact package, of which nothing else is known."""

    path: Path
    product: str
    split: Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One defect of a rendered picture, as its recipe drew it."""

    kind: str
    area_ppm: int
    """Share of the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered return with its mask."""

    picture: Path
    mask: Path
    object: str
    category: str
    split: Split
    number: int
    grade: str
    sha256: str
    defects: tuple[Defect, ...]


def packages(folder: Path) -> list[Package]:
    """Every picture of intact packages, one folder per product; raises BadTrainingSet without any."""
    products = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    found = [
        Package(path=path, product=product.name, split=package_split(place))
        for place, product in enumerate(products)
        for path in sorted(product.glob("*.jpg"))
    ]
    if not found:
        raise BadTrainingSet(f"{folder} holds no folders of JPEG pictures, one folder per product")
    return found


def package_split(place: int) -> Split:
    """Split of a product by its place among the names."""
    if place % EVERY == 0:
        return "held_out"
    return "validation" if place % (2 * EVERY) == 2 else "train"


def rendered(*folders: Path) -> list[Rendered]:
    """Every finished picture by object and number, by its last row; raises BadTrainingSet."""
    found = {row.picture: row for folder in folders for row in _rows(folder)}
    there = [row for row in found.values() if row.picture.exists() and row.mask.exists()]
    return sorted(there, key=lambda row: (row.object, row.number))


def _rows(folder: Path) -> list[Rendered]:
    index = folder / "index.jsonl"
    try:
        lines = index.read_text("utf-8").splitlines()
    except OSError as error:
        raise BadTrainingSet(f"{index} cannot be read: {error.strerror}") from error
    return [_row(folder, line) for line in lines if line.strip()]


def references(rows: Iterable[Rendered], name: str) -> list[Rendered]:
    """The references of an object: its first new pictures."""
    new = [row for row in rows if row.object == name and row.grade == "new"]
    return new[:REFERENCES]


def objects(rows: Sequence[Rendered], split: Split) -> list[str]:
    """Names of the objects of a split."""
    return sorted({row.object for row in rows if row.split == split})


def _row(folder: Path, line: str) -> Rendered:
    try:
        row = json.loads(line)
        return Rendered(
            picture=folder / row["picture"],
            mask=folder / row["mask"],
            object=row["object"],
            category=row["category"],
            split=row["split"],
            number=row["number"],
            grade=row["grade"],
            sha256=row["sha256"],
            defects=tuple(Defect(kind=d["kind"], area_ppm=d["area_ppm"]) for d in row["defects"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BadTrainingSet(
            f"{folder / 'index.jsonl'}: a line is no row of rendered pictures: {error}"
        ) from error
