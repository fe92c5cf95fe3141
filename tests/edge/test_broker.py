import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge import broker as brokers
from edge.broker import Broker, BrokerConfig, BrokerDown
from edge.broker_files import BrokerUser, keep_passwords
from link.errors import LinkError
from link.mqtt import MqttSession

KINDS = [
    "nats",
    pytest.param(
        "mosquitto",
        marks=pytest.mark.skipif(
            shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None, reason="mosquitto is not installed"
        ),
    ),
]
USERS = (
    BrokerUser(name="gate", publish=("devices/gate/#",)),
    BrokerUser(name="side", publish=("devices/side/#",)),
    BrokerUser(name="station", subscribe=("devices/#",)),
)

STATION = """
import asyncio, sys
from pathlib import Path
from edge.broker import Broker, BrokerConfig

async def main():
    async with Broker(BrokerConfig(kind=sys.argv[1], folder=Path(sys.argv[2]), port=0)) as broker:
        print(broker.pid, broker.port, file=sys.stderr, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.fixture(params=KINDS)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    config = BrokerConfig(kind=request.param, folder=tmp_path / "broker", port=0, users=USERS)
    async with Broker(config) as running:
        yield running


async def test_a_device_publishes_on_its_own_topics_only(broker: Broker) -> None:
    async with MqttSession(broker.account("station")) as station, MqttSession(broker.account("gate")) as gate:
        await station.connected()
        inbox = station.messages("devices/#")
        await inbox.ready()
        await gate.publish("devices/side/tags", b"forged")
        await gate.publish("devices/gate/tags", b"mine")
        message = await anext(inbox)
        assert (message.topic, message.payload) == ("devices/gate/tags", b"mine")


async def test_a_device_hears_nothing(broker: Broker) -> None:
    async with MqttSession(broker.account("side")) as side, MqttSession(broker.account("gate")) as gate:
        await side.connected()
        await gate.connected()
        for forbidden in ("devices/#", "#"):
            inbox = side.messages(forbidden)
            try:
                await inbox.ready()
            except LinkError:
                continue
            await gate.publish("devices/gate/tags", b"secret")
            await side.publish("devices/side/tags", b"end")
        assert side.counts["received"] == 0


async def test_a_killed_broker_comes_back_on_its_port_with_its_passwords(broker: Broker) -> None:
    pid, port = broker.pid, broker.port
    assert pid
    async with MqttSession(broker.account("station")) as station:
        await station.connected()
        inbox = station.messages("devices/#", until_lost=True)
        await inbox.ready()
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(LinkError):
            await anext(inbox)
        await station.connected(timeout_s=20)
    assert broker.pid != pid
    assert (broker.port, broker.restarts) == (port, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_broker_dies_with_a_killed_station(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", STATION, kind, str(tmp_path / "b")]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE, text=True
    ) as station:
        try:
            assert station.stderr
            pid, port = (int(word) for word in station.stderr.readline().split())
        finally:
            station.kill()
    ends = time.monotonic() + 60
    while _runs(pid) or _answers(port):
        assert time.monotonic() < ends, "the broker is still there"
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    """Whether it does; one that nobody has waited for yet does not."""
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_a_start_waits_for_its_port_and_then_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "START_S", 0.1)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerDown, match=f"port {port} is taken"):
            async with Broker(BrokerConfig(folder=tmp_path, port=port)):
                pass


async def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("in the way of the folder")
    with pytest.raises(BrokerDown, match="does not start"):
        async with Broker(BrokerConfig(folder=tmp_path, port=0)):
            pass


async def test_nobody_else_can_read_the_folder(broker: Broker) -> None:
    folder = broker.config.folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "passwords.json").stat().st_mode) == 0o600


def test_passwords_stay_and_new_users_get_their_own(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    first = keep_passwords(path, ["gate"])
    second = keep_passwords(path, ["gate", "side"])
    assert second["gate"] == first["gate"]
    assert second["side"] != first["gate"]
    assert keep_passwords(path, ["side"]) == {"side": second["side"]}


async def test_an_external_broker_is_only_an_address(tmp_path: Path) -> None:
    config = BrokerConfig(
        kind="external", folder=tmp_path / "none", url="mqtts://bench:p%40ss@broker.example:8884"
    )
    async with Broker(config) as broker:
        account = broker.account("gate")
    assert broker.pid is None
    assert (account.host, account.port, account.username) == ("broker.example", 8884, "bench")
    assert account.password and account.password.get_secret_value() == "p@ss"
    assert account.tls is not None
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "external"},
        {"kind": "nats", "url": "mqtt://x"},
        {"kind": "external", "url": "http://x"},
        {"users": [{"name": "a b"}]},
    ],
)
def test_a_set_up_that_cannot_work_is_refused(fields: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        BrokerConfig.model_validate({"folder": tmp_path, **fields})


async def test_the_station_can_be_cancelled_while_the_broker_starts(tmp_path: Path) -> None:
    broker = Broker(BrokerConfig(folder=tmp_path, port=0))
    start = asyncio.create_task(broker.__aenter__())
    await asyncio.sleep(0.01)
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)
    assert broker.pid is None
