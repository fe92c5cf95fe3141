"""Broker gone, device failed, device gone: what every reader over MQTT does when its broker misbehaves."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from devices import supervisor as supervising
from devices.driver import Kind, Surroundings
from devices.emulation_mqtt import MqttTagEmulator
from devices.registry import DRIVERS
from devices.rfid.event_reader import EventReader
from devices.supervisor import Supervisor
from devices.watch import DeviceStatus, State
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser
from link.inbox import Message
from link.mqtt import MqttConfig
from tests.contracts.lines import held, nothing_is_left, supervisor_of

ITEM = bytes.fromhex("3074257bf7194e4000001a85")
OTHER = bytes.fromhex("3074257bf7194e4000001a86")
TOPIC = "gate/tags"
USERS = (
    BrokerUser(name="gate", publish=("gate/#",), subscribe=(f"{TOPIC}/command",)),
    BrokerUser(name="station", subscribe=("gate/#",), publish=(f"{TOPIC}/command",)),
)
READERS = tuple(
    name for name, driver in DRIVERS.items() if driver.topics is not None and driver.kind is Kind.READER
)
PATIENCE_S = 30


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "SHORTEST_RETRY_S", 0.02)
    monkeypatch.setattr(supervising, "LONGEST_RETRY_S", 0.3)


@dataclass(slots=True)
class Bench:
    """One reader over MQTT, supervised."""

    supervisor: Supervisor
    emulator: MqttTagEmulator

    async def until(self, fits: Callable[[DeviceStatus], bool]) -> DeviceStatus:
        async with asyncio.timeout(PATIENCE_S):
            while not fits(self.supervisor.snapshot()[0]):
                await self.supervisor.wait_for_change()
        return self.supervisor.snapshot()[0]

    async def read(self, epc: bytes) -> None:
        async with asyncio.timeout(PATIENCE_S):
            async for read in self.supervisor.tag_reads():
                if read.epc == epc:
                    return


def config(folder: Path, port: int = 0) -> BrokerConfig:
    return BrokerConfig(kind="nats", folder=folder, port=port, users=USERS)


def eager(account: MqttConfig) -> MqttConfig:
    """It tries again soon, for the test is short."""
    return account.model_copy(update={"retry_max_s": 0.3})


@asynccontextmanager
async def bench_at(broker: Broker, name: str) -> AsyncIterator[Bench]:
    module, _, made = str(DRIVERS[name].emulator).partition(":")
    emulator: MqttTagEmulator = getattr(import_module(module), made)(
        eager(broker.account("gate")), TOPIC, period_s=0.02
    )
    table = {"driver": name, "name": "gate", "topic": TOPIC}
    async with emulator, supervisor_of(table, mqtt=eager(broker.account("station"))) as supervisor:
        bench = Bench(supervisor, emulator)
        await bench.until(lambda status: status.state is State.READY)
        yield bench


async def broker_is_gone(name: str, folder: Path, away_s: float) -> None:
    async with AsyncExitStack() as stack:
        broker = Broker(config(folder))
        await broker.__aenter__()
        bench = await stack.enter_async_context(bench_at(broker, name))
        bench.emulator.place(ITEM)
        await bench.read(ITEM)
        await broker.__aexit__()
        lost = await bench.until(lambda status: status.state is State.LOST)
        assert lost.reason == "broker_away"
        assert lost.sentence and "broker" in lost.sentence
        await asyncio.sleep(away_s)
        assert bench.supervisor.snapshot()[0].state in (State.LOST, State.STARTING)
        bench.emulator.clear()
        bench.emulator.place(OTHER)
        await stack.enter_async_context(Broker(config(folder, broker.port)))
        await bench.read(OTHER)
        back = await bench.until(lambda status: status.state is State.READY)
        assert (back.reason, back.lost) == (None, 1)


@pytest.mark.parametrize("name", READERS)
async def test_a_broker_that_is_gone_is_told_and_the_reader_comes_back_by_itself(
    name: str, tmp_path: Path
) -> None:
    await broker_is_gone(name, tmp_path, 0.3)


@pytest.mark.soak
@pytest.mark.parametrize("name", READERS)
async def test_a_broker_may_be_gone_for_a_minute(name: str, tmp_path: Path) -> None:
    await broker_is_gone(name, tmp_path, 60)


@pytest.mark.parametrize("name", READERS)
async def test_a_driver_that_fails_at_a_message_is_told_and_reads_the_next(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception while a message is handled must not leave a client that looks well and hears nothing."""
    original = EventReader.reports

    def reports(self: EventReader, message: Message) -> Any:
        if message.payload == b"poison":
            raise ZeroDivisionError("a fault nobody foresaw")
        return original(self, message)

    monkeypatch.setattr(EventReader, "reports", reports)
    async with Broker(config(tmp_path)) as broker, bench_at(broker, name) as bench:
        bench.emulator.say(b"poison")
        failed = await bench.until(lambda status: status.state is State.LOST)
        assert failed.reason == "driver_failed"
        await bench.until(lambda status: status.state is State.READY)
        bench.emulator.place(ITEM)
        await bench.read(ITEM)


@pytest.mark.parametrize("name", READERS)
async def test_what_is_no_message_degrades_the_reader_and_it_reads_on(name: str, tmp_path: Path) -> None:
    async with Broker(config(tmp_path)) as broker, bench_at(broker, name) as bench:
        for payload in (b"\xff\xfe", b"[" * 50_000, b"9" * 9_000, b"{}" * 2_000, b"0" * 900_000, b" "):
            bench.emulator.noise(payload)
        bench.emulator.place(ITEM)
        await bench.read(ITEM)
        status = bench.supervisor.snapshot()[0]
        assert status.state is State.DEGRADED
        assert {"not_json", "too_many", "too_large", "empty_message"} <= set(status.faults)


@pytest.mark.parametrize("name", READERS)
async def test_a_reader_that_is_unplugged_and_plugged_in_again_goes_on(name: str, tmp_path: Path) -> None:
    async with Broker(config(tmp_path)) as broker, bench_at(broker, name) as bench:
        bench.emulator.place(ITEM)
        await bench.read(ITEM)
        bench.emulator.unplug()
        bench.emulator.place(OTHER)
        bench.emulator.replug()
        await bench.read(OTHER)
        assert bench.supervisor.snapshot()[0].state is State.READY, "silence of a reader is no lost link"


@pytest.mark.parametrize("cycles", [10, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", READERS)
async def test_broken_lines_leave_nothing_behind(name: str, cycles: int, tmp_path: Path) -> None:
    async with Broker(config(tmp_path)) as broker:
        table = {"driver": name, "name": "gate", "topic": TOPIC}
        device = DRIVERS[name].build(
            DRIVERS[name].config.model_validate(table),
            Surroundings(clock=lambda: pytest.fail("nothing is read"), mqtt=broker.account("station")),
            lambda code, sentence: None,
        )
        await cycle(device)
        before = held()
        for _ in range(cycles):
            await cycle(device)
        await nothing_is_left(before)


async def cycle(device: Any) -> None:
    async with device, aclosing(device.reads()) as reads:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await anext(reads)


async def test_a_killed_broker_is_started_again_by_the_station_and_every_reader_goes_on(
    tmp_path: Path,
) -> None:
    async with Broker(config(tmp_path)) as broker, bench_at(broker, "zebra") as bench:
        assert broker.pid
        os.kill(broker.pid, signal.SIGKILL)
        await bench.until(lambda status: status.state is State.LOST)
        bench.emulator.place(ITEM)
        await bench.read(ITEM)
