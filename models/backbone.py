"""The shared backbone: pictures to feature maps, once per view, and maps to patch features.

The features are averaged over 3 x 3 cells and, where a look takes maps of several strides, laid side by
side, as in PatchCore (arXiv 2106.08265): one row for each cell of the first map.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.detector import VersionedFile
from models.errors import ModelRefused
from models.images import Pixels
from models.manifest import ZOO, Manifest, ModelKind, load_model
from models.session import MAX_BATCH, OnnxSession, Tensor

Matrix = NDArray[np.float32]

MOST_CHANNELS = 128
"""That OpenCV filters at once."""
MAPS = ("f4", "f8", "f16", "f32")
"""What heads see: strides 4 to 32."""
EMBEDDING = "embedding"
"""The whole picture in one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """Features of one picture: `rows` x `columns` cells, row by row."""

    rows: int
    columns: int
    vectors: Matrix
    """rows*columns x channels."""


class Backbone:
    """A verified feature network with its session."""

    def __init__(self, manifest: Manifest, session: OnnxSession) -> None:
        self.manifest = manifest
        self._session = session

    @property
    def version(self) -> VersionedFile:
        """Name and hash of the model file."""
        return self.manifest.version

    def maps(self, pixels: Pixels) -> tuple[dict[str, Tensor], float]:
        """Every feature map of one picture and its embedding, by name, and the runtime's milliseconds."""
        batch = self._numbers([pixels])
        names = (*MAPS, EMBEDDING)
        began = perf_counter()
        answers = self._session.run(batch, names)
        spent_ms = (perf_counter() - began) * 1000.0
        return {name: answer[0] for name, answer in zip(names, answers, strict=True)}, spent_ms

    def embed(self, pictures: Sequence[Pixels]) -> tuple[Matrix, float]:
        """One row of numbers for each picture (all of one size), and the runtime's milliseconds."""
        rows: list[Matrix] = []
        spent_ms = 0.0
        for start in range(0, len(pictures), MAX_BATCH):
            batch = self._numbers(pictures[start : start + MAX_BATCH])
            began = perf_counter()
            answer = self._session.run(batch, (EMBEDDING,))[0]
            spent_ms += (perf_counter() - began) * 1000.0
            rows.append(answer.reshape(len(batch), -1))
        return np.concatenate(rows), spent_ms

    def _numbers(self, pictures: Sequence[Pixels]) -> Tensor:
        spec = self.manifest.picture
        mean = (spec.mean, spec.mean, spec.mean)
        numbers = cv2.dnn.blobFromImages(list(pictures), 1.0 / spec.scale, mean=mean, swapRB=False)
        return np.asarray(numbers, dtype=np.float32)


def pool_levels(maps: Mapping[str, Tensor], levels: Sequence[str]) -> Patches:
    """CHW maps side by side, averaged over 3 x 3 cells: one row per cell of the first level."""
    rows, columns = maps[levels[0]].shape[1:]
    parts = [_fitted(part, rows, columns) for level in levels for part in _in_parts(maps[level])]
    vectors = np.concatenate(parts, axis=2, dtype=np.float32).reshape(rows * columns, -1)
    return Patches(rows=rows, columns=columns, vectors=vectors)


def _in_parts(level: Tensor) -> list[Tensor]:
    """Slices of few channels: OpenCV filters no more than 128 at once."""
    count = -(-level.shape[0] // MOST_CHANNELS)
    return [np.asarray(part) for part in np.array_split(level, count)]


def _fitted(part: Tensor, rows: int, columns: int) -> Matrix:
    """Channels last, averaged over 3 x 3 cells, on a grid of rows x columns."""
    near = cv2.blur(np.ascontiguousarray(part.transpose(1, 2, 0)), (3, 3))
    if near.shape[:2] != (rows, columns):
        near = cv2.resize(near, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(near.reshape(rows, columns, -1), dtype=np.float32)


def load_backbone(folder: Path = ZOO / "efficientnet-lite0", *, threads: int = 2) -> Backbone:
    """The shipped backbone, or another; raises ModelRefused when its file is not what was published."""
    manifest, content = load_model(folder)
    if manifest.kind is not ModelKind.BACKBONE:
        raise ModelRefused(f"model {manifest.name} is no backbone")
    session = OnnxSession(content, input_name=manifest.picture.name, threads=threads)
    return Backbone(manifest, session)
