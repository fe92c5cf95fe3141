"""One set through the protocol: all methods, then each lever off on a part of it."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from models.evaluation.book import Book, Called, Row, SetResult, row_of
from models.evaluation.elpv import load_elpv
from models.evaluation.figures import Figures, figures_of, mean_figures
from models.evaluation.folders import ObjectSet
from models.evaluation.methods import lever_rows
from models.evaluation.pictures import Readable, read_all
from models.evaluation.protocol import Measured, measure
from models.evaluation.rendered import held_out, object_set
from models.evaluation.sets import load_real
from models.evaluation.shortcuts import shortcut_aurocs
from models.evaluation.splits import draws, thinned
from models.evaluation.workshop import Workshop
from models.recipe import LEVERS

LEVER_SEEDS = 2
LEVER_GOOD, LEVER_BAD_PER_KIND = 40, 8
"""Pictures of a set on which each lever is switched off: enough to see what it does, in a few minutes."""


def run_real(shop: Workshop, name: str) -> Book:
    """One of the real sets; raises CannotEvaluate."""
    goods = load_real(shop.setup.data, name)
    result, _ = run_set(shop, goods)
    return Book(sets={name: with_levers(shop, goods, result)})


def run_elpv(shop: Workshop) -> Book:
    """Both kinds of solar cells; raises CannotEvaluate."""
    found = load_elpv(shop.setup.elpv) if shop.setup.elpv else []
    return Book(sets={goods.name: run_set(shop, goods)[0] for goods in found})


def run_rendered(shop: Workshop) -> Book:
    """Every held-out rendered object that has pictures enough, and their mean; raises CannotEvaluate."""
    sets: dict[str, SetResult] = {}
    rows: dict[str, list[Figures]] = defaultdict(list)
    for name, pictures in held_out(shop.setup.rendered).items():
        goods = object_set(shop.setup.rendered, name, pictures)
        if len(goods.good) <= shop.shots or not goods.bad:
            continue
        sets[goods.name], figures = run_set(shop, goods)
        for method, found in figures.items():
            rows[method].append(found)
    means = tuple(row_of(method, mean_figures(found)) for method, found in rows.items())
    return Book(sets={**sets, **({"rendered": mean_set(shop, list(sets.values()), means)} if sets else {})})


def mean_set(shop: Workshop, sets: Sequence[SetResult], rows: tuple[Row, ...]) -> SetResult:
    """The mean over objects in the place of a set."""
    return SetResult(
        measured=shop.today,
        good=sum(one.good for one in sets),
        bad=sum(one.bad for one in sets),
        unreadable=sum(one.unreadable for one in sets),
        seeds=shop.seeds,
        rows=rows,
        shortcut_auroc={
            name: round(float(np.mean([one.shortcut_auroc[name] for one in sets])), 4)
            for name in sets[0].shortcut_auroc
        },
    )


def run_set(shop: Workshop, goods: ObjectSet) -> tuple[SetResult, dict[str, Figures]]:
    """All methods on one object."""
    readable = read_all(goods, shop.progress)
    splits = draws(readable.goods, shots=shop.shots, seeds=shop.seeds)
    found = measure(readable.goods, splits, shop.rows(goods), shop.progress)
    figures = {one.method: figures_of(one) for one in found}
    shortcuts = shortcut_aurocs(readable.goods, splits, readable.traits)
    return result_of(shop, readable, found, figures, shortcuts), figures


def result_of(
    shop: Workshop,
    readable: Readable,
    found: Sequence[Measured],
    figures: dict[str, Figures],
    shortcuts: dict[str, float],
) -> SetResult:
    """What is kept of one object."""
    return SetResult(
        measured=shop.today,
        good=len(readable.goods.good),
        bad=len(readable.goods.bad),
        unreadable=len(readable.unreadable),
        seeds=shop.seeds,
        rows=tuple(row_of(method, one) for method, one in figures.items()),
        shortcut_auroc={name: round(value, 4) for name, value in shortcuts.items()},
        called=called_of(found[0]),
    )


def called_of(measured: Measured) -> dict[str, Called]:
    """Pictures beyond the method's own limit by folder, good ones first; mean over the seeds."""
    items = measured.goods.items
    called: dict[str, float] = dict.fromkeys((item.kind for item in items), 0.0)
    of: dict[str, float] = dict.fromkeys(called, 0.0)
    for seed in measured.seeds:
        for place, looked in zip(seed.places, seed.looked, strict=True):
            if looked.limit is not None:
                of[items[place].kind] += 1 / len(measured.seeds)
                called[items[place].kind] += (looked.score > looked.limit) / len(measured.seeds)
    return {kind: Called(called=round(called[kind], 1), of=round(of[kind], 1)) for kind in called}


def with_levers(shop: Workshop, goods: ObjectSet, result: SetResult) -> SetResult:
    """The result with the shipped recipe beside each lever off, on the same thinned draws."""
    if not LEVERS:
        return result
    bench = goods.bench.read_bytes() if goods.bench else None
    part = read_all(thinned(goods, per_kind=LEVER_BAD_PER_KIND, most_good=LEVER_GOOD), shop.progress).goods
    splits = draws(part, shots=shop.shots, seeds=LEVER_SEEDS)
    found = measure(part, splits, lever_rows(shop.backbone, bench), shop.progress)
    return result.model_copy(update={"levers": tuple(row_of(one.method, figures_of(one)) for one in found)})
