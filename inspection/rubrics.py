"""The rubrics: per category, which finding makes which condition, and which condition which grade.

A rubric is a table. A row answers for one kind in one zone and gives three conditions, for
minor, major and critical. The nearest row wins: kind and zone, then kind in any zone, then
the category's default. No row is code, so every answer has the id of a row to point at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inspection.errors import RubricMissing
from inspection.findings import DefectKind as K
from inspection.findings import Severity, Zone
from inspection.findings import Zone as Z
from inspection.grades import Condition, Grade

Place = tuple[K, Zone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the rubric answered, and by which row."""

    rule: str
    """Such as `apparel:stain.front.major`; at most 44 characters, as a record takes them."""
    condition: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """The table of one category."""

    category: str
    rows: Mapping[Place, str]
    """Three conditions, for minor, major and critical: `B C D`."""
    default: str = "B C D"
    """For every kind without a row."""
    grades: str = "new new used used damaged damaged"
    """The grades of A+ A B C D E."""

    def judge(self, kind: K, zone: Zone, severity: Severity) -> Row:
        """Return the condition that one finding makes, and the row that says so."""
        for place, name in (((kind, zone), f"{kind}.{zone}"), ((kind, Z.ANY), f"{kind}.any")):
            if place in self.rows:
                return self._row(self.rows[place], name, severity)
        return self._row(self.default, "default", severity)

    def grade(self, condition: Condition) -> Grade:
        """Return the grade of a condition."""
        return dict(zip(Condition, map(Grade, self.grades.split()), strict=True))[condition]

    def best_condition(self, grade: Grade) -> Condition | None:
        """Return the best condition with that grade; None for `ungraded`."""
        return next((c for c in Condition if self.grade(c) == grade), None)

    def _row(self, conditions: str, name: str, severity: Severity) -> Row:
        named = dict(zip(Severity, map(Condition, conditions.split()), strict=True))
        return Row(rule=f"{self.category}:{name}.{severity}", condition=named[severity])


HAZARD_ROWS: Mapping[Place, str] = {
    (K.LEAK, Z.ANY): "E E E",
    (K.SWOLLEN_BATTERY, Z.ANY): "E E E",
    (K.BROKEN_GLASS, Z.ANY): "E E E",
}
"""The same in every category; the stops of `disposition` look at them first."""

GENERAL = Rubric(
    category="general",
    rows={
        **HAZARD_ROWS,
        (K.OPENED_SEAL, Z.ANY): "A A B",
        (K.SMUDGE, Z.ANY): "B B C",
        (K.SMUDGE, Z.PACKAGING): "A A B",
        (K.CREASE, Z.PACKAGING): "A A B",
        (K.SCRATCH, Z.PACKAGING): "A A B",
        (K.DENT, Z.PACKAGING): "A B C",
        (K.TEAR, Z.PACKAGING): "A B C",
        (K.CRACK, Z.ANY): "D D E",
        (K.CHIP, Z.ANY): "C D E",
        (K.HOLE, Z.ANY): "D D E",
        (K.DEFORMATION, Z.ANY): "C D E",
        (K.MISSING_PART, Z.ANY): "C D D",
    },
)

APPAREL = Rubric(
    category="apparel",
    rows={
        **HAZARD_ROWS,
        (K.OPENED_SEAL, Z.ANY): "A A A",
        (K.CREASE, Z.ANY): "A A B",
        (K.SMUDGE, Z.ANY): "B C C",
        (K.STAIN, Z.ANY): "B C D",
        (K.STAIN, Z.FRONT): "C D D",
        (K.TEAR, Z.ANY): "C D E",
        (K.HOLE, Z.ANY): "D D E",
        (K.MISSING_PART, Z.ANY): "B C D",
    },
)

ELECTRONICS = Rubric(
    category="electronics",
    rows={
        **HAZARD_ROWS,
        (K.OPENED_SEAL, Z.ANY): "B B C",
        (K.OPENED_SEAL, Z.PACKAGING): "A B B",
        (K.SMUDGE, Z.ANY): "B B C",
        (K.SCRATCH, Z.FRONT): "C D D",
        (K.SCRATCH, Z.BACK): "B C D",
        (K.DENT, Z.ANY): "C D D",
        (K.DENT, Z.PACKAGING): "A B C",
        (K.CHIP, Z.ANY): "C D D",
        (K.CRACK, Z.ANY): "D D E",
        (K.DEFORMATION, Z.ANY): "D D E",
        (K.HOLE, Z.ANY): "D E E",
        (K.MISSING_PART, Z.ANY): "C D D",
    },
)

BEVERAGE = Rubric(
    category="beverage",
    default="C D E",
    rows={
        **HAZARD_ROWS,
        (K.OPENED_SEAL, Z.ANY): "E E E",
        (K.SMUDGE, Z.ANY): "B B C",
        (K.CREASE, Z.ANY): "B B C",
        (K.TEAR, Z.PACKAGING): "B C D",
        (K.DENT, Z.ANY): "C D E",
        (K.DENT, Z.SEAL): "D E E",
        (K.MISSING_PART, Z.ANY): "D D E",
    },
)

COSMETICS = Rubric(
    category="cosmetics",
    default="C D E",
    grades="new used used used damaged damaged",
    rows={
        **HAZARD_ROWS,
        (K.OPENED_SEAL, Z.ANY): "C D D",
        (K.SMUDGE, Z.PACKAGING): "A B C",
        (K.CREASE, Z.PACKAGING): "A B C",
        (K.DENT, Z.PACKAGING): "B B C",
    },
)

TABLEWARE = Rubric(
    category="tableware",
    rows={
        **HAZARD_ROWS,
        (K.OPENED_SEAL, Z.ANY): "A A B",
        (K.SMUDGE, Z.ANY): "A B B",
        (K.STAIN, Z.ANY): "B C D",
        (K.CHIP, Z.ANY): "D D E",
        (K.CHIP, Z.EDGE): "D E E",
        (K.CRACK, Z.ANY): "D E E",
        (K.DEFORMATION, Z.ANY): "C D E",
        (K.MISSING_PART, Z.ANY): "C D E",
    },
)

CARTON = Rubric(
    category="carton",
    rows={
        **HAZARD_ROWS,
        (K.OPENED_SEAL, Z.ANY): "A A B",
        (K.SMUDGE, Z.ANY): "A A B",
        (K.SCRATCH, Z.ANY): "A A B",
        (K.CREASE, Z.ANY): "A B C",
        (K.DENT, Z.ANY): "B C D",
        (K.STAIN, Z.ANY): "B C D",
        (K.TEAR, Z.ANY): "B C D",
        (K.HOLE, Z.ANY): "C D E",
        (K.DEFORMATION, Z.ANY): "C D E",
    },
)

RUBRICS: Mapping[str, Rubric] = {
    rubric.category: rubric
    for rubric in (GENERAL, APPAREL, ELECTRONICS, BEVERAGE, COSMETICS, TABLEWARE, CARTON)
}


def rubric_for(category: str) -> Rubric:
    """Return the rubric of a category; raises RubricMissing, never falls back to another."""
    try:
        return RUBRICS[category]
    except KeyError:
        known = ", ".join(RUBRICS)
        raise RubricMissing(f"no rubric for category {category!r}; there are: {known}") from None


def to_wire() -> dict[str, Any]:
    """Return all rubrics as text and dicts: what their hash is taken of."""
    return {name: _table(rubric) for name, rubric in RUBRICS.items()}


def _table(rubric: Rubric) -> dict[str, Any]:
    rows = {f"{kind}.{zone}": conditions for (kind, zone), conditions in rubric.rows.items()}
    return {"rows": rows, "default": rubric.default, "grades": rubric.grades}
