"""Which folder of a public set stands for which grade.

Written down before any grade figure of these sets was seen, and not changed since
(`docs/decisions/0015-figures-are-made-by-one-command.md` says why each row is as it is).
"""

from collections.abc import Mapping

from inspection.grades import Grade

FILLED_BOTTLE: Mapping[str, Grade] = {
    "good": Grade.NEW,
    "label_not_straight": Grade.USED,
    "no_label_print": Grade.USED,
    "no_label": Grade.USED,
    "overfilled": Grade.USED,
    "underfilled": Grade.USED,
    "deformed": Grade.DAMAGED,
    "cap_missing": Grade.DAMAGED,
    "missing_bottle": Grade.DAMAGED,
    "combinations": Grade.DAMAGED,
}

FOOD_CAN: Mapping[str, Grade] = {
    "no_defect": Grade.NEW,
    "minor_defect": Grade.USED,
    "major_defect": Grade.DAMAGED,
    "critical_defect": Grade.DAMAGED,
}
"""Only `no_defect` against `minor_defect` of 20221108 is free of the leak by shooting day."""

GRADES: Mapping[str, Mapping[str, Grade]] = {"filled_bottle": FILLED_BOTTLE, "food_can": FOOD_CAN}
"""By set. Rendered returns carry their grade in their own index."""
