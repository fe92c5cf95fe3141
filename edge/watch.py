"""Which tags lie on the bench, as far as the loop needs to know: new ones, gone ones, set-aside ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from devices.presence.bench import NOBODY, Presence, PresenceState, assess
from devices.presence.places import BENCH, Places
from devices.presence.rule import PresenceRule
from devices.presence.sightings import ReadRing
from devices.presence.tracker import Tracker
from edge.comings import Comings
from edge.window import Triggers, Window
from inspection.readings import TagRead

MOST_READS = 32
"""Reads of one tag that go into its item's evidence."""
MOST_SHOWN = 16
MOST_LEARNT = 4096

Sort = Literal["item", "stranger", "neighbour", "ghost"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A tag around, for the page; only an `item` can become the one of the bench."""

    epc: bytes
    known: bool
    """Whether it is expected."""
    sort: Sort
    place: str


class TagWatch:
    """Puts reads together; the time is passed in, the worklist is asked by the loop."""

    def __init__(
        self, gone_after_s: float, *, places: Places | None = None, triggers: Triggers | None = None
    ) -> None:
        self._rule = PresenceRule(window=timedelta(seconds=gone_after_s))
        self._places = places or Places()
        self._ring = ReadRing()
        self._tracker = Tracker(self._places, self._rule)
        self._ignored: set[bytes] = set()
        self._expected: dict[bytes, bool] = {}
        self._previous: bytes | None = None
        self._near: tuple[Near, ...] = ()
        self._here: set[bytes] = set()
        self.triggers = triggers or Triggers()
        self.window = Window(waits=self.triggers.kind != "none")
        self.comings = Comings()
        """What the centre is told of all tags."""
        self.version = 0
        """Grows when other tags are near."""

    def add(self, read: TagRead) -> None:
        """Take one read."""
        self._ring.add(read)
        self.comings.add(self._tracker.add(read))

    def pass_time(self, now: datetime) -> None:
        """Notice who has departed, also while nobody works here."""
        self.comings.add(self._tracker.pass_time(now))

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
        self.pass_time(now)
        reads = [read for read in self._ring.recent() if now - read.seen_at <= self._rule.window]
        elsewhere = self._tracker.elsewhere()
        self._here = {read.epc for read in reads} - elsewhere
        self._ignored &= self._here
        everything = self._assess(reads, now, elsewhere)
        self._note(everything)
        if self.window.closed:
            presence = NOBODY
        elif self._ignored or self.window.since is not None:
            others = [read for read in reads if read.epc not in self._ignored]
            presence = self._assess(others, now, elsewhere, since=self.window.since)
        else:
            presence = everything
        self._previous = presence.epc
        return _seen(presence)

    def ignore(self, epcs: Iterable[bytes]) -> None:
        """Do not look at these tags again before they have left the bench."""
        self._ignored |= set(epcs)

    def is_here(self, epc: bytes) -> bool:
        """True while a tag was read a short time ago and is at no other place."""
        return epc in self._here

    def near(self) -> tuple[Near, ...]:
        """The tags around, those that could be the item first."""
        return self._near[:MOST_SHOWN]

    def reads_of(self, epc: bytes) -> tuple[TagRead, ...]:
        """The newest reads of a tag."""
        return tuple(read for read in self._ring.recent() if read.epc == epc)[-MOST_READS:]

    def _assess(
        self, reads: list[TagRead], now: datetime, elsewhere: set[bytes], since: datetime | None = None
    ) -> Presence:
        return assess(
            reads,
            now=now,
            since=since,
            previous=self._previous,
            expected=[epc for epc, known in self._expected.items() if known],
            rule=self._rule,
            places=self._places,
            elsewhere=elsewhere,
        )

    def _note(self, presence: Presence) -> None:
        sorts: tuple[tuple[Sort, set[bytes]], ...] = (
            ("item", {each.epc for each in presence.items}),
            ("stranger", {each.epc for each in presence.strangers}),
            ("neighbour", {each.epc for each in presence.neighbours}),
            ("ghost", {each.epc for each in presence.ghosts}),
        )
        shown = tuple(
            Near(
                epc=epc,
                known=self._expected.get(epc, False),
                sort=sort,
                place=self._tracker.place_of(epc) or BENCH,
            )
            for sort, epcs in sorts
            for epc in sorted(epcs)
        )
        if shown != self._near:
            self._near = shown
            self.version += 1


def _seen(presence: Presence) -> Seen:
    strangers = tuple(sorted(each.epc for each in presence.strangers))
    if presence.state == PresenceState.SEVERAL:
        return Seen(items=tuple(sorted(each.epc for each in presence.items)), strangers=strangers)
    return Seen(items=(presence.epc,) if presence.epc else (), strangers=strangers)
