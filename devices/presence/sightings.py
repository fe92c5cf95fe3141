"""The last reads of all readers, and what the reads of one tag say together."""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from devices.presence.rule import Strength
from inspection.identity.epc import Stranger, trade_item
from inspection.readings import TagRead

WORD_BYTES = 2
EXTENDED = 0x0200
"""PC bit XI: the length counts extension words that are no part of the EPC."""


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

    @property
    def strength(self) -> Strength:
        """How well it is read."""
        return Strength(reads=self.reads, rssi_dbm=self.rssi_dbm)


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


def is_torn(read: TagRead) -> bool:
    """Whether the EPC is not as long as its PC word says: such a read is a ghost, whatever it spells.

    Source: EPC UHF Gen2 2.1, 6.3.2.1.2.2, bits 10h..14h.
    """
    if read.pc is None or read.pc & EXTENDED:
        return False
    return (read.pc >> 11) * WORD_BYTES != len(read.epc)


def mean_dbm(signals: Iterable[float | None]) -> float | None:
    """Mean of the signals that were reported."""
    known = [signal for signal in signals if signal is not None]
    return sum(known) / len(known) if known else None


def sightings(reads: Iterable[TagRead], expected: Collection[bytes] = ()) -> list[Sighting]:
    """One line for each tag; `expected` EPCs are items even where they are no GS1 number."""
    by_tag: dict[bytes, list[TagRead]] = {}
    for read in reads:
        by_tag.setdefault(read.epc, []).append(read)
    return [_sighting(epc, group, expected) for epc, group in by_tag.items()]


def _sighting(epc: bytes, reads: Sequence[TagRead], expected: Collection[bytes]) -> Sighting:
    meaning = None if epc in expected else trade_item(epc)
    return Sighting(
        epc=epc,
        reads=len(reads),
        rssi_dbm=mean_dbm(read.rssi_dbm for read in reads),
        first_seen_at=min(read.seen_at for read in reads),
        last_seen_at=max(read.seen_at for read in reads),
        stranger=meaning if isinstance(meaning, Stranger) else None,
    )
