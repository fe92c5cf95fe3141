"""The per-object protocol: fit on the references of each seed, look at every test picture once.

Pictures are the outer loop and methods and seeds the inner one, so one picture's features serve all of
them and memory does not grow with the set; only scores stay, and maps of objects that have masks.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.errors import BadImage
from models.evaluation.folders import ObjectSet
from models.evaluation.methods import Fitted, Looked, Method
from models.evaluation.metrics import Flags, Numbers
from models.evaluation.pictures import Progress
from models.evaluation.pro import Mask
from models.evaluation.splits import Split
from models.images import decode


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedScores:
    """What a method said of the test pictures of one seed, in the order of `places`."""

    places: NDArray[np.int64]
    """Places of the tested items in the object's `items`."""
    looked: tuple[Looked, ...]

    @property
    def scores(self) -> Numbers:
        """Larger is more different."""
        return np.array([one.score for one in self.looked], dtype=np.float64)

    @property
    def chances(self) -> Numbers | None:
        """Probability of a difference; None for a method that has none."""
        chances = [one.chance for one in self.looked if one.chance is not None]
        return np.array(chances, dtype=np.float64) if len(chances) == len(self.looked) else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One method on one object, all seeds."""

    method: str
    goods: ObjectSet
    seeds: tuple[SeedScores, ...]

    @property
    def bad(self) -> Flags:
        """Which of the object's items are bad."""
        return np.array([not item.good for item in self.goods.items])


def measure(
    goods: ObjectSet, splits: Sequence[Split], methods: Sequence[Method], progress: Progress
) -> list[Measured]:
    """Every method on every split; raises BadImage where a reference cannot be used."""
    fitted = [[_fit(method, split) for split in splits] for method in methods]
    keep_maps = any(item.mask for item in goods.bad)
    tested = [{item.name for item in split.tested} for split in splits]
    seen: dict[tuple[int, int], list[tuple[int, Looked]]] = defaultdict(list)
    for place, item in enumerate(goods.items):
        wanted = [seed for seed, names in enumerate(tested) if item.name in names]
        content = item.path.read_bytes() if wanted else b""
        for method in range(len(methods)):
            for seed in wanted:
                looked = _look(fitted[method][seed], content, keep_maps=keep_maps)
                seen[method, seed].append((place, looked))
        progress(f"{goods.name}: comparing", place + 1, len(goods.items))
    return [
        Measured(
            method=method.name,
            goods=goods,
            seeds=tuple(_seed_scores(seen[row, seed]) for seed in range(len(splits))),
        )
        for row, method in enumerate(methods)
    ]


def _fit(method: Method, split: Split) -> Fitted:
    try:
        return method.fit([item.path.read_bytes() for item in split.references])
    except BadImage as bad:
        raise BadImage(bad.fault, f"a reference of seed {split.seed} cannot be used: {bad}") from bad


def _look(fitted: Fitted, content: bytes, *, keep_maps: bool) -> Looked:
    looked = fitted.look(content)
    if keep_maps:
        return looked
    return replace(looked, heat=None)


def _seed_scores(seen: Sequence[tuple[int, Looked]]) -> SeedScores:
    return SeedScores(
        places=np.array([place for place, _ in seen], dtype=np.int64),
        looked=tuple(looked for _, looked in seen),
    )


def masks_of(goods: ObjectSet) -> dict[str, Mask]:
    """The defects of the bad items that have a mask, by name; a mask that cannot be read is left out."""
    found = {}
    for item in goods.bad:
        if item.mask:
            try:
                drawn = decode(item.mask.read_bytes()).max(axis=2)
            except BadImage:
                continue
            found[item.name] = np.asarray(drawn >= goods.mask_from)
    return {name: mask for name, mask in found.items() if mask.any()}
