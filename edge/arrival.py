"""How a unit comes to lie on the bench: tags that appear, codes that are scanned."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from edge import journal, worklist
from edge.bench import Bench, Hold
from edge.clock import Clock, Instant
from edge.committing import Committer
from edge.database import Database
from edge.item import IdentifiedBy, Item, Spent
from edge.steps.identify import Found, Match, by_code, by_tag, contradicts, printable
from edge.watch import Seen, TagWatch
from inspection.journey import RETRY, Event, HoldReason, State
from inspection.readings import Scan

MOST_SCANS = 16
"""Codes kept beside one item."""
BY_TAGS = frozenset(
    {
        HoldReason.NO_MATCH,
        HoldReason.SEVERAL_TAGS,
        HoldReason.SEVERAL_MATCHES,
        HoldReason.NOT_AN_ITEM,
        HoldReason.UNREADABLE_CODE,
        HoldReason.DUPLICATE_ITEM,
    }
)
"""Holds that end by themselves when the tags that caused them leave the bench."""
SHOWN_S = 1.5
"""How long a committed item is shown although nothing lies on the bench any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What arrival asks of others."""

    database: Database
    committer: Committer
    boot: str
    auto_capture: bool
    settle_s: float
    take_pictures: Callable[[], None]
    committed_at: Callable[[], Instant | None]


class Arrival:
    """From nothing to `matched`; every method is called by the station's loop alone."""

    def __init__(self, bench: Bench, watch: TagWatch, doors: Doors, clock: Clock) -> None:
        self._bench, self._watch, self._doors, self._clock = bench, watch, doors, clock
        self._seen = Seen()
        self._came: Instant | None = None
        self._settled_from = clock()
        self.held_by_tags = False
        """True where the tags on the bench, not a code, led to the hold."""
        self.blocked: Hold | None = None
        """Set where no item may be taken at all, such as for a cloned key."""

    def forget(self) -> None:
        """Look at the tags as if they had just come."""
        self._seen = Seen()

    async def look(self) -> None:
        """Compare the tags on the bench with the last look, and act on what changed."""
        await self._learn()
        if self._bench.state == State.COMMITTED:
            self._watch.window.close()
        seen = self._watch.look(self._clock().wall)
        if self._bench.state == State.COMMITTED:
            self._leave(seen)
        before, self._seen = self._seen, seen
        if self._bench.state == State.IDENTIFYING and self._came is not None:
            await self._settle(seen, before)
        elif seen.epcs != before.epcs:
            await self._changed(seen, before)

    def begins(self, at: datetime) -> None:
        """A trigger came: what was read before it is not the item that lies here now."""
        if self._bench.state == State.COMMITTED:
            self._next()
        self._watch.window.open(at)

    async def scanned(self, scan: Scan) -> bool:
        """Take an item's code; False where the bench has no use for one now."""
        text = scan.text.strip()
        if self._bench.state == State.COMMITTED:
            self._next()
        if self._bench.state == State.HELD and not self._leave_hold_for_a_code():
            return False
        item = self._bench.item
        if item is not None:
            self._beside(item, scan, text)
        elif self._bench.state in (State.IDLE, State.IDENTIFYING):
            await self._code_arrived(scan, text)
        else:
            return False
        return True

    async def set_aside(self) -> None:
        """Take the item off without a record; its tags are not looked at until they have left."""
        if self._bench.state in (State.IDENTIFYING, State.MATCHED):
            self._bench.step(Event.BACK)
        elif self._bench.state == State.HELD:
            self._bench.step(Event.SET_ASIDE)
        elif self._bench.state in (State.IDLE, State.COMMITTED):
            return
        else:
            self._bench.step(Event.HOLD, "set aside")
            self._bench.step(Event.SET_ASIDE)
        await self.put_back()

    async def put_back(self) -> None:
        """The bench is idle again although its tags are still near: they are not taken at once."""
        self._watch.ignore((*self._seen.items, *self._seen.strangers))
        self._watch.window.close()
        await self.cleared()

    async def cleared(self) -> None:
        """The bench is empty again: close the item in the journal."""
        self._bench.item = None
        self._came = None
        self._seen = Seen()
        events = self._bench.take_events()
        await self._doors.database.run(partial(journal.end_item, boot=self._doors.boot, happened=events))

    async def identify_again(self) -> None:
        """After `retry_identify`: begin anew with what lies on the bench now."""
        self._bench.item = None
        self._seen = self._watch.look(self._clock().wall)
        if self._seen.epcs:
            await self._identify(self._seen, self._clock())
        else:
            self._bench.step(Event.ITEM_GONE)
            await self.cleared()

    async def _learn(self) -> None:
        """Ask the worklist about tags that have come."""
        unknown = self._watch.unknown()
        if unknown:
            known = await self._doors.database.run(partial(worklist.by_epcs, epcs=unknown))
            self._watch.learn({epc: epc in known and known[epc].open for epc in unknown})

    async def _changed(self, seen: Seen, before: Seen) -> None:
        """Other tags than at the last look."""
        state = self._bench.state
        if state == State.IDLE and seen.epcs:
            self._arrived()
        elif state == State.MATCHED:
            await self._changed_before_capture(seen)
        elif state == State.HELD and self.held_by_tags and before.epcs:
            self._bench.step(Event.RESOLVED)
            await self.cleared()
            self._seen = seen
            if seen.epcs:
                self._arrived()

    def _arrived(self) -> None:
        self._bench.step(Event.ITEM_SEEN)
        self._came = self._clock()
        self._settled_from = self._came

    async def _settle(self, seen: Seen, before: Seen) -> None:
        """Wait until the tags have stayed the same for a moment: a second item may be on its way."""
        now = self._clock()
        came = self._came or now
        if not seen.epcs:
            self._came = None
            self._bench.step(Event.ITEM_GONE)
            await self.cleared()
        elif seen.epcs != before.epcs:
            self._settled_from = now
        elif (now.monotonic_ns - self._settled_from.monotonic_ns) / 1e9 >= self._doors.settle_s:
            self._came = None
            await self._identify(seen, came)

    async def _identify(self, seen: Seen, began: Instant) -> None:
        self._watch.window.use()
        if len(seen.epcs) > 1:
            self._stop(Hold(reason=HoldReason.SEVERAL_TAGS, detail=_listed(seen.epcs)), True)
            return
        found = await self._doors.database.run(partial(by_tag, epc=seen.epcs[0]))
        await self._found(found, "rfid", began, epc=seen.epcs[0])

    async def _code_arrived(self, scan: Scan, text: str) -> None:
        began = self._came or self._clock()
        self._came = None
        if self._watch.triggers.at(scan) is not None:
            self._watch.window.open(scan.scanned_at)
        self._watch.window.use()
        if self._bench.state == State.IDLE:
            self._bench.step(Event.ITEM_SEEN)
        found = await self._doors.database.run(partial(by_code, text=text, symbology=scan.symbology))
        await self._found(found, "barcode", began, scan=scan)

    async def _found(
        self,
        found: Found,
        by: IdentifiedBy,
        began: Instant,
        *,
        epc: bytes | None = None,
        scan: Scan | None = None,
    ) -> None:
        if isinstance(found, Match):
            found = await self._in_the_way() or found
        if isinstance(found, Hold):
            self._stop(found, epc is not None)
            return
        now = self._clock()
        self._bench.item = Item(
            expected=found.expected,
            identified_by=by,
            seen=began,
            epc=epc,
            tag_reads=self._watch.reads_of(epc) if epc else (),
            scans=(scan,) if scan else (),
            spent=Spent(identify_ms=(now.monotonic_ns - began.monotonic_ns) // 1_000_000),
        )
        self._bench.step(Event.MATCH)
        await self._write_down(self._bench.item, now)
        if self._doors.auto_capture:
            self._doors.take_pictures()

    async def _in_the_way(self) -> Hold | None:
        return self.blocked or await self._doors.committer.in_the_way()

    async def _write_down(self, item: Item, now: Instant) -> None:
        begin = partial(
            journal.begin_item,
            boot=self._doors.boot,
            merchant=item.expected.merchant,
            unit=item.unit_id,
            at=now.wall,
        )
        await self._doors.database.run(begin)

    async def _changed_before_capture(self, seen: Seen) -> None:
        """Tags changed before the first picture."""
        item = self._bench.item
        if item is not None and item.identified_by != "rfid":
            self._other_tag(item, seen)
            return
        if item is not None and item.epc is not None and seen.epcs == (item.epc,):
            return
        self._bench.step(Event.ITEM_GONE)
        await self.cleared()
        self._seen = seen
        if seen.epcs:
            self._arrived()

    def _other_tag(self, item: Item, seen: Seen) -> None:
        """A unit found by its code carries the tag of another one."""
        expected = item.expected.unit.epc
        if len(seen.epcs) != 1 or expected is None:
            return
        if seen.epcs[0] != expected:
            self._stop(Hold(reason=HoldReason.WRONG_ITEM, detail=_listed(seen.epcs)), True)
        else:
            self._bench.item = replace(item, epc=expected, tag_reads=self._watch.reads_of(expected))

    def _beside(self, item: Item, scan: Scan, text: str) -> None:
        """Another code of the same item, or the code of another product."""
        if item.verdict is None and contradicts(item.expected, text, scan.symbology):
            self._stop(Hold(reason=HoldReason.WRONG_ITEM, detail=printable(text)), False)
            return
        self._bench.item = replace(item, scans=(*item.scans, scan)[-MOST_SCANS:])

    def _leave_hold_for_a_code(self) -> bool:
        """A scan says which item is meant: leave a hold about that; False for another hold."""
        hold = self._bench.hold
        if hold is None or not (hold.reason in BY_TAGS or hold.reason == HoldReason.WRONG_ITEM):
            return False
        again = RETRY[hold.reason]
        self._bench.step(again or Event.SET_ASIDE)
        self._bench.item = None
        return True

    def _leave(self, seen: Seen) -> None:
        """Go on after a commit, once another item appears or the committed one has left."""
        item, at = self._bench.item, self._doors.committed_at()
        if item is not None and item.epc is not None:
            self._watch.ignore((item.epc,))
        others = [epc for epc in seen.epcs if item is None or epc != item.epc]
        shown = at is None or (self._clock().monotonic_ns - at.monotonic_ns) / 1e9 >= SHOWN_S
        gone = item is not None and item.epc is not None and not self._watch.is_here(item.epc)
        if others or (gone and shown):
            self._next()

    def _next(self) -> None:
        self._bench.step(Event.NEXT_ITEM)
        self._bench.item = None
        self._seen = Seen()

    def _stop(self, hold: Hold, by_tags: bool) -> None:
        self._bench.stop(hold.reason, hold.detail)
        self.held_by_tags = by_tags and hold.reason in BY_TAGS | {HoldReason.WRONG_ITEM}


def _listed(epcs: tuple[bytes, ...]) -> str:
    return ", ".join(epc.hex() for epc in epcs[:4])
