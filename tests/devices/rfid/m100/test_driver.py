import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devices.errors import LinkLost, WrongSetUp
from devices.rfid.m100.driver import M100, M100_DRIVER, M100Config
from devices.rfid.m100.emulator import M100Emulator
from devices.rfid.m100.frames import Region
from devices.transport.opening import open_stream

ITEM = bytes.fromhex("3074257bf7194e4000001a85")


@pytest.fixture
async def module(tmp_path: Path) -> AsyncIterator[M100Emulator]:
    async with M100Emulator(tmp_path / "module", round_s=0.005) as emulator:
        emulator.place(ITEM, rssi_dbm=-61)
        yield emulator


def reader(module: M100Emulator, faults: Counter[str] | None = None, **settings: Any) -> Any:
    config = M100Config(
        driver="m100", name="gate", port=str(module.port), **{"reply_timeout_ms": 300, **settings}
    )
    seen = faults if faults is not None else Counter()

    def count(code: str, sentence: str) -> None:
        seen[code] += 1

    stream = open_stream(config.port, config.baud)
    return M100(config, stream, clock=lambda: datetime.now(UTC), count=count)


async def until(true: Any) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110  # an emulator tells nobody
            await asyncio.sleep(0.005)


async def test_a_read_has_the_signal_and_no_antenna(module: M100Emulator) -> None:
    async with reader(module) as opened, aclosing(opened.reads()) as reads:
        read = await anext(reads)
    assert (read.epc, read.pc, read.rssi_dbm, read.antenna) == (ITEM, 0x3000, -61, None)
    assert opened.about == "M100 26dBm V1.0"


async def test_polling_ends_with_the_driver(module: M100Emulator) -> None:
    async with reader(module) as opened, aclosing(opened.reads()) as reads:
        await anext(reads)
        assert module.is_polling
    await until(lambda: not module.is_polling)


async def test_a_module_that_was_left_polling_is_stopped_first(module: M100Emulator) -> None:
    async with reader(module) as opened, aclosing(opened.reads()) as reads:
        await anext(reads)
        opened._line.send = lambda _: asyncio.sleep(0)  # the program dies
    assert module.is_polling
    async with reader(module):
        assert not module.is_polling


async def test_a_poll_that_came_to_its_end_is_started_again(module: M100Emulator) -> None:
    async with reader(module, rounds=2) as opened, aclosing(opened.reads()) as reads:
        for _ in range(7):
            await anext(reads)
    assert module.polls >= 7


@pytest.mark.parametrize("settings", M100_DRIVER.probes)
async def test_it_answers_when_a_port_is_asked_who_is_there(tmp_path: Path, settings: Any) -> None:
    async with M100Emulator(tmp_path / "module", dialect=settings["dialect"]) as module:
        async with reader(module, **settings) as opened:
            assert opened.about
        assert not module.is_polling


async def test_region_and_power_are_set_at_every_opening(module: M100Emulator) -> None:
    for power_dbm, region in ((20, "EU"), (15.5, "US")):
        async with reader(module, power_dbm=power_dbm, region=region):
            assert (module.power_dbm, module.region) == (power_dbm, Region[region])


async def test_a_setting_that_the_module_refuses_is_a_wrong_set_up(module: M100Emulator) -> None:
    with pytest.raises(WrongSetUp, match="power_dbm") as refused:
        await reader(module, power_dbm=30).__aenter__()
    assert refused.value.reason == "setting_refused"


async def test_a_read_whose_tag_crc_is_wrong_is_counted_and_dropped(module: M100Emulator) -> None:
    faults = Counter[str]()
    fallen = ITEM[:-1] + b"\x84"
    async with reader(module, faults) as opened, aclosing(opened.reads()) as reads:
        await anext(reads)
        module.misread(fallen)
        assert {(await anext(reads)).epc for _ in range(4)} == {ITEM}
    assert faults == {"tag_crc": 1}
    module.clear()
    async with reader(module, faults, tag_crc=False) as opened, aclosing(opened.reads()) as reads:
        pending = asyncio.ensure_future(anext(reads))
        await until(lambda: module.is_polling)
        module.misread(fallen)
        assert (await pending).epc == fallen


async def test_an_empty_field_is_no_silence_and_a_dead_module_is(module: M100Emulator) -> None:
    module.clear()
    async with reader(module) as opened, aclosing(opened.reads()) as reads:
        pending = asyncio.ensure_future(anext(reads))
        await asyncio.sleep(0.5)
        assert not pending.done(), "no tag, but the module tells so"
        module.mute()
        with pytest.raises(LinkLost) as lost:
            await pending
    assert lost.value.reason == "silent"
    with pytest.raises(LinkLost) as never:
        await reader(module).__aenter__()
    assert never.value.reason == "silent"
