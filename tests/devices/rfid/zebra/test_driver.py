import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from devices.config import parse_devices
from devices.device import Condition, Outputs
from devices.driver import Surroundings
from devices.errors import DeviceFault, LinkLost, WrongSetUp
from devices.rfid.zebra.driver import ZEBRA, ZebraConfig
from devices.rfid.zebra.emulator import ZebraEmulator
from devices.rfid.zebra.orders import Order
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser
from inspection.readings import Scan, TagRead, Trigger
from link.inbox import Message
from link.mqtt import MqttConfig

ITEM = bytes.fromhex("3074257bf7194e4000001a85")
NOWHERE = MqttConfig(host="127.0.0.1", port=9, client_id="nobody")
TOPIC = "bench1/tags"
CONTROL = {"command_topic": f"{TOPIC}/command", "response_topic": f"{TOPIC}/response"}
MANAGEMENT = {f"management_{key}": topic for key, topic in CONTROL.items()}
Taken = Callable[..., list[Any]]


def built(faults: Counter[str], mqtt: MqttConfig, **settings: Any) -> Any:
    [config] = parse_devices([{"driver": "zebra", "name": "fx", "topic": TOPIC, **settings}])
    around = Surroundings(clock=lambda: datetime.now(UTC), mqtt=mqtt)
    return ZEBRA.build(config, around, lambda code, sentence: faults.update([code]))


@pytest.fixture
def faults() -> Counter[str]:
    return Counter()


@pytest.fixture
def emulator() -> ZebraEmulator:
    """What a reader would publish; it is never connected."""
    return ZebraEmulator(NOWHERE, TOPIC)


def said(emulator: ZebraEmulator) -> list[bytes]:
    """What it would publish now."""
    waiting = [payload for _, payload in emulator._waiting]
    emulator._waiting.clear()
    return [*waiting, *emulator.tick()]


@pytest.fixture
def driver(faults: Counter[str]) -> Any:
    return built(faults, NOWHERE, antennas=[1, 2])


@pytest.fixture
def taken(driver: Any, message: Callable[..., Message]) -> Taken:
    return lambda *payloads: [report for each in payloads for report in driver.reports(message(each))]


def test_events_that_are_missing_are_counted(
    taken: Taken, emulator: ZebraEmulator, driver: Any, faults: Counter[str]
) -> None:
    emulator.place(ITEM, antenna=2)
    [first] = taken(*said(emulator))
    assert isinstance(first, TagRead)
    assert (first.epc, first.antenna, first.rssi_dbm) == (ITEM, 2, -55.0)
    emulator.lose(12)
    assert len(taken(*said(emulator))) == 1
    assert faults == {"events_lost": 1}
    assert driver.counts["events_lost"] == 12


def test_an_event_that_comes_again_counts_once_and_a_restarted_readers_do_not(
    taken: Taken, emulator: ZebraEmulator, faults: Counter[str]
) -> None:
    emulator.place(ITEM)
    payloads = [payload for _ in range(5) for payload in said(emulator)]
    assert len(taken(*payloads)) == 5
    assert taken(*payloads) == []
    assert faults == {"event_twice": 5}
    emulator.restart()
    emulator.clock_off = timedelta(seconds=1)
    assert len(taken(*(said(emulator)[0] for _ in range(5)))) == 5
    assert faults == {"event_twice": 5}, "the same numbers again are new events after a power cut"


def test_events_out_of_order_are_all_taken(taken: Taken, emulator: ZebraEmulator) -> None:
    emulator.place(ITEM)
    one, two, three = (said(emulator)[0] for _ in range(3))
    assert len(taken(one, three, two)) == 3


def test_an_event_that_stands_for_several_reads_counts_as_them(taken: Taken, emulator: ZebraEmulator) -> None:
    emulator.place(ITEM)
    [payload] = said(emulator)
    assert len(taken(payload.replace(b'"reads": 1', b'"reads": 3'))) == 3
    [payload] = said(emulator)
    assert len(taken(payload.replace(b'"reads": 1', b'"reads": 999999'))) == 8


@pytest.mark.parametrize("off", [timedelta(hours=2), timedelta(days=-20_500)], ids=["+2 h", "1970"])
def test_a_clock_that_is_wrong_makes_no_read_late(
    taken: Taken, emulator: ZebraEmulator, off: timedelta, faults: Counter[str]
) -> None:
    emulator.clock_off = off
    emulator.place(ITEM)
    for _ in range(3):
        [read] = taken(*said(emulator))
        assert read.reader_time and abs(read.reader_time - read.seen_at - off) < timedelta(seconds=5)
    assert not faults


@pytest.mark.parametrize(("level", "active"), [("low", True), ("high", False)])
def test_an_input_is_a_trigger(
    emulator: ZebraEmulator, faults: Counter[str], message: Callable[..., Message], level: str, active: bool
) -> None:
    driver = built(faults, NOWHERE, input_active=level)
    emulator.input(2, high=False)
    [trigger] = [report for each in said(emulator) for report in driver.reports(message(each))]
    assert isinstance(trigger, Trigger)
    assert (trigger.source, trigger.input, trigger.active) == ("fx", 2, active)


def test_a_heartbeat_is_the_readers_condition(
    taken: Taken, emulator: ZebraEmulator, faults: Counter[str]
) -> None:
    emulator.heartbeat()
    [good] = taken(*said(emulator))
    assert isinstance(good, Condition)
    assert (good.troubles, good.values["antennas"]) == ({}, "1 2 3 4 of 4")
    emulator.connected_antennas = {1}
    emulator.dropped = 7
    emulator.heartbeat()
    [bad] = taken(*said(emulator))
    assert bad.troubles == {"antenna_error": "the reader has no antenna at 2"}
    assert faults == {"overflow": 1}


def test_what_the_reader_complains_of_is_counted(
    taken: Taken, emulator: ZebraEmulator, faults: Counter[str]
) -> None:
    for kind in ("error", "warning", "gpo", "userapp"):
        emulator.manage(kind, {"message": "CPU 95 %"})
    assert taken(*said(emulator)) == []
    assert faults == {"reader_error": 1, "reader_warning": 1}


async def test_a_sleds_barcode_is_a_scan_like_any_other(taken: Taken, faults: Counter[str]) -> None:
    sled = ZebraEmulator(NOWHERE, TOPIC, model="sled")
    for text in ("RMA-1", "RMA-1", "CMD:ACCEPTCMD:REJECT", "退货"):
        sled.scan(text)
    scans = taken(*said(sled))
    assert all(isinstance(scan, Scan) for scan in scans)
    assert [(scan.text, scan.symbology, scan.scanner) for scan in scans] == [
        ("RMA-1", "]A0", "fx"),
        ("退货", "]A0", "fx"),
    ]
    assert faults["stuck_together"] == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"command_topic": "a"},
        {"management_response_topic": "a"},
        {"start_inventory": True},
        {"topic": "/a"},
        {"silent_after_s": 0},
    ],
    ids=str,
)
def test_settings_that_do_not_fit_together_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ZebraConfig.model_validate({"driver": "zebra", "name": "fx", "topic": TOPIC, **settings})


async def test_without_topics_for_commands_nothing_can_be_switched(driver: Any) -> None:
    assert isinstance(driver, Outputs)
    with pytest.raises(WrongSetUp) as wrong:
        await driver.set_output(1, active=True)
    assert wrong.value.reason == "no_command_topic"


USERS = (
    BrokerUser(name="fx", publish=(TOPIC, CONTROL["response_topic"]), subscribe=(CONTROL["command_topic"],)),
    BrokerUser(
        name="station", publish=(CONTROL["command_topic"],), subscribe=(TOPIC, CONTROL["response_topic"])
    ),
)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    async with Broker(BrokerConfig(kind="nats", folder=tmp_path, port=0, users=USERS)) as running:
        yield running


@pytest.fixture
async def reader(broker: Broker) -> AsyncIterator[ZebraEmulator]:
    async with ZebraEmulator(broker.account("fx"), TOPIC, period_s=0.02, reading=False) as running:
        await running.connected()
        yield running


async def test_a_reader_is_started_when_it_is_opened_and_stopped_when_it_is_left(
    broker: Broker, reader: ZebraEmulator, faults: Counter[str]
) -> None:
    driver = built(faults, broker.account("station"), **CONTROL, start_inventory=True)
    reader.place(ITEM)
    async with driver, aclosing(driver.reads()) as reads:
        assert (await anext(reads)).epc == ITEM
    assert reader.asked == [Order.MODE, Order.START, Order.STOP]
    assert not reader.reading


async def test_a_reader_that_was_switched_off_and_on_is_started_again_at_its_heartbeat(
    broker: Broker, reader: ZebraEmulator, faults: Counter[str]
) -> None:
    driver = built(faults, broker.account("station"), **CONTROL, start_inventory=True)
    async with driver, aclosing(driver.reads()) as reads:
        reader.place(ITEM)
        await anext(reads)
        reader.reading = False
        reader.restart()
        await asyncio.sleep(0.1)
        reader.heartbeat()
        while not isinstance(condition := await anext(reads), Condition):
            pass
        assert "not_reading" in condition.troubles
        assert isinstance(await anext(reads), TagRead)
    assert reader.asked == [Order.MODE, Order.START, Order.START, Order.STOP]


@pytest.mark.parametrize("settings", [MANAGEMENT, {**CONTROL, **MANAGEMENT}], ids=["one", "both"])
async def test_an_output_is_switched_over_the_management_interface(
    broker: Broker, reader: ZebraEmulator, faults: Counter[str], settings: dict[str, str]
) -> None:
    async with built(faults, broker.account("station"), **settings) as driver:
        await driver.set_output(3, active=True)
        assert reader.outputs[3] is True
        with pytest.raises(DeviceFault) as refused:
            await driver.set_output(9, active=True)
    assert refused.value.reason == "command_refused"
    assert reader.asked == [Order.VERSION, Order.OUTPUT, Order.OUTPUT]


async def test_a_sled_that_reads_already_is_started_all_the_same(
    broker: Broker, faults: Counter[str]
) -> None:
    sled = ZebraEmulator(broker.account("fx"), TOPIC, period_s=0.02, model="sled")
    async with sled:
        await sled.connected()
        async with built(faults, broker.account("station"), **CONTROL, model="sled", start_inventory=True):
            assert sled.reading
        assert not sled.reading


async def test_a_reader_that_does_not_answer_does_not_look_ready(
    broker: Broker, reader: ZebraEmulator, faults: Counter[str]
) -> None:
    driver = built(faults, broker.account("station"), **CONTROL, answer_timeout_ms=1000)
    reader.mute()
    with pytest.raises(LinkLost) as silent:
        await driver.__aenter__()
    assert silent.value.reason == "silent"
    reader.mute(False)
    async with driver:
        assert reader.asked == [Order.MODE]


async def test_a_reader_that_refuses_to_start_says_so(
    broker: Broker, reader: ZebraEmulator, faults: Counter[str]
) -> None:
    reader.refusing = True
    async with built(faults, broker.account("station"), **CONTROL):
        pass
    with pytest.raises(DeviceFault, match="refuses start"):
        await built(faults, broker.account("station"), **CONTROL, start_inventory=True).__aenter__()


async def test_answers_that_are_none_of_ours_are_passed_over(
    broker: Broker, reader: ZebraEmulator, faults: Counter[str]
) -> None:
    answers = CONTROL["response_topic"]
    async with built(faults, broker.account("station"), **CONTROL) as driver:
        await reader.send(json.dumps({"command_id": "another", "response": "success"}).encode(), answers)
        await reader.send(b"{", answers)
        await driver.set_output(1, active=True)
    assert faults == {"not_json": 1}


async def test_a_broker_that_dies_while_a_command_waits_is_a_lost_link(
    broker: Broker, reader: ZebraEmulator, faults: Counter[str]
) -> None:
    async with built(faults, broker.account("station"), **CONTROL) as driver:
        reader.mute()
        asking = asyncio.create_task(driver.set_output(1, active=True))
        await asyncio.sleep(0.1)
        assert broker.pid
        os.kill(broker.pid, signal.SIGKILL)
        with pytest.raises(LinkLost) as lost:
            await asking
    assert lost.value.reason == "broker_away"


async def test_a_reader_whose_heartbeat_stays_away_is_lost(
    broker: Broker, reader: ZebraEmulator, faults: Counter[str]
) -> None:
    reader.heartbeat()
    async with (
        built(faults, broker.account("station"), silent_after_s=0.3) as driver,
        aclosing(driver.reads()) as reads,
    ):
        with pytest.raises(LinkLost) as lost:
            async for _ in reads:
                pass
    assert lost.value.reason == "silent"
