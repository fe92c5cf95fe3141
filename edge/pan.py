"""Which weight belongs to which unit: the newest that settled on the scale, and never the one before's."""

from collections.abc import Collection

from inspection.readings import Weight


class Pan:
    """What the scale of a bench said last."""

    def __init__(self) -> None:
        self.newest: Weight | None = None
        """What settled last; of an emptied scale a weight of 0."""
        self._unit: str | None = None
        self._given: Weight | None = None
        self._spent: Weight | None = None

    def settled(self, weight: Weight) -> None:
        """Something settled on the scale, or it was emptied."""
        self.newest = weight

    def of(self, unit: str, scales: Collection[str]) -> Weight | None:
        """The weight of a unit; None where there is none, or its scale is not among those that work.

        A scale tells a weight only when it changes, so an item that lay there before it was known has its
        weight too. What was given to the unit before is spent until something else settles.
        """
        if unit != self._unit:
            self._unit, self._spent, self._given = unit, self._given or self._spent, None
        newest = self.newest
        if newest is None or newest is self._spent or newest.weight_g == 0 or newest.scale not in scales:
            return None
        self._given = newest
        return newest
