"""`regrade evaluate folder`: the protocol on any folder of objects, and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import CannotEvaluate
from models.evaluation.bootstrap import Estimate
from models.evaluation.figures import Figures, figures_of, mean_figures
from models.evaluation.folders import ObjectSet, Selection, objects_in
from models.evaluation.methods import Method
from models.evaluation.pictures import Progress, Unreadable, read_all
from models.evaluation.protocol import measure
from models.evaluation.shortcuts import SHORTCUTS, shortcut_aurocs
from models.evaluation.span import DIGITS
from models.evaluation.splits import draws


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectFigures:
    """What one object gave."""

    name: str
    figures: Figures
    shortcut_auroc: Mapping[str, float]
    unreadable: tuple[Unreadable, ...] = ()


def evaluate_folder(
    folder: Path, method: Method, selection: Selection, *, shots: int, seeds: int, progress: Progress
) -> list[ObjectFigures]:
    """Every object of a folder by one method; raises CannotEvaluate."""
    found = objects_in(folder, selection)
    for goods in found:
        draws(goods, shots=shots, seeds=seeds)  # what cannot work is said before anything takes time
    return [evaluate_object(goods, method, shots=shots, seeds=seeds, progress=progress) for goods in found]


def evaluate_object(
    goods: ObjectSet, method: Method, *, shots: int, seeds: int, progress: Progress
) -> ObjectFigures:
    """One object by one method."""
    readable = read_all(goods, progress)
    try:
        splits = draws(readable.goods, shots=shots, seeds=seeds)
    except CannotEvaluate as error:
        raise type(error)(f"{error}{_missing(readable.unreadable)}") from error
    (measured,) = measure(readable.goods, splits, [method], progress)
    return ObjectFigures(
        name=goods.name,
        figures=figures_of(measured),
        shortcut_auroc=shortcut_aurocs(readable.goods, splits, readable.traits),
        unreadable=readable.unreadable,
    )


def _missing(unreadable: Sequence[Unreadable]) -> str:
    return f" ({len(unreadable)} pictures cannot be read)" if unreadable else ""


def folder_object(rows: Sequence[ObjectFigures]) -> dict[str, Any]:
    """The answer as plain values, for JSON."""
    mean = mean_figures([row.figures for row in rows])
    shortcuts = {name: float(np.mean([row.shortcut_auroc[name] for row in rows])) for name in SHORTCUTS}
    return {
        "objects": {row.name: figures_object(row.figures, row.shortcut_auroc) for row in rows},
        "mean": figures_object(mean, shortcuts),
    }


def figures_object(figures: Figures, shortcuts: Mapping[str, float]) -> dict[str, Any]:
    """One row as plain values; null where a figure cannot be had."""
    return {
        "auroc": rounded(figures.auroc.value),
        "auroc_ci": interval_of(figures.auroc),
        "recall_at_1fa": rounded(figures.recall_at_1fa.value),
        "recall_at_5fa": rounded(figures.recall_at_5fa.value),
        "aupro": rounded(figures.aupro.value),
        "ece": rounded(figures.ece.value),
        "coverage_at_budget": rounded(figures.coverage_at_budget),
        "error_at_budget": rounded(figures.error_at_budget),
        "p50_ms": rounded(figures.p50_ms, 1),
        "p95_ms": rounded(figures.p95_ms, 1),
        "cpu_ms": rounded(figures.cpu_ms, 1),
        "shortcut_auroc": {name: rounded(value) for name, value in shortcuts.items()},
    }


def interval_of(estimate: Estimate) -> list[float] | None:
    """The 95 % interval, rounded."""
    ends = estimate.interval
    return [round(end, DIGITS) for end in ends] if ends else None


def rounded(value: float | None, digits: int = DIGITS) -> float | None:
    """A figure with as many digits as anybody reads."""
    return None if value is None else round(value, digits)
