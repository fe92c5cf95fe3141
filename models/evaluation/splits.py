"""Which pictures are references and which are tested: drawn by a seed, the same for every method."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.calibration import MIN_SHOTS
from models.errors import BadQuestion, NoBadPictures, TooFewGood
from models.evaluation.folders import Item, ObjectSet

SHOTS = 8
SEEDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One draw."""

    seed: int
    references: tuple[Item, ...]
    good: tuple[Item, ...]
    """Good pictures to test."""
    bad: tuple[Item, ...]

    @property
    def tested(self) -> tuple[Item, ...]:
        """Everything to test, good ones first."""
        return self.good + self.bad


def draw(goods: ObjectSet, *, shots: int, seed: int) -> Split:
    """`random.Random(seed).sample(sorted good, shots)` as references, the rest to test.

    Where a picture belongs to a group, the references' groups leave the test with all their pictures,
    good and bad. Raises TooFewGood, NoBadPictures, BadQuestion.
    """
    if shots < MIN_SHOTS:
        raise BadQuestion(f"{shots} references are no comparison: {MIN_SHOTS} are needed")
    if len(goods.good) < shots + 1:
        raise TooFewGood(
            f"{goods.name} has {len(goods.good)} good pictures: {shots} references and one to test are needed"
        )
    chosen = draw_references(goods.good, shots=shots, seed=seed)
    used = {item.group for item in chosen}
    good = tuple(item for item in goods.good if item.group not in used)
    bad = tuple(item for item in goods.bad if item.group not in used)
    if not good:
        raise TooFewGood(f"{goods.name}: every good picture shares a group with a reference of seed {seed}")
    if not bad:
        raise NoBadPictures(f"{goods.name}: every bad picture shares a group with a reference of seed {seed}")
    return Split(seed=seed, references=tuple(chosen), good=good, bad=bad)


def draw_references(good: Sequence[Item], *, shots: int, seed: int) -> list[Item]:
    """So many of the good pictures, which are more than that."""
    by_name = sorted(good, key=lambda item: item.name)
    return random.Random(seed).sample(by_name, shots)  # noqa: S311 - a draw anyone can repeat


def draws(goods: ObjectSet, *, shots: int = SHOTS, seeds: int = SEEDS) -> list[Split]:
    """One split per seed 0, 1, ...; raises as `draw`."""
    if seeds < 1:
        raise BadQuestion("at least one seed is needed")
    return [draw(goods, shots=shots, seed=seed) for seed in range(seeds)]


def thinned(goods: ObjectSet, *, per_kind: int | None, most_good: int | None = None) -> ObjectSet:
    """At most so many bad pictures of each kind, and good ones, drawn with seed 0."""
    kinds = sorted({item.kind for item in goods.bad})
    bad = tuple(
        item for kind in kinds for item in _some([one for one in goods.bad if one.kind == kind], per_kind)
    )
    return replace(goods, good=tuple(_some(goods.good, most_good)), bad=bad)


def _some(items: Sequence[Item], most: int | None) -> Sequence[Item]:
    if most is None or len(items) <= most:
        return items
    return sorted(random.Random(0).sample(list(items), most), key=lambda item: item.name)  # noqa: S311
