"""Classes of the network, and what a label may say of a cell."""

from collections.abc import Mapping

from inspection.findings import DefectKind as K
from models.segmenter import CLASSES, KINDS

SOUND = "sound"
"""Bench or item, where the picture does not tell which."""
DEFECT = "defect"
"""Some defect, of no kind."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in CLASSES},
    SOUND: CLASSES[:2],
    DEFECT: tuple(KINDS),
}
"""Label -> the classes among which the network may choose there; the two unions stand last."""

WEIGHTS: Mapping[str, float] = {
    "bench": 0.5,
    "item": 1.0,
    SOUND: 1.0,
    DEFECT: 2.0,
    **dict.fromkeys(KINDS, 3.0),
    K.SCRATCH: 5.0,
    K.CRACK: 5.0,
    K.OPENED_SEAL: 5.0,
    K.CREASE: 4.0,
    K.CHIP: 5.0,
    K.HOLE: 4.0,
}
"""What a wrong cell costs; thin and small defects have few cells."""

FIRST_MASK_VALUE = 10
"""In the rendered masks: 0 bench, 1 item, 10 + place of the kind in `DefectKind`."""


def mask_group(value: int) -> str:
    """The label of a value of the rendered masks; raises IndexError for an unknown one."""
    if value < FIRST_MASK_VALUE:
        return CLASSES[value]
    kind = list(K)[value - FIRST_MASK_VALUE]
    return kind if kind in KINDS else DEFECT
