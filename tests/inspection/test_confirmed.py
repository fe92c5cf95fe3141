"""Confirmed verdicts: one line each, read back as written, and never more than a record can tell."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import orjson
import pytest

from inspection.catalogue import Product
from inspection.confirmed import Confirmed, audited, confirmed, from_record, read_confirmed
from inspection.custody.canonical import canonical
from inspection.detector import Case, Detection, Judgement, VersionedFile
from inspection.errors import BadMessage
from inspection.findings import Finding
from inspection.grades import Grade, GradeShares
from inspection.grading import grade
from inspection.record import InspectionRecord, read_record

Values = Callable[..., dict[str, Any]]
DAY = date(2026, 3, 4)


@pytest.fixture
def row(shoe: Product, clean: Detection, stain: Finding) -> Confirmed:
    looked = replace(clean, findings=(stain,), weight_g=480)
    weighed = replace(shoe, weight_g=500, weight_tolerance_g=10)
    found = confirmed("RMA-1/1/1", DAY, weighed, looked, grade(weighed, looked), Grade.DAMAGED)
    assert found is not None
    return found


def test_a_row_keeps_what_the_machine_saw_and_what_the_person_said(row: Confirmed) -> None:
    assert (row.proposed, row.grade, row.weight_off) == (Grade.USED, Grade.DAMAGED, -2.0)
    assert row.case.findings[0].kind == "stain"
    assert row.case.views[0].score == 0.5


def test_a_row_is_read_back_from_its_line(row: Confirmed) -> None:
    assert list(read_confirmed([row.to_line().encode(), b"\n"])) == [row]


def test_a_judged_unit_keeps_the_raw_shares_in_its_row(shoe: Product, clean: Detection) -> None:
    fixed = grade(shoe, clean).shares
    judged = replace(clean, judge=Certain())
    found = confirmed("u", DAY, shoe, judged, grade(shoe, judged), Grade.NEW)
    assert found is not None
    assert fixed is not None
    assert found.raw_ppm == (fixed.new, fixed.used, fixed.damaged)


def test_an_ungraded_unit_is_no_row(shoe: Product, clean: Detection) -> None:
    blind = replace(clean, bank=None)
    assert confirmed("u", DAY, shoe, blind, grade(shoe, blind), Grade.NEW) is None


@pytest.mark.parametrize(
    "broken",
    [{"raw_ppm": [1, 2, 3]}, {"grade": "ungraded"}, {"views": [{"view": "top", "score": -1, "limit": 1}]}],
)
def test_a_line_that_is_no_row_is_named(row: Confirmed, broken: dict[str, Any]) -> None:
    bad = orjson.dumps(row.model_dump(mode="json") | broken)
    with pytest.raises(BadMessage, match="line 2"):
        list(read_confirmed([row.to_line().encode(), bad]))


def test_a_line_without_end_is_not_read_on(row: Confirmed) -> None:
    with pytest.raises(BadMessage, match="line 1"):
        list(read_confirmed([b" " * 70_000 + row.to_line().encode()]))


@dataclass(frozen=True)
class Certain:
    """Gives the proposed grade 97 %."""

    versions: tuple[VersionedFile, ...] = ()

    def judge(self, case: Case) -> Judgement | None:
        return Judgement(shares=GradeShares(new=20_000, used=970_000, damaged=10_000))


def test_an_audit_counts_with_the_share_of_today(row: Confirmed) -> None:
    (by_map,) = audited([row])
    (by_judge,) = audited([row], Certain())
    assert (by_map.share_ppm, by_judge.share_ppm) == (row.raw_ppm[1], 970_000)
    assert (by_map.sku, by_map.category, by_map.wrong) == ("SHOE-42", "apparel", True)


def record(values: Values, **changes: Any) -> InspectionRecord:
    return read_record(canonical(values() | changes))


def test_a_record_gives_a_row_for_calibrating_without_views(record_value: Values) -> None:
    found = from_record(record(record_value), "apparel")
    assert found is not None
    assert found.views == ()
    assert sum(found.raw_ppm) == 1_000_000


def test_a_record_of_a_judged_unit_or_of_no_person_gives_none(record_value: Values) -> None:
    value = record_value()
    models = [{"name": "condition-head", "sha256": "b" * 64}]
    judged = record(record_value, versions=value["versions"] | {"models": models})
    alone = record(record_value, verdict=value["verdict"] | {"kind": "autonomy", "role": "machine"})
    unseen = record(record_value, proposal=None, machine_ppm=None)
    assert [from_record(each, "apparel") for each in (judged, alone, unseen)] == [None] * 3


@pytest.mark.parametrize(
    ("exception", "is_row"), [("wrong_item", False), ("empty_box", False), ("missing_part", True)]
)
def test_pictures_of_something_else_are_no_row_of_the_product(
    record_value: Values, exception: str, is_row: bool
) -> None:
    named = record(record_value, verdict=record_value()["verdict"] | {"exception": exception})
    assert (from_record(named, "apparel") is not None) == is_row
