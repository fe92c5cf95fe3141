"""From leave-one-out scores of good photos to a limit and a p-value.

Each reference photo is scored against the others; the logarithm of these scores is taken as
normal, and a new good unit's as one more draw of the same: its standardised distance from the
mean follows Student's t with n-1 degrees of freedom (the usual prediction interval). This is a
fit. With n photos nothing beyond about 1/n was ever seen: smaller p-values are extrapolated,
and with few photos the limit moves far out, which costs recall and never false alarms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIN_SHOTS = 3
"""Fewer photos are no calibration."""
MIN_SPREAD = 0.05
"""Photos taken in one go differ less than those of another day: never trust a smaller log spread."""
UNIT_FALSE_ALARM = 0.05
VIEWS = 3
VIEW_FALSE_ALARM = UNIT_FALSE_ALARM / VIEWS
"""At most 5 % of good units, over up to three views (union bound)."""
LEAST_SCORE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The fit over the leave-one-out scores of one view."""

    shots: int
    log_mean: float
    log_spread: float

    def p_value(self, score: float) -> float:
        """Chance that a good unit scores as far or farther, by the fit; 0..1."""
        spread = self.log_spread * math.sqrt(1.0 + 1.0 / self.shots)
        return student_tail((math.log(max(score, LEAST_SCORE)) - self.log_mean) / spread, self.shots - 1)

    def limit(self, chance: float = VIEW_FALSE_ALARM) -> float:
        """The score that a good unit passes with this chance, by the fit."""
        low, high = 0.0, 60.0  # in units of the spread, found by halving
        while high - low > 1e-9:
            middle = (low + high) / 2
            low, high = (middle, high) if student_tail(middle, self.shots - 1) > chance else (low, middle)
        return math.exp(self.log_mean + high * self.log_spread * math.sqrt(1.0 + 1.0 / self.shots))


def calibrate(scores: Sequence[float]) -> Calibration:
    """Fit the leave-one-out scores; raises ValueError with fewer than MIN_SHOTS."""
    if len(scores) < MIN_SHOTS:
        raise ValueError(f"{len(scores)} scores are no calibration, {MIN_SHOTS} are needed")
    logs = [math.log(max(score, LEAST_SCORE)) for score in scores]
    mean = math.fsum(logs) / len(logs)
    variance = math.fsum((value - mean) ** 2 for value in logs) / (len(logs) - 1)
    return Calibration(shots=len(logs), log_mean=mean, log_spread=max(math.sqrt(variance), MIN_SPREAD))


def student_tail(t: float, freedom: int) -> float:
    """P(T > t) of Student's t; closed form by the series of Abramowitz and Stegun 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom, 2):
        term *= cosine * cosine * (step - 1) / step
        total += term
    inside = 2.0 / math.pi * (angle + sine * total) if odd else sine * total
    return min(1.0, max(0.0, (1.0 - inside) / 2.0))
