"""The rendered returns as objects: read from their own index, one split at a time."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inspection.grades import Grade
from models.errors import BadQuestion, FolderMissing, NoGoodPictures
from models.evaluation.folders import Item, ObjectSet

INDEX, BENCHES = "index.jsonl", "benches.jsonl"
HELD_OUT, SEALED = "held_out", "sealed"
"""Objects that no training and no choice has seen; sealed ones are not even looked at while choosing."""
DEFECT_FROM = 10
"""Value from which a mask's pixel is a defect; below are bench and item."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


Row = TypeVar("Row", bound=_Line)


class RenderedPicture(_Line):
    """One line of the index."""

    picture: str
    mask: str
    family: str
    category: str
    object: str
    split: str
    rig: int
    number: int
    role: str
    grade: Grade

    @property
    def is_reference(self) -> bool:
        """Whether it is one of the good pictures that the object is enrolled with."""
        return self.role == "reference"


class _Bench(_Line):
    picture: str
    family: str
    rig: int = Field(ge=0)


def held_out(folder: Path) -> dict[str, list[RenderedPicture]]:
    """The held-out pictures that lie there, by object; raises as `of_split`."""
    return of_split(folder, HELD_OUT)


def of_split(folder: Path, split: str) -> dict[str, list[RenderedPicture]]:
    """The pictures of a split, by object; raises FolderMissing, BadQuestion, NoGoodPictures."""
    found = {name: rows for name, rows in all_pictures(folder).items() if rows[0].split == split}
    if not found:
        raise NoGoodPictures(f"{folder} holds no {split} picture yet")
    return found


def all_pictures(folder: Path) -> dict[str, list[RenderedPicture]]:
    """Every picture that lies there, by object; raises FolderMissing, BadQuestion, NoGoodPictures."""
    rows: dict[str, list[RenderedPicture]] = defaultdict(list)
    for line in _lines(folder / INDEX):
        row = _parsed(RenderedPicture, line, folder / INDEX)
        if (folder / row.picture).is_file():
            rows[row.object].append(row)
    if not rows:
        raise NoGoodPictures(f"{folder} holds no picture yet")
    return {name: sorted(found, key=lambda row: row.picture) for name, found in sorted(rows.items())}


def bench_of(folder: Path, row: RenderedPicture) -> Path | None:
    """The empty bench of the same camera, if it was rendered."""
    if not (folder / BENCHES).exists():
        return None
    for line in _lines(folder / BENCHES):
        bench = _parsed(_Bench, line, folder / BENCHES)
        if (bench.family, bench.rig) == (row.family, row.rig) and (folder / bench.picture).is_file():
            return folder / bench.picture
    return None


def object_set(folder: Path, name: str, rows: Sequence[RenderedPicture]) -> ObjectSet:
    """One object: new pictures are good, used and damaged ones are bad."""
    items = [item_of(folder, row) for row in rows]
    return ObjectSet(
        name=f"rendered/{name}",
        good=tuple(item for item in items if item.good),
        bad=tuple(item for item in items if not item.good),
        mask_from=DEFECT_FROM,
        bench=bench_of(folder, rows[0]),
    )


def item_of(folder: Path, row: RenderedPicture) -> Item:
    """One picture as an item."""
    good = row.grade == Grade.NEW
    mask = folder / row.mask
    return Item(
        path=folder / row.picture,
        name=row.picture,
        kind=row.grade.value,
        good=good,
        group=row.picture,
        mask=mask if mask.is_file() and not good else None,
    )


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise FolderMissing(f"there is no {path}: render the returns first") from error


def _parsed(kind: type[Row], line: bytes, path: Path) -> Row:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise BadQuestion(f"{path}: a line is no {kind.__name__}: {str(error).splitlines()[0]}") from error
