"""Puts a reader's times on the station's clock, and tells reads of just now from those that it had kept.

An R700 keeps up to 100,000 events while its broker is away and sends them afterwards; a tag that
left the bench minutes ago must not look present. The reader's clock may be wrong by hours, so a
read is late only when it lags more than the least lag that was seen.

The same least lag corrects the reader's clock. EdgeX' RFID inventory service shifts a report's times so
that its newest one is the time of receipt; the newest timestamps are those that lag least, and over many
reports that also holds where a whole report is old.
"""

from datetime import datetime, timedelta

LATE = timedelta(seconds=2)
DRIFT = timedelta(milliseconds=1)
"""How far the least lag creeps up with each read, so that a slow clock is followed."""
CLOCK_JUMPED = timedelta(seconds=10)
"""Reads that stay late for so long are not late: the reader's clock was set."""


class Lateness:
    """Learns the offset of one reader's clock, be it 1970 or two hours ahead; kept over reconnects."""

    def __init__(self) -> None:
        self._least: timedelta | None = None
        self._late_since: datetime | None = None
        self._late_by: timedelta = timedelta.max

    def seen_at(self, *, received_at: datetime, reader_time: datetime) -> datetime | None:
        """When a read happened, on the station's clock and never after its receipt; None for a late one."""
        if self.is_late(received_at=received_at, reader_time=reader_time) or self._least is None:
            return None
        # Behind a clock that was just set a read may lag by years: it is one of now all the same.
        return received_at - min(received_at - reader_time - self._least, LATE)

    def is_late(self, *, received_at: datetime, reader_time: datetime) -> bool:
        """Whether a read is an old one that was kept back."""
        lag = received_at - reader_time
        if self._least is None or lag <= self._least + LATE:
            self._least = lag if self._least is None else min(lag, self._least + DRIFT)
            self._late_since = None
            return False
        if self._late_since is None:
            self._late_since, self._late_by = received_at, lag
        self._late_by = min(self._late_by, lag)
        if received_at - self._late_since < CLOCK_JUMPED:
            return True
        # Kept events are sent at once, and their lag shrinks; after a jump it stays where it is.
        self._least, self._late_since = self._late_by, None
        return False
