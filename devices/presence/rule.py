"""The numbers that presence is judged by, and the one comparison of two strengths.

After the design of EdgeX' RFID inventory service: a tag counts from two reads on, since a single one may be a
phantom, and the stronger one wins only by a margin, so that the answer does not flap. The margin shrinks with
the time since the weaker one was last read: min(6 dB, 6 dB - 0.008 dB/ms * (age - 500 ms)).
"""

from dataclasses import dataclass
from datetime import timedelta

FADE_AFTER = timedelta(milliseconds=500)
FADE_DB_PER_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How much stronger one must be than another."""

    db: float
    ratio: float
    """Reads of the one per read of the other, where a reader reports no signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceRule:
    """How presence is judged."""

    window: timedelta = timedelta(seconds=2)
    """Reads older than this do not count: so long a tag stays after it was taken away."""
    least_reads: int = 2
    alone: Margin = Margin(db=10.0, ratio=4.0)
    """A tag of the bench is alone when all others are weaker by this much ..."""
    stays_alone: Margin = Margin(db=6.0, ratio=3.0)
    """... and stays alone while they are weaker by this much."""
    moves: Margin = Margin(db=6.0, ratio=4.0)
    """A tag moves when another place reads it stronger by more than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """How well something is read."""

    reads: int
    rssi_dbm: float | None
    """Mean of the reads that reported it."""


def lead(one: Strength, other: Strength, margin: Margin, quiet: timedelta) -> float:
    """How far one is ahead of another beyond the margin; `quiet` is the other's silence.

    In dB where both signals are known, else in reads; below 0 where it is not ahead by the margin.
    """
    if one.rssi_dbm is None or other.rssi_dbm is None:
        return one.reads - margin.ratio * other.reads
    fading_s = max(0.0, (quiet - FADE_AFTER).total_seconds())
    return one.rssi_dbm - other.rssi_dbm - (margin.db - FADE_DB_PER_S * fading_s)
