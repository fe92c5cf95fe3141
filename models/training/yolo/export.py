"""From trained weights to a model folder: ONNX, compared with torch, with a manifest that says where from."""

import hashlib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import ModelRefused
from models.manifest import MANIFEST, Manifest, Metric, ModelInput, ModelKind, Parity, TrainingSet
from models.session import OnnxSession, Tensor
from models.training.yolo.fit import ARCHITECTURES, Fitted, Wish
from models.training.yolo.folder import YoloFolder

MODEL_FILE = "model.onnx"
LICENCE = "AGPL-3.0-only"
"""Of everything that ultralytics trains: its own licence says so of weights too."""
OPSET = 17
PARITY_LIMIT = 1e-2
"""Pixels of the square, and probabilities."""
PARITY_PICTURES = 3


def export(name: str, folder: YoloFolder, wish: Wish, fitted: Fitted, out: Path) -> Manifest:
    """Write `model.onnx` and `manifest.json`; raises ModelRefused when ONNX and torch differ too much."""
    content = to_onnx(fitted.weights, wish.side)
    worst, rows = parity(fitted.weights, content, wish.side)
    if worst > PARITY_LIMIT:
        raise ModelRefused(f"torch and ONNX differ by {worst:.2e}, allowed are {PARITY_LIMIT:.0e}")
    manifest = Manifest(
        format=1,
        name=name,
        kind=ModelKind.DETECTOR,
        file=MODEL_FILE,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        licence=LICENCE,
        copyleft=True,
        source=sources(folder, wish),
        trained_on=(training_set(folder),),
        input=ModelInput(
            name="images", colour="RGB", mean=0.0, scale=255.0, multiple_of=32, size=(wish.side, wish.side)
        ),
        outputs=rows,
        classes=folder.names,
        parity=_parity(worst, wish.side),
        opset=OPSET,
        metrics=metrics(folder, fitted),
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / MODEL_FILE).write_bytes(content)
    text = manifest.model_dump_json(indent=2, exclude_defaults=True)
    (out / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def to_onnx(weights: Path, side: int) -> bytes:
    """The ONNX bytes for one picture of a fixed size, without this machine's paths and the date in them."""
    import onnx
    from ultralytics import YOLO

    made = YOLO(weights).export(
        format="onnx", imgsz=side, simplify=False, dynamic=False, opset=OPSET, device="cpu"
    )
    model = onnx.load(made)
    model.doc_string = model.graph.doc_string = ""
    kept = [entry for entry in model.metadata_props if entry.key in {"author", "license", "task"}]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    for node in model.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def parity(weights: Path, content: bytes, side: int) -> tuple[float, dict[str, int]]:
    """Largest absolute difference between torch and ONNX Runtime, and the rows of each output."""
    names = output_names(content)
    session = OnnxSession(content, input_name="images", threads=1)
    network = torch_network(weights)
    draw = np.random.default_rng(20)
    worst, rows = 0.0, {}
    for _ in range(PARITY_PICTURES):
        picture = draw.random((1, 3, side, side), np.float32)
        for name, want, got in zip(names, network(picture), session.run(picture, names), strict=True):
            worst = max(worst, float(np.abs(want - got).max()))
            rows[name] = got.shape[1]
    return worst, rows


def output_names(content: bytes) -> list[str]:
    """Names of the outputs, in order."""
    import onnx

    return [output.name for output in onnx.load_from_string(content).graph.output]


def torch_network(weights: Path) -> Any:
    """The network before its export: a picture to the list of the tensors that the export gives."""
    import torch
    from ultralytics import YOLO

    network = YOLO(weights).model.float().eval()

    def run(picture: Tensor) -> list[Tensor]:
        with torch.no_grad():
            answer = network(torch.from_numpy(picture))[0]
        tensors = answer if isinstance(answer, (tuple, list)) else [answer]
        return [tensor.numpy() for tensor in tensors]

    return run


def sources(folder: YoloFolder, wish: Wish) -> tuple[str, ...]:
    """With what it was made."""
    begun = "random weights" if wish.weights is None else f"weights {wish.weights.name[:64]}"
    return (
        f"ultralytics {version('ultralytics')} (PyPI), {ARCHITECTURES[folder.task]}, from {begun}",
        f"{wish.epochs} epochs asked for at {wish.side} pixels, batch {wish.batch}",
    )


def training_set(folder: YoloFolder) -> TrainingSet:
    """The pictures as they were; validation pictures are in the hash, and not in the count."""
    return TrainingSet(
        name=folder.root.resolve().name[:200] or "pictures",
        sha256=folder.sha256,
        licence=folder.licence,
        pictures=len(folder.train),
    )


def metrics(folder: YoloFolder, fitted: Fitted) -> dict[str, Metric]:
    """The figures with where and when they were measured."""
    today = datetime.now(UTC).date()
    measured = f"{folder.root.resolve().name[:100]}, {len(folder.val)} validation pictures"
    return {
        name: Metric(value=round(value, 4), set=measured, date=today)
        for name, value in fitted.figures.items()
    }


def _parity(worst: float, side: int) -> Parity:
    against = f"torch {version('torch')}"
    return Parity(against=against, max_abs_difference=worst, limit=PARITY_LIMIT, sizes=((1, side, side),))
