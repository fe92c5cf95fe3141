"""Keeps all devices of a bench running: opens them, merges what they report, opens them again.

Each device has a task of its own, so one that fails never stops another.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar, cast

import structlog
from prometheus_client import CollectorRegistry

from devices.camera.settings import CameraSettings
from devices.capturing import capture_all
from devices.channel import Channel
from devices.config import DeviceConfig, check_devices
from devices.device import (
    Camera,
    Condition,
    Lamp,
    LiveView,
    OnDemand,
    Outputs,
    Printer,
    Scale,
    Scanner,
    Signal,
    TagReader,
)
from devices.driver import AnyDevice, Driver, Kind, Surroundings
from devices.errors import DeviceError, DeviceFault, LinkLost, WrongSetUp
from devices.registry import DRIVERS
from devices.scanner.from_frames import CodeReader
from devices.watch import DeviceStatus, Metrics, Watch
from inspection.readings import LONGEST_EPC, Frame, Scan, TagRead, Trigger, Weight
from link.backoff import Backoff

T = TypeVar("T")

READS_KEPT = 4096
SCANS_KEPT = 64
WEIGHTS_KEPT = 64
TRIGGERS_KEPT = 64
CODES_S = 0.2
"""Between two looks at a camera that reads codes."""
SHORTEST_RETRY_S = 0.2
LONGEST_RETRY_S = 5.0


@dataclass(slots=True, kw_only=True)
class Supervised:
    """One device with what is known of it."""

    watch: Watch
    kind: Kind
    device: AnyDevice
    codes: CodeReader | None = None
    """Reads the codes in the pictures of a camera that is to."""
    broken: asyncio.Event = field(default_factory=asyncio.Event)
    """Set where a device that is asked, such as a camera, loses its link between two questions."""


@dataclass(frozen=True, slots=True)
class Channels:
    """Where the readings of all devices wait to be taken."""

    reads: Channel[TagRead] = field(default_factory=lambda: Channel(READS_KEPT))
    scans: Channel[Scan] = field(default_factory=lambda: Channel(SCANS_KEPT))
    weights: Channel[Weight] = field(default_factory=lambda: Channel(WEIGHTS_KEPT))
    triggers: Channel[Trigger] = field(default_factory=lambda: Channel(TRIGGERS_KEPT))

    @property
    def dropped(self) -> int:
        """Readings that nobody took in time."""
        return self.reads.dropped + self.scans.dropped + self.weights.dropped + self.triggers.dropped


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
        self._channels = Channels()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        metrics = Metrics.register(registry)
        around = replace(surroundings, outputs=self._outputs)
        self._devices = [
            self._supervised(config, drivers[config.driver], around, metrics) for config in devices
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
        return self._channels.dropped

    def tag_reads(self) -> AsyncIterator[TagRead]:
        """Reads of all readers as they come; one taker at a time."""
        return self._channels.reads.take()

    def scans(self) -> AsyncIterator[Scan]:
        """Codes of all scanners, and of readers that scan too, as they come; one taker at a time."""
        return self._channels.scans.take()

    def weights(self) -> AsyncIterator[Weight]:
        """Stable weights of all scales as they come; one taker at a time."""
        return self._channels.weights.take()

    def triggers(self) -> AsyncIterator[Trigger]:
        """Changes of all readers' inputs as they come; one taker at a time."""
        return self._channels.triggers.take()

    async def capture(self, view: str) -> Frame:
        """Take a picture of a view; raises DeviceFault, LinkLost or WrongSetUp in words."""
        supervised = self._camera(view)
        return await _asked(supervised, cast(Camera, supervised.device).capture())

    async def capture_all(self, views: Sequence[str], timeout_s: float) -> dict[str, Frame | DeviceError]:
        """Take pictures of these views at the same time: each one's picture, or why there is none."""
        return await capture_all(self.capture, views, timeout_s)

    @property
    def has_printer(self) -> bool:
        """Whether the bench has a printer, in whatever state."""
        return any(each.kind is Kind.PRINTER for each in self._devices)

    async def print_label(self, content: bytes, printer: str | None = None) -> None:
        """Print at the named printer, or at the only one; raises a DeviceError in words."""
        printers = [each for each in self._devices if each.kind is Kind.PRINTER]
        chosen = [each for each in printers if printer in (None, each.watch.name)]
        if len(chosen) != 1:
            raise WrongSetUp(f"no printer, or more than one, for {printer or 'a label'}", reason="no_printer")
        await _asked(chosen[0], cast(Printer, chosen[0].device).print_label(content))

    async def show(self, lamps: frozenset[Lamp]) -> None:
        """Show this on every signal of the bench; one that cannot is degraded or lost, and no error here."""
        for each in self._devices:
            if each.kind is Kind.SIGNAL and each.watch.works:
                try:
                    await _asked(each, cast(Signal, each.device).show(lamps))
                except DeviceError:
                    continue  # its state says so
                except Exception:  # a driver may be anybody's: its fault must not stop the station
                    self._log.exception("driver failed", device=each.watch.name)
                    each.watch.failed(
                        "driver_failed", f"the driver of {each.watch.name} failed; the log says where"
                    )

    def latest(self, view: str) -> LiveView | None:
        """What a view shows now, for the page; cheap while it does not change."""
        return cast(Camera, self._camera(view).device).latest()

    def snapshot(self) -> tuple[DeviceStatus, ...]:
        """The state of each device, in the order of the settings."""
        return tuple(each.watch.status(each.device.counts) for each in self._devices)

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
        device = driver.build(config, replace(surroundings, told=watch.told), watch.skipped)
        codes = None
        if isinstance(config, CameraSettings) and config.codes:
            codes = CodeReader(config.name, clock=surroundings.clock, count=watch.skipped)
        return Supervised(watch=watch, kind=driver.kind, device=device, codes=codes)

    def _outputs(self, name: str) -> Outputs:
        """Find a device of this bench that can switch something."""
        found = next((each.device for each in self._devices if each.watch.name == name), None)
        if not isinstance(found, Outputs):
            raise WrongSetUp(f"no device called {name} has outputs", reason="no_outputs")
        return found

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
                sentence = f"the driver of {watch.name} failed; the log says where"
                if sentence != said:
                    self._log.exception("driver failed", device=watch.name)
                watch.lost("driver_failed", sentence)
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
            match supervised.kind:
                case Kind.READER:
                    await self._read(watch, cast(TagReader, device))
                case Kind.SCANNER:
                    await _pour(watch, cast(Scanner, device).scans(), self._channels.scans)
                case Kind.SCALE:
                    await _pour(watch, cast(Scale, device).weights(), self._channels.weights)
                case Kind.CAMERA if supervised.codes is not None:
                    reading = self._read_codes(cast(Camera, device), supervised.codes)
                    await _attend(supervised, cast(OnDemand, device), reading)
                case _:
                    await _attend(supervised, cast(OnDemand, device))

    async def _read_codes(self, camera: Camera, codes: CodeReader) -> None:
        """Look at each new picture that the page would show, too."""
        version = None
        while True:
            live = camera.latest()
            if live is not None and live.version != version:
                version = live.version
                for scan in await codes.read(live.content):
                    self._channels.scans.put(scan)
            await asyncio.sleep(CODES_S)

    async def _read(self, watch: Watch, reader: TagReader) -> None:
        async for each in reader.reads():
            match each:
                case Trigger():
                    self._channels.triggers.put(each, watch.overtaken)
                case Condition():
                    watch.told(each)
                case Scan():
                    watch.worked()
                    self._channels.scans.put(each, watch.overtaken)
                case TagRead() if not 1 <= len(each.epc) <= LONGEST_EPC:
                    watch.skipped("bad_epc", f"a tag with an EPC of {len(each.epc)} bytes")
                case TagRead():
                    watch.worked()
                    self._channels.reads.put(each, watch.overtaken)


async def _pour(watch: Watch, readings: AsyncIterator[T], channel: Channel[T]) -> None:
    async for each in readings:
        watch.worked()
        channel.put(each, watch.overtaken)


async def _attend(supervised: Supervised, device: OnDemand, *beside: Coroutine[Any, Any, None]) -> None:
    """Wait until a device that is only asked is gone, whoever notices it first."""
    working = [asyncio.ensure_future(each) for each in (device.watch(), *beside)]
    tasks = [*working, asyncio.ensure_future(supervised.broken.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in working:
            if each.done():
                await each
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    watch = supervised.watch
    raise LinkLost(watch.sentence or f"{watch.name} is gone", reason=watch.reason)


async def _asked(supervised: Supervised, asking: Awaitable[T]) -> T:
    """Wait for a device's answer and note how it went; what it raises is raised.

    A device that is not open says nothing new of its link: whoever opens it knows better what is wrong.
    """
    watch = supervised.watch
    try:
        answer = await asking
    except LinkLost as error:
        if watch.works:
            watch.lost(error.reason, str(error))
            supervised.broken.set()
        raise
    except DeviceFault as error:
        watch.failed(error.reason, str(error))
        raise
    watch.worked()
    return answer
