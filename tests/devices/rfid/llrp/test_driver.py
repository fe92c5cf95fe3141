"""What an LLRP reader is asked besides the contract of all readers."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest
from llrpkit.client import LLRPClient, check_status
from llrpkit.protocol import enums, messages
from pydantic import ValidationError

from devices.driver import Surroundings
from devices.errors import DeviceFault, LinkLost, WrongSetUp
from devices.rfid.llrp.driver import LLRP, LlrpConfig, LlrpReader
from devices.rfid.llrp.emulator import LlrpEmulator
from inspection.readings import TagRead, Trigger
from link.ports import free_ports
from tests.contracts.lines import held, nothing_is_left

ITEM = bytes.fromhex("3074257bf7194e4000001a85")


@pytest.fixture
async def emulator() -> AsyncIterator[LlrpEmulator]:
    async with LlrpEmulator(f"tcp://127.0.0.1:{free_ports(1)[0]}") as playing:
        yield playing


def opened_at(emulator: LlrpEmulator, faults: Counter[str] | None = None, **settings: Any) -> LlrpReader:
    """The driver as the supervisor makes it."""
    config = LlrpConfig(driver="llrp", name="portal", port=str(emulator.port), **settings)

    def count(code: str, sentence: str) -> None:
        if faults is not None:
            faults[code] += 1

    reader = LLRP.build(config, Surroundings(clock=lambda: datetime.now(UTC)), count)
    assert isinstance(reader, LlrpReader)
    return reader


async def test_a_read_says_where_how_strong_and_when(emulator: LlrpEmulator) -> None:
    emulator.place(ITEM, antenna=2, rssi_dbm=-48)
    before = datetime.now(UTC)
    async with opened_at(emulator) as reader, aclosing(reader.reads()) as reads:
        async with asyncio.timeout(60):
            read = await anext(reads)
    assert isinstance(read, TagRead)
    assert (read.epc, read.antenna) == (ITEM, 2)
    assert read.rssi_dbm == pytest.approx(-48, abs=10)
    assert read.reader_time is not None
    assert before <= read.seen_at <= datetime.now(UTC)


async def test_only_the_antennas_asked_for_read(emulator: LlrpEmulator) -> None:
    emulator.place(b"\x01" * 12, antenna=1)
    emulator.place(ITEM, antenna=3)
    async with opened_at(emulator, antennas=(3,)) as reader, aclosing(reader.reads()) as reads:
        async with asyncio.timeout(60):
            seen = [await anext(reads) for _ in range(20)]
    assert {read.epc for read in seen if isinstance(read, TagRead)} == {ITEM}


async def test_a_reader_that_hangs_is_found_out(emulator: LlrpEmulator) -> None:
    emulator.place(ITEM)
    async with opened_at(emulator) as reader, aclosing(reader.reads()) as reads:
        await anext(reads)
        emulator.mute()
        with pytest.raises(LinkLost) as lost:
            async with asyncio.timeout(60):
                while True:
                    await anext(reads)
    assert lost.value.reason == "silent"


async def test_a_reader_that_is_pulled_off_is_unplugged_and_then_missing(emulator: LlrpEmulator) -> None:
    reader = opened_at(emulator)
    async with reader, aclosing(reader.reads()) as reads:
        emulator.unplug()
        with pytest.raises(LinkLost) as lost:
            async with asyncio.timeout(60):
                await anext(reads)
    assert lost.value.reason == "unplugged"
    with pytest.raises(LinkLost) as missing:
        await reader.__aenter__()
    assert missing.value.reason == "port_missing"


async def test_an_empty_field_is_no_hanging_reader(emulator: LlrpEmulator) -> None:
    async with opened_at(emulator) as reader, aclosing(reader.reads()) as reads:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await anext(reads)


async def test_a_power_that_the_reader_does_not_have_is_a_wrong_set_up(emulator: LlrpEmulator) -> None:
    with pytest.raises(WrongSetUp) as refused:
        await opened_at(emulator, power_dbm=1).__aenter__()
    assert refused.value.reason == "setting_refused"


async def test_a_missing_extra_is_said_in_words(
    emulator: LlrpEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llrpkit", None)
    with pytest.raises(WrongSetUp, match="pip install 'llrpkit") as missing:
        await opened_at(emulator).__aenter__()
    assert missing.value.reason == "extra_missing"


def test_a_serial_port_is_refused() -> None:
    with pytest.raises(ValidationError, match="Ethernet port"):
        LlrpConfig(driver="llrp", name="portal", port="/dev/ttyUSB0")


async def test_a_second_client_is_told_that_there_is_one_already(emulator: LlrpEmulator) -> None:
    async with opened_at(emulator):
        with pytest.raises(LinkLost, match="refused"):
            await opened_at(emulator).__aenter__()


async def test_an_antenna_that_is_pulled_off_is_counted(emulator: LlrpEmulator) -> None:
    faults = Counter[str]()
    emulator.place(ITEM, antenna=1)
    async with opened_at(emulator, faults) as reader, aclosing(reader.reads()) as reads:
        await anext(reads)
        await emulator.pull_antenna(4)
        async with asyncio.timeout(60):
            while not faults:
                await anext(reads)
    assert faults == {"antenna_error": 1}


async def test_reports_that_were_dropped_before_a_reconnect_are_counted_once(
    emulator: LlrpEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer, lost = LLRPClient._offer, iter([5])
    monkeypatch.setattr(
        LLRPClient, "_offer", staticmethod(lambda queue, item: offer(queue, item) + next(lost, 0))
    )
    faults = Counter[str]()
    emulator.place(ITEM)
    reader = opened_at(emulator, faults)
    for _ in range(2):
        async with reader, aclosing(reader.reads()) as reads, asyncio.timeout(60):
            for _ in range(5):
                await anext(reads)
    assert (reader.counts["dropped"], faults) == (5, {"overflow": 1})


async def test_an_input_that_changes_is_told(emulator: LlrpEmulator) -> None:
    async with opened_at(emulator, inputs=(2,)) as reader, aclosing(reader.reads()) as reads:
        waiting = asyncio.ensure_future(anext(reads))
        await asyncio.sleep(0.05)
        await emulator.set_input(1, True)
        await emulator.set_input(2, True)
        async with asyncio.timeout(60):
            told = await waiting
    assert isinstance(told, Trigger)
    assert (told.source, told.input, told.active) == ("portal", 2, True)


async def test_an_output_is_switched(emulator: LlrpEmulator) -> None:
    reader = opened_at(emulator)
    with pytest.raises(LinkLost):
        await reader.set_output(1, True)
    async with reader:
        await reader.set_output(1, True)
        assert emulator.outputs == {1: True, 2: False, 3: False, 4: False}
        with pytest.raises(DeviceFault) as refused:
            await reader.set_output(9, True)
    assert refused.value.reason == "no_outputs"


async def test_a_reader_that_is_left_reads_no_more(emulator: LlrpEmulator) -> None:
    async with opened_at(emulator):
        assert emulator.inventories == 1
    assert emulator.inventories == 0


async def test_other_clients_may_delete_all_and_let_an_inventory_start_itself(
    emulator: LlrpEmulator,
) -> None:
    from llrpkit.inventory import build_rospec

    host, port = "127.0.0.1", int(str(emulator.port).rpartition(":")[2])
    spec = build_rospec(ro_spec_id=7)
    spec.ro_boundary_spec.ro_spec_start_trigger.ro_spec_start_trigger_type = (
        enums.ROSpecStartTriggerType.Immediate
    )
    emulator.place(ITEM)
    async with LLRPClient(host, port) as client:
        check_status(await client.transact(messages.DELETE_ROSPEC(ro_spec_id=0)))
        check_status(await client.transact(messages.ADD_ROSPEC(ro_spec=spec)))
        client.send(messages.ENABLE_EVENTS_AND_REPORTS())
        check_status(await client.transact(messages.ENABLE_ROSPEC(ro_spec_id=7)))
        async with asyncio.timeout(60):
            report = await client.reports.get()
    assert report.tag_report_datas


@pytest.mark.parametrize("cycles", [30, pytest.param(200, marks=pytest.mark.soak)])
async def test_pulled_cables_leave_nothing_behind(cycles: int) -> None:
    async with LlrpEmulator(f"tcp://127.0.0.1:{free_ports(1)[0]}", reads_per_s=2000) as emulator:
        emulator.place(ITEM)
        reader = opened_at(emulator)
        for number in range(cycles):
            async with reader, aclosing(reader.reads()) as reads:
                await anext(reads)
                emulator.unplug()
            emulator.replug()
            if number == 4:
                before = held()
        await nothing_is_left(before)
