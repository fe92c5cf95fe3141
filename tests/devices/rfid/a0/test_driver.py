import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.errors import LinkLost, WrongSetUp
from devices.rfid.a0.codec import encode, write_tag
from devices.rfid.a0.driver import A0, A0Config, A0Reader
from devices.rfid.a0.emulator import A0Emulator
from devices.rfid.a0.frames import Code, Command, Frame, SeenTag
from devices.transport.opening import open_stream

ITEM = bytes.fromhex("3074257bf7194e4000001a85")
OTHER = bytes.fromhex("3074257bf7194e4000001a86")


@pytest.fixture
async def device(tmp_path: Path) -> AsyncIterator[A0Emulator]:
    async with A0Emulator(tmp_path / "reader") as emulator:
        emulator.place(ITEM, antenna=1)
        emulator.place(OTHER, antenna=3)
        yield emulator


def reader(device: A0Emulator, faults: Counter[str] | None = None, **settings: Any) -> Any:
    config = A0Config(
        driver="a0",
        name="gate",
        port=str(device.port),
        **{"poll_ms": 10, "reply_timeout_ms": 300, **settings},
    )
    seen = faults if faults is not None else Counter()

    def count(code: str, sentence: str) -> None:
        seen[code] += 1

    stream = open_stream(config.port, config.baud)
    return A0Reader(config, stream, clock=lambda: datetime.now(UTC), count=count)


async def some(reads: Any, number: int) -> list[Any]:
    async with asyncio.timeout(60):
        return [await anext(reads) for _ in range(number)]


@pytest.mark.parametrize("session", ["none", "S0", "S1", "S2", "S3"])
async def test_each_antenna_is_asked_in_its_turn(device: A0Emulator, session: str) -> None:
    async with reader(device, antennas=(1, 3), session=session) as opened, aclosing(opened.reads()) as reads:
        assert opened.firmware == "1.9"
        found = [(read.epc, read.antenna) for read in await some(reads, 4)]
    assert found == [(ITEM, 1), (OTHER, 3)] * 2


async def test_the_signal_byte_is_never_taken_for_dbm(device: A0Emulator) -> None:
    async with reader(device) as opened, aclosing(opened.reads()) as reads:
        assert {(read.rssi_dbm, read.pc) for read in await some(reads, 2)} == {(None, 0x3000)}


async def test_a_missing_antenna_is_counted_and_the_others_go_on(device: A0Emulator) -> None:
    faults = Counter[str]()
    device.connected.remove(1)
    async with reader(device, faults, antennas=(1, 3)) as opened, aclosing(opened.reads()) as reads:
        assert {read.epc for read in await some(reads, 3)} == {OTHER}
    assert faults["antenna_error"] >= 2


async def test_a_reader_that_lost_its_power_is_put_back_on_its_antenna(device: A0Emulator) -> None:
    async with reader(device, antennas=(3,)) as opened, aclosing(opened.reads()) as reads:
        await some(reads, 1)
        device.fresh()
        assert {read.epc for read in await some(reads, 3)} == {OTHER}


async def test_an_antenna_that_the_reader_does_not_have_is_a_wrong_set_up(
    device: A0Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.rfid.a0.emulator.PORTS", 1)
    async with reader(device, antennas=(1, 3)) as opened, aclosing(opened.reads()) as reads:
        with pytest.raises(WrongSetUp, match="no antenna 3"):
            await some(reads, 9)


@pytest.mark.parametrize("antennas", [(), (0,), (5,), (1, 2, 3, 4, 1)])
def test_impossible_antennas_are_refused_before_a_port_is_opened(antennas: Any) -> None:
    with pytest.raises(ValidationError):
        A0Config(driver="a0", name="gate", port="/dev/null", antennas=antennas)


async def test_it_answers_when_a_port_is_asked_who_is_there(device: A0Emulator) -> None:
    device.antenna = 3
    async with reader(device, **A0.probes[0]) as opened:
        assert opened.firmware
    assert device.antenna == 3, "to be asked changes nothing"


async def test_another_reader_on_the_line_is_not_listened_to(device: A0Emulator) -> None:
    stranger = SeenTag(epc=bytes(12), pc=0x3000, freq_ant=0, rssi_raw=1)
    frame = Frame(address=7, command=Command.REAL_TIME_INVENTORY, body=write_tag(stranger))
    async with reader(device) as opened, aclosing(opened.reads()) as reads:
        await some(reads, 1)
        device.noise(encode(frame))
        assert {read.epc for read in await some(reads, 4)} == {ITEM}
    async with reader(device, address=255) as opened, aclosing(opened.reads()) as reads:
        assert (await some(reads, 1))[0].epc == ITEM


async def test_a_refusal_of_an_inventory_is_counted_by_its_cause(
    device: A0Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Counter[str]()
    codes = chain((Code.FAIL, Code.BAD_PARAMETER, Code.FAIL), repeat(Code.NO_TAG))

    def refuse(command: int, rounds: int) -> None:
        device._send(command, bytes((next(codes),)))

    async with reader(device, faults) as opened, aclosing(opened.reads()) as reads:
        with monkeypatch.context() as patch:
            patch.setattr(
                device, "_inventory", lambda command, _: device._send(command, bytes((next(codes),)))
            )
            pending = asyncio.ensure_future(anext(reads))
            while sum(faults.values()) < 3:  # noqa: ASYNC110  # the count is all that shows it
                await asyncio.sleep(0.01)
        assert (await pending).epc == ITEM
    assert faults == {"module_error": 2, "illegal_command": 1}


async def test_a_reader_that_falls_silent_is_lost(device: A0Emulator) -> None:
    async with reader(device) as opened, aclosing(opened.reads()) as reads:
        await some(reads, 1)
        device.mute()
        with pytest.raises(LinkLost) as lost:
            await some(reads, 9)
    assert lost.value.reason == "silent"


async def test_a_reader_that_selects_but_finds_nothing_is_lost(
    device: A0Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reader(device) as opened, aclosing(opened.reads()) as reads:
        await some(reads, 1)
        monkeypatch.setattr(device, "_inventory", lambda *_: None)
        with pytest.raises(LinkLost) as lost:
            await some(reads, 9)
    assert lost.value.reason == "silent"
