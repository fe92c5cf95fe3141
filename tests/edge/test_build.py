"""The composition root: brokers get their accounts, policies are read, and all is closed again."""

import json
import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from devices.config import parse_devices
from devices.rfid.impinj.emulator import ImpinjEmulator
from edge.build import broker_users, open_station, read_policy
from edge.config import StationConfig
from edge.errors import AlreadyRunning, BadConfig
from edge.identity import Identity
from edge.station import Station
from edge.vault import Vault
from inspection.policy import DEFAULT_POLICY
from link.mqtt import MqttConfig

if TYPE_CHECKING:
    from tests.edge.world import World

TOPIC = "impinj/events"
PORTAL = {"driver": "impinj", "name": "portal", "topic": TOPIC}
GATE = {"driver": "uhfreader", "name": "gate", "port": "/dev/ttyUSB0"}


def test_every_mqtt_device_may_publish_to_its_own_topic_only() -> None:
    station, portal = broker_users(parse_devices([PORTAL, GATE]))
    assert (station.name, station.publish, station.subscribe) == ("station", (), (TOPIC,))
    assert (portal.name, portal.publish, portal.subscribe) == ("portal", (TOPIC,), ())


def test_a_device_that_takes_commands_reads_its_own_and_the_station_may_send_them() -> None:
    control = {"command_topic": "fx/control", "response_topic": "fx/answers"}
    fixed = {"driver": "zebra", "name": "fx", "topic": "fx/tags", "event_topic": "fx/events", **control}
    station, portal, zebra = broker_users(parse_devices([PORTAL, fixed]))
    assert (zebra.publish, zebra.subscribe) == (("fx/tags", "fx/events", "fx/answers"), ("fx/control",))
    assert (portal.publish, portal.subscribe) == ((TOPIC,), ())
    assert (station.publish, station.subscribe) == (("fx/control",), (TOPIC, *zebra.publish))


async def test_a_tag_reaches_the_bench_through_the_stations_own_broker(
    tmp_path: Path, world: "World", site: ModuleType
) -> None:
    config = StationConfig(
        centre="http://127.0.0.1:9", broker="nats", devices=parse_devices([PORTAL]), broker_port=0
    )
    identity = Identity(key=world.station_key, enrolment=world.enrolment)
    async with open_station(tmp_path, config, identity) as running:
        station = running.station
        port = json.loads((tmp_path / "broker" / "passwords.json").read_text())
        account = MqttConfig(
            host="127.0.0.1",
            port=running.broker_port or 0,
            client_id="portal",
            username="portal",
            password=SecretStr(port["portal"]),
        )
        async with ImpinjEmulator(account, TOPIC) as emulator, site.running(_take_reads(station)):
            emulator.place(site.tag(1))
            await site.until(lambda: station.watch.unknown() == (site.tag(1),), 15.0)
        with pytest.raises(AlreadyRunning):
            async with open_station(tmp_path, config, identity):
                pass
    async with open_station(tmp_path, config, identity):
        pass


async def test_images_of_a_journal_that_was_moved_aside_are_kept(
    tmp_path: Path, world: "World", site: ModuleType, vault: Vault
) -> None:
    config = StationConfig(centre="http://127.0.0.1:9")
    identity = Identity(key=world.station_key, enrolment=world.enrolment)
    older = vault.seal(site.frame()).ciphertext_sha256
    os.utime(tmp_path / "evidence" / older[:2] / older, (1.0, 1.0))
    async with open_station(tmp_path, config, identity):
        pass
    interrupted = vault.seal(site.frame()).ciphertext_sha256
    async with open_station(tmp_path, config, identity):
        pass
    assert vault.read(older) is not None
    assert vault.read(interrupted) is None


async def _take_reads(station: Station) -> None:
    async for read in station.seeing.senses.tag_reads():
        station.watch.add(read)


def test_a_policy_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(DEFAULT_POLICY.to_wire()))
    assert read_policy(path) == DEFAULT_POLICY
    assert read_policy(None) == DEFAULT_POLICY


@pytest.mark.parametrize("text", ["", "[]", '{"id": "x"}'])
def test_a_bad_policy_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text(text)
    with pytest.raises(BadConfig, match=r"policy\.json"):
        read_policy(path)
