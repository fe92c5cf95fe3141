"""The plan of the rendered set: the same every time, held-out products apart, classes by the rubrics."""

from itertools import pairwise

import pytest

from datasets.rendered.index import condition_of
from datasets.rendered.plan import (
    COUNTS,
    FAMILIES,
    MORE,
    OBJECTS,
    SEALED,
    SPLITS,
    WISHES,
    Unit,
    Wish,
    benches,
    is_reference,
    plan,
    plan_more,
    product,
)
from inspection.findings import DefectKind, Severity
from inspection.rubrics import rubric_for
from inspection.severity import BOUNDS, severity_of

HELD_OUT_RIGS = {4, 5}


@pytest.fixture(scope="module")
def units() -> list[Unit]:
    return list(plan())


@pytest.fixture(scope="module")
def more() -> list[Unit]:
    return list(plan_more())


def test_the_plan_is_the_same_on_every_call(units: list[Unit], more: list[Unit]) -> None:
    assert units == list(plan())
    assert more == list(plan_more())


def test_what_is_made_on_demand_shares_nothing_with_what_is_kept(units: list[Unit], more: list[Unit]) -> None:
    for key in ("seed", "stem"):
        kept, demanded = ([getattr(unit, key) for unit in each] for each in (units, more))
        assert len({*kept, *demanded}) == len(kept) + len(demanded)
    assert {unit.product.rig for unit in units}.isdisjoint({unit.product.rig for unit in more})


def test_sealed_products_come_first_and_have_two_rigs_of_their_own(more: list[Unit]) -> None:
    splits = [unit.product.split for unit in more]
    assert splits == sorted(splits, key=["sealed", "more"].index)
    assert {unit.product.rig for unit in more if unit.product.split == "sealed"} == {6, 7}
    assert min(unit.product.rig for unit in more if unit.product.split == "more") > 7
    assert {split: splits.count(split) for split in ("sealed", "more")} == {
        split: len(numbers) * len(FAMILIES) * sum(COUNTS[split].values())
        for split, numbers in (("sealed", SEALED), ("more", MORE))
    }


def test_a_stopped_rendering_leaves_whole_products(more: list[Unit]) -> None:
    taught = [unit for unit in more if unit.product.split == "more"]
    numbers = [unit.product.number for unit in taught]
    assert numbers == sorted(numbers)


def test_no_two_units_share_a_seed_or_a_file(units: list[Unit]) -> None:
    assert len({unit.seed for unit in units}) == len({unit.stem for unit in units}) == len(units) >= 1000


def test_the_plan_has_the_counts_of_its_table(units: list[Unit]) -> None:
    objects = {"train": 5, "validation": 1, "held_out": 2}
    for split in SPLITS:
        for planned, count in COUNTS[split].items():
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
