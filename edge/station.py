"""The loop of one bench: one input at a time, one unit at a time, by the journey's table.

Readings, keys and answers of slow work come in through one bounded queue. Pictures and models work
beside the loop, so a person can always go back; the answer to an attempt that was given up is
thrown away.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial

import structlog

from devices.driver import Kind
from devices.watch import State as DeviceState
from edge import erasure, journal, worklist
from edge.arrival import Arrival, Doors
from edge.bench import Bench, Hold
from edge.changes import Changes
from edge.clock import Clock
from edge.committing import Committer
from edge.crossing import Crossing, Seeing
from edge.database import Database
from edge.errors import DiskFull
from edge.faults import Faults
from edge.inputs import (
    Blocked,
    Captured,
    Detected,
    Input,
    ItemBegins,
    LightChecked,
    NewWorklist,
    Printed,
    Tick,
)
from edge.lighting import Lighting
from edge.orders import carry_out
from edge.pan import Pan
from edge.watch import TagWatch
from inspection.errors import DomainError, NotUnderstood
from inspection.evidence import ImageFault
from inspection.journey import Event, HoldReason, State
from inspection.operator import Badge, Bin, Command, parse
from inspection.readings import Scan, Trigger, Weight
from inspection.record import InspectionRecord

log = structlog.get_logger()

MOST_INPUTS = 256
"""Inputs that wait for the loop; a person or a scanner is never so fast."""
TICK_S = 0.1
MOST_WEIGHTS = 8
"""Weights kept beside one item."""
WORKS = (DeviceState.READY, DeviceState.DEGRADED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which station this is, and how it behaves."""

    station: str
    site: str
    boot: str
    key_id: str
    badge_salt: bytes
    auto_capture: bool
    settle_s: float
    sign_out_s: float


class Station:
    """One bench at work."""

    def __init__(
        self,
        *,
        place: Place,
        seeing: Seeing,
        committer: Committer,
        database: Database,
        watch: TagWatch,
        faults: Faults,
        changes: Changes,
        clock: Clock,
        committed: Callable[[InspectionRecord], None],
    ) -> None:
        self.place, self.seeing, self.watch = place, seeing, watch
        self.changes = changes
        self.bench = Bench(now=lambda: clock().wall, faults=faults)
        self.crossing = Crossing(self.bench, seeing, committer, clock, self.post, committed)
        self.arrival = Arrival(self.bench, watch, self._doors(committer, database), clock)
        self.lighting = Lighting(self.bench, seeing, clock, self.post)
        self.pan = Pan()
        self.interrupted: str | None = None
        """Unit that lay on the bench when the program ended; until the next item."""
        self._database, self._faults, self._clock = database, faults, clock
        self._inputs: asyncio.Queue[Input] = asyncio.Queue(MOST_INPUTS)
        self._touched = clock()

    def post(self, given: Input) -> None:
        """Give the loop something to do; from the event loop's thread only."""
        try:
            self._inputs.put_nowait(given)
        except asyncio.QueueFull:
            self._faults.count("input_dropped")

    def next_input(self) -> Input | None:
        """What waits for the loop, without waiting for more."""
        return None if self._inputs.empty() else self._inputs.get_nowait()

    async def start(self) -> None:
        """Tell the journal of this start, and get the bench ready."""
        begin = partial(
            journal.begin_boot,
            boot=self.place.boot,
            key=self.place.key_id,
            at=self._clock().wall,
        )
        left = await self._database.run(begin)
        if left is not None:
            self.interrupted = left.unit
            self._faults.count(HoldReason.INTERRUPTED.value)
            log.warning("item.interrupted", unit=left.unit, since=left.since)
        self.bench.step(Event.STARTED)
        self._pass_tests()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take_reads())
            tasks.create_task(self._take_scans())
            tasks.create_task(self._take_triggers(self.seeing.senses.triggers()))
            tasks.create_task(self._take_weights(self.seeing.senses.weights()))
            tasks.create_task(self._tick())
            tasks.create_task(self._loop())

    def sign_out(self) -> None:
        """Lock the bench; what lies on it stays as it is."""
        self.bench.person = None

    async def free(self) -> None:
        """Return once no item is under way, for what must not change in the middle of one."""
        seen = self.changes.version
        while self.bench.item is not None and self.bench.state != State.COMMITTED:
            seen = await self.changes.wait(seen)

    async def handle(self, given: Input) -> None:
        """Take one input to its end; what cannot happen now is said and changes nothing."""
        before = self._looks()
        try:
            await self._handle(given)
            self._weigh()
        except NotUnderstood as error:
            self.bench.say(error.code)
        except DomainError as error:
            log.info("input.refused", code=error.code, state=self.bench.state.value)
            self.bench.say("not_now")
        except DiskFull as error:
            self.bench.stop(HoldReason.DISK_FULL, str(error))
        if self.bench.item is not None or self.bench.state == State.HELD:
            self.interrupted = None
        if self._looks() != before:
            self.changes.bump()

    async def _handle(self, given: Input) -> None:
        match given:
            case Tick():
                await self._on_tick()
            case Captured():
                await self.crossing.captured(given)
            case Detected():
                await self.crossing.detected(given)
                self._doubt_the_light(given)
            case Printed():
                self.crossing.printed(given)
            case LightChecked():
                self.lighting.checked(given)
                self.arrival.forget()  # what was put down meanwhile is seen as if it came now
            case ItemBegins():
                self.arrival.begins(given.at)
            case NewWorklist():
                self.watch.forget()
                self._look_again_for_what_was_unknown()
                await self._put_aside_what_was_erased()
                self.changes.bump()
            case Blocked():
                self._block(given)
            case Weight():
                self.pan.settled(given)
            case Badge():
                await self._sign_in(given)
            case Scan() | Command() | Bin():
                await self._said(given)

    async def _said(self, given: Scan | Command | Bin) -> None:
        """A person or a scanner said something; without a badge it is not heard."""
        said = parse(given.text) if isinstance(given, Scan) else given
        if isinstance(said, Badge):
            await self._sign_in(said)
            return
        if self.bench.person is None:
            self.bench.say(HoldReason.SIGNED_OUT.value)
            return
        self._touched = self._clock()
        if isinstance(said, Command):
            await carry_out(self, said.code)
        elif isinstance(said, Bin):
            await self.crossing.put_into(said.letter)
        elif isinstance(given, Scan) and not await self.arrival.scanned(given):
            self.bench.say("not_now")

    async def _sign_in(self, badge: Badge) -> None:
        person = await self._database.run(
            partial(worklist.person_with, badge=badge.code, salt=self.place.badge_salt)
        )
        if person is None:
            self.bench.say("unknown_badge")
            return
        self.bench.person = person
        self.bench.notice = None
        self._touched = self._clock()
        if self.bench.state == State.IDLE:
            self.arrival.forget()

    async def _on_tick(self) -> None:
        self.watch.pass_time(self._clock().wall)
        if self.bench.person is None:
            return
        quiet_s = (self._clock().monotonic_ns - self._touched.monotonic_ns) / 1e9
        if quiet_s > self.place.sign_out_s:
            self.sign_out()
            return
        self.lighting.look()
        await self.arrival.look()

    def _doubt_the_light(self, given: Detected) -> None:
        faults = () if isinstance(given.answer, Hold) else given.answer.faults
        if any(fault == ImageFault.LIGHT_CHANGED for _, fault in faults):
            self.lighting.doubt()

    def _look_again_for_what_was_unknown(self) -> None:
        """What was unknown may be expected now, such as in the first second after a start."""
        hold = self.bench.hold
        if hold is not None and hold.reason == HoldReason.NO_MATCH and self.arrival.held_by_tags:
            self.bench.step(Event.RESOLVED)
            self.arrival.forget()

    def _weigh(self) -> None:
        """Put the newest weight to the item; what settles behind its verdict is spent with it, nobody's."""
        item = self.bench.item
        if item is None or self.bench.state == State.COMMITTED or self.pan.newest is None:
            return
        devices = self.seeing.senses.snapshot()
        working = {each.name for each in devices if each.kind is Kind.SCALE and each.state in WORKS}
        weight = self.pan.of(item.unit_id, working)
        if weight is not None and item.verdict is None and weight not in item.weights:
            self.bench.item = replace(item, weights=(*item.weights, weight)[-MOST_WEIGHTS:])

    async def _put_aside_what_was_erased(self) -> None:
        """An item whose customer was erased while it lay here is shown no longer, and not recorded."""
        item = self.bench.item
        if item is None or self.bench.state == State.COMMITTED:
            return
        if await self._database.run(partial(erasure.is_erased, unit=item.unit_id)):
            self.crossing.give_up()
            await self.arrival.set_aside()
            self.bench.say("unit_erased")

    def _block(self, given: Blocked) -> None:
        """Nothing may be recorded any more: what a copy of this key signs would be taken for ours."""
        hold = Hold(reason=HoldReason.CLONED_KEY, detail=str(given.error))
        self.arrival.blocked = hold
        self.crossing.give_up()
        self.bench.stop(hold.reason, hold.detail)

    def _pass_tests(self) -> None:
        """Keys, journal and models were checked while the station was put together."""
        self.bench.step(Event.TESTS_PASSED)
        self.lighting.open()
        self.bench.take_events()

    def _doors(self, committer: Committer, database: Database) -> Doors:
        return Doors(
            database=database,
            committer=committer,
            boot=self.place.boot,
            auto_capture=self.place.auto_capture,
            settle_s=self.place.settle_s,
            take_pictures=self.crossing.take_pictures,
            committed_at=lambda: self.crossing.committed_at,
        )

    def _looks(self) -> tuple[object, ...]:
        """What a page would show differently; cheap enough for every tick."""
        bench = self.bench
        return (bench.state, bench.hold, id(bench.item), bench.person, bench.notice, self.watch.version)

    async def _loop(self) -> None:
        while True:
            await self.handle(await self._inputs.get())

    async def _tick(self) -> None:
        while True:
            if self._inputs.empty():
                self.post(Tick())
            await asyncio.sleep(TICK_S)

    async def _take_reads(self) -> None:
        async for read in self.seeing.senses.tag_reads():
            self.watch.add(read)

    async def _take_scans(self) -> None:
        async for scan in self.seeing.senses.scans():
            self.post(scan)

    async def _take_triggers(self, triggers: AsyncIterator[Trigger]) -> None:
        async for trigger in triggers:
            self._begin_with(trigger)

    async def _take_weights(self, weights: AsyncIterator[Weight]) -> None:
        async for weight in weights:
            self.post(weight)
            self._begin_with(weight)

    def _begin_with(self, reading: Trigger | Weight) -> None:
        at = self.watch.triggers.at(reading)
        if at is not None:
            self.post(ItemBegins(at=at))
