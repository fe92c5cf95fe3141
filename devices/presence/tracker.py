"""At which place each tag is: it arrives, moves and departs. Pure, the time comes with the reads.

After the design of EdgeX' RFID inventory service. A tag arrives with the first read that counts, and moves
only where another place reads it stronger than the one it is at, by a margin that shrinks with the time since
it was last read there. EdgeX waits 600 s before a tag departs, as it watches shelves; a bench waits no longer
than its window.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from devices.presence.places import BENCH, Places
from devices.presence.rule import PresenceRule, Strength, lead
from devices.presence.sightings import is_torn, mean_dbm
from inspection.readings import TagRead

READS_KEPT = 32
"""Of one tag at one place."""
FORGET_AFTER = timedelta(minutes=10)
"""A departed tag is unknown again after so long."""
MOST_TAGS = 2048
"""Tags followed at a time, and departed ones remembered; the one unread for longest gives way."""


class TagState(StrEnum):
    """What is known of a tag."""

    UNKNOWN = "unknown"
    PRESENT = "present"
    DEPARTED = "departed"


NEXT: Mapping[TagState, Mapping[str, TagState]] = {
    TagState.UNKNOWN: {"counted": TagState.PRESENT, "unread": TagState.UNKNOWN},
    TagState.PRESENT: {"counted": TagState.PRESENT, "unread": TagState.DEPARTED},
    TagState.DEPARTED: {"counted": TagState.PRESENT, "unread": TagState.DEPARTED},
}
"""`counted`: enough reads at one place; `unread`: none for a window."""


class What(StrEnum):
    """What a tag did."""

    ARRIVE = "arrive"
    MOVE = "move"
    DEPART = "depart"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvent:
    """A tag arrived at, moved to or departed from a place."""

    what: What
    epc: bytes
    place: str
    at: datetime
    """Of the read that decided it; a tag departs a window after its last read."""


@dataclass(slots=True)
class _Readings:
    """The newest reads of one tag at one place, none older than a window before the newest."""

    last_at: datetime
    reads: deque[tuple[datetime, float | None]] = field(default_factory=lambda: deque(maxlen=READS_KEPT))

    def add(self, read: TagRead, window: timedelta) -> None:
        self.last_at = read.seen_at
        while self.reads and self.last_at - self.reads[0][0] > window:
            self.reads.popleft()
        self.reads.append((read.seen_at, read.rssi_dbm))

    def strength(self, since: datetime) -> Strength:
        """Signal as it was when the tag was last read here, and how many of the reads are fresh."""
        fresh = sum(at >= since for at, _ in self.reads)
        return Strength(reads=fresh, rssi_dbm=mean_dbm(signal for _, signal in self.reads))


@dataclass(slots=True)
class _Tag:
    last_at: datetime
    state: TagState = TagState.UNKNOWN
    place: str = BENCH
    """Where it is, while it is present; where it was, once it has departed."""
    read_at: dict[str, _Readings] = field(default_factory=dict)


class Tracker:
    """Follows every tag that any reader reports."""

    def __init__(
        self, places: Places | None = None, rule: PresenceRule | None = None, most_tags: int = MOST_TAGS
    ) -> None:
        self._places, self._rule, self._most = places or Places(), rule or PresenceRule(), most_tags
        self._near: OrderedDict[bytes, _Tag] = OrderedDict()
        """Unknown and present tags; the one unread for longest comes first."""
        self._gone: OrderedDict[bytes, _Tag] = OrderedDict()
        """Departed tags; the one that departed first comes first."""
        self.ghosts = 0
        """Tags that were read too seldom to arrive, and torn reads."""
        self.crowded_out = 0
        """Tags that gave way to newer ones although they were still near."""

    def add(self, read: TagRead) -> tuple[TagEvent, ...]:
        """Take one read and return what it changes."""
        if is_torn(read):
            self.ghosts += 1
            return ()
        crowded = self._make_room(read.epc)
        tag, place = self._tag(read), self._places.of(read)
        here = tag.read_at.setdefault(place, _Readings(read.seen_at))
        here.add(read, self._rule.window)
        present = tag.state is TagState.PRESENT
        if len(here.reads) < self._rule.least_reads or (present and place == tag.place):
            return crowded
        if present and not self._moves(tag, here, read.seen_at):
            return crowded
        tag.state, tag.place = NEXT[tag.state]["counted"], place
        what = What.MOVE if present else What.ARRIVE
        return (*crowded, TagEvent(what=what, epc=read.epc, place=place, at=read.seen_at))

    def pass_time(self, now: datetime) -> tuple[TagEvent, ...]:
        """Return which tags have departed."""
        events: list[TagEvent] = []
        while self._near:
            epc, tag = next(iter(self._near.items()))
            if tag.last_at > now:
                self._set_back(now)
            if now - tag.last_at <= self._rule.window:
                break
            events += self._leave(epc)
        while self._gone and now - next(iter(self._gone.values())).last_at > FORGET_AFTER:
            self._gone.popitem(last=False)
        return tuple(events)

    def state_of(self, epc: bytes) -> TagState:
        """What is known of a tag."""
        tag = self._near.get(epc) or self._gone.get(epc)
        return tag.state if tag else TagState.UNKNOWN

    def place_of(self, epc: bytes) -> str | None:
        """Where a tag is; None for one that is not present."""
        tag = self._near.get(epc)
        return tag.place if tag and tag.state is TagState.PRESENT else None

    def elsewhere(self) -> set[bytes]:
        """The tags that are at another place than the bench."""
        present = TagState.PRESENT
        return {epc for epc, tag in self._near.items() if tag.state is present and tag.place != BENCH}

    def _tag(self, read: TagRead) -> _Tag:
        tag = self._near.get(read.epc)
        if tag is None:
            tag = self._gone.pop(read.epc, _Tag(read.seen_at))
            self._near[read.epc] = tag
        else:
            self._near.move_to_end(read.epc)
        tag.last_at = read.seen_at
        return tag

    def _make_room(self, epc: bytes) -> tuple[TagEvent, ...]:
        if epc in self._near or len(self._near) < self._most:
            return ()
        self.crowded_out += 1
        return self._leave(next(iter(self._near)))

    def _moves(self, tag: _Tag, here: _Readings, at: datetime) -> bool:
        there, since = tag.read_at[tag.place], at - self._rule.window
        quiet = max(at - there.last_at, timedelta())
        return lead(here.strength(since), there.strength(since), self._rule.moves, quiet) > 0

    def _leave(self, epc: bytes) -> tuple[TagEvent, ...]:
        tag = self._near.pop(epc)
        before, tag.state = tag.state, NEXT[tag.state]["unread"]
        if tag.state is TagState.UNKNOWN:
            self.ghosts += 1
            return ()
        tag.read_at.clear()
        self._gone[epc] = tag
        if len(self._gone) > self._most:
            self._gone.popitem(last=False)
        if before is not TagState.PRESENT:
            return ()
        at = tag.last_at + self._rule.window
        return (TagEvent(what=What.DEPART, epc=epc, place=tag.place, at=at),)

    def _set_back(self, now: datetime) -> None:
        """The station's clock was set back: nothing was read in the future."""
        for tag in self._near.values():
            tag.last_at = min(tag.last_at, now)
