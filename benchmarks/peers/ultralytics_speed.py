"""ultralytics' own `predict` over yolo11n's ONNX at 640 pixels: JPEG files to boxes.

The weights are random, since no hub is asked: the time is the same, and what is found means nothing.
Leaves the ONNX file in the folder, so that Regrade's own head can be timed on the same one.
"""

import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.timing import measure, say, two_cores

SIDE = 640
MODEL = "yolo11n.onnx"


def main(folder: Path) -> None:
    """Export, look at the three views again and again, say how long it took."""
    two_cores()
    from models.training.yolo.offline import prepare

    prepare(folder / "ultralytics")
    from ultralytics import YOLO

    made = YOLO("yolo11n.yaml").export(format="onnx", imgsz=SIDE, simplify=False, device="cpu")
    shutil.move(made, folder / MODEL)
    model = YOLO(folder / MODEL, task="detect")
    views = sorted(str(path) for path in (folder / "views").glob("*.jpg"))
    found = measure(lambda: [model.predict(view, imgsz=SIDE, device="cpu", verbose=False) for view in views])
    say(found | {"version": version("ultralytics")})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
