"""Our rendered returns as a YOLO folder: boxes or outlines from their exact masks.

Reads `index.jsonl` of `datasets/rendered` and takes the rows whose pictures lie there. The split is the set's
own, by object; the held-out objects are never touched.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from inspection.findings import DefectKind
from models.errors import BadTrainingSet
from models.training.yolo.folder import Task

SPLITS = {"train": "train", "validation": "val"}
"""Split of the set -> folder for ultralytics."""
FIRST_DEFECT = 10
"""Value in a mask of the first DefectKind."""
KINDS = tuple(DefectKind)
LEAST_PIXELS = 12
"""Fewer pixels of a defect in one place are no box: at 320 pixels nothing would be left of it."""
GAP = 5
"""Pixels; a defect that the pattern of a surface cuts into pieces so near to each other is one."""

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One defect in one place."""

    kind: DefectKind
    outline: tuple[tuple[float, float], ...]
    """Corners as shares of the picture."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Middle and size as shares of the picture."""
        across, down = zip(*self.outline, strict=True)
        left, right, top, bottom = min(across), max(across), min(down), max(down)
        return (left + right) / 2, (top + bottom) / 2, right - left, bottom - top


def write_folder(rendered: Path, out: Path, task: Task) -> Counter[str]:
    """Write pictures, labels and data.yaml; return the rows of each class. Raises BadTrainingSet."""
    rows = [row for row in _index(rendered) if row["split"] in SPLITS and (rendered / row["mask"]).is_file()]
    if not rows:
        raise BadTrainingSet(
            f"{rendered}: no rendered picture of the splits {' and '.join(SPLITS)} lies there"
        )
    pieces = {row["picture"]: pieces_of(_mask(rendered / row["mask"])) for row in rows}
    kinds = [
        kind for kind in KINDS if any(piece.kind is kind for found in pieces.values() for piece in found)
    ]
    for row in rows:
        _write_row(
            rendered / row["picture"], out, row, [_line(p, kinds, task) for p in pieces[row["picture"]]]
        )
    settings = {"train": "images/train", "val": "images/val", "names": dict(enumerate(map(str, kinds)))}
    (out / "data.yaml").write_text(yaml.safe_dump(settings | {"licence": "Apache-2.0"}), encoding="utf-8")
    return Counter(str(piece.kind) for found in pieces.values() for piece in found)


def pieces_of(mask: Mask) -> list[Piece]:
    """Every defect of a mask, in the order of the kinds."""
    found = []
    height, width = mask.shape
    for value in (int(v) for v in np.unique(mask) if v >= FIRST_DEFECT):
        for outline in _outlines((mask == value).astype(np.uint8)):
            corners = tuple((float(x) / width, float(y) / height) for x, y in outline)
            found.append(Piece(kind=KINDS[value - FIRST_DEFECT], outline=corners))
    return found


def _outlines(here: Mask) -> Iterator[NDArray[np.float64]]:
    """N x 2 corners of each connected place, around its outer pixels."""
    joined = cv2.morphologyEx(here, cv2.MORPH_CLOSE, np.ones((GAP, GAP), np.uint8))
    contours, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        filled = cv2.drawContours(np.zeros_like(here), [contour], -1, 1, -1)
        if int(np.count_nonzero(here[filled > 0])) >= LEAST_PIXELS and len(contour) >= 3:
            middle = contour.reshape(-1, 2).mean(axis=0)
            corners = contour.reshape(-1, 2).astype(np.float64)
            yield corners + (corners > middle)  # a pixel ends one after it begins


def _line(piece: Piece, kinds: Sequence[DefectKind], task: Task) -> str:
    places = piece.box if task == "detect" else [share for corner in piece.outline for share in corner]
    return " ".join([str(kinds.index(piece.kind)), *(f"{min(max(share, 0.0), 1.0):.6f}" for share in places)])


def _write_row(picture: Path, out: Path, row: dict[str, Any], lines: Sequence[str]) -> None:
    """One picture under a name that is unique in the whole set, and its labels."""
    split, stem = SPLITS[row["split"]], f"{row['object']}-{picture.stem}"
    for folder in ("images", "labels"):
        (out / folder / split).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(picture, out / "images" / split / f"{stem}{picture.suffix}")
    (out / "labels" / split / f"{stem}.txt").write_text("".join(f"{line}\n" for line in lines))


def _index(rendered: Path) -> list[dict[str, Any]]:
    path = rendered / "index.jsonl"
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise BadTrainingSet(f"{path} is no index of rendered pictures") from error


def _mask(path: Path) -> Mask:
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if mask is None or mask.ndim != 2 or int(mask.max()) >= FIRST_DEFECT + len(KINDS):
        raise BadTrainingSet(f"{path} is no mask of a rendered picture")
    return np.asarray(mask, np.uint8)
