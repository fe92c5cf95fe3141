"""anomalib's PatchCore by its own OpenVINO inferencer: JPEG files to maps, over our backbone's weights.

Fitted on the references of one view, which takes as long as those of each; pictures are squeezed to 320 x 320
inside the model.
"""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmarks.peers import lite0
from benchmarks.peers.timing import contest, measure


def prepare(folder: Path) -> None:
    """Fit and export."""
    lite0.prepare()
    views = sorted((folder / "views").glob("*.jpg"))
    export(fit(sorted((folder / "references" / views[0].stem).glob("*.jpg"))), folder)


def look(folder: Path) -> dict[str, Any]:
    """The three views again and again."""
    lite0.prepare()
    from anomalib.deploy import OpenVINOInferencer

    os.chdir(folder)  # the inferencer keeps its cache in the working directory
    (exported,) = folder.rglob("model.xml")
    inferencer = OpenVINOInferencer(exported, config={"INFERENCE_NUM_THREADS": 2})
    views = sorted((folder / "views").glob("*.jpg"))
    return measure(lambda: [inferencer.predict(view) for view in views]) | {"version": version("anomalib")}


def fit(references: list[Path]) -> Any:
    """anomalib's whole model, its own pre-processing included, with the bank of these references."""
    from anomalib.models import Patchcore
    from anomalib.pre_processing import PreProcessor
    from torchvision.transforms.v2 import Compose, Normalize, Resize

    shape = Resize((lite0.SIDE, lite0.SIDE), antialias=True)
    scale = Normalize(mean=[127 / 255] * 3, std=[128 / 255] * 3)
    model = Patchcore(
        backbone=lite0.NETWORK,
        layers=list(lite0.LAYERS),
        pre_trained=False,
        coreset_sampling_ratio=lite0.CORESET,
        pre_processor=PreProcessor(transform=Compose([shape, scale])),
        post_processor=False,
        evaluator=False,
        visualizer=False,
    )
    lite0.take_weights(model.model.feature_extractor)
    model.model.train()
    for path in references:
        model.model(lite0.read(path))
    model.model.subsample_embedding(lite0.CORESET)
    return model.eval()


def export(model: Any, folder: Path) -> None:
    """Write the OpenVINO file for one 1080p picture."""
    with torch.no_grad():
        fixed = {"dynamic_shapes": None}  # otherwise it is made for two pictures at once
        model.to_openvino(folder, input_size=(1080, 1920), onnx_kwargs=fixed)


if __name__ == "__main__":
    contest({"prepare": prepare, "look": look})
