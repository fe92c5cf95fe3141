"""What the segmenter is told of the comparison, and its answer cut into segments: pure, on arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.findings import DefectKind
from models.backbone import Matrix
from models.session import Tensor

HALVINGS = 2.0
"""Heat below a quarter of the normal distance tells nothing more."""
DOUBLINGS = 3.0
"""Nor does heat above eight times the normal distance."""
SOUND = 2
"""The first two classes are bench and item; the defect kinds follow."""
CORE = 0.30
"""Defect probability from which a cell belongs to a segment."""
GAP = 2
"""Cells: parts nearer than twice this are one defect; cracks and scratches come in pieces."""
PEAK_CELLS = 6
"""How many of the loudest cells of a segment are averaged to its loudness."""
MAX_SEGMENTS = 12
"""Per view; the loudest are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Neighbouring cells that the network calls a defect, and the kind that most of them vote for."""

    kind: DefectKind
    left: int
    top: int
    width: int
    height: int
    """Box in cells."""
    cells: float
    """Sum of the defect probability: the expected area, in cells."""
    loudness: float
    """Mean defect probability of its loudest cells, 0..1."""
    sureness: float
    """Share of the winning kind among the votes for all kinds, 0..1."""


def comparison_channels(heat: Matrix | None, rows: int, columns: int) -> Tensor:
    """2 x rows x columns: log2 of the heat over 3, between -2/3 and 1, and whether there are references.

    No references is 0 and 0; a heat of 1, the normal distance, is 0 and 1.
    """
    told = np.zeros((2, rows, columns), np.float32)
    if heat is None:
        return told
    plain = np.ascontiguousarray(heat, np.float32)
    fitted = cv2.resize(plain, (columns, rows), interpolation=cv2.INTER_LINEAR)
    doublings = np.log2(np.maximum(fitted, 2.0**-HALVINGS))
    told[0] = np.clip(doublings, -HALVINGS, DOUBLINGS) / DOUBLINGS
    told[1] = 1.0
    return told


def chances_of(logits: Tensor) -> Tensor:
    """Probabilities over the first axis."""
    powers = np.exp(logits - logits.max(axis=0, keepdims=True))
    return np.asarray(powers / powers.sum(axis=0, keepdims=True), dtype=np.float32)


def defect_map(chances: Tensor) -> Matrix:
    """Probability per cell that anything is wrong: an anomaly map that needs no references, 0..1."""
    return np.asarray(chances[SOUND:].sum(axis=0), dtype=np.float32)


def segments_of(chances: Tensor, kinds: Sequence[DefectKind]) -> list[Segment]:
    """The segments of a view, the loudest first."""
    defect = defect_map(chances)
    above = (defect >= CORE).astype(np.uint8)
    near = cv2.dilate(above, np.ones((2 * GAP + 1, 2 * GAP + 1), np.uint8))
    count, labels = cv2.connectedComponents(near, connectivity=8)
    found = [_segment((labels == label) & (above > 0), chances, defect, kinds) for label in range(1, count)]
    return sorted(found, key=lambda segment: -segment.loudness)[:MAX_SEGMENTS]


def item_cells(chances: Tensor) -> float:
    """Cells that the network takes for the item or a defect on it; at least 1."""
    return max(1.0, float((1.0 - chances[0]).sum()))


def _segment(
    cells: NDArray[np.bool_], chances: Tensor, defect: Matrix, kinds: Sequence[DefectKind]
) -> Segment:
    rows, columns = np.nonzero(cells)
    votes = chances[SOUND:, cells].sum(axis=1)
    winner = int(votes.argmax())
    inside = np.sort(defect[cells])
    return Segment(
        kind=kinds[winner],
        left=int(columns.min()),
        top=int(rows.min()),
        width=int(np.ptp(columns)) + 1,
        height=int(np.ptp(rows)) + 1,
        cells=float(inside.sum(dtype=np.float64)),
        loudness=float(inside[-PEAK_CELLS:].mean()),
        sureness=float(votes[winner] / max(float(votes.sum()), 1e-6)),
    )
