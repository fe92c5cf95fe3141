"""A folder is read whole and checked before anything is trained; every fault has its sentence."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import regrade
from models.errors import BadTrainingSet
from models.training import extra
from models.training.yolo.folder import YoloFolder, label_of, read_folder

YAML = "train: images/train\nval: images/val\nnames:\n  0: scratch\n  1: part:cap@top\n"
BOX, OUTLINE = "0 0.5 0.5 0.25 0.25\n", "1 0.1 0.1 0.4 0.1 0.4 0.4\n"
Change = Callable[[Path], object]


def write_picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 48, 3), np.uint8)
    assert cv2.imwrite(str(path), pixels)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures to learn from, one to measure on; one of them shows nothing."""
    (tmp_path / "data.yaml").write_text(YAML)
    for seed, name in enumerate(("train/a.jpg", "train/b.png", "val/c.jpg")):
        write_picture(tmp_path / "images" / name, seed)
    for name in ("train/a.txt", "val/c.txt"):
        path = tmp_path / "labels" / name
        path.parent.mkdir(parents=True)
        path.write_text(BOX)
    return tmp_path


def test_a_good_folder_says_what_it_holds(folder: Path) -> None:
    found = read_folder(folder, "detect")
    assert found.names == ("scratch", "part:cap@top")
    assert [len(found.train), len(found.val)] == [2, 1]
    assert found.labelled == {"scratch": 2, "part:cap@top": 0}
    assert found.licence == "not stated"


def test_outlines_are_read_for_a_segmenter(folder: Path) -> None:
    for path in folder.glob("labels/*/*.txt"):
        path.write_text(OUTLINE)
    assert read_folder(folder, "segment").labelled == {"scratch": 0, "part:cap@top": 2}


def test_labels_lie_beside_the_last_folder_named_images() -> None:
    assert label_of(Path("/images/set/images/train/a.b.jpg")) == Path("/images/set/labels/train/a.b.txt")


def snapshot(folder: Path) -> str:
    return read_folder(folder, "detect").sha256


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "labels/train/a.txt").write_text(BOX + BOX),
        lambda folder: (folder / "labels/train/b.txt").write_text(""),
        lambda folder: (folder / "data.yaml").write_text(YAML + "license: MIT\n"),
        lambda folder: write_picture(folder / "images/val/c.jpg", 9),
        lambda folder: (folder / "images/train/a.jpg").rename(folder / "images/train/z.jpg"),
    ],
)
def test_the_hash_changes_with_every_picture_label_and_setting(folder: Path, change: Change) -> None:
    before = snapshot(folder)
    change(folder)
    assert snapshot(folder) != before


def test_the_hash_is_the_same_wherever_the_folder_lies(folder: Path) -> None:
    before = snapshot(folder)
    (folder / "notes.txt").write_text("not read")
    inner = folder.rename(folder.with_name("moved"))
    assert snapshot(inner) == before


def rows(text: str) -> Change:
    return lambda folder: (folder / "labels/train/a.txt").write_text(text)


def settings(text: str) -> Change:
    return lambda folder: (folder / "data.yaml").write_text(text)


FAULTS: dict[str, Change] = {
    "data.yaml is missing": lambda folder: (folder / "data.yaml").unlink(),
    "is no YAML": settings("names: [scratch"),
    "holds no table": settings("- scratch"),
    "must list the classes": settings("train: images/train\nval: images/val\nnames: {0: scratch, 2: dent}\n"),
    "one class twice": settings("train: images/train\nval: images/val\nnames: [dent, dent]\n"),
    "'person' is neither a defect": settings("train: images/train\nval: images/val\nnames: [person]\n"),
    "`val` must name": settings("train: images/train\nnames: [scratch, dent]\n"),
    "`train` must be a folder below": settings("train: ../elsewhere\nval: images/val\nnames: [dent]\n"),
    "no pictures": settings("train: images/none\nval: images/val\nnames: [dent]\n"),
    "neither JPEG nor PNG": lambda folder: (folder / "images/val/c.jpg").write_text("no picture"),
    "same picture as": lambda folder: write_picture(folder / "images/val/d.jpg", 0),
    "nothing to learn": lambda folder: (folder / "labels").rename(folder / "other"),
    "line 2: class 2, and data.yaml names 2": rows(BOX + "2 0.5 0.5 0.1 0.1\n"),
    "class 0.5": rows("0.5 0.5 0.5 0.1 0.1\n"),
    "class -1": rows("-1 0.5 0.5 0.1 0.1\n"),
    "4 numbers instead of `class x y width height`": rows("0 0.5 0.5 0.1\n"),
    "7 numbers instead of `class x y width height`": rows(OUTLINE),
    "shares of the picture": rows("0 240 200 64 64\n"),
    "without width or height": rows("0 0.5 0.5 0 0.1\n"),
    "'nan' is no number": rows("0 nan 0.5 0.1 0.1\n"),
    "'x' is no number": rows("0 x 0.5 0.1 0.1\n"),
    "1048577 bytes": rows(" " * (1024 * 1024 + 1)),
}
"""What is said -> what was done to the folder."""


@pytest.mark.parametrize("said", FAULTS)
def test_a_fault_is_named(folder: Path, said: str) -> None:
    FAULTS[said](folder)
    with pytest.raises(BadTrainingSet) as caught:
        read_folder(folder, "detect")
    assert said in str(caught.value)


def test_boxes_are_no_outlines(folder: Path) -> None:
    with pytest.raises(BadTrainingSet, match=r"labels/train/a\.txt, line 1: 5 numbers"):
        read_folder(folder, "segment")


def test_a_line_that_names_a_download_is_nothing_to_us(folder: Path) -> None:
    (folder / "data.yaml").write_text(YAML + "download: |\n  raise SystemExit('ran')\n")
    assert isinstance(read_folder(folder, "detect"), YoloFolder)


def run(*args: str | Path) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(regrade.front_door(), [str(arg) for arg in args])
    return done.exit_code, done.output + done.stderr


def test_the_command_can_only_look(folder: Path) -> None:
    assert run("train", "yolo", folder, "--check") == (
        0,
        "2 pictures to learn from, 1 to measure on; scratch 2, part:cap@top 0.\n",
    )


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [((), 2, "--out must name"), (("--size", "100"), 2, "multiple of 32"), (("--task", "pose"), 2, "pose")],
)
def test_wrong_use_is_told(folder: Path, args: tuple[str, ...], code: int, said: str) -> None:
    found, output = run("train", "yolo", folder, *args)
    assert (found, said in output) == (code, True), output


def test_without_the_extra_the_remedy_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    code, output = run("train", "yolo", folder, "--out", folder / "model")
    assert code == 1
    assert "ultralytics" in output
    assert "make training" in output
    assert "(no_trainer)" in output


def test_a_bad_folder_is_told_before_the_extra_is_asked_for(folder: Path) -> None:
    (folder / "data.yaml").unlink()
    code, output = run("train", "yolo", folder, "--out", folder / "model")
    assert (code, "(bad_training_set)" in output) == (1, True)
