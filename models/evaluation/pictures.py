"""The first look at every picture: can it be read, and what do its size and colour alone say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.errors import BadImage
from models.evaluation.folders import Item, ObjectSet
from models.evaluation.metrics import Numbers
from models.images import decode

Progress = Callable[[str, int, int], None]
"""Called with what is done, how many of it, and of how many."""
COLOUR_SIDE = 64
"""Pixels that are enough to know a mean colour."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traits:
    """What a shortcut could go by."""

    file_size: float
    """Bytes."""
    mean_colour: Numbers
    """Three channels, 0..255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A picture that nothing can be said of."""

    item: Item
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readable:
    """An object without the pictures that cannot be read."""

    goods: ObjectSet
    traits: dict[str, Traits]
    """By name of the item."""
    unreadable: tuple[Unreadable, ...]


def read_all(goods: ObjectSet, progress: Progress) -> Readable:
    """Try every picture once."""
    traits: dict[str, Traits] = {}
    refused: list[Unreadable] = []
    for number, item in enumerate(goods.items, start=1):
        try:
            traits[item.name] = traits_of(item)
        except BadImage as bad:
            refused.append(Unreadable(item=item, why=str(bad)))
        except OSError as error:
            refused.append(Unreadable(item=item, why=error.strerror or "it cannot be opened"))
        progress(f"{goods.name}: reading", number, len(goods.items))
    return Readable(
        goods=replace(goods, good=_kept(goods.good, traits), bad=_kept(goods.bad, traits)),
        traits=traits,
        unreadable=tuple(refused),
    )


def traits_of(item: Item) -> Traits:
    """Size and mean colour of one picture; raises BadImage, OSError."""
    content = item.path.read_bytes()
    pixels = decode(content, need_side=COLOUR_SIDE)
    return Traits(file_size=float(len(content)), mean_colour=np.asarray(pixels, np.float64).mean(axis=(0, 1)))


def _kept(items: Sequence[Item], traits: dict[str, Traits]) -> tuple[Item, ...]:
    return tuple(item for item in items if item.name in traits)
