"""From validation pictures to a `Reading`: chance of a segment, quiet threshold, true over expected area."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from inspection.findings import DefectKind
from models.segmenter import Curve, Reading, logit
from models.training.segmenter.looking import Looked, is_right, true_cells

FALSE_ALARMS = 0.01
"""Share of good pictures in which a segment may count where nothing differs."""
LEAST_AREAS = 3
"""Fewer defects of a kind are no measure of its area."""
PRIOR = 1.0
"""Pull of the fit towards slope 1 and offset 0: keeps it finite where the classes are apart."""
LARGEST_STEP = 0.5
"""Of one round of Newton's method, which may else overshoot for ever."""


def reading_of(compared: Sequence[Looked], alone: Sequence[Looked], intact: Sequence[float]) -> Reading:
    """The reading; `intact` are the loudest segments of intact pictures without references."""
    return Reading(
        compared=curve_of(compared, []),
        confirmed=fitted([(s.loudness, is_right(each, s)) for each in compared for s in each.confirmed]),
        alone=curve_of(alone, intact),
        areas=areas_of(compared),
    )


def curve_of(pictures: Sequence[Looked], intact: Sequence[float]) -> Curve:
    """Chance by loudness over all segments, and the chance that good pictures hardly reach."""
    judged = [(s.loudness, is_right(each, s)) for each in pictures for s in each.segments]
    judged += [(loudness, False) for loudness in intact if loudness > 0]
    good = [loudest(each) for each in pictures if each.row.grade == "new"] + list(intact)
    curve = fitted(judged)
    quiet = curve.chance(rarely_reached(good, FALSE_ALARMS))
    return curve.model_copy(update={"quiet": min(1.0, quiet + 1e-4)})


def fitted(judged: Sequence[tuple[float, bool]]) -> Curve:
    """Chance to be right by loudness."""
    slope, offset = logistic([logit(x) for x, _ in judged], [float(right) for _, right in judged])
    return Curve(slope=slope, offset=offset, quiet=0.0)


def loudest(looked: Looked) -> float:
    """Loudness of the loudest segment; 0 without one."""
    return max((segment.loudness for segment in looked.segments), default=0.0)


def rarely_reached(values: Sequence[float], share: float) -> float:
    """The value that at most this share of the values exceeds."""
    allowed = math.floor(share * len(values))
    return sorted(values, reverse=True)[allowed]


def logistic(inputs: Sequence[float], rights: Sequence[float], rounds: int = 50) -> tuple[float, float]:
    """Slope and offset of a logistic regression with a weak ridge, by Newton's method."""
    x = np.stack([np.array(inputs), np.ones(len(inputs))], axis=1)
    y = np.array(rights)
    start = np.array([1.0, 0.0])
    weights = start
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (chance - y) + PRIOR * (weights - start)
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + PRIOR * np.eye(2)
        weights = weights - np.clip(np.linalg.solve(bend, slope), -LARGEST_STEP, LARGEST_STEP)
    return max(float(weights[0]), 0.05), float(weights[1])


def areas_of(pictures: Sequence[Looked]) -> Mapping[DefectKind, float]:
    """Median of true over expected area, per kind, over the segments that are right."""
    ratios: dict[DefectKind, list[float]] = defaultdict(list)
    for each in pictures:
        for segment in each.segments:
            if is_right(each, segment, 0.5):
                ratios[segment.kind].append(float(true_cells(each, segment.kind).sum()) / segment.cells)
    return {
        kind: float(np.clip(np.median(r), 0.3, 3.0)) for kind, r in ratios.items() if len(r) >= LEAST_AREAS
    }
