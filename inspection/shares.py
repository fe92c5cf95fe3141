"""From scores and findings to a probability over the three grades, in integer ppm.

The map is fixed, monotone and **uncalibrated**: it orders units, it does not promise a
frequency. A site's confirmed verdicts calibrate it; until then every grading says so.

    r       = score / limit of a view                     (1 at the bank's own limit)
    differs = r^8 / (1 + r^8)                             (a half at the limit)
    not_new = the greatest of all differs and of the confidence of every finding
              whose rubric row is not `new`
    damaged = the greatest confidence of a finding whose row is `damaged`,
              but at least a tenth of not_new             (a difference may hide damage)
    used    = not_new - damaged,   new = 1 - not_new

The greatest, not a product: the witnesses look at the same photos, so they are not
independent. Everything is kept between 0.1 % and 99.9 %: no photo is certain.
"""

from collections.abc import Iterable

from inspection.detector import ViewScore
from inspection.grades import Grade, GradeShares

WHOLE_PPM = 1_000_000
LEAST_PPM = 1_000
MOST_PPM = 999_000
HIDDEN_DAMAGE = 10
"""One in ten differences is taken to hide damage."""
FAR = 8.0
"""Ratio beyond which the map is flat; keeps the power finite."""


def differs_ppm(score: ViewScore) -> int:
    """Return how likely a view differs from the references; needs a finite score, limit > 0."""
    ratio = min(score.score / score.limit, FAR)
    squared = ratio * ratio
    fourth = squared * squared
    eighth = fourth * fourth  # products are the same on every machine, pow() is not
    return _kept(round(WHOLE_PPM * eighth / (1 + eighth)))


def shares_of(differences: Iterable[int], witnesses: Iterable[tuple[Grade, int]]) -> GradeShares:
    """Combine the views' differences and the (grade, confidence) of each finding, all in ppm."""
    seen = list(witnesses)
    not_new = _greatest(*differences, *(ppm for grade, ppm in seen if grade != Grade.NEW))
    named = _greatest(*(ppm for grade, ppm in seen if grade == Grade.DAMAGED))
    damaged = min(not_new, max(named if named > LEAST_PPM else 0, not_new // HIDDEN_DAMAGE))
    return GradeShares(new=WHOLE_PPM - not_new, used=not_new - damaged, damaged=damaged)


def certain(grade: Grade) -> GradeShares | None:
    """Return all of the probability on one grade: what a person says; None for `ungraded`."""
    if grade == Grade.UNGRADED:
        return None
    return GradeShares(
        new=WHOLE_PPM * (grade == Grade.NEW),
        used=WHOLE_PPM * (grade == Grade.USED),
        damaged=WHOLE_PPM * (grade == Grade.DAMAGED),
    )


def likeliest(shares: GradeShares) -> Grade:
    """Return the grade with the greatest share; of equal ones the worse."""
    return max((Grade.DAMAGED, Grade.USED, Grade.NEW), key=shares.of)


def _greatest(*ppm: int) -> int:
    return _kept(max(ppm, default=0))


def _kept(ppm: int) -> int:
    return max(LEAST_PPM, min(MOST_PPM, ppm))
