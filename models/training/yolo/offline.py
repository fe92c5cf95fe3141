"""Ultralytics without a network: nothing downloaded, installed or reported, no settings kept."""

import os
import shutil
import warnings
from contextlib import suppress
from pathlib import Path


def prepare(folder: Path) -> None:
    """Set everything that must be set before ultralytics is imported; `folder` takes its settings."""
    os.environ["YOLO_OFFLINE"] = "1"
    os.environ["YOLO_AUTOINSTALL"] = "0"
    os.environ["YOLO_CONFIG_DIR"] = str(folder)
    _font(folder / "Ultralytics" / "Arial.ttf")
    _torchvision()
    from ultralytics import settings

    settings.update({"sync": False})


def _font(place: Path) -> None:
    """Any font will do; where there is none it would be downloaded."""
    import matplotlib

    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", place)


def _torchvision() -> None:
    """Let torchvision be imported beside a torch that it was not compiled for, and give it its one operator.

    The plain torchvision beside the CPU build of torch lacks its compiled part. Ultralytics asks it only for
    non-maximum suppression, of which ultralytics has one of its own.
    """
    with suppress(RuntimeError):
        import torchvision

        return
    import torch

    for name in ("nms", "qnms"):
        torch.library.define(
            f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torchvision
    from ultralytics.utils.nms import TorchNMS

    torch.library.impl("torchvision::nms", "CPU")(TorchNMS.nms)
    torchvision.ops.nms = TorchNMS.nms
