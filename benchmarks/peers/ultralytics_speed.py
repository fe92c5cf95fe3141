"""ultralytics' own `predict` over yolo11n's ONNX at 640 pixels: JPEG files to boxes.

The weights are random, since no hub is asked: the time is the same, and what is found means nothing.
Leaves the ONNX file in the folder, so that Regrade's own head can be timed on the same one.
"""

import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.peers.timing import contest, measure

SIDE = 640
MODEL = "yolo11n.onnx"


def export(folder: Path) -> None:
    """Make the ONNX file."""
    offline(folder)
    from ultralytics import YOLO

    made = YOLO("yolo11n.yaml").export(format="onnx", imgsz=SIDE, simplify=False, device="cpu")
    shutil.move(made, folder / MODEL)


def look(folder: Path) -> dict[str, Any]:
    """The three views again and again."""
    offline(folder)
    from ultralytics import YOLO

    model = YOLO(folder / MODEL, task="detect")
    views = sorted(str(path) for path in (folder / "views").glob("*.jpg"))
    found = measure(lambda: [model.predict(view, imgsz=SIDE, device="cpu", verbose=False) for view in views])
    return found | {"version": version("ultralytics")}


def offline(folder: Path) -> None:
    """Nothing downloaded, nothing installed."""
    from models.training.yolo.offline import prepare

    prepare(folder / "ultralytics")


if __name__ == "__main__":
    contest({"prepare": export, "look": look})
