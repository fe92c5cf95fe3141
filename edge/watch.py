"""Which tags lie on the bench, as far as the loop needs to know: new ones, gone ones, set-aside ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.presence import Presence, PresenceRule, PresenceState, ReadRing, assess
from inspection.readings import TagRead

MOST_READS = 32
"""Reads of one tag that go into its item's evidence."""
MOST_SHOWN = 16
MOST_LEARNT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What lies on the bench and was not set aside."""

    items: tuple[bytes, ...] = ()
    """The one item, or all where they cannot be told apart."""
    strangers: tuple[bytes, ...] = ()
    """Tags that are no items; they matter only where there is no item."""

    @property
    def epcs(self) -> tuple[bytes, ...]:
        """What the bench has to deal with."""
        return self.items or self.strangers[:1]


class TagWatch:
    """Puts reads together; the time is passed in, the worklist is asked by the loop."""

    def __init__(self, gone_after_s: float) -> None:
        self._rule = PresenceRule(window=timedelta(seconds=gone_after_s))
        self._ring = ReadRing()
        self._ignored: set[bytes] = set()
        self._expected: dict[bytes, bool] = {}
        self._previous: bytes | None = None
        self._near: tuple[bytes, ...] = ()
        self.version = 0
        """Grows when other tags are near."""

    def add(self, read: TagRead) -> None:
        """Take one read."""
        self._ring.add(read)

    def unknown(self) -> tuple[bytes, ...]:
        """Tags that nobody has looked up in the worklist yet."""
        return tuple({read.epc for read in self._ring.recent()} - self._expected.keys())

    def learn(self, expected: Mapping[bytes, bool]) -> None:
        """Take in what the worklist says of tags."""
        if len(self._expected) > MOST_LEARNT:
            self._expected.clear()
        self._expected |= expected

    def forget(self) -> None:
        """The worklist has changed: look everything up again."""
        self._expected.clear()

    def look(self, now: datetime) -> Seen:
        """Say what lies on the bench now."""
        reads = [read for read in self._ring.recent() if now - read.seen_at <= self._rule.window]
        near = {read.epc for read in reads}
        self._ignored &= near
        self._note(near)
        expected = [epc for epc, known in self._expected.items() if known]
        others = (read for read in reads if read.epc not in self._ignored)
        presence = assess(others, now=now, previous=self._previous, expected=expected, rule=self._rule)
        self._previous = presence.epc
        return _seen(presence)

    def ignore(self, epcs: Iterable[bytes]) -> None:
        """Do not look at these tags again before they have left the bench."""
        self._ignored |= set(epcs)

    def is_near(self, epc: bytes) -> bool:
        """True while a tag was read a short time ago."""
        return epc in self._near

    def near(self) -> tuple[tuple[bytes, bool], ...]:
        """The tags around, and whether each is expected."""
        return tuple((epc, self._expected.get(epc, False)) for epc in self._near[:MOST_SHOWN])

    def reads_of(self, epc: bytes) -> tuple[TagRead, ...]:
        """The newest reads of a tag."""
        return tuple(read for read in self._ring.recent() if read.epc == epc)[-MOST_READS:]

    def _note(self, near: set[bytes]) -> None:
        shown = tuple(sorted(near))
        if shown != self._near:
            self._near = shown
            self.version += 1


def _seen(presence: Presence) -> Seen:
    strangers = tuple(sorted(each.epc for each in presence.strangers))
    if presence.state == PresenceState.SEVERAL:
        return Seen(items=tuple(sorted(each.epc for each in presence.items)), strangers=strangers)
    return Seen(items=(presence.epc,) if presence.epc else (), strangers=strangers)
