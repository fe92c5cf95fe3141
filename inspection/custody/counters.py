"""Which records of a station are missing: gaps in its own counters, and two starts alive at once.

A log cannot show what never reached it. A station therefore numbers the records of each start of its
program from 1 and signs the number; whoever reads the log sees a number that was left out as soon as
a higher one stands there. Records behind the last one of a start are not seen to be missing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Counters of one start that stand nowhere in the log."""

    key: str
    boot: str
    first: int
    last: int
    """Both ends included."""
    before: int | None
    """Index of the entry with counter first - 1; None at the beginning of the start."""
    after: int
    """Index of the entry with counter last + 1."""

    @property
    def count(self) -> int:
        """How many records are missing."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """An older start of a key spoke after a newer one had begun: a clone, or a restored image."""

    key: str
    older: str
    newer: str
    counter: int
    """Counter of the older start that came too late."""
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A counter that came behind a higher one of its start: it waited, or it stands there twice."""

    key: str
    boot: str
    counter: int
    index: int
    repeated: bool
    """True for a counter that stood there already."""


@dataclass(slots=True, kw_only=True)
class _Start:
    counter: int = 0
    index: int | None = None
    gaps: list[Gap] = field(default_factory=list)


class CounterWalk:
    """Is fed every record in the order of the log; keeps one row per start and one per gap."""

    def __init__(self) -> None:
        self._starts: dict[tuple[str, str], _Start] = {}
        self._newest: dict[str, str] = {}

    def feed(self, key: str, boot: str, counter: int, index: int) -> tuple[Overlap | Late, ...]:
        """Take one record and return what is odd about it; `counter` is 1 or more.

        A number that was passed over and comes after all waited, also when a newer start has begun meanwhile;
        only what a newer start makes impossible is an overlap.
        """
        start = self._starts.get((key, boot))
        found: list[Overlap | Late] = []
        if start is None:
            start = self._starts[key, boot] = _Start()
            self._newest[key] = boot
        newer = self._newest[key]
        waited = counter <= start.counter and _fill(start.gaps, counter, index)
        if newer != boot and not waited:
            found.append(Overlap(key=key, older=boot, newer=newer, counter=counter, index=index))
        if counter <= start.counter:
            found.append(Late(key=key, boot=boot, counter=counter, index=index, repeated=not waited))
            return tuple(found)
        if counter > start.counter + 1:
            first, last = start.counter + 1, counter - 1
            gap = Gap(key=key, boot=boot, first=first, last=last, before=start.index, after=index)
            start.gaps.append(gap)
        start.counter, start.index = counter, index
        return tuple(found)

    def gaps(self) -> Iterator[Gap]:
        """What is missing so far, start by start in the order in which they began."""
        for start in self._starts.values():
            yield from start.gaps


def _fill(gaps: list[Gap], counter: int, index: int) -> bool:
    """Take a late counter out of the gap that it belongs to; False where it was not missing."""
    for at, gap in enumerate(gaps):
        if gap.first <= counter <= gap.last:
            gaps[at : at + 1] = _without(gap, counter, index)
            return True
    return False


def _without(gap: Gap, counter: int, index: int) -> list[Gap]:
    same = {"key": gap.key, "boot": gap.boot}
    lower = Gap(**same, first=gap.first, last=counter - 1, before=gap.before, after=index)
    upper = Gap(**same, first=counter + 1, last=gap.last, before=index, after=gap.after)
    return [part for part in (lower, upper) if part.count]
