"""Rendered returns become a folder that can be trained on, by their masks alone."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import regrade
from inspection.findings import DefectKind
from models.errors import BadTrainingSet
from models.training.yolo.folder import read_folder
from models.training.yolo.rendered import Mask, pieces_of, write_folder

SCRATCH, CHIP = (10 + list(DefectKind).index(kind) for kind in (DefectKind.SCRATCH, DefectKind.CHIP))


def mask(*boxes: tuple[int, int, int, int, int]) -> Mask:
    """An item with defects at (value, left, top, right, bottom)."""
    drawn = np.zeros((72, 96), np.uint8)
    drawn[10:60, 10:80] = 1
    for value, left, top, right, bottom in boxes:
        drawn[top:bottom, left:right] = value
    return drawn


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    """Four pictures of three splits; one of them was not drawn yet."""
    root = tmp_path / "rendered"
    root.mkdir()
    rows = []
    for number, (split, drawn) in enumerate(
        [("train", mask((SCRATCH, 20, 20, 50, 24))), ("validation", mask((CHIP, 60, 40, 70, 50))),
         ("held_out", mask((CHIP, 20, 20, 30, 30))), ("train", mask())]
    ):  # fmt: skip
        stem = f"{number:03}_used"
        row = {"picture": f"{stem}.jpg", "mask": f"{stem}.png", "split": split, "object": f"mug-{number}"}
        pixels = np.random.default_rng(number).integers(0, 256, (72, 96, 3), np.uint8)
        cv2.imwrite(str(root / row["picture"]), pixels)
        cv2.imwrite(str(root / row["mask"]), drawn)
        rows.append(row)
    rows.append(rows[0] | {"picture": "later.jpg", "mask": "later.png"})
    (root / "index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


def test_a_defect_is_a_box_around_its_pixels() -> None:
    (piece,) = pieces_of(mask((SCRATCH, 20, 20, 50, 24)))
    assert piece.kind is DefectKind.SCRATCH
    assert piece.box == pytest.approx((35 / 96, 22 / 72, 30 / 96, 4 / 72))


def test_two_places_are_two_pieces_and_specks_are_none() -> None:
    found = pieces_of(mask((CHIP, 20, 20, 30, 30), (CHIP, 60, 40, 70, 50), (SCRATCH, 40, 40, 43, 43)))
    assert [piece.kind for piece in found] == [DefectKind.CHIP, DefectKind.CHIP]


def test_a_defect_that_a_pattern_cuts_is_one_piece() -> None:
    assert len(pieces_of(mask((SCRATCH, 20, 20, 30, 24), (SCRATCH, 32, 20, 42, 24)))) == 1


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_the_folder_passes_the_check_of_the_trainer(rendered: Path, tmp_path: Path, task: str) -> None:
    out = tmp_path / "yolo"
    arguments = ["train", "yolo-folder", str(rendered), str(out), "--task", task]
    done = CliRunner().invoke(regrade.front_door(), arguments)
    assert done.output == "chip 1, scratch 1.\n"
    found = read_folder(out, "segment" if task == "segment" else "detect")
    assert found.names == ("scratch", "chip")
    assert [len(found.train), len(found.val)] == [2, 1]
    assert found.licence == "Apache-2.0"
    again = CliRunner(env={"COLUMNS": "200"}).invoke(regrade.front_door(), arguments)
    assert (again.exit_code, "exists already" in again.output + again.stderr) == (2, True)


def test_the_held_out_objects_are_never_touched(rendered: Path, tmp_path: Path) -> None:
    write_folder(rendered, tmp_path / "yolo", "detect")
    names = {path.stem for path in (tmp_path / "yolo").rglob("*.jpg")}
    assert names == {"mug-0-000_used", "mug-1-001_used", "mug-3-003_used"}


def test_a_folder_without_an_index_or_pictures_is_named(rendered: Path, tmp_path: Path) -> None:
    with pytest.raises(BadTrainingSet, match="no index"):
        write_folder(tmp_path, tmp_path / "yolo", "detect")
    for path in rendered.glob("*.png"):
        path.unlink()
    with pytest.raises(BadTrainingSet, match="no rendered picture"):
        write_folder(rendered, tmp_path / "yolo", "detect")
