"""One training from a checked folder to a model folder; what lies between is thrown away."""

import tempfile
from pathlib import Path

from models.errors import CannotTrain
from models.manifest import MANIFEST, Manifest
from models.training.yolo import offline
from models.training.yolo.export import export
from models.training.yolo.fit import Wish, fit
from models.training.yolo.folder import YoloFolder


def run(name: str, folder: YoloFolder, wish: Wish, out: Path) -> Manifest:
    """Train, measure, export; raises CannotTrain for a folder that holds a model already, ModelRefused."""
    if (out / MANIFEST).exists():
        raise CannotTrain(f"{out} holds a model already")
    with tempfile.TemporaryDirectory(prefix="regrade-yolo-") as scratch:
        work = Path(scratch)
        offline.prepare(work / "settings")
        return export(name, folder, wish, fit(folder, wish, work), out)
