"""The rubrics are complete tables: every finding has a condition, a grade and a row to point at."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import RubricMissing
from inspection.findings import DefectKind, Severity, Zone
from inspection.grades import Condition, Grade
from inspection.rubrics import RUBRICS, Rubric, rubric_for, to_wire

RUBRIC = st.sampled_from(list(RUBRICS.values()))
KIND, ZONE, SEVERITY = (st.sampled_from(list(e)) for e in (DefectKind, Zone, Severity))
BADNESS = list(Condition)


@given(RUBRIC, KIND, ZONE, SEVERITY)
def test_every_finding_has_a_condition_and_a_row_that_a_record_can_hold(
    rubric: Rubric, kind: DefectKind, zone: Zone, severity: Severity
) -> None:
    row = rubric.judge(kind, zone, severity)
    assert rubric.grade(row.condition) != Grade.UNGRADED
    assert re.fullmatch(r"[a-z0-9_.:-]{1,44}", row.rule)
    assert row.rule.endswith(f".{severity}")


@given(RUBRIC, KIND, ZONE)
def test_a_worse_severity_never_makes_a_better_condition(
    rubric: Rubric, kind: DefectKind, zone: Zone
) -> None:
    ranks = [BADNESS.index(rubric.judge(kind, zone, severity).condition) for severity in Severity]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("rubric", RUBRICS.values(), ids=lambda r: r.category)
def test_a_worse_condition_never_has_a_better_grade_and_all_grades_can_happen(rubric: Rubric) -> None:
    grades = [rubric.grade(condition) for condition in Condition]
    order = [Grade.NEW, Grade.USED, Grade.DAMAGED]
    assert [order.index(grade) for grade in grades] == sorted(order.index(grade) for grade in grades)
    assert set(grades) == set(order)


def test_the_nearest_row_answers() -> None:
    apparel = rubric_for("apparel")
    front = apparel.judge(DefectKind.STAIN, Zone.FRONT, Severity.MINOR)
    back = apparel.judge(DefectKind.STAIN, Zone.BACK, Severity.MINOR)
    other = apparel.judge(DefectKind.DENT, Zone.BACK, Severity.MINOR)
    assert [front.rule, back.rule, other.rule] == [
        "apparel:stain.front.minor",
        "apparel:stain.any.minor",
        "apparel:default.minor",
    ]
    assert front.condition == Condition.C
    assert back.condition == Condition.B


def test_a_category_without_a_rubric_is_named_with_those_there_are() -> None:
    with pytest.raises(RubricMissing, match=r"'boats'.*general, apparel"):
        rubric_for("boats")


def test_the_best_condition_of_a_grade_has_that_grade() -> None:
    for rubric in RUBRICS.values():
        for grade in (Grade.NEW, Grade.USED, Grade.DAMAGED):
            best = rubric.best_condition(grade)
            assert best is not None
            assert rubric.grade(best) == grade
        assert rubric.best_condition(Grade.UNGRADED) is None


def test_the_wire_form_of_the_rubrics_names_every_category_and_row() -> None:
    wire = to_wire()
    assert list(wire) == list(RUBRICS)
    assert wire["apparel"]["rows"]["stain.front"] == "C D D"
