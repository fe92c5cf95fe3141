"""The benches of the virtual warehouse: which devices stand there, and over which wires."""

import tomllib
from pathlib import Path

import pytest

from demo.fitting import PLAYED, READ_ITEMS, TCP_PORTS, Place, Table, as_toml, mqtt_bench, serial_bench
from devices.config import parse_devices
from devices.driver import Kind
from devices.registry import DRIVERS
from link.mqtt import MqttConfig

PLACE = Place(
    folder=Path("/b"),
    tcp_ports=tuple(range(4001, 4001 + TCP_PORTS)),
    account=lambda name: MqttConfig(host="127.0.0.1", client_id=name),
)
BENCHES = {"serial": serial_bench(PLACE), "mqtt": mqtt_bench(PLACE)}
ALL = [table for tables in BENCHES.values() for table in tables]
ELSEWHERE = {"opencv", "wedge"}
"""Cameras on USB or RTSP need a machine of their own to answer; a keyboard needs a real input device."""


def test_every_driver_stands_on_a_bench_and_is_played() -> None:
    used = {str(table["driver"]) for table in ALL}
    assert used == set(DRIVERS) - ELSEWHERE
    assert used - set(PLAYED) == {"gpo_light"}


def test_every_kind_of_device_and_every_wire_is_used() -> None:
    assert {DRIVERS[str(table["driver"])].kind for table in ALL} == set(Kind)
    wires = {str(table.get("port", "mqtt:" if "topic" in table else "")).partition(":")[0] for table in ALL}
    assert {"tcp", "mqtt"} < wires


@pytest.mark.parametrize("tables", BENCHES.values(), ids=list(BENCHES))
def test_a_bench_is_one_that_the_station_takes(tables: tuple[Table, ...]) -> None:
    devices = parse_devices(tomllib.loads(as_toml(tables))["devices"])
    assert [device.driver for device in devices] == [table["driver"] for table in tables]


def test_items_are_laid_before_every_reader_of_goods() -> None:
    readers = {name for name, driver in DRIVERS.items() if driver.kind is Kind.READER}
    assert readers - set(READ_ITEMS) == {"rdm6300"}, "125 kHz cards are no goods"
