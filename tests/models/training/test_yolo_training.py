"""One real training, as short as can be: `make training`, then `make soak ARGS=tests/models/training`."""

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.errors import CannotTrain
from models.heads import Sight
from models.images import decode
from models.manifest import load_model
from models.training.yolo.export import metrics, training_set
from models.training.yolo.fit import Fitted, Wish
from models.training.yolo.folder import YoloFolder, read_folder
from models.training.yolo.run import run
from models.yolo import load_yolo

ROOT = Path(__file__).resolve().parents[3]
TRAINER = ROOT / ".venv" / "train" / "bin" / "python"
ROWS = {"detect": "{} 0.5 0.5 0.4 0.4\n", "segment": "{} 0.3 0.3 0.7 0.3 0.7 0.7 0.3 0.7\n"}
WISH = Wish(epochs=1, side=64, weights=None, minutes=None, batch=4, threads=1)


def write_set(root: Path, task: str) -> Path:
    """Coloured squares on noise: red ones are scratches, green ones are caps."""
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [scratch, part:cap@top]\n")
    for number in range(12):
        split = "train" if number < 8 else "val"
        pixels = np.random.default_rng(number).integers(90, 120, (72, 72, 3), np.uint8)
        pixels[22:50, 22:50] = ((0, 0, 255), (0, 255, 0))[number % 2]
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(root / "images" / split / f"{number}.jpg"), pixels)
        (root / "labels" / split / f"{number}.txt").write_text(ROWS[task].format(number % 2))
    return root


@pytest.fixture
def pictures(tmp_path: Path) -> YoloFolder:
    return read_folder(write_set(tmp_path, "detect"), "detect")


def test_the_figures_say_of_how_many_pictures_they_are(pictures: YoloFolder) -> None:
    found = metrics(pictures, Fitted(weights=Path("last.pt"), figures={"mAP50": 0.123456}))
    assert found["mAP50"].value == 0.1235
    assert found["mAP50"].set.endswith(", 4 validation pictures")


def test_the_manifest_names_the_pictures_by_their_hash(pictures: YoloFolder) -> None:
    named = training_set(pictures)
    assert (named.sha256, named.pictures, named.licence) == (pictures.sha256, 8, "not stated")


def test_a_model_is_never_written_over(pictures: YoloFolder, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(CannotTrain, match="holds a model already"):
        run("screws", pictures, WISH, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("task", ["detect", "segment"])
def test_a_short_training_gives_a_model_that_the_head_runs(tmp_path: Path, task: str) -> None:
    if not TRAINER.exists():
        pytest.skip("no .venv/train: make training")
    folder, out = write_set(tmp_path, task), tmp_path / "model"
    command = [
        "-W",
        "ignore",
        "-m",
        "regrade",
        "train",
        "yolo",
        str(folder),
        "--task",
        task,
        "--name",
        "caps",
    ]
    short = ["--out", str(out), "--epochs", "1", "--size", "64", "--batch", "4", "--threads", "1"]
    done = subprocess.run(
        [str(TRAINER), *command, *short], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert list(folder.rglob("*.cache")) == [], "the person's folder stays as it was"
    manifest, content = load_model(out)
    assert (manifest.licence, manifest.copyleft, manifest.approval) == ("AGPL-3.0-only", True, None)
    assert (
        manifest.trained_on[0].sha256
        == read_folder(folder, "segment" if task == "segment" else "detect").sha256
    )
    assert {"mAP50", "mAP50-95"} <= set(manifest.metrics)
    assert b"/tmp" not in content
    pixels = decode((folder / "images/val/8.jpg").read_bytes())
    sight = Sight(view="top", pixels=pixels, maps={}, comparison=None, item=None, mm_per_pixel=None)
    assert all(finding.source == "caps" for finding in load_yolo(out, threads=1).find(sight))
