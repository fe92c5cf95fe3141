"""Which tag is on this bench now; pure, the time is passed in.

After the design of EdgeX' RFID inventory service, cut down to one bench: a tag counts from two reads
on, since a single one may be a phantom, and a neighbour's tag is told apart by its weaker signal.
The margin has two thresholds, so that the answer does not flap, and it shrinks with the time since
the weaker tag was last read (EdgeX: min(6 dB, 6 dB - 0.008 dB/ms * (age - 500 ms))).
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from inspection.identity.epc import Stranger, trade_item
from inspection.readings import TagRead

FADE_AFTER = timedelta(milliseconds=500)
FADE_DB_PER_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceRule:
    """How presence is judged."""

    window: timedelta = timedelta(seconds=2)
    """Reads older than this do not count: so long a tag stays after it was taken away."""
    least_reads: int = 2
    alone_db: float = 10.0
    """A tag is alone when all others are weaker by this much ..."""
    stays_alone_db: float = 6.0
    """... and stays alone while they are weaker by this much."""
    alone_ratio: float = 4.0
    """Where readers report no signal: reads of the tag per read of the next one, to be alone ..."""
    stays_alone_ratio: float = 3.0
    """... and to stay alone."""


class PresenceState(StrEnum):
    """How many items lie on the bench."""

    NONE = "none"
    ONE = "one"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One tag's reads within the window, put together."""

    epc: bytes
    reads: int
    rssi_dbm: float | None
    """Mean of the reads that reported it."""
    first_seen_at: datetime
    last_seen_at: datetime
    stranger: Stranger | None = None
    """Why the tag is no item; None for items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What lies on the bench now."""

    state: PresenceState
    epc: bytes | None
    """The one tag, where it is one."""
    items: tuple[Sighting, ...]
    """Items with enough reads, strongest first; a weak neighbour is among them."""
    strangers: tuple[Sighting, ...]
    """Tags that are no items; to be shown as hex."""


NOBODY = Presence(state=PresenceState.NONE, epc=None, items=(), strangers=())


class ReadRing:
    """The last reads of all readers; the oldest give way."""

    def __init__(self, limit: int = 2048) -> None:
        self._reads: deque[TagRead] = deque(maxlen=limit)

    def add(self, read: TagRead) -> None:
        """Keep one read."""
        self._reads.append(read)

    def clear(self) -> None:
        """Forget all: a new item begins."""
        self._reads.clear()

    def recent(self) -> tuple[TagRead, ...]:
        """All kept reads, oldest first."""
        return tuple(self._reads)


def assess(
    reads: Iterable[TagRead],
    *,
    now: datetime,
    since: datetime | None = None,
    previous: bytes | None = None,
    expected: Collection[bytes] = (),
    rule: PresenceRule | None = None,
) -> Presence:
    """Say which tag is on the bench.

    `since` opens a trigger window: reads before it do not count, so a tag that never left the field
    between two items is not taken for the second. `previous` is the tag of the last answer, for the
    hysteresis. `expected` are EPCs of the worklist that are items even where they are no GS1 number.
    """
    rule = rule or PresenceRule()
    start = max(now - rule.window, since) if since else now - rule.window
    seen = _sightings((read for read in reads if start <= read.seen_at <= now), expected)
    enough = [sighting for sighting in seen if sighting.reads >= rule.least_reads]
    items = sorted((s for s in enough if s.stranger is None), key=_strength, reverse=True)
    strangers = tuple(s for s in enough if s.stranger is not None)
    if not items:
        return Presence(state=PresenceState.NONE, epc=None, items=(), strangers=strangers)
    alone = _is_alone(items, previous, now, rule)
    return Presence(
        state=PresenceState.ONE if alone else PresenceState.SEVERAL,
        epc=items[0].epc if alone else None,
        items=tuple(items),
        strangers=strangers,
    )


def _sightings(reads: Iterable[TagRead], expected: Collection[bytes]) -> list[Sighting]:
    by_tag: dict[bytes, list[TagRead]] = {}
    for read in reads:
        by_tag.setdefault(read.epc, []).append(read)
    return [_sighting(epc, group, expected) for epc, group in by_tag.items()]


def _sighting(epc: bytes, reads: Sequence[TagRead], expected: Collection[bytes]) -> Sighting:
    signals = [read.rssi_dbm for read in reads if read.rssi_dbm is not None]
    meaning = None if epc in expected else trade_item(epc)
    return Sighting(
        epc=epc,
        reads=len(reads),
        rssi_dbm=sum(signals) / len(signals) if signals else None,
        first_seen_at=min(read.seen_at for read in reads),
        last_seen_at=max(read.seen_at for read in reads),
        stranger=meaning if isinstance(meaning, Stranger) else None,
    )


def _strength(sighting: Sighting) -> tuple[float, int, bytes]:
    """By signal where it is known, then by count; the EPC only makes the order firm."""
    signal = sighting.rssi_dbm if sighting.rssi_dbm is not None else float("-inf")
    return signal, sighting.reads, sighting.epc


def _is_alone(items: Sequence[Sighting], previous: bytes | None, now: datetime, rule: PresenceRule) -> bool:
    best, others = items[0], items[1:]
    stays = best.epc == previous
    return all(_outweighs(best, other, stays, now, rule) for other in others)


def _outweighs(best: Sighting, other: Sighting, stays: bool, now: datetime, rule: PresenceRule) -> bool:
    if best.rssi_dbm is None or other.rssi_dbm is None:
        ratio = rule.stays_alone_ratio if stays else rule.alone_ratio
        return best.reads >= ratio * other.reads
    margin = rule.stays_alone_db if stays else rule.alone_db
    quiet_s = max(0.0, (now - other.last_seen_at - FADE_AFTER).total_seconds())
    return best.rssi_dbm - other.rssi_dbm >= margin - FADE_DB_PER_S * quiet_s
