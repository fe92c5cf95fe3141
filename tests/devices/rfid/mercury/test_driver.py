"""What a Mercury module gets told, and what becomes of what it says, over a real line."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devices.device import Outputs
from devices.errors import DeviceFault, LinkLost, WrongSetUp
from devices.probing import ask_ports
from devices.rfid.mercury.driver import MercuryConfig, MercuryReader
from devices.rfid.mercury.emulator import MercuryEmulator
from devices.rfid.mercury.frames import Key, Status
from devices.transport.opening import open_stream
from inspection.readings import TagRead, Trigger

ITEM = bytes.fromhex("3074257bf7194e4000001a85")
OTHER = bytes.fromhex("3074257bf7194e4000001a86")


class Bench:
    """A reader before its emulator, and the faults that it counted."""

    def __init__(self, emulator: MercuryEmulator, reader: MercuryReader, faults: Counter[str]) -> None:
        self.emulator, self.reader, self.faults = emulator, reader, faults
        self.readings: Any = None

    async def next(self) -> Any:
        async with asyncio.timeout(60):
            return await anext(self.readings)

    async def read(self) -> TagRead:
        while not isinstance(reading := await self.next(), TagRead):
            pass
        return reading

    async def trigger(self) -> Trigger:
        while not isinstance(reading := await self.next(), Trigger):
            pass
        return reading


Open = Callable[..., AbstractAsyncContextManager[Bench]]


@pytest.fixture
def bench(tmp_path: Path) -> Open:
    """Open a reader with these settings before an emulator with these habits."""

    @asynccontextmanager
    async def opened(
        emulator: dict[str, Any] | None = None, before: Any = None, **settings: Any
    ) -> AsyncIterator[Bench]:
        faults: Counter[str] = Counter()
        port = str(tmp_path / "module")
        config = MercuryConfig.model_validate(
            {"driver": "mercury", "name": "gate", "port": port, "region": "na2", "search_ms": 60}
            | {"reply_timeout_ms": 200}
            | settings
        )
        reader = MercuryReader(
            config,
            open_stream(config.port, config.baud),
            clock=lambda: datetime.now(UTC),
            count=lambda code, _: faults.update([code]),
        )
        async with MercuryEmulator(port, **{"stop_s": 0.05, **(emulator or {})}) as played:
            if before is not None:
                before(played)
            async with reader, aclosing(reader.reads()) as readings:  # type: ignore[type-var]
                made = Bench(played, reader, faults)
                made.readings = readings
                yield made

    return opened


async def test_it_is_told_region_power_antennas_and_to_report_every_sighting(bench: Open) -> None:
    async with bench(read_power_dbm=21.5, antennas=[1, 3]) as made:
        made.emulator.place(ITEM, antenna=3)
        assert (await made.read()).antenna == 3
        module = made.emulator.module
        assert (module.region, module.power_cdbm[0x92], module.antennas) == (13, 2150, (1, 3))
        assert not module.filters


async def test_opened_without_settings_it_is_only_asked_who_it_is(tmp_path: Path) -> None:
    async with MercuryEmulator(tmp_path / "module") as emulator:
        [found] = [each async for each in ask_ports([(str(emulator.port), "USB serial")])]
        assert found.driver == "mercury"
        assert (emulator.module.region, emulator.module.filters) == (0, True)


async def test_a_module_that_heard_the_beginning_of_something_else_is_woken(bench: Open) -> None:
    def confuse(emulator: MercuryEmulator) -> None:
        emulator.hear(bytes.fromhex("ff fa 2f 00 00"))

    async with bench(before=confuse) as made:
        made.emulator.place(ITEM)
        assert (await made.read()).epc == ITEM


async def test_a_module_without_a_region_says_so(bench: Open) -> None:
    async with bench(region=None) as made:
        with pytest.raises(LinkLost, match="010b") as lost:
            await made.read()
    assert lost.value.reason == "module_error"


async def test_a_tag_before_an_antenna_that_is_not_searched_is_not_read(bench: Open) -> None:
    async with bench(antennas=[1]) as made:
        made.emulator.place(OTHER, antenna=2)
        made.emulator.place(ITEM, antenna=1)
        assert {(await made.read()).epc for _ in range(4)} == {ITEM}


async def test_a_read_carries_signal_antenna_and_the_modules_own_time(bench: Open) -> None:
    async with bench() as made:
        made.emulator.place(ITEM, rssi_dbm=-61)
        read = await made.read()
    assert (read.epc, read.antenna, read.rssi_dbm, read.pc) == (ITEM, 1, -61, 0x3000)
    assert read.reader_time is not None
    assert abs(read.seen_at - read.reader_time) < timedelta(seconds=1)


async def test_the_modules_time_begins_again_with_each_keep_alive(bench: Open) -> None:
    async with bench(search_ms=50) as made:
        made.emulator.place(ITEM)
        reads = [await made.read() for _ in range(8)]
    times = [read.reader_time for read in reads if read.reader_time]
    assert len(times) == 8
    assert times[-1] - times[0] > timedelta(milliseconds=200), "one search is 50 ms long"
    assert all(
        abs(read.seen_at - told) < timedelta(seconds=1) for read, told in zip(reads, times, strict=True)
    )


async def test_a_station_that_was_held_up_hears_first_what_the_module_said_meanwhile(bench: Open) -> None:
    async with bench(search_ms=50, reply_timeout_ms=300) as made:
        made.emulator.place(ITEM)
        await made.read()
        waiting = asyncio.create_task(made.read())
        await asyncio.sleep(0)
        time.sleep(0.3)  # noqa: ASYNC251  # nobody runs: neither we nor the emulated module
        assert (await waiting).epc == ITEM


@pytest.mark.parametrize("model", ["nano", "m5e", "m7e"])
async def test_a_module_in_its_boot_loader_is_started_first(bench: Open, model: str) -> None:
    async with bench({"model": model, "needs_boot": True}) as made:
        assert not made.emulator.module.in_bootloader
        made.emulator.place(ITEM)
        assert (await made.read()).epc == ITEM
        assert made.reader.version and made.reader.version.protocols == 0x10


async def test_an_m5e_is_asked_again_and_again_and_told_to_say_dbm(bench: Open) -> None:
    async with bench({"model": "m5e"}) as made:
        for last in range(30):
            made.emulator.place(ITEM[:-1] + bytes((last,)), rssi_dbm=-44)
        reads = [await made.read() for _ in range(60)]
        assert made.emulator.module.configuration[Key.RSSI_IN_DBM] == b"\x01"
        assert {read.rssi_dbm for read in reads} == {-44}
        assert Counter(read.epc for read in reads) == {read.epc: 2 for read in reads}
        assert not made.emulator.streams


async def test_a_signal_in_units_of_the_modules_own_is_left_out(bench: Open) -> None:
    def forget(emulator: MercuryEmulator) -> None:
        del emulator.module.configuration[Key.RSSI_IN_DBM]

    async with bench({"model": "m5e"}, before=forget) as made:
        made.emulator.place(ITEM)
        assert (await made.read()).rssi_dbm is None


async def test_a_module_that_could_stream_is_polled_where_the_settings_say_so(bench: Open) -> None:
    async with bench(mode="poll") as made:
        made.emulator.place(ITEM)
        assert (await made.read()).epc == ITEM
        assert not made.emulator.streams


async def test_a_module_that_still_streams_for_somebody_else_is_stopped_first(bench: Open) -> None:
    async with bench({"stop_s": 0.3}) as made:
        made.emulator.place(ITEM)
        await made.read()
        await made.readings.aclose()
        await made.reader.__aexit__()
        assert made.emulator.streams, "it takes its time to stop"
        async with made.reader as again, aclosing(again.reads()) as readings:  # type: ignore[type-var]
            made.readings = readings
            assert (await made.read()).epc == ITEM


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"region": "jp3"}, "jp3"),
        ({"read_power_dbm": 31.5}, r"31\.5.*from 0\.0 to 27\.0"),
        ({"read_power_dbm": -5}, r"-5\.0.*from 0\.0"),
    ],
)
async def test_a_setting_that_the_module_refuses_is_named(
    bench: Open, settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(WrongSetUp, match=named) as refused:
        async with bench(**settings):
            pass
    assert refused.value.reason == "setting_refused"


async def test_a_port_without_a_module_is_silent(bench: Open) -> None:
    with pytest.raises(LinkLost) as lost:
        async with bench(before=lambda emulator: emulator.mute()):
            pass
    assert lost.value.reason == "silent"


@pytest.mark.parametrize("model", ["nano", "m5e"])
async def test_a_module_that_falls_silent_behind_an_open_port_is_lost(bench: Open, model: str) -> None:
    async with bench({"model": model}) as made:
        made.emulator.place(ITEM)
        await made.read()
        made.emulator.mute()
        with pytest.raises(LinkLost) as lost:
            while True:
                await made.read()
    assert lost.value.reason == "silent"


async def test_an_empty_field_is_not_taken_for_a_dead_module(bench: Open) -> None:
    async with bench(search_ms=50, reply_timeout_ms=50) as made:
        waiting = asyncio.create_task(made.read())
        await asyncio.sleep(0.6)
        assert not waiting.done()
        made.emulator.place(ITEM)
        assert (await waiting).epc == ITEM


async def test_a_module_that_was_switched_on_anew_is_set_up_again(bench: Open) -> None:
    async with bench() as made:
        made.emulator.place(ITEM)
        await made.read()
        made.emulator.reboot()
        with pytest.raises(LinkLost) as lost:
            while True:
                await made.read()
    assert lost.value.reason == "rebooted"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.TOO_HOT, "too_hot"),
        (Status.RETURN_LOSS, "return_loss"),
        (Status.NO_ANTENNA, "antenna_error"),
        (Status.BUFFER_FULL, "overflow"),
        (0x7F01, "module_error"),
    ],
)
async def test_a_fault_that_the_module_reports_is_counted_by_its_name_and_the_reads_go_on(
    bench: Open, status: int, code: str
) -> None:
    async with bench() as made:
        made.emulator.place(ITEM)
        await made.read()
        made.emulator.fault(status)
        while not made.faults:
            await made.read()
        assert (await made.read()).epc == ITEM
        assert made.faults == {code: 1}


async def test_a_polled_module_that_cannot_search_is_not_stormed_with_questions(bench: Open) -> None:
    async with bench({"model": "m5e"}) as made:
        made.emulator.module.trouble = Status.NO_ANTENNA
        began = time.monotonic()
        waiting = asyncio.create_task(made.read())
        await asyncio.sleep(0.3)
        most = 2 + (time.monotonic() - began) / 0.06  # one for each search
        assert 1 <= made.faults["antenna_error"] <= made.emulator.polls <= most
        made.emulator.module.trouble = Status.OK
        made.emulator.place(ITEM)
        assert (await waiting).epc == ITEM


async def test_a_keep_alive_is_no_fault(bench: Open) -> None:
    async with bench(search_ms=50) as made:
        made.emulator.place(ITEM)
        for _ in range(8):
            await made.read()
        assert made.reader.counts["frames"] > 8
        assert not made.faults


@pytest.mark.parametrize("model", ["nano", "m5e"])
async def test_a_tag_whose_own_crc_is_wrong_is_counted_and_not_read(bench: Open, model: str) -> None:
    async with bench({"model": model}) as made:
        made.emulator.spoil_epc(3)
        made.emulator.place(ITEM)
        assert (await made.read()).epc == ITEM
        assert made.faults == {"tag_crc": 3}


async def test_a_tag_without_an_epc_is_counted_and_not_read(bench: Open) -> None:
    async with bench() as made:
        made.emulator.place(b"")
        made.emulator.place(ITEM)
        assert (await made.read()).epc == ITEM
        assert set(made.faults) == {"bad_epc"}


async def test_a_change_of_an_input_triggers_once_and_its_level_at_the_start_does_not(bench: Open) -> None:
    async with bench(inputs=[2], input_poll_ms=20) as made:
        made.emulator.place(ITEM)
        await made.read()
        made.emulator.set_input(1, False)  # watched by nobody
        made.emulator.set_input(2, False)
        pressed = await made.trigger()
        made.emulator.set_input(2, True)
        released = await made.trigger()
    assert [(each.source, each.input, each.active) for each in (pressed, released)] == [
        ("gate", 2, False),
        ("gate", 2, True),
    ]


async def test_an_input_is_seen_in_an_empty_field_and_while_polling_too(bench: Open) -> None:
    async with bench({"model": "m5e"}, inputs=[1], input_poll_ms=20) as made:
        waiting = asyncio.create_task(made.trigger())
        await asyncio.sleep(0.2)
        made.emulator.set_input(1, False)
        assert (await waiting).input == 1


async def test_an_output_is_switched_while_the_module_reads(bench: Open) -> None:
    async with bench(outputs=[3], inputs=[1], input_poll_ms=20) as made:
        assert isinstance(made.reader, Outputs)
        made.emulator.place(ITEM)
        await made.read()
        reading = asyncio.create_task(drain(made))
        for level in (False, True):
            await made.reader.set_output(3, level)
            assert made.emulator.module.levels[3] is level
        assert made.emulator.module.directions == {1: 0, 2: 0, 3: 1, 4: 0}
        with pytest.raises(DeviceFault, match="4 is none of the outputs"):
            await made.reader.set_output(4, True)
        assert made.emulator.streams
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def drain(made: Bench) -> None:
    while True:
        await made.next()


async def test_an_output_that_nobody_answers_for_is_a_lost_link(bench: Open) -> None:
    async with bench(outputs=[3]) as made:
        made.emulator.place(ITEM)
        await made.read()
        made.emulator.mute()
        with pytest.raises(LinkLost, match="does not answer"):
            await made.reader.set_output(3, True)


async def test_an_output_is_not_switched_before_the_module_is_set_up(bench: Open) -> None:
    async with bench(outputs=[3]) as made:
        await made.readings.aclose()
        await made.reader.__aexit__()
        with pytest.raises(LinkLost, match="not connected"):
            await made.reader.set_output(3, True)


async def test_answers_in_pieces_and_late_are_understood(bench: Open) -> None:
    def limp(emulator: MercuryEmulator) -> None:
        emulator.split_writes(3)
        emulator.slow(0.01)

    async with bench(before=limp, reply_timeout_ms=1000, search_ms=500) as made:
        made.emulator.place(ITEM)
        assert (await made.read()).epc == ITEM
        assert not made.faults


async def test_a_spoilt_answer_is_asked_for_again(bench: Open) -> None:
    async with bench(before=lambda emulator: emulator.spoil_next(2)) as made:
        made.emulator.place(ITEM)
        assert (await made.read()).epc == ITEM
        assert made.reader.counts["bad_checks"] >= 1
