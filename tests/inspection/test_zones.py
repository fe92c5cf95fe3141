from dataclasses import replace

import pytest

from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.rubrics import RUBRICS
from inspection.zones import VIEWS, ZONES, placed

FOUND = Finding(
    kind=DefectKind.SCRATCH,
    zone=Zone.ANY,
    severity=Severity.MAJOR,
    confidence_ppm=900_000,
    view="top",
    area_ppm=5_000,
    source="defect-segmenter",
)


@pytest.mark.parametrize(
    ("category", "kind", "view", "zone"),
    [
        ("electronics", DefectKind.SCRATCH, "top", Zone.FRONT),
        ("electronics", DefectKind.SCRATCH, "back", Zone.BACK),
        ("electronics", DefectKind.DEFORMATION, "top", Zone.ANY),
        ("beverage", DefectKind.TEAR, "top", Zone.PACKAGING),
        ("apparel", DefectKind.STAIN, "front", Zone.ANY),
        ("unheard-of", DefectKind.STAIN, "top", Zone.ANY),
    ],
)
def test_a_finding_without_a_place_gets_its_categorys(
    category: str, kind: DefectKind, view: str, zone: Zone
) -> None:
    assert placed(category, replace(FOUND, kind=kind, view=view)).zone == zone


def test_a_place_that_was_told_is_never_changed() -> None:
    told = replace(FOUND, zone=Zone.BACK)
    assert placed("electronics", told) is told


def test_the_tables_speak_of_categories_that_have_a_rubric() -> None:
    assert {*ZONES, *VIEWS} <= {*RUBRICS}


def test_a_major_scratch_on_a_phones_glass_is_damage_and_on_its_back_is_wear() -> None:
    rubric = RUBRICS["electronics"]
    grades = []
    for view in ("front", "back"):
        one = placed("electronics", replace(FOUND, view=view))
        grades.append(rubric.grade(rubric.judge(one.kind, one.zone, one.severity).condition))
    assert grades == ["damaged", "used"]
