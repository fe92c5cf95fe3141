"""A site's own YOLO detector as a head: ONNX Runtime, NumPy and OpenCV; neither torch nor ultralytics.

It was trained by `regrade train yolo`, and its manifest says what its classes mean (`models/classnames.py`).
It sees the view itself, not the backbone's maps, and runs once per view.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspection.detector import VersionedFile
from inspection.findings import DefectKind, Finding, Region, Severity, Zone
from inspection.severity import BOUNDS, severity_of
from models.boxes import Boxes, Square, boxes_of, filled, letterbox, on_picture
from models.classnames import Meaning, meaning_of
from models.errors import ModelFailed, ModelRefused
from models.heads import Sight
from models.manifest import Manifest, ModelKind, load_model
from models.session import OnnxSession, Tensor

LEAST = 0.25
"""Probability below which a box is not believed; ultralytics' own default."""
OVERLAP = 0.7
"""Intersection over union above which two boxes of a class are one; ultralytics' own default."""
MAX_FINDINGS = 8
"""Per view; the surest are kept. A record holds 32."""
WHOLE_PPM = 1_000_000
BOX_NUMBERS = 4

FILLED: Mapping[DefectKind, float] = {
    DefectKind.SCRATCH: 0.08,
    DefectKind.CRACK: 0.08,
    DefectKind.OPENED_SEAL: 0.10,
}
FILLED_ELSE = 0.60
"""Share of its box that a defect fills: medians over the training pictures of `datasets/rendered`."""
MISSING_SEVERITY = Severity.MAJOR


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What the detector answered for one view."""

    boxes: Boxes
    square: Square
    prototypes: Tensor | None
    """Masks' prototypes, number x rows x columns; None for a detector without masks."""


class YoloHead:
    """Implements `models.heads.Head`."""

    def __init__(self, manifest: Manifest, session: OnnxSession) -> None:
        """Raises ModelRefused when the manifest is not that of such a detector."""
        self._manifest = manifest
        self._session = session
        self._meanings = meanings_of(manifest)
        self._side = side_of(manifest)
        self._outputs = outputs_of(manifest)

    @property
    def version(self) -> VersionedFile:
        """Name and hash of the model file."""
        return self._manifest.version

    def find(self, sight: Sight) -> Sequence[Finding]:
        """Findings of one view, the surest first; raises ModelFailed on numbers that are none."""
        seen = self._look(sight)
        found = [self._finding(sight, seen, place) for place in self._places(seen.boxes)]
        return [*found[:MAX_FINDINGS], *self._missing(sight, seen.boxes)]

    def _look(self, sight: Sight) -> Seen:
        numbers, square = letterbox(sight.pixels, self._side)
        answers = self._session.run(numbers, list(self._outputs))
        for (name, rows), answer in zip(self._outputs.items(), answers, strict=True):
            if answer.ndim < 3 or answer.shape[1] != rows:
                raise ModelFailed(f"output {name} has shape {answer.shape}, {rows} rows were published")
        boxes = boxes_of(answers[0][0], len(self._meanings), least=LEAST, overlap=OVERLAP)
        return Seen(boxes=boxes, square=square, prototypes=answers[1][0] if len(answers) > 1 else None)

    def _places(self, boxes: Boxes) -> Iterator[int]:
        """Boxes that are findings by themselves: a part that is seen is none."""
        return (at for at, name in enumerate(boxes.classes) if not self._meanings[name].expected)

    def _finding(self, sight: Sight, seen: Seen, at: int) -> Finding:
        meaning = self._meanings[seen.boxes.classes[at]]
        corners = seen.boxes.corners[at]
        height, width = sight.pixels.shape[:2]
        left, top, right, bottom = on_picture(corners[None], seen.square, height, width)[0].tolist()
        share = (right - left) * (bottom - top) / (height * width) * fill(seen, at, meaning)
        return Finding(
            kind=meaning.kind,
            zone=Zone.ANY,
            severity=MISSING_SEVERITY if meaning.part else weighed(meaning.kind, share, sight),
            confidence_ppm=round(float(seen.boxes.scores[at]) * WHOLE_PPM),
            view=sight.view,
            area_ppm=round(share * WHOLE_PPM),
            source=self.version.name,
            region=region_of((left / width, top / height, right / width, bottom / height)),
        )

    def _missing(self, sight: Sight, boxes: Boxes) -> Iterator[Finding]:
        """Parts of which fewer are seen than must be; surer, the less the detector doubts it."""
        for name, meaning in enumerate(self._meanings):
            counted = int((boxes.classes == name).sum())
            if meaning.view in (None, sight.view) and counted < meaning.expected:
                doubt = float(boxes.doubts[name]) if not counted else LEAST
                yield Finding(
                    kind=meaning.kind,
                    zone=Zone.ANY,
                    severity=MISSING_SEVERITY,
                    confidence_ppm=round((1.0 - doubt) * WHOLE_PPM),
                    view=sight.view,
                    area_ppm=0,
                    source=self.version.name,
                )


def fill(seen: Seen, at: int, meaning: Meaning) -> float:
    """Share of a box that is the thing itself, by its mask or as usual; a missing part fills its box."""
    if seen.prototypes is None:
        return 1.0 if meaning.part else FILLED.get(meaning.kind, FILLED_ELSE)
    shares = np.clip(seen.boxes.corners[at] / np.float32(seen.square.side), 0, 1)
    return filled(seen.boxes.coefficients[at], seen.prototypes, np.asarray(shares, np.float32))


def weighed(kind: DefectKind, share: float, sight: Sight) -> Severity:
    """Severity by the kind's bounds, critical for a hazard, which has none; `share` is of the view.

    The bounds are shares of the item; where it was not located, of the view.
    """
    item = float(sight.item.mean()) if sight.item is not None and sight.item.any() else 1.0
    return severity_of(kind, round(share / item * WHOLE_PPM)) if kind in BOUNDS else Severity.CRITICAL


def region_of(corners: tuple[float, float, float, float]) -> Region:
    """Corners as shares of the view to its region."""
    left, top, right, bottom = (round(edge * WHOLE_PPM) for edge in corners)
    return Region(left_ppm=left, top_ppm=top, width_ppm=right - left, height_ppm=bottom - top)


def meanings_of(manifest: Manifest) -> tuple[Meaning, ...]:
    """What each class says; raises ModelRefused for a class that says nothing, or for none at all."""
    if manifest.kind is not ModelKind.DETECTOR or not manifest.classes:
        raise ModelRefused(f"model {manifest.name} is no detector with classes")
    try:
        return tuple(meaning_of(name) for name in manifest.classes)
    except ValueError as error:
        raise ModelRefused(f"model {manifest.name}: {error}") from error


def side_of(manifest: Manifest) -> int:
    """Side of the square input in pixels; raises ModelRefused where it is none."""
    spec = manifest.picture
    if spec.size is None or spec.size[0] != spec.size[1] or (spec.mean, spec.scale) != (0.0, 255.0):
        raise ModelRefused(f"model {manifest.name} does not take a square picture between 0 and 1")
    return spec.size[0]


def outputs_of(manifest: Manifest) -> dict[str, int]:
    """Rows of the boxes' output and of the masks'; raises ModelRefused when they do not fit the classes."""
    rows = list(manifest.outputs.values())
    if not 1 <= len(rows) <= 2 or rows[0] != BOX_NUMBERS + len(manifest.classes) + sum(rows[1:]):
        raise ModelRefused(
            f"model {manifest.name}: its outputs do not fit its {len(manifest.classes)} classes"
        )
    return dict(manifest.outputs)


def load_yolo(folder: Path, threads: int = 2) -> YoloHead:
    """The detector of a folder; raises ModelRefused when it is not what its manifest says."""
    manifest, content = load_model(folder)
    session = OnnxSession(content, input_name=manifest.picture.name, threads=threads)
    return YoloHead(manifest, session)
