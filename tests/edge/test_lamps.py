"""What the room sees of a bench, over real wires."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from devices.config import parse_devices
from devices.device import Lamp
from devices.driver import Surroundings
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.scale.emulator import ScaleEmulator
from devices.signal.gpo_light.emulator import LampsEmulator
from devices.supervisor import Supervisor
from edge.lamps import LAMPS, lamps_for, shine
from inspection.journey import HoldReason, State

if TYPE_CHECKING:
    from tests.edge.rig import Rig

RED, AMBER, GREEN = ({lamp} for lamp in (Lamp.RED, Lamp.AMBER, Lamp.GREEN))


def test_every_state_of_the_journey_has_a_lamp() -> None:
    assert set(LAMPS) == set(State)


async def test_a_bench_is_green_when_free_amber_at_work_and_red_when_held(
    rig: "Rig", site: ModuleType
) -> None:
    assert lamps_for(rig.station.bench) == GREEN
    rig.tags = {site.tag(1): -40.0}
    await rig.tick()
    assert lamps_for(rig.station.bench) == AMBER
    for said in ("CMD:CAPTURE", "CMD:ACCEPT", "BIN:C"):
        await rig.scan(said)
    assert lamps_for(rig.station.bench) == RED
    await rig.scan("BIN:A")
    assert lamps_for(rig.station.bench) == GREEN


async def test_a_locked_bench_asks_for_a_badge(rig: "Rig") -> None:
    await rig.scan("CMD:SIGNOUT")
    assert lamps_for(rig.station.bench) == AMBER


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # the lamps are all that shows it
            await asyncio.sleep(0.01)


@pytest.fixture
def reader(tmp_path: Path) -> UhfReaderEmulator:
    return UhfReaderEmulator(tmp_path / "gate", dialect="288")


@pytest.fixture
def scale(tmp_path: Path) -> ScaleEmulator:
    return ScaleEmulator(tmp_path / "pan")


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    """A light before its reader in the settings, and a scale."""
    light = {"driver": "gpo_light", "name": "light", "reader": "gate", "red": 1, "green": 2, "again_s": 0.2}
    gate = {"driver": "uhfreader", "name": "gate", "port": str(tmp_path / "gate"), "dialect": "288"}
    times = {"poll_ms": 20, "reply_timeout_ms": 400}
    pan = {"driver": "scale", "name": "pan", "port": str(tmp_path / "pan"), "dialect": "mt_sics"}
    devices = parse_devices([light, gate | times, pan | times])
    around = Surroundings(clock=lambda: datetime.now(UTC))
    return Supervisor(devices, surroundings=around, registry=CollectorRegistry())


async def test_the_room_sees_the_bench_and_a_reader_that_was_unplugged_is_told_anew(
    rig: "Rig", supervisor: Supervisor, reader: UhfReaderEmulator, scale: ScaleEmulator
) -> None:
    room = LampsEmulator(lambda: reader.outputs, {Lamp.RED: 1, Lamp.GREEN: 2})
    station = rig.station

    async def watch_devices() -> None:
        while True:
            await supervisor.wait_for_change()
            station.changes.bump()

    async with reader, scale, supervisor:
        tasks = [
            asyncio.create_task(shine(station.bench, supervisor, station.changes)),
            asyncio.create_task(watch_devices()),
        ]
        await until(lambda: room.shining == GREEN)
        station.bench.stop(HoldReason.CAMERA_LOST)
        station.changes.bump()
        await until(lambda: room.shining == RED)
        reader.unplug()
        await until(lambda: any(each.state == "lost" for each in supervisor.snapshot()))
        reader.outputs = 0
        reader.replug()
        await until(lambda: room.shining == RED)
        scale.put("412.00")
        while (weight := await anext(supervisor.weights())).weight_g == 0:
            pass
        assert weight.as_sent == "412.00 g"
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
