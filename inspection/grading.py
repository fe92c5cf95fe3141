"""Findings -> condition -> grade, by the category's rubric, with a reason for each step.

The worst counted finding sets the condition. A unit stays `ungraded` where the pictures
cannot carry a grade: no references, a faulty frame, an unusable score, or a view that is
neither clearly equal nor clearly different while nothing else speaks clearly.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inspection.catalogue import Product
from inspection.detector import Detection, ViewScore
from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.grades import Condition, Grade, GradeShares
from inspection.reasons import Reason, ReasonCode, Rule, because
from inspection.rubrics import Row, Rubric, rubric_for
from inspection.shares import differs_ppm, likeliest, shares_of

COUNTS_FROM_PPM = 500_000
"""A finding sets the grade when it is at least as likely as not."""
SPEAKS_FROM_PPM = 800_000
"""A named finding this sure settles a unit although another view is unclear."""
CLEARLY_BEYOND = 1.25
"""score / limit from which a view clearly differs."""
CLEARLY_EQUAL_P_PPM = 10_000
"""Within its limit, but rarer than 1 % of good units: unclear."""
MAJOR_FROM, CRITICAL_FROM = 1.5, 2.5
"""score / limit from which an unnamed difference is major, critical."""
MAX_REASONS = 6
"""Findings that are told; a record has little room, and a person reads no more."""


class ViewSays(StrEnum):
    """What one view says by itself."""

    EQUAL = "equal"
    UNCLEAR = "unclear"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """What the machine says of one unit."""

    grade: Grade
    condition: Condition | None
    """None while ungraded."""
    shares: GradeShares | None
    """None while ungraded; uncalibrated unless the reasons say otherwise."""
    reasons: tuple[Reason, ...]
    ungraded_reason: ReasonCode | None = None
    """Set exactly when the grade is `ungraded`."""
    findings: tuple[Finding, ...] = ()
    """The detector's, and one for each view beyond its limit in which it was sure of nothing."""


def grade(product: Product, detection: Detection) -> Grading:
    """Grade one unit; raises RubricMissing where the category has no rubric."""
    rubric = rubric_for(product.category)
    why_not = _cannot_grade(detection)
    if why_not:
        return _ungraded(why_not[:MAX_REASONS], detection.findings)
    findings = detection.findings + _unnamed(detection)
    unclear = _unclear(detection.views, findings)
    if unclear:
        return _ungraded(unclear[:MAX_REASONS], findings)
    return _graded(rubric, findings, detection.views)


def says(view: ViewScore) -> ViewSays:
    """Sort one view by its two limits; needs a usable score."""
    ratio = view.score / view.limit
    if ratio >= CLEARLY_BEYOND:
        return ViewSays.DIFFERENT
    if ratio > 1 or view.p_value_ppm <= CLEARLY_EQUAL_P_PPM:
        return ViewSays.UNCLEAR
    return ViewSays.EQUAL


def _cannot_grade(detection: Detection) -> tuple[Reason, ...]:
    if detection.faults:
        faults = detection.faults
        return tuple(_no(ReasonCode.IMAGE_FAULT, view=view, fault=fault) for view, fault in faults)
    if detection.bank is None:
        return (_no(ReasonCode.NO_REFERENCE),)
    if not detection.views:
        return (_no(ReasonCode.NOTHING_COMPARED),)
    bad = (view.view for view in detection.views if not _usable(view))
    return tuple(_no(ReasonCode.SCORE_UNUSABLE, view=view) for view in bad)


def _usable(view: ViewScore) -> bool:
    finite = math.isfinite(view.score) and math.isfinite(view.limit)
    return finite and view.score >= 0 and view.limit > 0 and 0 <= view.p_value_ppm <= 1_000_000


def _unnamed(detection: Detection) -> tuple[Finding, ...]:
    """Give a finding to each view beyond its limit in which nothing that counts was found."""
    told = {f.view for f in detection.findings if f.confidence_ppm >= COUNTS_FROM_PPM}
    return tuple(
        Finding(
            kind=DefectKind.DEVIATION,
            zone=Zone.ANY,
            severity=_severity(view.score / view.limit),
            confidence_ppm=differs_ppm(view),
            view=view.view,
            area_ppm=0,
            source="reference-comparison",
        )
        for view in detection.views
        if view.view not in told and view.score > view.limit
    )


def _severity(ratio: float) -> Severity:
    if ratio >= CRITICAL_FROM:
        return Severity.CRITICAL
    return Severity.MAJOR if ratio >= MAJOR_FROM else Severity.MINOR


def _unclear(views: tuple[ViewScore, ...], findings: tuple[Finding, ...]) -> tuple[Reason, ...]:
    """Name the unclear views, unless one view or one finding speaks clearly.

    A defect may show in one view only, so a clear difference beside an equal view is
    no disagreement.
    """
    spoken = {view.view: says(view) for view in views}
    named = (f for f in findings if f.kind != DefectKind.DEVIATION)
    if ViewSays.DIFFERENT in spoken.values() or any(f.confidence_ppm >= SPEAKS_FROM_PPM for f in named):
        return ()
    unclear = (view for view, word in spoken.items() if word == ViewSays.UNCLEAR)
    return tuple(_no(ReasonCode.VIEW_UNCLEAR, view=view) for view in unclear)


def _graded(rubric: Rubric, findings: tuple[Finding, ...], views: tuple[ViewScore, ...]) -> Grading:
    judged = [(f, rubric.judge(f.kind, f.zone, f.severity)) for f in findings]
    counted = [(f, row) for f, row in judged if f.confidence_ppm >= COUNTS_FROM_PPM]
    condition = worst(row.condition for _, row in counted)
    witnesses = [(rubric.grade(row.condition), f.confidence_ppm) for f, row in judged]
    shares = shares_of([differs_ppm(view) for view in views], witnesses)
    result = rubric.grade(condition)
    return Grading(
        grade=result,
        condition=condition,
        shares=shares,
        reasons=(*_told(counted), *_about(shares, result)),
        findings=findings,
    )


def worst(conditions: Iterable[Condition]) -> Condition:
    """Return the worst condition; A+ where there is none."""
    return max(conditions, key=list(Condition).index, default=Condition.A_PLUS)


def _told(counted: list[tuple[Finding, Row]]) -> tuple[Reason, ...]:
    """One reason for each finding that counted, the worst first."""
    if not counted:
        return (because(Rule.GRADE_NOTHING_FOUND, ReasonCode.NOTHING_FOUND),)
    order = list(Condition)
    ranked = sorted(counted, key=lambda pair: order.index(pair[1].condition), reverse=True)
    return tuple(
        because(
            row.rule,
            ReasonCode.FINDING,
            kind=finding.kind,
            zone=finding.zone,
            severity=finding.severity,
            view=finding.view,
            condition=row.condition,
        )
        for finding, row in ranked[:MAX_REASONS]
    )


def _about(shares: GradeShares, result: Grade) -> tuple[Reason, ...]:
    uncalibrated = because(Rule.GRADE_SHARES, ReasonCode.UNCALIBRATED)
    if likeliest(shares) == result:
        return (uncalibrated,)
    return (because(Rule.GRADE_SHARES, ReasonCode.SHARES_UNSURE, grade=likeliest(shares)), uncalibrated)


def _no(code: ReasonCode, **params: str | int) -> Reason:
    return because(Rule.GRADE_UNGRADED, code, **params)


def _ungraded(reasons: tuple[Reason, ...], findings: tuple[Finding, ...]) -> Grading:
    return Grading(
        grade=Grade.UNGRADED,
        condition=None,
        shares=None,
        reasons=reasons,
        ungraded_reason=reasons[0].code,
        findings=findings,
    )
