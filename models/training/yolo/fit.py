"""Training with ultralytics on the CPU: from nothing or from weights given, measured once at the end."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.errors import CannotTrain
from models.training.yolo.folder import Task, YoloFolder, label_of

ARCHITECTURES: Mapping[Task, str] = {"detect": "yolo11n.yaml", "segment": "yolo11n-seg.yaml"}
"""The smallest of its kind: it must run beside everything else on a station's two cores."""
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asks of one training."""

    epochs: int
    side: int
    """Of the square that pictures are fitted into, in pixels."""
    weights: Path | None
    """Where to begin; None for random numbers."""
    minutes: float | None
    """Stop after so long, with the epochs cut to what fits; None for no limit."""
    batch: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What came out."""

    weights: Path
    figures: Mapping[str, float]
    """On the validation pictures; `mAP50`, `mAP50-95`, and `AP50 CLASS` for each class that occurs there."""


def fit(folder: YoloFolder, wish: Wish, work: Path) -> Fitted:
    """Train and measure; `work` takes everything that ultralytics writes.

    The weights are those after the last epoch, not the best ones on the validation pictures: so the figures
    are of pictures that chose nothing. Raises CannotTrain where the weights to begin with are none.
    """
    os.environ["OMP_NUM_THREADS"] = str(wish.threads)
    import torch
    from ultralytics import YOLO

    torch.set_num_threads(wish.threads)
    start = ARCHITECTURES[folder.task] if wish.weights is None else _weights(wish.weights)
    model = YOLO(start, task=folder.task)
    settings = _settings(folder, work)
    model.train(data=str(settings), project=str(work), name="run", **_options(wish))
    weights = work / "run" / "weights" / "last.pt"
    measured = YOLO(weights, task=folder.task).val(
        data=str(settings), project=str(work), name="val", imgsz=wish.side, batch=wish.batch,
        device="cpu", workers=0, plots=False, verbose=False,
    )  # fmt: skip
    return Fitted(weights=weights, figures=figures(measured, folder.names))


def figures(measured: Any, names: tuple[str, ...]) -> dict[str, float]:
    """What a detector is judged by, by name."""
    boxes = measured.box
    found = {"mAP50": float(boxes.map50), "mAP50-95": float(boxes.map)}
    if hasattr(measured, "seg"):
        found["mask mAP50"] = float(measured.seg.map50)
    each = zip(boxes.ap_class_index, boxes.ap50, strict=True)
    return found | {f"AP50 {names[int(number)]}": float(value) for number, value in each}


def _options(wish: Wish) -> dict[str, Any]:
    """For ultralytics' train: nothing downloaded, nothing drawn, the same numbers from the same pictures."""
    return {
        "epochs": wish.epochs,
        "imgsz": wish.side,
        "batch": wish.batch,
        "time": None if wish.minutes is None else wish.minutes / 60.0,
        "pretrained": False,
        "amp": False,
        "plots": False,
        "val": False,
        "workers": 0,
        "device": "cpu",
        "seed": SEED,
        "deterministic": True,
    }


def _settings(folder: YoloFolder, work: Path) -> Path:
    """A folder of our own with only what was checked: no `download:` line is carried out, and the caches
    that ultralytics writes beside labels stay out of the person's folder.
    """
    for split, pictures in (("train", folder.train), ("val", folder.val)):
        images, labels = (work / kind / split for kind in ("images", "labels"))
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for number, picture in enumerate(pictures):
            (images / f"{number:06}{picture.suffix}").symlink_to(picture)
            if label_of(picture).is_file():
                (labels / f"{number:06}.txt").symlink_to(label_of(picture))
    path = work / "data.yaml"
    splits = {split: str(work / "images" / split) for split in ("train", "val")}
    path.write_text(yaml.safe_dump({**splits, "names": dict(enumerate(folder.names))}), encoding="utf-8")
    return path


def _weights(path: Path) -> str:
    """Weights that lie here: ultralytics would look for a name it knows in the network."""
    if not path.is_file() or path.suffix != ".pt":
        raise CannotTrain(f"{path} is no file of weights (.pt)")
    return str(path.resolve())
