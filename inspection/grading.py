"""Findings -> condition -> grade, by the category's rubric, with a reason for each step.

The worst counted finding sets the condition. A unit stays `ungraded` where the pictures
cannot carry a grade: too few references, a faulty or missing frame, an unusable score, or a view that is
neither clearly equal nor clearly different while nothing in it has a name and nothing else speaks clearly.

A judge (a site's confirmed verdicts) calibrates the shares. It never sets the grade: where it speaks
against the rubric, the unit needs a person.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inspection.catalogue import Product
from inspection.detector import Case, Detection, Judgement, ViewScore
from inspection.findings import DefectKind, Finding, Severity, Zone
from inspection.grades import Condition, Grade, GradeShares
from inspection.reasons import Reason, ReasonCode, Rule, because
from inspection.rubrics import Row, Rubric, rubric_for
from inspection.shares import differs_ppm, likeliest, shares_of
from inspection.zones import placed

COUNTS_FROM_PPM = 500_000
"""A finding sets the grade when it is at least as likely as not."""
SPEAKS_FROM_PPM = 800_000
"""A named finding this sure settles a unit although a view is unclear."""
CLEARLY_BEYOND = 1.25
"""score / limit from which a view clearly differs."""
CLEARLY_EQUAL_P_PPM = 50_000
"""Within its limit, but rarer than one good unit in twenty: unclear. With few photos limits lie far out."""
MAJOR_FROM, CRITICAL_FROM = 1.5, 2.5
"""score / limit from which an unnamed difference is major, critical."""
DISAGREES_PPM = 200_000
"""A condition head that gives the rubric's grade a smaller share speaks against it."""
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
    why_not = _cannot_grade(detection) or _not_this_product(product, detection)
    if why_not:
        return _ungraded(why_not[:MAX_REASONS], detection.findings)
    findings = tuple(placed(product.category, f) for f in (*detection.findings, *_unnamed(detection)))
    unclear = _unclear(detection.views, findings)
    if unclear:
        return _ungraded(unclear[:MAX_REASONS], findings)
    return _graded(rubric, findings, product, detection)


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
    if detection.missing_shots:
        missing = detection.missing_shots
        return tuple(_no(ReasonCode.FEW_REFERENCES, view=view, count=count) for view, count in missing)
    if detection.bank is None:
        return (_no(ReasonCode.NO_REFERENCE),)
    if not detection.views:
        return (_no(ReasonCode.NOTHING_COMPARED),)
    if detection.missing_views:
        return tuple(_no(ReasonCode.VIEW_MISSING, view=view) for view in detection.missing_views)
    bad = (view.view for view in detection.views if not _usable(view))
    return tuple(_no(ReasonCode.SCORE_UNUSABLE, view=view) for view in bad)


def _not_this_product(product: Product, detection: Detection) -> tuple[Reason, ...]:
    """Tag against sight: what shows another product must not be graded by this one's references.

    One right code on the item outweighs the codes of its parts and its carton.
    """
    others = list(detection.lookalikes)
    if all(one.found != product.gtin for one in detection.printed) and product.gtin.strip("0"):
        others += detection.printed
    return tuple(_no(ReasonCode.OTHER_PRODUCT, view=one.view, found=one.found) for one in others)


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
    no disagreement. A view beyond its limit is clear once what differs in it has a name that counts.
    """
    spoken = {view: says(view) for view in views}
    named = [f for f in findings if f.kind != DefectKind.DEVIATION]
    if ViewSays.DIFFERENT in spoken.values() or any(f.confidence_ppm >= SPEAKS_FROM_PPM for f in named):
        return ()
    counted = {f.view for f in named if f.confidence_ppm >= COUNTS_FROM_PPM}
    unclear = [view for view, word in spoken.items() if word == ViewSays.UNCLEAR]
    open_still = (view.view for view in unclear if view.score <= view.limit or view.view not in counted)
    return tuple(_no(ReasonCode.VIEW_UNCLEAR, view=view) for view in open_still)


def _graded(rubric: Rubric, findings: tuple[Finding, ...], product: Product, detection: Detection) -> Grading:
    judged = [(f, rubric.judge(f.kind, f.zone, f.severity)) for f in findings]
    counted = [(f, row) for f, row in judged if f.confidence_ppm >= COUNTS_FROM_PPM]
    condition = worst(row.condition for _, row in counted)
    raw = raw_shares(rubric, findings, detection.views)
    result = rubric.grade(condition)
    judgement = _judge(product, detection, findings, result, raw)
    if judgement is not None and judgement.shares is None:
        return _ungraded((_no(ReasonCode.JUDGE_UNUSABLE),), findings)
    shares = judgement.shares if judgement and judgement.shares else raw
    return Grading(
        grade=result,
        condition=condition,
        shares=shares,
        reasons=(*_told(counted), *_about(shares, result, judgement)),
        findings=findings,
    )


def raw_shares(rubric: Rubric, findings: Iterable[Finding], views: Iterable[ViewScore]) -> GradeShares:
    """Return the shares by the fixed map, before any calibration."""
    witnesses = [
        (rubric.grade(rubric.judge(f.kind, f.zone, f.severity).condition), f.confidence_ppm) for f in findings
    ]
    return shares_of([differs_ppm(view) for view in views], witnesses)


def _judge(
    product: Product, detection: Detection, findings: tuple[Finding, ...], result: Grade, raw: GradeShares
) -> Judgement | None:
    """Ask the judge that came with the detection; None without one, or where it has too little to say."""
    if detection.judge is None:
        return None
    case = Case(
        category=product.category,
        proposed=result,
        raw=raw,
        findings=findings,
        views=detection.views,
        weight_off=weight_off(product, detection.weight_g),
    )
    return detection.judge.judge(case)


def weight_off(product: Product, weight_g: int | None) -> float | None:
    """Return the weight less the catalogue's, in its tolerances; None where one of them is not known."""
    if weight_g is None or product.weight_g is None or not product.weight_tolerance_g:
        return None
    return (weight_g - product.weight_g) / product.weight_tolerance_g


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


def _about(shares: GradeShares, result: Grade, judgement: Judgement | None) -> tuple[Reason, ...]:
    """Say how far the shares may be trusted, and whether they speak against the grade."""
    told = (because(Rule.GRADE_SHARES, ReasonCode.UNCALIBRATED),) if judgement is None else ()
    head = judgement.head if judgement else None
    if head is not None and head.of(result) < DISAGREES_PPM:
        share_ppm = head.of(result)
        against = because(Rule.GRADE_SHARES, ReasonCode.HEAD_DISAGREES, grade=result, share_ppm=share_ppm)
        return (against, *told)
    if likeliest(shares) != result:
        return (because(Rule.GRADE_SHARES, ReasonCode.SHARES_UNSURE, grade=likeliest(shares)), *told)
    return told


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
