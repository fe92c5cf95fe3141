"""What is odd about a log without being a fault: missing counters, two starts alive, a clock set back.

A remark is no accusation: a station may have lost a record before it was sent, a clock may have been
wrong. Somebody has to explain it, so it is named with the entries around it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from inspection.custody.counters import Gap, Late, Overlap
from inspection.custody.leaf import Leaf
from inspection.messages.base import read_time

MAX_REMARKS = 20
CLOCK_SLACK_S = 300
"""How far two clocks may differ before it is worth a word: five minutes."""


class Oddity(StrEnum):
    """What is odd."""

    OMISSION = "omission"
    """Counters that a station used and that stand nowhere in the log."""
    CLONE = "clone"
    """A station's key spoke from two starts at once."""
    LATE = "late"
    """A counter came behind a higher one, or twice."""
    CLOCK_BACK = "clock_back"
    """An entry says it was recorded before the one in front of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that somebody should explain."""

    oddity: Oddity
    detail: str
    index: int | None = None
    """Ledger index of the entry at which it shows."""


@dataclass(slots=True)
class Remarks:
    """Collects remarks, MAX_REMARKS of them in words."""

    found: list[Remark] = field(default_factory=list)
    total: int = 0
    _before: str = ""
    _before_s: float = 0.0

    def time(self, leaf: Leaf) -> float:
        """When a leaf says it was recorded, in seconds after the epoch; NaN for what is no time."""
        if leaf.recorded_at == self._before:  # what is committed together says one time
            return self._before_s
        at_s = seconds(leaf.recorded_at)
        if at_s != at_s:
            return at_s
        self._clock(at_s, leaf.seq)
        self._before, self._before_s = leaf.recorded_at, at_s
        return at_s

    def run(self, index: int, times: Sequence[float], last: str) -> None:
        """Take entries from `index` on whose times never fall; `last` is how the last of them is written."""
        self._clock(times[0], index)
        self._before, self._before_s = last, times[-1]

    def _clock(self, at_s: float, index: int) -> None:
        if at_s < self._before_s - CLOCK_SLACK_S:
            early = self._before_s - at_s
            self._add(Oddity.CLOCK_BACK, f"recorded {early:.0f} s before the entry in front of it", index)

    def counter(self, odd: Overlap | Late) -> None:
        """Take what a counter shows."""
        if isinstance(odd, Overlap):
            detail = f"key {odd.key}: start {odd.older} spoke again after start {odd.newer} had begun"
            self._add(Oddity.CLONE, detail, odd.index)
            return
        how = "a second time" if odd.repeated else "behind a higher one"
        self._add(Oddity.LATE, f"key {odd.key}: counter {odd.counter} came {how}", odd.index)

    def gaps(self, gaps: Iterable[Gap]) -> None:
        """Take the counters that never came."""
        for gap in gaps:
            which = f"counter {gap.first}" if gap.count == 1 else f"counters {gap.first} to {gap.last}"
            detail = f"key {gap.key}, start {gap.boot}: {which} missing before this entry"
            self._add(Oddity.OMISSION, detail, gap.after)

    def _add(self, oddity: Oddity, detail: str, index: int) -> None:
        self.total += 1
        if len(self.found) < MAX_REMARKS:
            self.found.append(Remark(oddity=oddity, detail=detail, index=index))


@lru_cache(maxsize=8)  # what is committed together says one time
def seconds(text: str) -> float:
    """Seconds after the epoch of the one spelling of times, NaN for any other."""
    try:
        return read_time(text).timestamp()
    except ValueError:
        return float("nan")
