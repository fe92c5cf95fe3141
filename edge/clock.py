"""The station's clock and how far it is believed to be off the centre's."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from inspection.record import ClockState

GOOD_WITHIN = timedelta(seconds=5)
AHEAD_LIMIT = timedelta(minutes=5)
"""The centre holds records from further ahead than this until their time has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """One moment on both clocks."""

    wall: datetime
    monotonic_ns: int


def now() -> Instant:
    """Read both clocks of this machine."""
    return Instant(wall=datetime.now(UTC), monotonic_ns=time.monotonic_ns())


Clock = Callable[[], Instant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An offset to the centre, and when it was measured."""

    offset: timedelta
    """Centre minus station: positive where the station is slow."""
    at: Instant


class ClockWatch:
    """Remembers the last offset and notices when the wall clock jumps after it was taken."""

    def __init__(self, clock: Clock = now) -> None:
        self.now = clock
        self._measured: Measured | None = None

    def measure(self, asked: Instant, centre_time: datetime, answered: Instant) -> None:
        """Take an offset from one exchange; half of the round trip is taken off."""
        middle = asked.wall + (answered.wall - asked.wall) / 2
        self._measured = Measured(offset=centre_time - middle, at=answered)

    def offset(self, at: Instant) -> timedelta | None:
        """The offset at a moment; None before the first answer of the centre."""
        if self._measured is None:
            return None
        ran = timedelta(microseconds=(at.monotonic_ns - self._measured.at.monotonic_ns) / 1000)
        jumped = (at.wall - self._measured.at.wall) - ran
        return self._measured.offset - jumped

    def offset_ms(self, at: Instant) -> int | None:
        """The offset in whole milliseconds."""
        offset = self.offset(at)
        return None if offset is None else round(offset / timedelta(milliseconds=1))

    def state(self, at: Instant) -> ClockState:
        """Good only while the offset is known and small."""
        offset = self.offset(at)
        good = offset is not None and abs(offset) <= GOOD_WITHIN
        return ClockState.GOOD if good else ClockState.UNCERTAIN

    def is_far_ahead(self, at: Instant) -> bool:
        """True where the centre would hold a record of this moment."""
        offset = self.offset(at)
        return offset is not None and -offset > AHEAD_LIMIT
