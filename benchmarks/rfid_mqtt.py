"""Our emulated MQTT readers before others' clients, and how fast ours is.

`python -m benchmarks.rfid_mqtt [--pages FOLDER]`: barnowl-zebra reads the Zebra at a broker of ours, and
impinj-iot the R700's events as an HTTP stream. Needs `make peers-devices-mqtt`. Exit code 1 when a client
finds anything else than what lies in the field.

`python -m benchmarks.rfid_mqtt speed`: events decoded per second, and 1,000 reads a second through a station.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from benchmarks.rfid_serial import Tried, keep
from devices.config import parse_devices
from devices.driver import Surroundings
from devices.emulation import PlacedTag
from devices.rfid.impinj.emulator import ImpinjEmulator
from devices.rfid.impinj.payload import read_events as read_impinj
from devices.rfid.json_map.emulator import flat
from devices.rfid.json_map.mapping import JsonMap, read_events
from devices.rfid.zebra.emulator import ZebraEmulator
from devices.rfid.zebra.payload import read_events as read_zebra
from devices.supervisor import Supervisor
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser
from inspection.identity.epc import sgtin96_for
from link.mqtt import MqttConfig

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".venv" / "peers-devices-mqtt"
HERE = ROOT / "benchmarks" / "peers"
TIMEOUT_S = 60
LISTEN_S = 3
TOPIC = "bench1/tags"
MAC = "84:24:8D:F0:F4:B5"
ITEMS = tuple(sgtin96_for("80614141123458", serial).encode() for serial in (1, 2, 3))
USERS = (
    BrokerUser(name="reader", publish=(TOPIC,)),
    BrokerUser(name="station", subscribe=(TOPIC,)),
)
NOWHERE = MqttConfig(host="127.0.0.1", port=9, client_id="nobody")
READS_A_SECOND = 1000
MEASURED_S = 10.0


async def asked(*command: str | Path, **more: str) -> dict[str, Any]:
    """What a client prints at its end."""
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env={**os.environ, **more})
    async with asyncio.timeout(TIMEOUT_S):
        out, _ = await process.communicate()
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


async def zebra(folder: Path) -> tuple[str, list[Tried]]:
    """barnowl-zebra at a broker, with tags, with glued and broken messages, and without."""
    async with Broker(BrokerConfig(folder=folder / "zebra", port=0, users=USERS)) as broker:
        station = broker.account("station")
        secret = station.password.get_secret_value() if station.password else ""
        url = f"mqtt://127.0.0.1:{broker.port}"

        async def heard() -> dict[str, Any]:
            peer = ("node", HERE / "zebra_peer.js", PEERS, url, TOPIC, str(LISTEN_S))
            return await asked(*peer, PEER_USER="station", PEER_PASSWORD=secret)

        async with ZebraEmulator(broker.account("reader"), TOPIC, mac=MAC) as reader:
            for at, epc in enumerate(ITEMS):
                reader.place(epc, antenna=at + 1, rssi_dbm=-40 - at)
            full = await heard()
            reader.heartbeat()
            reader.noise(b"".join(reader.tick()))
            odd = await heard()
            reader.clear()
            empty = await heard()
    tags = sorted([epc.hex(), MAC.replace(":", "").lower(), at + 1, -40 - at] for at, epc in enumerate(ITEMS))
    return f"barnowl-zebra {full['version']}", [
        Tried(what="three tags: EPC, reader, antenna, signal", wanted=tags, found=full["tags"]),
        Tried(what="the same, with a heartbeat and glued messages", wanted=tags, found=odd["tags"]),
        Tried(what="no tag", wanted=[], found=empty["tags"]),
    ]


async def impinj(folder: Path) -> tuple[str, list[Tried]]:
    """impinj-iot at a stream of the emulated reader's events."""
    reader = ImpinjEmulator(NOWHERE, TOPIC)
    for at, epc in enumerate(ITEMS):
        reader.place(epc, antenna=at + 1, rssi_dbm=-40.5 - at)
    lines = [*reader.tick(), b"", reader.event("inventoryStatus", {"inventoryStatus": "running"})]

    async def serve(asking: StreamReader, answering: StreamWriter) -> None:
        await asking.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nConnection: close\r\n\r\n"
        answering.write(head + b"".join(line + b"\r\n" for line in lines))
        await answering.drain()
        answering.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await asked(PEERS / "bin" / "python", HERE / "impinj_peer.py", url)
    tags = [[epc.hex(), at + 1, -4050 - 100 * at, 866900] for at, epc in enumerate(ITEMS)]
    return f"impinj-iot {found['version']}", [
        Tried(what="three tags: EPC, antenna, signal, frequency", wanted=tags, found=found["tags"])
    ]


STEPS: dict[str, Callable[[Path], Awaitable[tuple[str, list[Tried]]]]] = {"zebra": zebra, "impinj": impinj}


async def run(pages: Path | None) -> bool:
    """Try every client; returns whether all held."""
    held = True
    with tempfile.TemporaryDirectory() as folder:
        for name, step in STEPS.items():
            client, tried = await step(Path(folder))
            held = await keep(name, client, tried, pages, "benchmarks.rfid_mqtt") and held
    return held


def decoded_per_second(read: Callable[[bytes], Sequence[Any]], payload: bytes) -> float:
    """Events that one core reads out of such messages in a second."""
    events = len(read(payload))
    count, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < 1.0:
        for _ in range(100):
            read(payload)
        count += 100
    return count * events / took


def decoders() -> list[str]:
    """One line for each reader's messages."""
    tags = [PlacedTag(epc=epc, antenna=1, rssi_dbm=-50.0) for epc in ITEMS]
    fixed, sled = ZebraEmulator(NOWHERE, TOPIC), ZebraEmulator(NOWHERE, TOPIC, model="sled")
    r700 = ImpinjEmulator(NOWHERE, TOPIC)
    for reader in (fixed, sled, r700):
        for epc in ITEMS:
            reader.place(epc)
    where = JsonMap(epc="epc", antenna="antenna", rssi="rssi", time="time")
    cases: dict[str, tuple[Callable[[bytes], Sequence[Any]], bytes]] = {
        "impinj": (read_impinj, next(r700.tick())),
        "zebra": (read_zebra, next(fixed.tick())),
        "zebra sled": (read_zebra, next(sled.tick())),
        "json": (
            lambda payload: read_events(payload, where),
            json.dumps(flat(tags, datetime.now(UTC))).encode(),
        ),
    }
    return [f"{name}: {decoded_per_second(*case):,.0f} events/s" for name, case in cases.items()]


async def sustained() -> str:
    """How many of 1,000 reads a second come through broker, driver and supervisor, and what that costs."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = await stack.enter_async_context(Broker(BrokerConfig(folder=folder, port=0, users=USERS)))
        around = Surroundings(clock=lambda: datetime.now(UTC), mqtt=broker.account("station"))
        devices = parse_devices([{"driver": "zebra", "name": "fx", "topic": TOPIC}])
        bench = await stack.enter_async_context(
            Supervisor(devices, surroundings=around, registry=CollectorRegistry())
        )
        command = (sys.executable, "-m", "benchmarks.rfid_mqtt", "publish", str(broker.port))
        account = broker.account("reader").password
        secret = {"PEER_PASSWORD": account.get_secret_value() if account else ""}
        process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **secret})
        reads = bench.tag_reads()
        await anext(reads)
        start, cpu, count = time.perf_counter(), time.process_time(), 0
        while (took := time.perf_counter() - start) < MEASURED_S:
            await anext(reads)
            count += 1
        busy = (time.process_time() - cpu) / took
        process.terminate()
        await process.wait()
        faults = dict(bench.snapshot()[0].faults)
    return f"station: {count / took:,.0f} reads/s through a broker, {busy:.0%} of a core, faults {faults}"


async def publish(port: int) -> None:
    """A reader that publishes at least 1,000 events a second until it is ended."""
    account = MqttConfig(
        host="127.0.0.1",
        port=port,
        client_id="reader",
        username="reader",
        password=os.environ["PEER_PASSWORD"],
    )
    period_s, more = 0.05, 1.2  # what publishing takes comes on top of the pauses
    async with ZebraEmulator(account, TOPIC, period_s=period_s) as reader:
        for number in range(round(READS_A_SECOND * period_s * more)):
            reader.place(sgtin96_for("80614141123458", number + 1).encode())
        await asyncio.Event().wait()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("peers", "speed", "publish"), default="peers")
    parser.add_argument("port", nargs="?", type=int, default=0, help="of the broker, for publish")
    parser.add_argument("--pages", type=Path, help="folder for one dated page per device")
    asked_for = parser.parse_args()
    if asked_for.what == "publish":
        asyncio.run(publish(asked_for.port))
    elif asked_for.what == "speed":
        print("\n".join(decoders()))
        print(asyncio.run(sustained()))
    else:
        return 0 if asyncio.run(run(asked_for.pages)) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
