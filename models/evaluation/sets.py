"""The real sets of the standard run: where they lie, how they are cut, and what was chosen on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.evaluation.folders import ObjectSet, Selection, objects_in
from models.evaluation.splits import thinned

EVERYTHING = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class RealSet:
    """One public set."""

    folder: str
    """Below the folder of all sets."""
    selection: Selection = EVERYTHING
    per_kind: int | None = None
    """Bad pictures of each kind, drawn with seed 0; None takes all."""
    frozen: bool = False
    """Looked at only after all choices are made; every look is written down."""
    licence: str
    note: str
    """What a reader must know beside the figures."""
    floor: float | None = None
    """Image AUROC of plain Lite0 features, whole image at 320 pixels, measured before the rebuilding."""
    aim: float | None = None


SETS: Mapping[str, RealSet] = {
    "bottle": RealSet(
        folder="bottle",
        licence="CC BY-NC-SA 4.0, evaluated only",
        note="MVTec AD bottle: one product, fixed pose. Choices were made on it.",
        floor=1.000,
        aim=0.998,
    ),
    "filled_bottle": RealSet(
        folder="filled_bottle",
        licence="none stated, evaluated only",
        note="Rows of soft-drink bottles turned freely, 30 good pictures. Choices were made on it.",
        floor=0.976,
        aim=0.985,
    ),
    "magnetic_tile": RealSet(
        folder="magnetic_tile",
        per_kind=20,
        licence="research only, evaluated only",
        note="Tiles of several shapes; 20 pictures of each defect (seed 0). Choices were made on it.",
        floor=0.711,
        aim=0.90,
    ),
    "commutator": RealSet(
        folder="commutator",
        selection=Selection(group_by=r"kos\d+"),
        frozen=True,
        licence="CC BY-NC-SA 4.0, evaluated only",
        note="KolektorSDD: hairline cracks, cut by physical item; items of the references are not tested.",
        floor=0.722,
        aim=0.90,
    ),
    "phone_screen": RealSet(
        folder="phone_screen",
        frozen=True,
        licence="none stated, evaluated only",
        note="Oil smears on screens of different phones; 20 good pictures, so 12 good ones to test.",
        floor=0.788,
        aim=0.95,
    ),
    "food_can": RealSet(
        folder="food_can",
        selection=Selection(good="no_defect", match="20221108*"),
        frozen=True,
        licence="none stated, evaluated only",
        note="Cans without against with a minor defect, one day of shooting: other days give the class away.",
        floor=0.755,
        aim=0.90,
    ),
}


def load_real(data: Path, name: str) -> ObjectSet:
    """One of SETS below `data`; raises CannotEvaluate."""
    row = SETS[name]
    found = objects_in(data / row.folder, row.selection)
    return thinned(found[0], per_kind=row.per_kind)
