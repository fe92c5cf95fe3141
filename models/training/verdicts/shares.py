"""Fits the calibration of the shares: one monotone map per category and proposed grade."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspection.confirmed import Confirmed
from inspection.grades import Grade, GradeShares
from inspection.splitting import folds, groups
from models.condition import ConditionHead
from models.confidence import CalibrationFile, ShareMap
from models.errors import TooFewVerdicts
from models.features import GRADES
from models.training.verdicts.figures import Flags, Numbers, ece
from models.training.verdicts.isotonic import isotonic_knots, platt_line
from models.training.verdicts.rows import LEAST_GROUPS, Verdicts

LEAST_ITEMS = 100
"""Of a category and proposed grade. With 100 items a rate of 10 % is known to about 6 points, no better."""
LEAST_ISOTONIC = 500
"""Below, the line is taken without asking: steps follow the noise of few items."""
FOLDS = 5
METHODS = ("platt", "isotonic")

Counts = NDArray[np.int64]


def fit_shares(verdicts: Verdicts, head: ConditionHead | None = None) -> CalibrationFile:
    """Fit every category and grade that has enough items; raises TooFewVerdicts where none has."""
    found = []
    for category in sorted({row.category for row in verdicts.rows}):
        for grade in GRADES:
            rows = [r for r in verdicts.rows if (r.category, r.proposed) == (category, grade)]
            pairs = [(row, shares) for row in rows if (shares := _shares(row, head)) is not None]
            if enough(rows := [row for row, _ in pairs]):
                ppm = np.asarray([shares.of(grade) for _, shares in pairs], dtype=np.int64)
                found.append(fit_map(category, grade, rows, ppm))
    if not found:
        raise TooFewVerdicts(
            f"no category has {LEAST_ITEMS} confirmed items of one proposed grade from {LEAST_GROUPS} days"
        )
    return CalibrationFile(
        format=1,
        head=head.version.sha256 if head else None,
        maps=tuple(found),
        fitted_days=verdicts.days,
        fitted_items=verdicts.items,
    )


def enough(rows: Sequence[Confirmed]) -> bool:
    """Whether the rows allow a map."""
    return len({row.unit for row in rows}) >= LEAST_ITEMS and len(groups(rows)) >= LEAST_GROUPS


def fit_map(category: str, proposed: Grade, rows: Sequence[Confirmed], ppm: Counts) -> ShareMap:
    """The better of both methods, by squared error on folds apart by item and day; then fitted on all."""
    right = np.asarray([row.grade == proposed for row in rows])
    tried = METHODS if len(rows) >= LEAST_ISOTONIC else METHODS[:1]
    unseen = {method: _unseen(method, category, proposed, rows, ppm, right) for method in tried}
    best = min(tried, key=lambda method: float(((unseen[method] - right) ** 2).mean()))
    figures = {"before": ece(ppm / 1_000_000, right), "after": ece(unseen[best], right)}
    return _map(best, category, proposed, ppm, right, figures)


def _unseen(
    method: str, category: str, proposed: Grade, rows: Sequence[Confirmed], ppm: Counts, right: Flags
) -> Numbers:
    """Each row's mapped share by a map that has not seen its item and its day."""
    places = {id(row): place for place, row in enumerate(rows)}
    mapped = np.zeros(len(rows))
    for fold in folds(list(rows), FOLDS):
        held = [places[id(row)] for row in fold]
        seen = np.setdiff1d(np.arange(len(rows)), held)
        fitted = _map(method, category, proposed, ppm[seen], right[seen], {"before": 0.0, "after": 0.0})
        mapped[held] = [fitted.right_ppm(int(share)) / 1_000_000 for share in ppm[held]]
    return mapped


def _map(
    method: str, category: str, proposed: Grade, ppm: Counts, right: Flags, figures: dict[str, float]
) -> ShareMap:
    slope, intercept = platt_line(ppm, right) if method == "platt" else (1.0, 0.0)
    return ShareMap(
        category=category,
        proposed=proposed,
        items=len(ppm),
        method="platt" if method == "platt" else "isotonic",
        slope=slope,
        intercept=intercept,
        knots=isotonic_knots(ppm, right) if method == "isotonic" else (),
        ece_before=figures["before"],
        ece_after=figures["after"],
    )


def _shares(row: Confirmed, head: ConditionHead | None) -> GradeShares | None:
    """What is to be mapped: the head's answer where there is a head, else the fixed map's."""
    if head is None:
        return row.case.raw
    return head.shares(row.case) if head.answers(row.case) else None
