"""A case as numbers for the condition head: few, bounded, each with a name that a person can read."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspection.detector import Case
from inspection.findings import DefectKind, Finding, Severity
from inspection.grades import Grade, GradeShares

Numbers = NDArray[np.float64]

GRADES = (Grade.NEW, Grade.USED, Grade.DAMAGED)
"""The order of a head's answers."""
GROUPS: dict[str, frozenset[DefectKind]] = {
    "surface": frozenset({DefectKind.SCRATCH, DefectKind.STAIN, DefectKind.SMUDGE, DefectKind.CREASE}),
    "shape": frozenset({DefectKind.DENT, DefectKind.DEFORMATION, DefectKind.CHIP}),
    "break": frozenset({DefectKind.CRACK, DefectKind.TEAR, DefectKind.HOLE, DefectKind.BROKEN_GLASS}),
    "parts": frozenset({DefectKind.MISSING_PART, DefectKind.OPENED_SEAL}),
    "unnamed": frozenset({DefectKind.DEVIATION}),
}
"""Kinds that wear alike, so that a few hundred verdicts can tell them apart."""
FARTHEST = 3.0
"""Bound of the logarithm of score / limit."""
HEAVIEST = 5.0
"""Bound of the weight's deviation, in tolerances."""
LEAST_SHARE = 1e-6

NAMES: tuple[str, ...] = (
    "used_to_new",
    "damaged_to_new",
    "proposed_used",
    "proposed_damaged",
    "farthest_view",
    "mean_view",
    *(f"{group}_{what}" for group in GROUPS for what in ("confidence", "area")),
    "major_confidence",
    "critical_confidence",
    "weight_off",
    "weight_known",
)


def features(case: Case) -> Numbers:
    """The numbers of `NAMES`; raises ValueError for a case without views."""
    if not case.views:
        raise ValueError("a case without views has no features")
    log_new, log_used, log_damaged = log_shares(case.raw)
    ratios = [_log_ratio(view.score, view.limit) for view in case.views]
    grouped = [
        value
        for kinds in GROUPS.values()
        for value in _group([finding for finding in case.findings if finding.kind in kinds])
    ]
    serious = (Severity.MAJOR, Severity.CRITICAL)
    numbers = [
        log_used - log_new,
        log_damaged - log_new,
        float(case.proposed == Grade.USED),
        float(case.proposed == Grade.DAMAGED),
        max(ratios),
        math.fsum(ratios) / len(ratios),
        *grouped,
        _surest([f for f in case.findings if f.severity in serious]),
        _surest([f for f in case.findings if f.severity == Severity.CRITICAL]),
        0.0 if case.weight_off is None else max(-HEAVIEST, min(HEAVIEST, case.weight_off)),
        float(case.weight_off is not None),
    ]
    return np.asarray(numbers, dtype=np.float64)


def log_shares(shares: GradeShares) -> Numbers:
    """Logarithms of the shares in the order of `GRADES`, bounded below."""
    return np.log(np.maximum([shares.of(grade) / 1_000_000 for grade in GRADES], LEAST_SHARE))


def _log_ratio(score: float, limit: float) -> float:
    """The logarithm of score / limit; NaN where they are no numbers, so that nobody answers."""
    if not math.isfinite(score) or not limit > 0:
        return math.nan
    return max(-FARTHEST, min(FARTHEST, math.log(max(score / limit, 1e-9))))


def _group(findings: Sequence[Finding]) -> tuple[float, float]:
    """(greatest confidence, square root of the area together), both 0..1."""
    area = min(1.0, math.fsum(f.area_ppm for f in findings) / 1_000_000)
    return _surest(findings), math.sqrt(area)


def _surest(findings: Sequence[Finding]) -> float:
    return max((f.confidence_ppm / 1_000_000 for f in findings), default=0.0)
