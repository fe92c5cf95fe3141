import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devices.config import parse_devices
from devices.device import Condition
from devices.driver import Surroundings
from devices.presence.sightings import is_torn
from devices.rfid.impinj.driver import IMPINJ
from devices.rfid.impinj.emulator import ImpinjEmulator
from inspection.readings import TagRead, Trigger
from link.inbox import Message
from link.mqtt import MqttConfig

ITEM = bytes.fromhex("3074257bf7194e4000001a85")
NOWHERE = MqttConfig(host="127.0.0.1", port=9, client_id="nobody")
Taken = Callable[..., list[Any]]


@pytest.fixture
def reader() -> ImpinjEmulator:
    """What a reader would publish; it is never connected."""
    return ImpinjEmulator(NOWHERE, "bench1/tags", hostname="impinj-14-4a-8b")


@pytest.fixture
def faults() -> Counter[str]:
    return Counter()


@pytest.fixture
def taken(faults: Counter[str], message: Callable[..., Message]) -> Taken:
    [config] = parse_devices([{"driver": "impinj", "name": "r700", "topic": "bench1/tags"}])
    around = Surroundings(clock=lambda: datetime.now(UTC), mqtt=NOWHERE)
    driver: Any = IMPINJ.build(config, around, lambda code, sentence: faults.update([code]))
    return lambda payload, **more: list(driver.reports(message(payload, **more)))


def test_a_tag_is_read_with_both_clocks(taken: Taken, reader: ImpinjEmulator) -> None:
    reader.clock_off = timedelta(hours=2)
    reader.place(ITEM, antenna=3, rssi_dbm=-41.5)
    [read] = [report for payload in reader.tick() for report in taken(payload)]
    assert isinstance(read, TagRead)
    assert (read.epc, read.antenna, read.rssi_dbm) == (ITEM, 3, -41.5)
    assert read.reader_time and read.reader_time - read.seen_at > timedelta(minutes=119)


@pytest.mark.parametrize(
    ("pc", "torn"), [("MAA=", False), ("MAA", False), (None, False), ("IAA=", True)], ids=str
)
def test_a_tag_whose_pc_word_names_another_length_is_a_ghost(
    taken: Taken, reader: ImpinjEmulator, pc: str | None, torn: bool
) -> None:
    reader.place(ITEM)
    [payload] = reader.tick()
    event = json.loads(payload)
    event["tagInventoryEvent"]["pc"] = pc
    [read] = taken(json.dumps(event).encode())
    assert isinstance(read, TagRead)
    assert is_torn(read) is torn


def test_an_event_that_is_sent_twice_counts_once(
    taken: Taken, reader: ImpinjEmulator, faults: Counter[str]
) -> None:
    reader.place(ITEM)
    [payload] = reader.tick()
    assert [len(taken(payload)) for _ in range(3)] == [1, 0, 0]
    assert faults == {"event_twice": 2}


def test_an_old_message_that_the_broker_kept_is_no_tag_on_the_bench(
    taken: Taken, reader: ImpinjEmulator, faults: Counter[str]
) -> None:
    reader.place(ITEM)
    [payload] = reader.tick()
    assert taken(payload, retain=True) == []
    assert faults == {"retained_message": 1}
    assert len(taken(payload)) == 1


def test_reads_that_a_reader_kept_while_the_broker_was_away_are_late(
    taken: Taken, reader: ImpinjEmulator, faults: Counter[str]
) -> None:
    reader.place(ITEM)
    assert [len(taken(payload)) for payload in reader.tick()] == [1]
    reader.clock_off = timedelta(minutes=-1)
    assert [len(taken(payload)) for payload in reader.tick()] == [0]
    assert faults == {"late_read": 1}


def test_each_reader_of_a_shared_topic_has_its_own_clock(
    taken: Taken, reader: ImpinjEmulator, faults: Counter[str]
) -> None:
    slow = ImpinjEmulator(NOWHERE, "bench1/tags", hostname="impinj-15-00-01")
    slow.clock_off = timedelta(hours=-2)
    for each in (reader, slow, reader, slow):
        each.clear()
        each.place(ITEM)
        assert [len(taken(payload)) for payload in each.tick()] == [1]
    assert not faults


def test_an_input_is_a_trigger(taken: Taken, reader: ImpinjEmulator) -> None:
    edges = [{"gpi": 1, "transition": "low-to-high"}, {"gpi": 1, "transition": "high-to-low"}]
    found = [report for edge in edges for report in taken(reader.event("gpiTransition", edge))]
    assert all(isinstance(report, Trigger) for report in found)
    assert [(report.source, report.input, report.active) for report in found] == [
        ("r700", 1, True),
        ("r700", 1, False),
    ]


def test_a_lost_antenna_is_the_readers_condition_until_it_is_back(
    taken: Taken, reader: ImpinjEmulator
) -> None:
    [gone] = taken(reader.event("antennaDisconnected", {"antennaPort": 2}))
    assert gone == Condition(troubles={"antenna_error": "the reader has lost antenna 2"})
    [back] = taken(reader.event("antennaConnected", {"antennaPort": 2}))
    assert back == Condition()
    assert taken(reader.event("antennaDisconnected", {"antennaPort": "?"})) == []


@pytest.mark.parametrize(
    ("status", "trouble"), [("running", False), ("armed", False), ("idle", True), ("terminated", True)]
)
def test_a_reader_that_does_not_read_says_so(
    taken: Taken, reader: ImpinjEmulator, status: str, trouble: bool
) -> None:
    event = (
        reader.event("inventoryTerminated", {})
        if status == "terminated"
        else reader.event("inventoryStatus", {"inventoryStatus": status})
    )
    [condition] = taken(event)
    assert ("not_reading" in condition.troubles, condition.values["inventory"]) == (trouble, status)


def test_what_the_reader_complains_of_is_counted(
    taken: Taken, reader: ImpinjEmulator, faults: Counter[str]
) -> None:
    for event in ("overflow", "diagnostic", "tagLocationEntry"):
        assert taken(reader.event(event, {})) == []
    assert faults == {"overflow": 1, "diagnostic": 1}


def test_the_settings_on_the_page_are_those_of_the_reader_and_of_the_device_above(sample: Any) -> None:
    page = (Path(__file__).parents[4] / "docs/devices/impinj.md").read_text()
    shown = json.loads(page.split("<!-- json: impinj-mqtt -->\n```json\n")[1].split("```")[0])
    assert set(shown) == set(json.loads(sample("impinj_mqtt_config_put")))
    assert f'topic = "{shown["eventTopic"]}"' in page
    assert f'name = "{shown["username"]}"' in page


async def test_a_reader_that_did_not_read_when_the_link_was_lost_does_not_read_afterwards(
    reader: ImpinjEmulator, message: Callable[..., Message]
) -> None:
    [config] = parse_devices([{"driver": "impinj", "name": "r700", "topic": "bench1/tags"}])
    around = Surroundings(clock=lambda: datetime.now(UTC), mqtt=NOWHERE)
    driver: Any = IMPINJ.build(config, around, lambda code, sentence: None)
    [before] = driver.reports(message(reader.event("inventoryStatus", {"inventoryStatus": "idle"})))
    assert await anext(driver.reads()) == before
