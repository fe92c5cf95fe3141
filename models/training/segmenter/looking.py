"""What the trained network sees on the pictures that it is judged by: one pass, kept in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from inspection.findings import Region
from models.backbone import Backbone
from models.framing import Size
from models.heads import Sight
from models.naming import covers
from models.recipe import DEFAULT
from models.regions import findings_of
from models.segmenter import KINDS, Segmenter, region_of
from models.segments import Segment, segments_of
from models.session import Tensor
from models.training.segmenter.classes import GROUPS
from models.training.segmenter.labels import Label, label_of_mask
from models.training.segmenter.pictures import Package, Rendered, Split, objects, references
from models.training.segmenter.samples import read_mask
from models.views import FittedView, SeenView, compare_view, fit_view, see_view


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """One picture with the network's answer."""

    row: Rendered
    label: Label
    chances: Tensor
    differences: tuple[Region, ...] = ()
    """Where the comparison finds a difference; none without references."""

    @property
    def segments(self) -> list[Segment]:
        """The answer cut into segments."""
        return segments_of(self.chances, KINDS)

    @property
    def confirmed(self) -> list[Segment]:
        """Segments that lie where something differs."""
        rows, columns = self.chances.shape[1:]
        boxes = [(segment, region_of(segment, rows, columns)) for segment in self.segments]
        return [segment for segment, box in boxes if any(covers(box, d) for d in self.differences)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """One picture beside the references of its object."""

    row: Rendered
    view: FittedView
    seen: SeenView


def beside_references(backbone: Backbone, rows: Sequence[Rendered], split: Split) -> Iterator[Beside]:
    """Every picture of a split that is no reference, beside the references of its object."""
    for name in objects(rows, split):
        good = references(rows, name)
        view = fit_view(backbone, DEFAULT, [row.picture.read_bytes() for row in good])
        for row in rows:
            if row.object == name and row not in good:
                yield Beside(row=row, view=view, seen=compare_view(backbone, view, row.picture.read_bytes()))


def looked(head: Segmenter, beside: Beside) -> tuple[Looked, Looked]:
    """The answer with the references, and without them."""
    sight = beside.seen.sight
    label = label_for(beside.row, sight)
    alone = replace(sight, comparison=None)
    return (
        Looked(row=beside.row, label=label, chances=head.chances(sight), differences=differences_of(beside)),
        Looked(row=beside.row, label=label, chances=head.chances(alone)),
    )


def differences_of(beside: Beside) -> tuple[Region, ...]:
    """Boxes of what differs from the references."""
    seen = beside.seen
    found = findings_of(seen.sight.view, seen.comparison, beside.view.calibration, seen.limit)
    return tuple(finding.region for finding in found if finding.region)


def loudness_of_intact(head: Segmenter, backbone: Backbone, rows: Sequence[Package]) -> list[float]:
    """Loudness of the loudest segment of each intact picture, without references; 0 without a segment."""
    found = []
    for row in rows:
        sight = see_view(backbone, DEFAULT, row.path.read_bytes())
        segments = segments_of(head.chances(sight), KINDS)
        found.append(max((segment.loudness for segment in segments), default=0.0))
    return found


def true_cells(looked: Looked, kind: str) -> NDArray[np.float32]:
    """Share of each cell that is a defect of a kind, 0..1."""
    return looked.label[list(GROUPS).index(kind)].astype(np.float32) / np.float32(255)


def is_right(looked: Looked, segment: Segment, share: float = 0.25) -> bool:
    """Whether the segment's box holds enough of the defect of its kind, or is filled enough by it."""
    truth = true_cells(looked, segment.kind)
    total = float(truth.sum())
    if total < 0.5:
        return False
    box = truth[segment.top : segment.top + segment.height, segment.left : segment.left + segment.width]
    return float(box.sum()) >= share * min(total, box.size)


def label_for(row: Rendered, sight: Sight) -> Label:
    """The picture's label at the size that the network saw."""
    height, width = sight.pixels.shape[:2]
    return label_of_mask(read_mask(row), Size(height=height, width=width))
