"""Keeps all devices of a bench running: opens them, merges what they report, opens them again.

Each device has a task of its own, so one that fails never stops another.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, cast

import structlog
from prometheus_client import CollectorRegistry

from devices.channel import Channel
from devices.config import DeviceConfig, check_devices
from devices.device import Camera, LiveView, Scanner, TagReader
from devices.errors import DeviceError, DeviceFault, LinkLost, WrongSetUp
from devices.registry import DRIVERS, Driver, Kind, Surroundings
from devices.watch import DeviceStatus, Metrics, Watch
from inspection.readings import Frame, Scan, TagRead
from link.backoff import Backoff

READS_KEPT = 4096
SCANS_KEPT = 64
SHORTEST_RETRY_S = 0.2
LONGEST_RETRY_S = 5.0


@dataclass(slots=True, kw_only=True)
class Supervised:
    """One device with what is known of it."""

    watch: Watch
    kind: Kind
    device: TagReader | Scanner | Camera
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    """Set where a camera loses its link between two pictures."""


class Supervisor:
    """All devices of one bench, used as an async context manager."""

    def __init__(
        self,
        devices: Sequence[DeviceConfig],
        *,
        surroundings: Surroundings,
        registry: CollectorRegistry,
        drivers: Mapping[str, Driver] = DRIVERS,
    ) -> None:
        check_devices(devices)
        self._log = structlog.get_logger("devices")
        self._reads: Channel[TagRead] = Channel(READS_KEPT)
        self._scans: Channel[Scan] = Channel(SCANS_KEPT)
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        metrics = Metrics.register(registry)
        self._devices = [
            self._supervised(config, drivers[config.driver], surroundings, metrics) for config in devices
        ]
        self._cameras = {
            cast(Camera, each.device).view: each for each in self._devices if each.kind is Kind.CAMERA
        }

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._run(each), name=f"device {each.watch.name}") for each in self._devices
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self._devices:
            each.watch.close()

    @property
    def views(self) -> tuple[str, ...]:
        """The named views that there is a camera for."""
        return tuple(self._cameras)

    @property
    def dropped(self) -> int:
        """Readings that nobody took in time."""
        return self._reads.dropped + self._scans.dropped

    def tag_reads(self) -> AsyncIterator[TagRead]:
        """Reads of all readers as they come; one taker at a time."""
        return self._reads.take()

    def scans(self) -> AsyncIterator[Scan]:
        """Codes of all scanners as they come; one taker at a time."""
        return self._scans.take()

    async def capture(self, view: str) -> Frame:
        """Take a picture of a view; raises DeviceFault, LinkLost or WrongSetUp in words."""
        supervised = self._camera(view)
        watch, camera = supervised.watch, cast(Camera, supervised.device)
        try:
            frame = await camera.capture()
        except LinkLost as error:
            watch.lost(error.reason, str(error))
            supervised.broken.set()
            raise
        except DeviceFault as error:
            watch.failed(error.reason, str(error))
            raise
        watch.worked()
        return frame

    def latest(self, view: str) -> LiveView | None:
        """What a view shows now, for the page; cheap while it does not change."""
        return cast(Camera, self._camera(view).device).latest()

    def snapshot(self) -> tuple[DeviceStatus, ...]:
        """The state of each device, in the order of the settings."""
        return tuple(each.watch.status() for each in self._devices)

    async def wait_for_change(self) -> None:
        """Return when the state or the reason of any device changes."""
        await self._changed.wait()

    def _camera(self, view: str) -> Supervised:
        if view not in self._cameras:
            raise WrongSetUp(f"no camera shows the view {view}", reason="no_camera")
        return self._cameras[view]

    def _supervised(
        self, config: DeviceConfig, driver: Driver, surroundings: Surroundings, metrics: Metrics
    ) -> Supervised:
        watch = Watch(
            name=config.name,
            driver=config.driver,
            kind=driver.kind,
            view=getattr(config, "view", None),
            clock=surroundings.clock,
            metrics=metrics,
            changed=self._note_change,
        )
        device = driver.build(config, surroundings, watch.skipped)
        return Supervised(watch=watch, kind=driver.kind, device=device)

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _run(self, supervised: Supervised) -> None:
        watch = supervised.watch
        backoff = Backoff(SHORTEST_RETRY_S, LONGEST_RETRY_S)
        loop = asyncio.get_running_loop()
        said: str | None = None
        while True:
            opened_at = loop.time()
            try:
                await self._serve(supervised)
            except DeviceError as error:
                watch.lost(error.reason, str(error))
            except Exception:
                # A fault in one driver must not take the bench down with it.
                self._log.exception("driver failed", device=watch.name)
                watch.lost("driver_failed", f"the driver of {watch.name} failed; the log says where")
            if watch.sentence != said:  # a cable that stays out for a night is one line, not ten thousand
                said = watch.sentence
                self._log.warning("device lost", device=watch.name, reason=watch.reason, said=said)
            if loop.time() - opened_at > LONGEST_RETRY_S:
                said = None
                backoff.reset()
            await asyncio.sleep(backoff.next())
            watch.again()

    async def _serve(self, supervised: Supervised) -> None:
        """Open one device and take what it reports, until it is lost."""
        supervised.broken.clear()
        watch = supervised.watch
        async with supervised.device as device:
            watch.opened()
            self._log.info("device ready", device=watch.name)
            if supervised.kind is Kind.READER:
                async for read in cast(TagReader, device).reads():
                    watch.worked()
                    self._reads.put(read)
            elif supervised.kind is Kind.SCANNER:
                async for scan in cast(Scanner, device).scans():
                    watch.worked()
                    self._scans.put(scan)
            else:
                await supervised.broken.wait()
                raise LinkLost(watch.sentence or f"{watch.name} is gone", reason=watch.reason)
