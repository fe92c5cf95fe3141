"""Writes a model folder: the file, and the manifest that says what it learnt from; nobody approved it yet."""

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import BaseModel

from models.manifest import MANIFEST, Manifest, Metric, ModelKind, TrainingSet
from models.training.verdicts.rows import Verdicts

LICENCE = "LicenseRef-site-own"
"""The site's own verdicts: nobody else's licence stands over them."""


def write_model(
    out: Path,
    *,
    name: str,
    kind: ModelKind,
    file: BaseModel,
    verdicts: Verdicts,
    metrics: Mapping[str, Metric],
    classes: tuple[str, ...] = (),
) -> Manifest:
    """Write `model.json` and `manifest.json` into a folder of their own."""
    content = (file.model_dump_json(indent=1) + "\n").encode()
    manifest = Manifest(
        format=1,
        name=name,
        kind=kind,
        file="model.json",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        licence=LICENCE,
        source=("confirmed verdicts of this site",),
        trained_on=(
            TrainingSet(
                name=verdicts.name, sha256=verdicts.sha256, licence=LICENCE, pictures=len(verdicts.rows)
            ),
        ),
        classes=classes,
        metrics=dict(metrics),
    )
    out.mkdir(parents=True, exist_ok=True)
    (out / manifest.file).write_bytes(content)
    text = manifest.model_dump_json(indent=2, exclude_defaults=True)
    (out / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def measured(
    value: float, what: str, today: date, low: float | None = None, high: float | None = None
) -> Metric:
    """One figure of the manifest."""
    return Metric(value=value, set=what, date=today, low=low, high=high)
