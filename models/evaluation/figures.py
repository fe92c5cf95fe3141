"""From scores to the figures of one object, each with its replicates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.evaluation.bootstrap import NOTHING, Estimate, draw_weights, estimate, mean_of
from models.evaluation.coverage import cover, two_way
from models.evaluation.metrics import Flags, Numbers, auroc, ece, recall_at
from models.evaluation.pro import ProParts, aupro, pro_parts
from models.evaluation.protocol import Measured, SeedScores, masks_of

PRO_REPLICATES = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """One method on one object, or the mean over objects."""

    auroc: Estimate
    recall_at_1fa: Estimate
    recall_at_5fa: Estimate
    aupro: Estimate
    """No value where there are no masks, or the method gives no map."""
    ece: Estimate
    """Of the probability of a difference that the record's shares are made of (`inspection/shares.py`),
    against bad or good; no value for a method without one."""
    coverage_at_budget: float | None
    error_at_budget: float | None
    """None where nothing is decided alone."""
    p50_ms: float | None
    p95_ms: float | None
    """From a picture's bytes to its score, one picture at a time."""
    cpu_ms: float | None
    """Process time per picture, all threads."""


def figures_of(measured: Measured) -> Figures:
    """All figures of one method on one object."""
    weights = draw_weights(measured.goods.items)
    places = [seed.places for seed in measured.seeds]

    def by(metric: Callable[[SeedScores, Numbers], Numbers]) -> Estimate:
        return estimate(lambda seed, rows: metric(measured.seeds[seed], rows), places, weights)

    bad = measured.bad
    have_chances = all(seed.chances is not None for seed in measured.seeds)
    covered, error = coverage_of(measured) if have_chances else (None, None)
    spent = [one for seed in measured.seeds for one in seed.looked]
    wall = [one.total_ms for one in spent]
    return Figures(
        auroc=by(lambda seed, rows: auroc(seed.scores, bad[seed.places], rows)),
        recall_at_1fa=by(lambda seed, rows: recall_at(seed.scores, bad[seed.places], rows, 0.01)),
        recall_at_5fa=by(lambda seed, rows: recall_at(seed.scores, bad[seed.places], rows, 0.05)),
        aupro=aupro_of(measured, weights),
        ece=by(lambda seed, rows: calibration_error(seed, bad, rows)) if have_chances else NOTHING,
        coverage_at_budget=covered,
        error_at_budget=error,
        p50_ms=float(np.percentile(wall, 50)),
        p95_ms=float(np.percentile(wall, 95)),
        cpu_ms=float(np.mean([one.cpu_ms for one in spent])),
    )


def calibration_error(seed: SeedScores, bad: Flags, rows: Numbers) -> Numbers:
    """ECE of one seed."""
    chances = seed.chances
    return ece(chances, bad[seed.places], rows) if chances is not None else np.full(len(rows), np.nan)


def coverage_of(measured: Measured) -> tuple[float, float | None]:
    """Mean coverage over the seeds, and the share of errors among all that was decided."""
    items = measured.goods.items
    outcomes = []
    for number, seed in enumerate(measured.seeds):
        chances: Sequence[float] = [] if seed.chances is None else seed.chances.tolist()
        proposals = [
            two_way(items[at].name, items[at].group, chance=chance, bad=not items[at].good)
            for at, chance in zip(seed.places, chances, strict=True)
        ]
        outcomes.append(cover(proposals, number))
    decided = sum(one.decided for one in outcomes)
    wrong = sum(one.wrong for one in outcomes)
    return float(np.mean([one.share for one in outcomes])), wrong / decided if decided else None


def aupro_of(measured: Measured, weights: Numbers) -> Estimate:
    """AUPRO over the good pictures and the bad ones that have a mask."""
    masks = masks_of(measured.goods)
    items = measured.goods.items
    kept = [
        [at for at, place in enumerate(seed.places) if items[place].good or items[place].name in masks]
        for seed in measured.seeds
    ]
    parts: list[ProParts] = []
    for seed, chosen in zip(measured.seeds, kept, strict=True):
        heats = [heat for at in chosen if (heat := seed.looked[at].heat) is not None]
        if not masks or len(heats) != len(chosen):
            return NOTHING
        parts.append(pro_parts(heats, [masks.get(items[seed.places[at]].name) for at in chosen]))
    places = [seed.places[chosen] for seed, chosen in zip(measured.seeds, kept, strict=True)]
    return estimate(lambda seed, rows: aupro(parts[seed], rows), places, weights[:PRO_REPLICATES])


def mean_figures(rows: Sequence[Figures]) -> Figures:
    """Mean over objects, of those that have the figure."""

    def mean(name: str) -> float | None:
        there = [value for row in rows if (value := getattr(row, name)) is not None]
        return float(np.mean(there)) if there else None

    return Figures(
        auroc=mean_of([row.auroc for row in rows]),
        recall_at_1fa=mean_of([row.recall_at_1fa for row in rows]),
        recall_at_5fa=mean_of([row.recall_at_5fa for row in rows]),
        aupro=mean_of([row.aupro for row in rows]),
        ece=mean_of([row.ece for row in rows]),
        coverage_at_budget=mean("coverage_at_budget"),
        error_at_budget=mean("error_at_budget"),
        p50_ms=mean("p50_ms"),
        p95_ms=mean("p95_ms"),
        cpu_ms=mean("cpu_ms"),
    )
