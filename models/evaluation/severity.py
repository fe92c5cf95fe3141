"""Whether worse cans score higher, day by day: order only, for the shooting day gives the class away."""

from collections import defaultdict

import numpy as np

from models.evaluation.book import Book, Bucket
from models.evaluation.folders import Item, ObjectSet, Selection, objects_in
from models.evaluation.mappings import FOOD_CAN
from models.evaluation.methods import Looked, shipped
from models.evaluation.metrics import auroc
from models.evaluation.pictures import read_all
from models.evaluation.protocol import measure
from models.evaluation.splits import Split, draws
from models.evaluation.workshop import Workshop

NAME = "food_can"
CLEAN_DAY = "20221108"
SEEDS = 2


def run_severity(shop: Workshop) -> Book:
    """Every severity, the day of the references apart from other days; raises CannotEvaluate."""
    (whole,) = objects_in(shop.setup.data / NAME, Selection(good="no_defect"))
    goods = read_all(whole, shop.progress).goods
    day = ObjectSet(name=NAME, good=tuple(item for item in goods.good if of_day(item)), bad=goods.bad)
    splits = [with_other_days(split, goods) for split in draws(day, shots=shop.shots, seeds=SEEDS)]
    (measured,) = measure(goods, splits, [shipped(shop.backbone)], shop.progress)
    found: dict[str, list[tuple[int, Looked]]] = defaultdict(list)
    for number, seed in enumerate(measured.seeds):
        for place, looked in zip(seed.places, seed.looked, strict=True):
            found[label_of(goods.items[place])].append((number, looked))
    labels = sorted(found, key=lambda label: (list(FOOD_CAN).index(label.split(",")[0]), label))
    fine = found[f"no_defect, {CLEAN_DAY}"]
    return Book(severity={NAME: tuple(bucket(label, found[label], fine) for label in labels)})


def of_day(item: Item) -> bool:
    """Whether it was shot on the one day that has both classes."""
    return item.path.name.startswith(CLEAN_DAY)


def label_of(item: Item) -> str:
    """Severity and day."""
    return f"{item.kind}, {CLEAN_DAY if of_day(item) else 'other days'}"


def with_other_days(split: Split, goods: ObjectSet) -> Split:
    """A split whose test holds the good cans of other days too."""
    others = tuple(item for item in goods.good if not of_day(item))
    return Split(seed=split.seed, references=split.references, good=split.good + others, bad=split.bad)


def bucket(label: str, seen: list[tuple[int, Looked]], fine: list[tuple[int, Looked]]) -> Bucket:
    """One label's figures, mean over the seeds."""
    ratios = [one.score / one.limit for _, one in seen if one.limit]
    areas = []
    for seed in sorted({number for number, _ in seen}):
        good = [one.score for number, one in fine if number == seed]
        bad = [one.score for number, one in seen if number == seed]
        labels = np.array([False] * len(good) + [True] * len(bad))
        areas.append(float(auroc(np.array(good + bad), labels, np.ones((1, len(labels))))[0]))
    return Bucket(
        label=label,
        pictures=len(seen) // SEEDS,
        ratio=round(float(np.median(ratios)), 3),
        against_good=None if seen is fine else round(float(np.mean(areas)), 4),
    )
