import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from devices import supervisor as supervising
from devices import watch
from devices.camera.folder.emulator import FolderCameraEmulator
from devices.config import parse_devices
from devices.device import Condition, Report
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import DeviceFault, LinkLost, WrongSetUp
from devices.registry import DRIVERS
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.scanner.emulator import ScannerEmulator
from devices.supervisor import Supervisor
from devices.watch import DeviceStatus, State
from inspection.readings import Frame, Scan, TagRead, Trigger

ITEM = bytes.fromhex("3074257bf7194e4000001a85")
JPEG = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()


class Bench:
    """A supervisor with a reader, a scanner and a camera."""

    def __init__(self, folder: Path) -> None:
        self.reader = UhfReaderEmulator(folder / "reader")
        self.scanner = ScannerEmulator(folder / "scanner")
        self.camera = FolderCameraEmulator(folder / "top")
        self.registry = CollectorRegistry()
        self.supervisor = Supervisor(
            parse_devices(
                [
                    {
                        "driver": "uhfreader",
                        "name": "gate",
                        "port": str(folder / "reader"),
                        "poll_ms": 20,
                        "reply_timeout_ms": 250,
                    },
                    {"driver": "scanner", "name": "hand", "port": str(folder / "scanner")},
                    {"driver": "folder", "name": "cam", "view": "top", "folder": str(folder / "top")},
                ]
            ),
            surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
            registry=self.registry,
        )

    def status(self, name: str) -> DeviceStatus:
        return next(status for status in self.supervisor.snapshot() if status.name == name)

    async def until(self, name: str, fits: Callable[[DeviceStatus], bool]) -> DeviceStatus:
        async with asyncio.timeout(60):
            while not fits(self.status(name)):
                await self.supervisor.wait_for_change()
        return self.status(name)

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Bench]:
    bench = Bench(folder)
    async with bench.reader, bench.scanner, bench.supervisor:
        for name in ("gate", "hand", "cam"):
            await bench.until(name, lambda status: status.state is State.READY)
        yield bench


async def test_readings_of_all_devices_come_together(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.reader.place(ITEM)
        read = await anext(bench.supervisor.tag_reads())
        assert (read.epc, read.reader) == (ITEM, "gate")
        bench.scanner.scan("RMA-1")
        assert (await anext(bench.supervisor.scans())).text == "RMA-1"
        bench.camera.show_bytes(JPEG)
        assert (await bench.supervisor.capture("top")).content == JPEG
        live = bench.supervisor.latest("top")
        assert live is not None and live.content == JPEG
        assert bench.supervisor.views == ("top",)
        assert bench.metric("regrade_device_readings_total", device="hand") == 1
        assert bench.metric("regrade_device_ready", device="cam") == 1


async def test_a_pulled_cable_is_seen_and_comes_back_while_the_others_work(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.reader.unplug()
        lost = await bench.until("gate", lambda status: status.state is State.LOST)
        assert lost.reason in ("unplugged", "port_missing")
        assert lost.sentence
        bench.scanner.scan("RMA-1")
        assert (await anext(bench.supervisor.scans())).text == "RMA-1"
        bench.reader.replug()
        bench.reader.place(ITEM)
        assert (await anext(bench.supervisor.tag_reads())).epc == ITEM
        back = bench.status("gate")
        assert (back.state, back.reason, back.lost) == (State.READY, None, 1)
        assert bench.metric("regrade_device_lost_total", device="gate", code="unplugged") == 1


async def test_a_reader_that_falls_silent_is_lost(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.reader.mute()
        assert (await bench.until("gate", lambda status: status.state is State.LOST)).reason == "silent"
        bench.reader.mute(False)
        await bench.until("gate", lambda status: status.state is State.READY)


async def test_noise_degrades_a_device_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "FAULT_SHOWN_S", 0.1)
    async with running(tmp_path) as bench:
        bench.reader.noise(b"\x01\x02\x03")
        degraded = await bench.until("gate", lambda status: status.state is State.DEGRADED)
        assert degraded.reason == "bad_bytes"
        assert degraded.sentence and "01 02 03" in degraded.sentence
        await bench.until("gate", lambda status: status.state is State.READY)
        assert bench.status("gate").faults["bad_bytes"] >= 1


async def test_a_camera_without_a_picture_says_so_until_it_has_one(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        with pytest.raises(DeviceFault):
            await bench.supervisor.capture("top")
        assert (bench.status("cam").state, bench.status("cam").reason) == (State.DEGRADED, "no_picture")
        bench.camera.show_bytes(JPEG)
        await bench.supervisor.capture("top")
        assert bench.status("cam").state is State.READY


async def test_a_camera_whose_folder_went_away_comes_back(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        bench.camera.folder.rmdir()
        with pytest.raises(LinkLost):
            await bench.supervisor.capture("top")
        assert bench.status("cam").reason == "folder_missing"
        bench.camera.folder.mkdir()
        await bench.until("cam", lambda status: status.state is State.READY)


async def test_a_view_without_a_camera_is_a_wrong_set_up(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        with pytest.raises(WrongSetUp, match="left"):
            await bench.supervisor.capture("left")


class Faulty:
    """A reader whose driver has a fault of its own."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    async def __aenter__(self) -> "Faulty":
        raise ZeroDivisionError("a fault nobody foresaw")

    async def __aexit__(self, *exc: object) -> None: ...

    def reads(self) -> Any: ...


async def test_a_driver_with_a_fault_of_its_own_stops_nobody_else(tmp_path: Path) -> None:
    def broken(config: Any, around: Surroundings, count: Any) -> Any:
        return Faulty()

    faulty = Driver(kind=Kind.READER, title="", config=DeviceSettings, build=broken)
    async with ScannerEmulator(tmp_path / "s") as scanner:
        supervisor = Supervisor(
            parse_devices(
                [
                    {"driver": "uhfreader", "name": "gate", "port": "x"},
                    {"driver": "scanner", "name": "hand", "port": str(tmp_path / "s")},
                ]
            ),
            surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
            registry=CollectorRegistry(),
            drivers={**DRIVERS, "uhfreader": faulty},
        )
        async with supervisor:
            while [s.state for s in supervisor.snapshot()] != [State.LOST, State.READY]:
                await supervisor.wait_for_change()
            assert supervisor.snapshot()[0].reason == "driver_failed"
            scanner.scan("RMA-1")
            assert (await anext(supervisor.scans())).text == "RMA-1"


async def test_a_driver_that_fails_all_night_is_one_entry_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "SHORTEST_RETRY_S", 0.001)
    monkeypatch.setattr(supervising, "LONGEST_RETRY_S", 0.002)
    opened: list[Faulty] = []

    class Again(Faulty):
        async def __aenter__(self) -> "Faulty":
            opened.append(self)
            return await super().__aenter__()

    def build(config: Any, around: Surroundings, count: Any) -> Any:
        return Again()

    with capture_logs() as logged:
        async with Supervisor(
            [DeviceSettings(driver="again", name="again")],
            surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
            registry=CollectorRegistry(),
            drivers={"again": Driver(kind=Kind.READER, title="", config=DeviceSettings, build=build)},
        ) as supervisor:
            while len(opened) < 5:
                await supervisor.wait_for_change()
    assert [entry["event"] for entry in logged] == ["driver failed", "device lost"]


class SlowCamera:
    """A camera that takes its time to open, and until then has no link."""

    view = "top"

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.may_open = asyncio.Event()

    async def __aenter__(self) -> "SlowCamera":
        await self.may_open.wait()
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def capture(self) -> Frame:
        raise LinkLost("the camera is not open", reason="silent")

    def latest(self) -> None: ...


async def test_a_camera_that_is_asked_while_it_opens_is_ready_when_it_is_open() -> None:
    camera = SlowCamera()

    def build(config: Any, around: Surroundings, count: Any) -> Any:
        return camera

    driver = Driver(kind=Kind.CAMERA, title="", config=DeviceSettings, build=build)
    supervisor = Supervisor(
        [DeviceSettings(driver="slow", name="slow")],
        surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
        registry=CollectorRegistry(),
        drivers={"slow": driver},
    )
    async with supervisor:
        with pytest.raises(LinkLost):
            await supervisor.capture("top")
        assert supervisor.snapshot()[0].state is State.STARTING
        camera.may_open.set()
        async with asyncio.timeout(60):
            await supervisor.wait_for_change()
        [status] = supervisor.snapshot()
        assert (status.state, status.reason, status.lost) == (State.READY, None, 0)


class Sled:
    """A reader that scans codes too, has an input, and says how it is."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    async def __aenter__(self) -> "Sled":
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    async def reads(self) -> AsyncIterator[Report]:
        now = datetime.now(UTC)
        yield Condition(troubles={"battery_low": "9 % are left"})
        yield Scan(content=b"RMA-1", symbology=None, scanner="sled", scanned_at=now)
        yield Trigger(source="sled", input=1, active=True, seen_at=now)
        for epc in (b"", bytes(63), ITEM):
            yield TagRead(epc=epc, reader="sled", antenna=None, rssi_dbm=None, seen_at=now)
        await asyncio.Event().wait()


async def test_what_a_reader_reports_goes_where_it_is_waited_for() -> None:
    def build(config: Any, around: Surroundings, count: Any) -> Any:
        return Sled()

    driver = Driver(kind=Kind.READER, title="", config=DeviceSettings, build=build)
    supervisor = Supervisor(
        [DeviceSettings(driver="sled", name="sled")],
        surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
        registry=CollectorRegistry(),
        drivers={"sled": driver},
    )
    async with supervisor:
        assert (await anext(supervisor.tag_reads())).epc == ITEM
        assert (await anext(supervisor.scans())).text == "RMA-1"
        assert (await anext(supervisor.triggers())).input == 1
        [status] = supervisor.snapshot()
    assert (status.state, status.readings) == (State.DEGRADED, 2)
    assert status.faults == {"battery_low": 1, "bad_epc": 2}, "a blank tag or a torn frame is no read"


class Lamp:
    """A light whose driver fails when it is asked to shine."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    async def __aenter__(self) -> "Lamp":
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def show(self, lamps: Any) -> None:
        raise ZeroDivisionError("a fault nobody foresaw")


async def test_a_light_whose_driver_fails_ends_nobody_who_asks_it() -> None:
    driver = Driver(kind=Kind.SIGNAL, title="", config=DeviceSettings, build=lambda *given: Lamp())
    supervisor = Supervisor(
        [DeviceSettings(driver="lamp", name="light")],
        surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
        registry=CollectorRegistry(),
        drivers={"lamp": driver},
    )
    async with supervisor:
        while supervisor.snapshot()[0].state is not State.READY:
            await supervisor.wait_for_change()
        await supervisor.show(frozenset())
        assert supervisor.snapshot()[0].reason == "driver_failed"


def test_an_mqtt_reader_without_a_broker_is_a_wrong_set_up() -> None:
    devices = parse_devices([{"driver": "impinj", "name": "r700", "topic": "a/b"}])
    with pytest.raises(WrongSetUp, match="no broker"):
        Supervisor(
            devices,
            surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
            registry=CollectorRegistry(),
        )
