"""The plan of the rendered set: the same every time, held-out products apart, classes by the rubrics."""

from itertools import pairwise

import pytest

from datasets.rendered.index import condition_of
from datasets.rendered.plan import (
    COUNTS,
    FAMILIES,
    OBJECTS,
    WISHES,
    Unit,
    Wish,
    benches,
    is_reference,
    plan,
    product,
)
from inspection.findings import DefectKind, Severity
from inspection.rubrics import rubric_for
from inspection.severity import BOUNDS, severity_of

HELD_OUT_RIGS = {4, 5}


@pytest.fixture(scope="module")
def units() -> list[Unit]:
    return list(plan())


def test_the_plan_is_the_same_on_every_call(units: list[Unit]) -> None:
    assert units == list(plan())


def test_no_two_units_share_a_seed_or_a_file(units: list[Unit]) -> None:
    assert len({unit.seed for unit in units}) == len({unit.stem for unit in units}) == len(units) >= 1000


def test_the_plan_has_the_counts_of_its_table(units: list[Unit]) -> None:
    objects = {"train": 5, "validation": 1, "held_out": 2}
    for split, counts in COUNTS.items():
        for planned, count in counts.items():
            found = [u for u in units if u.product.split == split and u.planned == planned]
            assert len(found) == count * objects[split] * len(FAMILIES)


def test_held_out_products_and_their_rigs_occur_nowhere_else(units: list[Unit]) -> None:
    for unit in units:
        held_out = unit.product.split == "held_out"
        assert held_out == (unit.product.number >= 6) == (unit.product.rig in HELD_OUT_RIGS)


def test_a_product_has_one_rig_and_one_split() -> None:
    for family in FAMILIES:
        products = [product(family, number) for number in range(OBJECTS)]
        assert len({p.name for p in products}) == OBJECTS
        assert {p.rig for p in products if p.split == "held_out"} == HELD_OUT_RIGS
        assert {p.rig for p in products if p.split == "train"} == {0, 1, 2, 3}


def test_the_eight_references_of_a_held_out_product_are_new(units: list[Unit]) -> None:
    references = [unit for unit in units if is_reference(unit)]
    assert len(references) == 8 * 2 * len(FAMILIES)
    assert {unit.planned for unit in references} == {"new"}


def test_only_new_units_are_without_a_defect(units: list[Unit]) -> None:
    assert all((unit.planned == "new") == (not unit.wishes) for unit in units)
    assert all(len({wish.kind for wish in unit.wishes}) == len(unit.wishes) <= 2 for unit in units)


@pytest.mark.parametrize(("family", "planned"), WISHES)
def test_every_defect_alone_makes_the_class_at_either_end_of_its_range(family: str, planned: str) -> None:
    rubric = rubric_for(FAMILIES[family])
    for wish in WISHES[family, planned]:
        for area in (wish.low_ppm, wish.high_ppm):
            severity = severity_of(wish.kind, area)
            defect = {"kind": wish.kind, "zone": wish.zone, "severity": severity}
            assert rubric.grade(condition_of(rubric, [defect])) == planned, wish


@pytest.mark.parametrize("family", FAMILIES)
def test_used_and_damaged_of_one_kind_lie_apart(family: str) -> None:
    for used in WISHES[family, "used"]:
        for damaged in WISHES[family, "damaged"]:
            if used.kind == damaged.kind:
                assert used.high_ppm * 1.4 < damaged.low_ppm, used.kind


def test_the_severity_table_rises() -> None:
    assert all(pairwise_rises((0, *bounds)) for bounds in BOUNDS.values())
    assert severity_of(DefectKind.STAIN, 14_999) == Severity.MINOR
    assert severity_of(DefectKind.STAIN, 15_000) == Severity.MAJOR
    assert severity_of(DefectKind.STAIN, 50_000) == Severity.CRITICAL


def pairwise_rises(bounds: tuple[int, ...]) -> bool:
    return all(low < high for low, high in pairwise(bounds))


def test_every_kind_that_is_drawn_has_its_severities() -> None:
    drawn: set[Wish] = {wish for wishes in WISHES.values() for wish in wishes}
    assert {wish.kind for wish in drawn} == set(BOUNDS) - {DefectKind.CREASE, DefectKind.DEFORMATION}


def test_every_bench_that_occurs_is_planned(units: list[Unit]) -> None:
    assert benches() == sorted({(unit.product.family, unit.product.rig) for unit in units})
