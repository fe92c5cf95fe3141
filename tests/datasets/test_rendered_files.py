"""The rendered set as it lies here: index, pictures and masks agree with each other and with the rubrics."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.rendered.again import differing
from datasets.rendered.index import HOME, MORE_INDEX, Row, condition_of, digest, read, settle
from datasets.rendered.plan import Unit, benches, is_reference, plan, plan_more
from inspection.findings import DefectKind
from inspection.rubrics import rubric_for
from inspection.severity import severity_of

Mask = NDArray[np.uint8]
MOST_BYTES = 40_000_000
LEAST_PIXELS = 60
ITEM, FIRST_DEFECT = 1, 10


def value_of(defect: Mapping[str, str]) -> int:
    return FIRST_DEFECT + list(DefectKind).index(DefectKind(defect["kind"]))


def files(folder: str, suffix: str) -> list[Path]:
    return sorted((HOME / folder).rglob(f"*.{suffix}"))


def test_the_index_names_the_planned_pictures_in_their_order(rows: list[Row]) -> None:
    assert_planned(rows, list(plan()))


def test_what_is_made_on_demand_is_listed_as_planned_and_graded_by_the_rubric() -> None:
    demanded = read(MORE_INDEX)
    assert_planned(demanded, list(plan_more()))
    for row in demanded:
        rubric = rubric_for(row["category"])
        condition = condition_of(rubric, row["defects"])
        assert (row["condition"], row["grade"]) == (condition, rubric.grade(condition))
        assert row["grade"] == row["planned"]


def assert_planned(rows: Sequence[Row], units: Sequence[Unit]) -> None:
    """Rows and units are the same pictures in the same order."""
    assert [row["picture"] for row in rows] == [f"pictures/{unit.stem}.jpg" for unit in units]
    for row, unit in zip(rows, units, strict=True):
        assert (row["object"], row["split"], row["rig"]) == (
            unit.product.name,
            unit.product.split,
            unit.product.rig,
        )
        assert (row["seed"], row["planned"]) == (unit.seed, unit.planned)
        assert (row["role"] == "reference") == is_reference(unit)


def test_a_picture_that_was_rendered_otherwise_is_told(
    tmp_path: Path, rows: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "more.jsonl"
    settle(rows, plan(), path)
    other = [{**rows[0], "sha256": "0" * 64}, *rows[1:]]
    assert (differing(rows, path), differing(other, path)) == (0, 1)
    assert f"{rows[0]['picture']}: differs" in capsys.readouterr().err


def test_every_file_is_the_one_that_the_index_means(rows: list[Row]) -> None:
    for row in rows:
        assert digest(HOME / row["picture"]) == row["sha256"], row["picture"]
        assert digest(HOME / row["mask"]) == row["mask_sha256"], row["mask"]


def test_no_file_lies_here_that_no_index_names(rows: list[Row]) -> None:
    empty = [json.loads(line) for line in (HOME / "benches.jsonl").read_text().splitlines()]
    named = {row["picture"] for row in rows + empty} | {row["mask"] for row in rows}
    found = files("pictures", "*") + files("masks", "*")
    assert {str(path.relative_to(HOME)) for path in found if path.is_file()} == named


def test_every_bench_has_its_empty_picture() -> None:
    empty = [json.loads(line) for line in (HOME / "benches.jsonl").read_text().splitlines()]
    assert [(row["family"], row["rig"]) for row in empty] == benches()
    assert all(digest(HOME / row["picture"]) == row["sha256"] for row in empty)


def test_masks_hold_the_item_and_the_defects_of_their_row_alone(
    rows: list[Row], masks: Mapping[str, Mask]
) -> None:
    for row in rows:
        expected = {0, ITEM} | {value_of(defect) for defect in row["defects"]}
        mask = masks[row["mask"]]
        assert mask.shape == (360, 480)
        assert set(np.unique(mask).tolist()) == expected, row["mask"]
        assert int((mask > 0).sum()) == row["item_px"] > 20_000


def test_areas_are_those_of_the_masks_and_large_enough_to_be_seen(
    rows: list[Row], masks: Mapping[str, Mask]
) -> None:
    for row in rows:
        for defect in row["defects"]:
            pixels = int((masks[row["mask"]] == value_of(defect)).sum())
            assert pixels >= LEAST_PIXELS, row["mask"]
            assert defect["area_ppm"] == round(pixels * 1_000_000 / row["item_px"])


def test_severities_are_those_of_the_table(rows: list[Row]) -> None:
    for row in rows:
        for defect in row["defects"]:
            assert defect["severity"] == severity_of(DefectKind(defect["kind"]), defect["area_ppm"])


def test_every_grade_is_the_rubrics_and_the_planned_one(rows: list[Row]) -> None:
    for row in rows:
        rubric = rubric_for(row["category"])
        condition = condition_of(rubric, row["defects"])
        assert (row["condition"], row["grade"]) == (condition, rubric.grade(condition))
        assert row["grade"] == row["planned"]


def test_pictures_are_colour_and_no_two_are_the_same(rows: list[Row]) -> None:
    assert len({row["sha256"] for row in rows}) == len(rows)
    for row in rows[::50]:
        picture = cv2.imread(str(HOME / row["picture"]), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (360, 480, 3)


def test_every_kind_is_seen_in_training_and_in_held_out_products(rows: list[Row]) -> None:
    seen = Counter((row["split"], defect["kind"]) for row in rows for defect in row["defects"])
    kinds = {kind for _, kind in seen}
    assert all(seen[split, kind] >= 4 for split in ("train", "held_out") for kind in kinds)


def test_pictures_and_masks_stay_small() -> None:
    taken = sum(path.stat().st_size for path in files("pictures", "jpg") + files("masks", "png"))
    assert taken <= MOST_BYTES
