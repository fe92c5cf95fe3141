"""Fits the condition head: a multinomial logistic model with a ridge, by Newton's method.

It starts at the fixed map's shares (an offset), so few verdicts change little. The ridge and the
temperature are chosen on folds that share no item and no day.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.confirmed import Confirmed
from inspection.splitting import folds
from models.condition import HeadFile, columns, softmax
from models.features import GRADES, NAMES, Numbers, log_shares
from models.training.verdicts.figures import Quality, quality
from models.training.verdicts.rows import Verdicts, check_enough

LEAST_ITEMS, LEAST_PER_GRADE = 50, 10
"""Fewer are refused: with 10 of a grade its recall is known to about 30 points, and below 50 items the
learning curve (docs/deciding.md) is no better than the fixed map."""
LEAST_PER_CATEGORY = 5
"""A category with fewer is left to the fixed map."""
RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0)
INTERCEPT_RIDGE = 1.0
TEMPERATURES = tuple(float(value) for value in np.geomspace(0.5, 4.0, 43))
TOWARDS_ONE = 5.0
"""How firmly the temperature is drawn to 1: as by about ten verdicts."""
FOLDS = 5
STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Rows as numbers, before standardising."""

    features: Numbers
    """Rows x columns: the named features, then a column for each category."""
    offset: Numbers
    """Rows x 3: logarithms of the fixed map's shares."""
    truth: NDArray[np.int64]
    """Place of the confirmed grade in `GRADES`."""

    def take(self, places: Sequence[int]) -> "Table":
        """Some of the rows."""
        at = list(places)
        return Table(features=self.features[at], offset=self.offset[at], truth=self.truth[at])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """What Newton's method found."""

    mean: Numbers
    spread: Numbers
    intercept: Numbers
    weights: Numbers
    """3 x columns."""

    def logits(self, table: Table) -> Numbers:
        """Rows x 3."""
        found: Numbers = (
            table.offset + self.intercept + _scaled(table, self.mean, self.spread) @ self.weights.T
        )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A head, and how good it is on rows that it had not seen."""

    file: HeadFile
    ridge: float
    unseen: Quality
    fixed_map: Quality
    """The fixed map on the same rows."""


def learn(verdicts: Verdicts) -> Learnt:
    """Fit a head; raises TooFewVerdicts below its minimum."""
    rows = usable(verdicts.rows)
    check_enough(rows, least=LEAST_ITEMS, least_per_grade=LEAST_PER_GRADE)
    return learn_rows(rows, verdicts)


def usable(rows: Sequence[Confirmed]) -> list[Confirmed]:
    """Rows with views, of categories that have enough of them."""
    seen = [row for row in rows if row.views]
    counted = Counter(row.category for row in seen)
    return [row for row in seen if counted[row.category] >= LEAST_PER_CATEGORY]


def learn_rows(rows: Sequence[Confirmed], verdicts: Verdicts) -> Learnt:
    """Choose ridge and temperature on folds, then fit on every row."""
    categories = tuple(sorted({row.category for row in rows}))
    table = table_of(rows, categories)
    held = folds_of(rows)
    tried = {ridge: unseen_logits(table, held, ridge) for ridge in RIDGES}
    ridge = min(tried, key=lambda each: quality(softmax(tried[each]), table.truth).log_loss)
    temperature = best_temperature(tried[ridge], table.truth)
    fitted = fit(table, ridge)
    file = HeadFile(
        format=1,
        features=NAMES,
        categories=categories,
        mean=tuple(fitted.mean.tolist()),
        spread=tuple(fitted.spread.tolist()),
        intercept=tuple(fitted.intercept.tolist()),
        weights=tuple(tuple(row) for row in fitted.weights.tolist()),
        temperature=temperature,
        fitted_days=verdicts.days,
        fitted_items=verdicts.items,
    )
    return Learnt(
        file=file,
        ridge=ridge,
        unseen=quality(softmax(tried[ridge] / temperature), table.truth),
        fixed_map=quality(softmax(table.offset), table.truth),
    )


def table_of(rows: Sequence[Confirmed], categories: tuple[str, ...]) -> Table:
    """The rows as numbers."""
    cases = [row.case for row in rows]
    return Table(
        features=np.stack([columns(case, categories) for case in cases]),
        offset=np.stack([log_shares(case.raw) for case in cases]),
        truth=np.asarray([GRADES.index(row.grade) for row in rows], dtype=np.int64),
    )


def folds_of(rows: Sequence[Confirmed]) -> list[list[int]]:
    """Places of the rows in folds that share no item and no day."""
    places = {id(row): place for place, row in enumerate(rows)}
    return [sorted(places[id(row)] for row in fold) for fold in folds(list(rows), FOLDS)]


def unseen_logits(table: Table, held: Sequence[Sequence[int]], ridge: float) -> Numbers:
    """Each row's logits by a fit that has seen neither its item nor its day."""
    found = np.zeros(table.offset.shape)
    for fold in held:
        kept = np.setdiff1d(np.arange(len(table.truth)), fold)
        found[list(fold)] = fit(table.take(kept.tolist()), ridge).logits(table.take(fold))
    return found


def fit(table: Table, ridge: float) -> Fit:
    """Newton's method with halved steps; the same rows in any order give the same head up to rounding."""
    mean, spread = _scale(table)
    design = np.column_stack([np.ones(len(table.truth)), _scaled(table, mean, spread)])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = INTERCEPT_RIDGE
    wanted = np.eye(len(GRADES))[table.truth]
    weights: Numbers = np.zeros((design.shape[1], len(GRADES)))
    loss = _loss(design, table.offset, wanted, weights, penalty)
    for _ in range(STEPS):
        step = _newton_step(design, table.offset, wanted, weights, penalty)
        size = 1.0
        while (
            tried := _loss(design, table.offset, wanted, weights - size * step, penalty)
        ) > loss and size > 1e-6:
            size /= 2
        if loss - tried < 1e-10 * (1 + loss):
            break
        weights, loss = weights - size * step, tried
    return Fit(mean=mean, spread=spread, intercept=weights[0], weights=weights[1:].T)


def best_temperature(logits: Numbers, truth: NDArray[np.int64]) -> float:
    """The temperature with the least loss over unseen rows, drawn towards 1."""

    def loss(temperature: float) -> float:
        found = quality(softmax(logits / temperature), truth)
        return found.log_loss * found.rows + TOWARDS_ONE * float(np.log(temperature)) ** 2

    return min(TEMPERATURES, key=loss)


def _scale(table: Table) -> tuple[Numbers, Numbers]:
    """Mean and spread of the named features; a feature that never varies keeps a spread of 1."""
    named = table.features[:, : len(NAMES)]
    spread = named.std(axis=0)
    return named.mean(axis=0), np.where(spread < 1e-6, 1.0, spread)


def _scaled(table: Table, mean: Numbers, spread: Numbers) -> Numbers:
    found = table.features.copy()
    found[:, : len(NAMES)] = (found[:, : len(NAMES)] - mean) / spread
    return found


def _loss(design: Numbers, offset: Numbers, wanted: Numbers, weights: Numbers, penalty: Numbers) -> float:
    logits = offset + design @ weights
    top = logits.max(axis=1)
    totals = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((totals - (logits * wanted).sum(axis=1)).sum() + 0.5 * (penalty[:, None] * weights**2).sum())


def _newton_step(
    design: Numbers, offset: Numbers, wanted: Numbers, weights: Numbers, penalty: Numbers
) -> Numbers:
    chances = softmax(offset + design @ weights)
    gradient = design.T @ (chances - wanted) + penalty[:, None] * weights
    size, grades = weights.shape
    curve = np.zeros((grades * size, grades * size))
    for a in range(grades):
        for b in range(grades):
            bend = chances[:, a] * ((a == b) - chances[:, b])
            block = (design * bend[:, None]).T @ design
            curve[a * size : (a + 1) * size, b * size : (b + 1) * size] = block
    curve += np.diag(np.tile(penalty, grades))
    step = np.linalg.solve(curve, gradient.T.reshape(-1))
    return np.asarray(step, dtype=np.float64).reshape(grades, size).T
