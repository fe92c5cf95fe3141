"""Figures of the grade from made-up answers, the control, and the rule of deciding alone."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from inspection.grades import Grade
from models.evaluation.coverage import cover, two_way
from models.evaluation.folders import Item
from models.evaluation.grade_figures import grade_result
from models.evaluation.graded import GradedItem
from models.evaluation.hidden import defect_of, hiding, painted, regions_of
from models.evaluation.mappings import GRADES
from models.evaluation.rendered import held_out, item_of
from models.images import decode

TODAY = date(2026, 1, 31)


def answer(number: int, truth: Grade, said: Grade, ppm: int = 950_000) -> GradedItem:
    name = f"{truth}/{number}"
    return GradedItem(
        item=Item(path=Path(name), name=name, kind=truth, good=truth == Grade.NEW, group=name),
        truth=truth,
        said=said,
        share_ppm=0 if said == Grade.UNGRADED else ppm,
        not_new_ppm=None if said == Grade.UNGRADED else 1_000_000 - ppm if said == Grade.NEW else ppm,
    )


def answers() -> list[GradedItem]:
    """Ten of each class: new all right, used half called new and sure, two of the damaged ungraded."""
    new = [answer(n, Grade.NEW, Grade.NEW) for n in range(10)]
    used = [answer(n, Grade.USED, Grade.USED if n < 5 else Grade.NEW) for n in range(10)]
    damaged = [answer(n, Grade.DAMAGED, Grade.DAMAGED if n < 8 else Grade.UNGRADED) for n in range(10)]
    return [*new, *used, *damaged]


def test_the_figures_of_a_grade_are_those_counted_by_hand() -> None:
    result = grade_result([answers()], TODAY)
    assert result.confusion["used"] == {"new": 5.0, "used": 5.0, "damaged": 0.0, "ungraded": 0.0}
    assert result.confusion["damaged"]["ungraded"] == 2.0
    assert result.ungraded == pytest.approx(2 / 30, abs=1e-4)
    recalls = {grade: span.value if span else None for grade, span in result.recall.items()}
    assert recalls == {"new": 1.0, "used": 0.5, "damaged": 0.8}
    assert result.confidently_wrong is not None
    assert result.confidently_wrong.value == pytest.approx(5 / 30, abs=1e-4)
    # observed cost 5 x 1; expected by chance (rows 10 10 8, columns 15 5 8, of 28): 1120 / 28
    assert result.kappa is not None
    assert result.kappa.value == pytest.approx(1 - 5 / (1120 / 28), abs=1e-3)


def test_two_draws_are_averaged_not_added() -> None:
    once, twice = grade_result([answers()], TODAY), grade_result([answers(), answers()], TODAY)
    assert twice.confusion == once.confusion
    assert (twice.kappa, twice.items, twice.seeds) == (once.kappa, 30, 2)


def test_nothing_graded_gives_no_kappa_and_decides_nothing() -> None:
    nobody = [answer(n, grade, Grade.UNGRADED) for n in range(4) for grade in (Grade.NEW, Grade.USED)]
    result = grade_result([nobody], TODAY)
    assert (result.kappa, result.new_against_rest) == (None, None)
    assert (result.coverage_at_budget, result.error_at_budget, result.ungraded) == (0.0, None, 1.0)


def test_a_thousand_sure_and_right_items_are_decided_alone() -> None:
    sure = [two_way(str(n), str(n), chance=0.001 if n % 2 else 0.999, bad=n % 2 == 0) for n in range(2000)]
    covered = cover(sure, seed=0)
    assert (covered.share, covered.error) == (1.0, 0.0)


def test_two_hundred_are_too_few_however_right_they_are() -> None:
    sure = [two_way(str(n), str(n), chance=0.001 if n % 2 else 0.999, bad=n % 2 == 0) for n in range(200)]
    assert (cover(sure, seed=0).share, cover(sure, seed=0).error) == (0.0, None)


def test_wrong_items_are_never_paid_for_by_right_ones_of_the_other_grade() -> None:
    items = [
        two_way(str(n), str(n), chance=0.999 if n % 2 else 0.001, bad=n % 2 == 1 and n % 20 != 1)
        for n in range(4000)
    ]
    covered = cover(items, seed=0)
    assert covered.share == pytest.approx(0.5)
    assert covered.error == 0.0


def test_every_mapped_folder_has_one_of_the_three_grades() -> None:
    for mapping in GRADES.values():
        assert {*mapping.values()} == {Grade.NEW, Grade.USED, Grade.DAMAGED}


def test_the_evidence_is_painted_over_and_the_rest_stays(renders: Path) -> None:
    rows = held_out(renders)["mug-6"]
    damaged = next(row for row in rows if row.grade == Grade.DAMAGED)
    item = item_of(renders, damaged)
    before, after = decode(item.path.read_bytes()), decode(hiding(renders, rows)(item))
    region = defect_of(renders / damaged.mask)
    change = np.abs(before.astype(np.int16) - after.astype(np.int16)).mean(axis=2)
    assert change[region].mean() > 30
    assert change[~region].mean() < 3
    assert after[region].mean() > before[region].mean(), "the dark patch is gone"


def test_every_picture_loses_a_region_of_each_worn_grade_so_that_size_tells_nothing(renders: Path) -> None:
    masks = {
        Grade.USED: {f"used-{n}": renders / f"u{n}.png" for n in range(3)},
        Grade.DAMAGED: {f"damaged-{n}": renders / f"d{n}.png" for n in range(3)},
    }
    for name in ("new-1", "used-1", "damaged-1"):
        hidden = [path.name for path in regions_of(name, masks)]
        assert [each[0] for each in hidden] == ["u", "d"]
        assert hidden == [path.name for path in regions_of(name, masks)], "the same ones each time"
    assert regions_of("used-1", masks)[0].name == "u1.png", "its own is among them"
    assert regions_of("damaged-1", masks)[1].name == "d1.png"
    assert regions_of("new-1", {Grade.USED: {}, Grade.DAMAGED: {}}) == []


def test_a_new_picture_lends_the_region_of_another(renders: Path) -> None:
    rows = held_out(renders)["mug-6"]
    new = next(row for row in rows if row.grade == Grade.NEW)
    read = hiding(renders, rows)
    item = item_of(renders, new)
    assert read(item) == read(item), "the same region each time"
    assert read(item) != item.path.read_bytes()
    assert decode(painted(decode(item.path.read_bytes()), np.zeros((96, 96), bool))).shape == (96, 96, 3)
