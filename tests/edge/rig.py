"""A bench with simulated devices and a drawn detector; everything between them is the real thing.

The clock stands still unless a test moves it, so nothing here waits for real time.
"""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from devices.device import Lamp, LiveView
from devices.driver import Kind
from devices.errors import DeviceError
from devices.watch import DeviceStatus
from devices.watch import State as DeviceState
from edge import outbox, worklist
from edge.changes import Changes
from edge.clock import ClockWatch, Instant
from edge.committing import Committer
from edge.config import Retention
from edge.crossing import Seeing
from edge.database import Database
from edge.faults import Faults
from edge.inputs import Tick
from edge.metrics import StationMetrics
from edge.reporting import Reporting
from edge.station import Place, Station
from edge.steps.sign import policy_version
from edge.vault import Vault
from edge.watch import TagWatch
from inspection.custody.signing import key_id, public_bytes
from inspection.detector import Detection, Detector
from inspection.evidence import Evidence
from inspection.messages.station import WorklistPage
from inspection.messages.uplink import SignedRecord
from inspection.operator import Command, CommandCode
from inspection.policy import DEFAULT_POLICY
from inspection.readings import Frame, Scan, TagRead, Trigger, Weight
from inspection.record import InspectionRecord, read_record

BOOT = "1" * 32
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class Hand:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.at = Instant(wall=START, monotonic_ns=0)

    def __call__(self) -> Instant:
        return self.at

    def move(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        wall = self.at.wall + timedelta(seconds=seconds)
        self.at = Instant(wall=wall, monotonic_ns=self.at.monotonic_ns + round(seconds * 1e9))


def status_of(name: str, **known: Any) -> DeviceStatus:
    """A device as its supervisor sees it: a reader that is ready, where nothing else is said."""
    usual: dict[str, Any] = {
        "driver": "uhfreader",
        "kind": Kind.READER,
        "view": None,
        "state": DeviceState.READY,
        "reason": None,
        "sentence": None,
        "since": START,
        "last_reading_at": None,
        "readings": 0,
        "lost": 0,
        "dropped": 0,
        "faults": {},
        "counts": {},
        "values": {},
    }
    return DeviceStatus(name=name, **usual | known)


class SimulatedSenses:
    """Devices that answer calls."""

    def __init__(self, clock: Hand) -> None:
        self._clock = clock
        self.failing: dict[str, DeviceError] = {}
        self.pictures = {"top": b"\xff\xd8\xff a mug"}
        self.first: list[bytes] = []
        """What a camera shows before them, one picture each time."""
        self.devices: tuple[DeviceStatus, ...] = ()
        self.has_printer = False
        self.labels: list[bytes] = []
        """What came out of the printer."""
        self.printer_fails: list[DeviceError] = []
        """Why the next labels do not come out."""
        self.lamps: list[frozenset[Lamp]] = []
        """What the stack light was told, the newest last."""

    @property
    def views(self) -> tuple[str, ...]:
        return tuple(self.pictures)

    async def tag_reads(self) -> AsyncIterator[TagRead]:
        """Nothing comes by itself: the rig adds reads with the ticks."""
        await asyncio.Event().wait()
        yield TagRead(epc=b"", reader="", antenna=None, rssi_dbm=None, seen_at=START)

    async def scans(self) -> AsyncIterator[Scan]:
        """Nothing comes by itself: the rig scans."""
        await asyncio.Event().wait()
        yield Scan(content=b"", symbology=None, scanner="", scanned_at=START)

    async def triggers(self) -> AsyncIterator[Trigger]:
        """Nothing comes by itself: a test posts what it means."""
        await asyncio.Event().wait()
        yield Trigger(source="", input=1, active=True, seen_at=START)

    async def weights(self) -> AsyncIterator[Weight]:
        """As above."""
        await asyncio.Event().wait()
        yield Weight(weight_g=0, as_sent="", scale="", measured_at=START)

    async def print_label(self, content: bytes) -> None:
        if self.printer_fails:
            raise self.printer_fails.pop(0)
        self.labels.append(content)

    async def show(self, lamps: frozenset[Lamp]) -> None:
        self.lamps.append(lamps)

    async def capture(self, view: str) -> Frame:
        if view in self.failing:
            raise self.failing[view]
        return Frame(
            view=view,
            camera="cam",
            content=self.first.pop(0) if self.first else self.pictures[view],
            media_type="image/jpeg",
            captured_at=self._clock().wall,
        )

    def latest(self, view: str) -> LiveView | None:
        return None

    def snapshot(self) -> tuple[DeviceStatus, ...]:
        return self.devices

    async def wait_for_change(self) -> None:
        await asyncio.Event().wait()


@dataclass
class DrawnDetector:
    """Sees what a test draws."""

    seen: Detection
    error: Exception | None = None
    evidence: Evidence | None = None
    """What it was shown last."""
    real: Detector | None = None
    """Looks instead, where a test wants the models."""

    def detect(self, sku: str, evidence: Evidence) -> Detection:
        self.evidence = evidence
        if self.error is not None:
            raise self.error
        return self.real.detect(sku, evidence) if self.real else self.seen


@dataclass
class Rig:
    """A station under test with both hands on it."""

    station: Station
    clock: Hand
    clocks: ClockWatch
    senses: SimulatedSenses
    detector: DrawnDetector
    database: Database
    vault: Vault
    faults: Faults
    registry: CollectorRegistry
    committer: Committer
    tags: dict[bytes, float]
    committed: list[InspectionRecord]

    @property
    def state(self) -> str:
        return self.station.bench.state.value

    @property
    def hold(self) -> str | None:
        hold = self.station.bench.hold
        return hold.reason.value if hold else None

    @property
    def notice(self) -> str | None:
        notice = self.station.bench.notice
        return notice.code if notice else None

    async def tick(self, times: int = 10) -> None:
        """Let tenths of a second pass, with what lies on the bench being read."""
        for _ in range(times):
            self.clock.move(0.1)
            for epc, rssi_dbm in self.tags.items():
                self.station.watch.add(
                    TagRead(epc=epc, reader="gate", antenna=1, rssi_dbm=rssi_dbm, seen_at=self.clock().wall)
                )
            await self.station.handle(Tick())
        await self.settle()

    async def scan(self, text: str, symbology: str | None = None) -> None:
        """Scan a code and let everything that follows from it happen."""
        self.clock.move(1.0)
        content = text.encode()
        await self.station.handle(
            Scan(content=content, symbology=symbology, scanner="hand", scanned_at=self.clock().wall)
        )
        await self.settle()

    async def weigh(self, grams: int, unit: str = "g") -> None:
        """Let something settle on the scale."""
        whole = grams if unit == "g" else None
        weight = Weight(weight_g=whole, as_sent=f"{grams} {unit}", scale="pan", measured_at=self.clock().wall)
        await self.station.handle(weight)
        await self.settle()

    async def press(self, code: CommandCode) -> None:
        """The same as scanning the command, from the page."""
        await self.station.handle(Command(code=code))
        await self.settle()

    async def settle(self) -> None:
        """Take in the answers of slow work until none is under way."""
        while (work := self.station.crossing.work) is not None and not work.done():
            await work
            await self.drain()
        await self.drain()

    async def drain(self) -> None:
        """Handle what waits in the queue."""
        while (given := self.station.next_input()) is not None:
            await self.station.handle(given)

    async def expect(self, page: WorklistPage) -> None:
        """Make units, products and people known."""
        await self.database.run(partial(worklist.apply, page=page))

    def queued(self) -> tuple[InspectionRecord, ...]:
        """The records in the outbox, read back from their signed bytes."""
        rows = self.database.run_now(partial(outbox.due, limit=64, now_s=math.inf))
        return tuple(read_record(row.signed.record) for row in rows)

    def envelope(self) -> SignedRecord:
        """The oldest queued envelope."""
        return self.database.run_now(partial(outbox.due, limit=1, now_s=math.inf))[0].signed


def build_rig(
    folder: Path,
    site: object,
    database: Database,
    executor: ThreadPoolExecutor,
    *,
    limits: Retention | None = None,
    auto_capture: bool = False,
    frames_per_view: int = 1,
    watch: TagWatch | None = None,
) -> Rig:
    """Put a bench together on a folder."""
    world, seen = site.new_world(), site.detection()  # type: ignore[attr-defined]  # a module of functions
    clock, registry = Hand(), CollectorRegistry()
    faults = Faults(registry)
    clocks, senses = ClockWatch(clock), SimulatedSenses(clock)
    clocks.measure(clock(), START, clock())
    detector = DrawnDetector(seen)
    vault = Vault(folder / "evidence", world.enrolment.sealing_public_key, os.urandom)
    own_key = key_id(public_bytes(world.station_key))
    committer = Committer(
        key=world.station_key,
        desk=site.desk(world, BOOT),  # type: ignore[attr-defined]
        database=database,
        vault=vault,
        shelf=Vault(folder / "findings", world.enrolment.sealing_public_key, os.urandom),
        clocks=clocks,
        random=os.urandom,
        limits=limits or Retention(free_disk_bytes=0),
    )
    committed: list[InspectionRecord] = []
    station = Station(
        place=_place(own_key, site.BADGE_SALT, auto_capture),  # type: ignore[attr-defined]
        seeing=_seeing(senses, lambda merchant: detector, executor, frames_per_view),
        committer=committer,
        database=database,
        watch=watch or TagWatch(2.0),
        faults=faults,
        changes=Changes(),
        clock=clock,
        committed=committed.append,
    )
    return Rig(
        station, clock, clocks, senses, detector, database, vault, faults, registry, committer, {}, committed
    )


def _place(own_key: str, badge_salt: bytes, auto_capture: bool) -> Place:
    return Place(
        station="st1",
        site="s1",
        boot=BOOT,
        key_id=own_key,
        badge_salt=badge_salt,
        auto_capture=auto_capture,
        settle_s=0.3,
        sign_out_s=3600.0,
    )


def _seeing(
    senses: SimulatedSenses,
    detector_for: Callable[[str], DrawnDetector],
    executor: ThreadPoolExecutor,
    frames_per_view: int,
) -> Seeing:
    return Seeing(
        senses=senses,
        views=(),
        capture_timeout_s=2.0,
        frames_per_view=frames_per_view,
        frame_gap_s=0.0,
        detector_for=detector_for,
        executor=executor,
        policy=DEFAULT_POLICY,
    )


class StillSync:
    """Stands where the talk with the centre would: the tests of the page need none."""

    reachable = True


class StillUplink:
    """As above."""

    trouble: str | None = None


def reporting_of(rig: Rig) -> Reporting:
    """What the page and `/state.json` read, over a bench under test."""
    return Reporting(
        station=rig.station,
        database=rig.database,
        sync=StillSync(),
        uplink=StillUplink(),
        clocks=rig.clocks,
        faults=rig.faults,
        metrics=StationMetrics(rig.registry),
        policy=policy_version(DEFAULT_POLICY),
        language="zh_CN",
    )
