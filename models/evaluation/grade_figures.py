"""From grades to figures: confusion, kappa, recall by class, what is decided alone, what is surely wrong."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from inspection.grades import Grade
from models.evaluation.book import GradeResult
from models.evaluation.bootstrap import draw_weights, estimate
from models.evaluation.coverage import Coverage, Proposal, cover
from models.evaluation.graded import GradedItem
from models.evaluation.metrics import Flags, Numbers, auroc, quadratic_kappa, share
from models.evaluation.span import Span, span_of

CLASSES = (Grade.NEW, Grade.USED, Grade.DAMAGED)
SURE_PPM = 900_000
"""Share from which a wrong grade is called confidently wrong."""
Metric = Callable[[Sequence[GradedItem], Numbers], Numbers]


def grade_result(draws: Sequence[Sequence[GradedItem]], today: date) -> GradeResult:
    """The figures over all draws of references; each draw's items are in its own order."""
    names = {one.item.name: replace(one.item, good=one.truth == Grade.NEW) for draw in draws for one in draw}
    items = [names[name] for name in sorted(names)]
    column = {item.name: at for at, item in enumerate(items)}
    weights = draw_weights(items)
    places = [np.array([column[one.item.name] for one in draw], dtype=np.int64) for draw in draws]

    def span(metric: Metric) -> Span | None:
        return span_of(estimate(lambda seed, rows: metric(draws[seed], rows), places, weights))

    covered = [cover(proposals_of(draw), seed) for seed, draw in enumerate(draws)]
    total = sum(len(draw) for draw in draws)
    return GradeResult(
        measured=today,
        items=len(items),
        seeds=len(draws),
        confusion=confusion_of(draws),
        kappa=span(kappa_of),
        recall={grade.value: span(recall_of(grade)) for grade in CLASSES},
        ungraded=round(sum(one.said == Grade.UNGRADED for draw in draws for one in draw) / total, 4),
        confidently_wrong=span(lambda draw, rows: share(rows @ wrong_and_sure(draw), rows.sum(axis=1))),
        new_against_rest=span(new_against_rest),
        coverage_at_budget=round(float(np.mean([one.share for one in covered])), 4),
        error_at_budget=error_of(covered),
    )


def confusion_of(draws: Sequence[Sequence[GradedItem]]) -> dict[str, dict[str, float]]:
    """Truth -> answer -> items, mean over the draws."""
    counts = Counter((one.truth, one.said) for draw in draws for one in draw)
    return {
        truth.value: {said.value: round(counts[truth, said] / len(draws), 1) for said in Grade}
        for truth in CLASSES
    }


def kappa_of(draw: Sequence[GradedItem], rows: Numbers) -> Numbers:
    """Quadratic-weighted kappa over the items that were graded."""
    graded = np.array([one.said != Grade.UNGRADED for one in draw])
    truth = np.array([CLASSES.index(one.truth) for one in draw])
    said = np.array([CLASSES.index(one.said) if one.said != Grade.UNGRADED else 0 for one in draw])
    return quadratic_kappa(truth[graded], said[graded], rows[:, graded], len(CLASSES))


def recall_of(grade: Grade) -> Metric:
    """Share of a class that was called so; ungraded is not."""

    def recall(draw: Sequence[GradedItem], rows: Numbers) -> Numbers:
        own = np.array([one.truth == grade for one in draw])
        right = np.array([one.said == grade for one in draw]) & own
        return share(rows @ right.astype(np.float64), rows @ own.astype(np.float64))

    return recall


def wrong_and_sure(draw: Sequence[GradedItem]) -> Numbers:
    """1 for each item that was called wrong with a share of SURE_PPM and more."""
    return np.array(
        [float(one.said not in (one.truth, Grade.UNGRADED) and one.share_ppm >= SURE_PPM) for one in draw]
    )


def new_against_rest(draw: Sequence[GradedItem], rows: Numbers) -> Numbers:
    """AUROC of the share of not-new among the graded."""
    kept: Flags = np.array([one.not_new_ppm is not None for one in draw])
    scores = np.array([float(one.not_new_ppm or 0) for one in draw])
    bad = np.array([one.truth != Grade.NEW for one in draw])
    if not kept.any():
        return np.full(len(rows), np.nan)
    return auroc(scores[kept], bad[kept], rows[:, kept])


def proposals_of(draw: Sequence[GradedItem]) -> list[Proposal]:
    """What the machine would propose; ungraded items go to a person and count as not decided."""
    return [
        Proposal(
            item=one.item.name,
            group=one.item.group,
            proposed=one.said,
            share_ppm=one.share_ppm,
            truth=one.truth,
        )
        for one in draw
    ]


def error_of(covered: Sequence[Coverage]) -> float | None:
    """Share of wrong ones among everything decided; None where nothing is."""
    decided = sum(one.decided for one in covered)
    return round(sum(one.wrong for one in covered) / decided, 4) if decided else None
