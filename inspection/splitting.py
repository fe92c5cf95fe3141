"""Splits judged items so that no item and no day stands on both sides.

Photos of one item are alike, and so are the items of one day (light, operator, delivery): a figure
from a split by photo is a figure about memory. An item that came on two days ties those days together.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol, TypeVar

PPM = 1_000_000


class Dated(Protocol):
    """Anything that belongs to an item and to a day."""

    @property
    def item(self) -> str:
        """Id of the item."""
        ...

    @property
    def day(self) -> date:
        """Day on which it was judged."""
        ...


D = TypeVar("D", bound=Dated)


def groups(rows: Iterable[D]) -> list[tuple[D, ...]]:
    """The smallest groups of which no two share an item or a day, in the order of their first row."""
    root: dict[object, object] = {}
    kept = list(rows)
    for row in kept:
        root[_find(root, row.day)] = _find(root, (row.item,))
    found: dict[object, list[D]] = defaultdict(list)
    for row in kept:
        found[_find(root, row.day)].append(row)
    return [tuple(group) for group in found.values()]


def apart(rows: Sequence[D], held_out_ppm: int, *, seed: str = "") -> tuple[list[D], list[D]]:
    """Split into (kept, held out), whole groups only; the same rows in any order give the same split.

    Groups are drawn by a hash and taken while they bring the held-out part nearer to its share. Where
    everything is one group nothing is held out: whoever asked must refuse to go on.
    """
    wanted = len(rows) * held_out_ppm // PPM
    kept: list[D] = []
    held: list[D] = []
    for group in sorted(groups(rows), key=lambda group: _draw(group, seed)):
        nearer = abs(len(held) + len(group) - wanted) < abs(len(held) - wanted)
        (held if nearer and len(group) < len(rows) else kept).extend(group)
    return kept, held


def folds(rows: Sequence[D], most: int, *, seed: str = "") -> list[list[D]]:
    """Deal whole groups into up to `most` folds of about equal size; fewer where there are fewer groups."""
    found = sorted(groups(rows), key=lambda group: _draw(group, seed))
    dealt: list[list[D]] = [[] for _ in range(min(most, len(found)))]
    for group in found:
        min(dealt, key=len).extend(group)
    return dealt


def _find(root: dict[object, object], node: object) -> object:
    """The group's representative; shortens the way on its walk."""
    root.setdefault(node, node)
    while root[node] != node:
        root[node] = root[root[node]]
        node = root[node]
    return node


def _draw(group: Sequence[Dated], seed: str) -> bytes:
    first = min(f"{row.day.isoformat()} {row.item}" for row in group)
    return hashlib.sha256(f"{seed}\n{first}".encode()).digest()
