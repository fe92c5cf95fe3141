from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from inspection.findings import DefectKind, Finding, Region, Severity, Zone
from models.naming import SPEAKS_PPM, explains, fuse, kept_ppm


def box(left: int, top: int, width: int, height: int) -> Region:
    """In hundredths of the view."""
    return Region(
        left_ppm=left * 10_000, top_ppm=top * 10_000, width_ppm=width * 10_000, height_ppm=height * 10_000
    )


DIFFERENCE = Finding(
    kind=DefectKind.DEVIATION,
    zone=Zone.ANY,
    severity=Severity.CRITICAL,
    confidence_ppm=990_000,
    view="top",
    area_ppm=40_000,
    source="reference-comparison",
    region=box(20, 20, 20, 20),
)
STAIN = replace(
    DIFFERENCE,
    kind=DefectKind.STAIN,
    severity=Severity.MINOR,
    confidence_ppm=900_000,
    source="defect-segmenter",
    region=box(22, 22, 12, 12),
)


def test_a_difference_that_a_head_names_becomes_that_finding() -> None:
    assert fuse([DIFFERENCE], [STAIN]) == (STAIN,)


def test_a_difference_that_nobody_names_stays_a_deviation() -> None:
    elsewhere = replace(STAIN, region=box(70, 70, 10, 10), confidence_ppm=950_000)
    assert fuse([DIFFERENCE], [elsewhere]) == (DIFFERENCE, elsewhere)


def test_a_name_that_is_doubted_stands_beside_the_difference() -> None:
    doubted = replace(STAIN, confidence_ppm=SPEAKS_PPM - 1)
    assert fuse([DIFFERENCE], [doubted]) == (DIFFERENCE, doubted)


def test_a_small_name_in_a_corner_does_not_explain_a_large_difference() -> None:
    corner = replace(STAIN, region=box(20, 20, 5, 5))
    assert not explains(corner, DIFFERENCE)


def test_a_name_in_another_view_explains_nothing() -> None:
    assert not explains(replace(STAIN, view="side"), DIFFERENCE)


def test_a_name_without_a_place_explains_nothing() -> None:
    assert not explains(replace(STAIN, region=None), DIFFERENCE)


@given(st.floats(min_value=0, max_value=1))
def test_a_chance_is_never_told_as_certain(chance: float) -> None:
    assert 1_000 <= kept_ppm(chance) <= 999_000
