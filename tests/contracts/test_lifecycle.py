"""Unplugged, silent, noisy, busy: what every driver of a line does when its line misbehaves."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from devices import supervisor as supervising
from devices.device import Device
from devices.errors import LinkLost
from devices.supervisor import Supervisor
from devices.watch import DeviceStatus, State
from tests.contracts.lines import (
    LINES,
    NOTICES_SILENCE,
    device_of,
    emulator_of,
    free_port,
    held,
    nothing_is_left,
    settings_of,
    supervisor_of,
    waiting_of,
)

PATIENCE_S = 20
CYCLES = 200


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "SHORTEST_RETRY_S", 0.02)


@pytest.fixture(params=["pty", "tcp"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return free_port() if request.param == "tcp" else str(tmp_path / "port")


async def until(bench: Supervisor, fits: Callable[[DeviceStatus], bool]) -> DeviceStatus:
    async with asyncio.timeout(PATIENCE_S):
        while not fits(bench.snapshot()[0]):
            await bench.wait_for_change()
    return bench.snapshot()[0]


def is_state(state: State) -> Callable[[DeviceStatus], bool]:
    return lambda status: status.state is state


@pytest.mark.parametrize("name", LINES)
async def test_an_unplugged_device_is_lost_and_ready_again_by_itself(name: str, port: str) -> None:
    async with emulator_of(name, port) as emulator, supervisor_of(settings_of(name, port)) as bench:
        await until(bench, is_state(State.READY))
        emulator.unplug()
        lost = await until(bench, is_state(State.LOST))
        assert lost.reason in ("unplugged", "port_missing")
        assert lost.sentence
        emulator.replug()
        back = await until(bench, is_state(State.READY))
        assert (back.reason, back.lost) == (None, 1)


@pytest.mark.parametrize("name", LINES)
async def test_a_device_that_comes_later_is_found(name: str, port: str) -> None:
    async with supervisor_of(settings_of(name, port)) as bench:
        assert (await until(bench, is_state(State.LOST))).reason == "port_missing"
        async with emulator_of(name, port):
            await until(bench, is_state(State.READY))


@pytest.mark.parametrize("name", NOTICES_SILENCE)
async def test_a_device_without_power_behind_an_open_port_is_found_out(name: str, tmp_path: Path) -> None:
    port = str(tmp_path / "port")
    async with emulator_of(name, port) as emulator, supervisor_of(settings_of(name, port)) as bench:
        await until(bench, is_state(State.READY))
        emulator.mute()
        assert (await until(bench, is_state(State.LOST))).reason == "silent"
        emulator.mute(False)
        await until(bench, is_state(State.READY))


@pytest.mark.parametrize("name", NOTICES_SILENCE)
async def test_a_wrong_rate_is_noise_and_never_ready(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pseudo-terminal has no rate: at a wrong one, whatever is said arrives as other bytes."""
    port, dice = str(tmp_path / "port"), random.Random(7)
    async with emulator_of(name, port) as emulator:
        monkeypatch.setattr(emulator, "hear", lambda content: emulator.noise(dice.randbytes(len(content))))
        async with supervisor_of(settings_of(name, port)) as bench:
            lost = await until(bench, is_state(State.LOST))
            assert lost.reason in ("silent", "bad_bytes")
            assert lost.readings == 0


@pytest.mark.parametrize("name", LINES)
async def test_a_port_that_another_program_has_is_busy_until_it_is_free(name: str, tmp_path: Path) -> None:
    port = str(tmp_path / "port")
    async with emulator_of(name, port):
        with serial.Serial(port, exclusive=True):
            async with supervisor_of(settings_of(name, port)) as bench:
                busy = await until(bench, is_state(State.LOST))
                assert busy.reason == "port_busy"
                assert "another program" in str(busy.sentence)
        async with supervisor_of(settings_of(name, port)) as bench:
            await until(bench, is_state(State.READY))


async def cycle(name: str, device: Device, port: str) -> None:
    async with emulator_of(name, port) as emulator, device:
        waiting = asyncio.ensure_future(waiting_of(name, device))
        await asyncio.sleep(0)
        emulator.unplug()
        with pytest.raises(LinkLost):
            await waiting


@pytest.mark.parametrize("name", LINES)
async def test_two_hundred_unplugs_leave_nothing_behind(name: str, port: str) -> None:
    device = device_of(name, port)
    await cycle(name, device, port)
    before = held()
    for _ in range(CYCLES):
        await cycle(name, device, port)
    await nothing_is_left(before)
