"""Solar cells with graded defect probability, from the package elpv-dataset (CC BY-NC-SA 4.0).

Evaluated only. Its `labels.csv` has one line per cell: file, probability, kind of module. Mono- and
polycrystalline cells look different: they are two objects. Good is a probability of 0, bad one of at
least a half; what lies between is left out. Both classes are thinned with seed 0.
"""

import importlib.util
from pathlib import Path

from models.errors import BadQuestion, FolderMissing
from models.evaluation.folders import Item, ObjectSet
from models.evaluation.splits import thinned

PACKAGE = "elpv_dataset"
LABELS = "labels.csv"
BAD_FROM = 0.5
GOOD_KEPT, BAD_KEPT = 100, 40
"""Pictures of each kind of module; 40 of each of the two defect probabilities from a half up."""


def installed() -> Path | None:
    """The package's folder of pictures, where it is installed."""
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found else None
    return Path(next(iter(places))) / "data" if places else None


def load_elpv(folder: Path) -> list[ObjectSet]:
    """The two kinds of cells; raises FolderMissing, BadQuestion."""
    if not (folder / LABELS).is_file():
        raise FolderMissing(f"there is no {folder / LABELS}: install elpv-dataset or name its folder")
    cells = [cell_of(folder, line) for line in (folder / LABELS).read_text("utf-8").splitlines() if line]
    kinds = sorted({kind for kind, _ in cells})
    return [object_of(kind, [item for own, item in cells if own == kind and item]) for kind in kinds]


def cell_of(folder: Path, line: str) -> tuple[str, Item | None]:
    """Kind of module and the cell; no item for one of which nobody is sure."""
    parts = line.split()
    try:
        name, chance, kind = parts[0], float(parts[1]), parts[2]
    except (IndexError, ValueError) as error:
        raise BadQuestion(f"{folder / LABELS}: no line of that set: {line[:60]!r}") from error
    if 0 < chance < BAD_FROM:
        return kind, None
    label = f"{kind}-{chance:.2f}"
    return kind, Item(path=folder / name, name=name, kind=label, good=chance == 0, group=name)


def object_of(kind: str, items: list[Item]) -> ObjectSet:
    """One kind of module, thinned."""
    whole = ObjectSet(
        name=f"elpv_{kind}",
        good=tuple(item for item in items if item.good),
        bad=tuple(item for item in items if not item.good),
    )
    return thinned(whole, per_kind=BAD_KEPT, most_good=GOOD_KEPT)
