"""Figures per kind: pixel IoU, how many defects were found, and how many good pictures raised an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.findings import DefectKind
from models.segmenter import CLASSES, KINDS, Curve
from models.segments import Segment
from models.training.segmenter.looking import Looked, is_right, true_cells


@dataclass(frozen=True, slots=True, kw_only=True)
class KindScore:
    """One kind over all pictures of a split."""

    kind: DefectKind
    pictures: int
    """With a defect of this kind."""
    iou: float
    """Cells that the network and the mask both give to the kind, over those that either does."""
    found: int
    """Pictures in which a segment that counts lies on the defect, whatever it is called."""
    named: int
    """Of these, with the right kind."""


def score_kinds(pictures: Sequence[Looked], curve: Curve) -> list[KindScore]:
    """Every kind that occurs."""
    scores = (score_kind(pictures, kind, curve) for kind in KINDS)
    return [score for score in scores if score.pictures]


def score_kind(pictures: Sequence[Looked], kind: DefectKind, curve: Curve) -> KindScore:
    """One kind."""
    both = either = 0
    found = named = there = 0
    for each in pictures:
        truth = true_cells(each, kind) >= 0.5
        said = each.chances.argmax(axis=0) == CLASSES.index(kind)
        both += int((truth & said).sum())
        either += int((truth | said).sum())
        if true_cells(each, kind).sum() >= 1:
            there += 1
            found += touches(each, kind, curve)
            named += any(s.kind == kind and is_right(each, s) for s in counting(each, curve))
    return KindScore(kind=kind, pictures=there, iou=both / max(either, 1), found=found, named=named)


def counting(looked: Looked, curve: Curve) -> list[Segment]:
    """The segments that count by themselves."""
    return [segment for segment in looked.segments if curve.chance(segment.loudness) >= curve.quiet]


def touches(looked: Looked, kind: DefectKind, curve: Curve) -> bool:
    """Whether a segment that counts lies on the defect."""
    truth = true_cells(looked, kind)
    for s in counting(looked, curve):
        box = truth[s.top : s.top + s.height, s.left : s.left + s.width]
        if float(box.sum()) >= 0.25 * min(float(truth.sum()), box.size):
            return True
    return False


def alarms(loudness: Sequence[float], curve: Curve) -> int:
    """How many pictures have a segment that counts."""
    return int(np.sum([curve.chance(each) >= curve.quiet and each > 0 for each in loudness]))
