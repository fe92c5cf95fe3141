"""From when on the reads of tags count: where a station waits for triggers, each item begins with one.

A tag that never leaves the field between two items would otherwise be taken for the second.
"""

from datetime import datetime
from typing import Literal

from inspection.readings import Scan, Trigger, Weight

TriggerKind = Literal["none", "scan", "input", "weight"]


class Window:
    """Open since the last trigger; closed again once its item is committed or set aside."""

    def __init__(self, *, waits: bool) -> None:
        self._waits = waits
        self._used = False
        self.since: datetime | None = None
        """Reads before this do not count; None where no trigger is waited for, and while it is closed."""

    @property
    def closed(self) -> bool:
        """Whether no read counts at all."""
        return self._waits and self.since is None

    def open(self, at: datetime) -> None:
        """A trigger came."""
        if self._waits:
            self.since, self._used = at, False

    def use(self) -> None:
        """What the trigger announced was found, or looked for in vain."""
        self._used = True

    def close(self) -> None:
        """Its item is done; a trigger that has come since then announced the next one, and stays."""
        if self._used:
            self.since = None


class Pans:
    """Notices on the weights of scales that a pan was emptied and loaded again."""

    def __init__(self, least_g: int) -> None:
        self._least_g = least_g
        self._empty: set[str] = set()

    def is_loaded(self, weight: Weight) -> bool:
        """Whether this weight is that of a new load; what lay there at the start is none."""
        if weight.weight_g is None:
            return False
        if weight.weight_g < self._least_g:
            self._empty.add(weight.scale)
            return False
        was_empty = weight.scale in self._empty
        self._empty.discard(weight.scale)
        return was_empty


class Triggers:
    """Which readings begin an item."""

    def __init__(self, kind: TriggerKind = "none", least_g: int = 5) -> None:
        self.kind = kind
        self._pans = Pans(least_g)

    def at(self, reading: Scan | Trigger | Weight) -> datetime | None:
        """When an item begins by this reading; None where it begins none."""
        match reading, self.kind:
            case Scan(), "scan":
                return reading.scanned_at
            case Trigger(), "input":
                return reading.seen_at if reading.active else None
            case Weight(), "weight":
                return reading.measured_at if self._pans.is_loaded(reading) else None
        return None
