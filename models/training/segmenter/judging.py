"""How units are graded with the segmenter beside the comparison: confusion, kappa, and the masked control."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.detector import Detection, VersionedFile, ViewScore
from inspection.findings import Finding
from inspection.grades import Grade
from inspection.grading import grade
from inspection.zones import placed
from models.answers import unpriced
from models.asking import named_by
from models.calibration import Calibration
from models.evaluation.metrics import quadratic_kappa
from models.regions import findings_of
from models.segmenter import Segmenter
from models.training.segmenter.looking import Beside
from models.views import SeenView

GRADES = (Grade.NEW, Grade.USED, Grade.DAMAGED)


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


def judge(head: Segmenter | None, beside: Beside) -> Judged:
    """Grade one unit; by the comparison alone without a head."""
    row, seen = beside.row, beside.seen
    findings = findings_for(head, seen, beside.view.calibration, row.category)
    said = said_of(row.category, detection_of(findings, seen, head))
    return Judged(
        object=row.object,
        number=row.number,
        truth=row.grade,
        said=said,
        kinds=tuple(defect.kind for defect in row.defects),
        findings=findings,
    )


def findings_for(
    head: Segmenter | None, seen: SeenView, calibration: Calibration, category: str
) -> tuple[Finding, ...]:
    """What a view says, by the comparison and the head; by the comparison alone without a head."""
    differences = findings_of(seen.sight.view, seen.comparison, calibration, seen.limit)
    if head is None:
        return tuple(differences)
    return tuple(placed(category, finding) for finding in named_by([head], seen.sight, differences))


def detection_of(findings: Sequence[Finding], seen: SeenView, head: Segmenter | None) -> Detection:
    """The seam's answer of one view."""
    score = ViewScore(
        view=seen.sight.view,
        score=seen.score,
        limit=seen.limit,
        p_value_ppm=max(1, round(seen.p_value * 1_000_000)),
    )
    return Detection(
        findings=tuple(findings),
        views=(score,),
        quality={},
        models=(head.version,) if head else (),
        bank=VersionedFile(name=seen.sight.view, sha256="0" * 64),
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

    1 is full agreement, 0 what chance would give.
    """
    order = [grade.value for grade in GRADES]
    pairs = [(order.index(unit.truth), order.index(unit.said)) for unit in units if unit.said in order]
    truth, said = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    return float(quadratic_kappa(truth, said, np.ones((1, len(pairs))), len(GRADES))[0])
