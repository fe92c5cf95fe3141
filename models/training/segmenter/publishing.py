"""The model folder: file, manifest with data, metrics and parity."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from models.backbone import Backbone
from models.errors import CannotTrain
from models.manifest import MANIFEST, Manifest, Metric, ModelKind, Parity, TensorInput, TrainingSet
from models.segmenter import CLASSES
from models.training.segmenter.pictures import Package, Rendered

NAME = "defect-segmenter"
FILE = "model.onnx"
LICENCE = "Apache-2.0"
PARITY_LIMIT = 1e-4
STRIDES = {"f4": 4, "f8": 8, "f16": 16, "f32": 32}
COMPARISON_STRIDE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What came out of torch."""

    content: bytes
    against: str
    difference: float
    sizes: tuple[tuple[int, int, int], ...]
    opset: int


def publish(
    folder: Path,
    export: Export,
    backbone: Backbone,
    trained_on: Sequence[TrainingSet],
    metrics: Mapping[str, Metric],
) -> Manifest:
    """Write the folder; raises CannotTrain when the export differs too much from torch."""
    if export.difference > PARITY_LIMIT:
        raise CannotTrain(f"torch and ONNX differ by {export.difference:.1e}, allowed are {PARITY_LIMIT:.0e}")
    manifest = Manifest(
        format=1,
        name=NAME,
        kind=ModelKind.SEGMENTER,
        file=FILE,
        sha256=hashlib.sha256(export.content).hexdigest(),
        bytes=len(export.content),
        licence=LICENCE,
        source=("models/training/segmenter",),
        trained_on=tuple(trained_on),
        inputs=inputs_over(backbone),
        outputs={"logits": len(CLASSES)},
        classes=tuple(map(str, CLASSES)),
        requires=backbone.version.sha256,
        parity=Parity(
            against=export.against,
            max_abs_difference=export.difference,
            limit=PARITY_LIMIT,
            sizes=export.sizes,
        ),
        opset=export.opset,
        metrics=dict(metrics),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(export.content)
    text = json.dumps(manifest.model_dump(mode="json"), indent=2)
    (folder / MANIFEST).write_text(text + "\n")
    return manifest


def inputs_over(backbone: Backbone) -> tuple[TensorInput, ...]:
    """The backbone's maps, and the comparison."""
    maps = [
        TensorInput(name=name, channels=backbone.manifest.outputs[name], stride=stride)
        for name, stride in STRIDES.items()
    ]
    told = TensorInput(name="comparison", channels=2, stride=COMPARISON_STRIDE, source="comparison")
    return (*maps, told)


def package_set(rows: Sequence[Package]) -> TrainingSet:
    """The intact packages that were learnt from: hash over `product/file sha256` lines."""
    lines = "".join(
        f"{row.product}/{row.path.name} {hashlib.sha256(row.path.read_bytes()).hexdigest()}\n" for row in rows
    )
    return TrainingSet(
        name="grocery_package, with drawn defects",
        sha256=hashlib.sha256(lines.encode()).hexdigest(),
        licence="MIT",
        pictures=len(rows),
    )


def rendered_set(rows: Sequence[Rendered]) -> TrainingSet:
    """The rendered returns that were learnt from: hash over `object/number sha256` lines."""
    lines = "".join(f"{row.object}/{row.number} {row.sha256}\n" for row in rows)
    return TrainingSet(
        name="datasets/rendered: " + " and ".join(sorted({row.split for row in rows})),
        sha256=hashlib.sha256(lines.encode()).hexdigest(),
        licence="CC0-1.0",
        pictures=len(rows),
    )


def metric(value: float, name: str, day: date) -> Metric:
    """A figure with where and when it was measured."""
    return Metric(value=round(value, 4), set=name, date=day)
