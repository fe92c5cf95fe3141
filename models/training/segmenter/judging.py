"""How units are graded with the segmenter beside the comparison: confusion, kappa, and the masked control."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.detector import Detection, ViewScore
from inspection.findings import Finding
from inspection.grades import Grade
from inspection.grading import grade
from inspection.zones import placed
from models.answers import unpriced
from models.calibration import Calibration
from models.images import Pixels
from models.naming import fuse
from models.regions import findings_of
from models.segmenter import Segmenter
from models.views import SeenView

GRADES = (Grade.NEW, Grade.USED, Grade.DAMAGED)
VIEW = "top"
GROWN = 9
"""Pixels by which a mask grows before its region is painted over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One unit: what it is, and what was said."""

    object: str
    number: int
    truth: str
    said: str
    kinds: tuple[str, ...]
    """True kinds of defect."""
    findings: tuple[Finding, ...]
    """What the machine found."""


def findings_for(
    head: Segmenter | None, seen: SeenView, calibration: Calibration, category: str
) -> tuple[Finding, ...]:
    """What a view says, by the comparison and the head; by the comparison alone without a head."""
    differences = findings_of(VIEW, seen.comparison, calibration, seen.limit)
    if head is None:
        return tuple(differences)
    named = head.find(seen.sight)
    fused = fuse(differences, named, alone_ppm=head.quiet_ppm(seen.sight))
    return tuple(placed(category, finding) for finding in fused)


def detection_of(findings: Sequence[Finding], seen: SeenView, head: Segmenter | None) -> Detection:
    """The seam's answer of one view."""
    score = ViewScore(
        view=VIEW,
        score=seen.score,
        limit=seen.limit,
        p_value_ppm=max(1, round(seen.p_value * 1_000_000)),
    )
    return Detection(
        findings=tuple(findings),
        views=(score,),
        quality={},
        models=(head.version,) if head else (),
        bank=head.version if head else None,
        model_ms=seen.model_ms,
        total_ms=seen.total_ms,
    )


def said_of(category: str, detection: Detection) -> str:
    """The grade that the rubric gives."""
    return grade(unpriced("validation", "unit", category), detection).grade.value


def confusion(units: Iterable[Judged]) -> Mapping[tuple[str, str], int]:
    """How many of each (truth, said)."""
    return Counter((unit.truth, unit.said) for unit in units)


def kappa(units: Sequence[Judged]) -> float:
    """Cohen's kappa with quadratic weights over new, used, damaged; ungraded units are left out.

    1 is full agreement, 0 what chance would give; 0 also where either side knows one grade only.
    """
    order = {grade.value: place for place, grade in enumerate(GRADES)}
    table = np.zeros((3, 3))
    for unit in units:
        if unit.said in order:
            table[order[unit.truth], order[unit.said]] += 1
    total = table.sum()
    rows, columns = np.mgrid[:3, :3]
    cost = (rows - columns) ** 2
    chance = np.outer(table.sum(1), table.sum(0)) / max(total, 1.0)
    expected = float((cost * chance).sum())
    return 1.0 - float((cost * table).sum()) / expected if expected > 0 else 0.0


def painted_over(pixels: Pixels, mask: NDArray[np.bool_]) -> Pixels:
    """The picture with a region and its surroundings painted over from outside (Telea)."""
    kernel = np.ones((GROWN, GROWN), np.uint8)
    grown = cv2.dilate(mask.astype(np.uint8), kernel)
    return np.asarray(cv2.inpaint(pixels, grown, 5, cv2.INPAINT_TELEA), dtype=np.uint8)
