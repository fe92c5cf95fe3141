"""Baselines that know nothing of items: a model that does not beat them has learnt nothing.

Each is read in the way that serves it best: the plain number in its better direction (a choice that
looks at the answers, which no real method may), or the distance from the references of the seed.
"""

from collections.abc import Callable, Sequence

import numpy as np

from models.evaluation.folders import ObjectSet
from models.evaluation.metrics import Numbers, auroc
from models.evaluation.pictures import Traits
from models.evaluation.splits import Split

Reading = Callable[[Traits], Numbers]

SHORTCUTS: dict[str, Reading] = {
    "file_size": lambda traits: np.array([traits.file_size]),
    "mean_colour": lambda traits: traits.mean_colour,
}


def shortcut_aurocs(goods: ObjectSet, splits: Sequence[Split], traits: dict[str, Traits]) -> dict[str, float]:
    """Image AUROC of each shortcut, mean over the seeds of the better reading."""
    return {
        name: float(np.mean([best_reading(split, traits, reading) for split in splits]))
        for name, reading in SHORTCUTS.items()
    }


def best_reading(split: Split, traits: dict[str, Traits], reading: Reading) -> float:
    """The strongest of all readings on one seed's test pictures."""
    tested = np.stack([reading(traits[item.name]) for item in split.tested])
    known = np.stack([reading(traits[item.name]) for item in split.references])
    bad = np.array([not item.good for item in split.tested])
    ones = np.ones((1, len(bad)))
    plain = [float(auroc(column, bad, ones)[0]) for column in tested.T]
    distance = np.linalg.norm(tested - known.mean(axis=0), axis=1)
    return max([max(area, 1 - area) for area in plain] + [float(auroc(distance, bad, ones)[0])])
