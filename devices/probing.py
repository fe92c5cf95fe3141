"""Finds what is plugged in: serial ports, cameras, a broker; and asks each port who is there.

What is sent asks and changes nothing: each driver names the settings that are worth trying (`probes`).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from serial.tools import list_ports

from devices.config import parse_devices
from devices.driver import Driver, Surroundings
from devices.errors import DeviceError, LinkLost
from devices.registry import DRIVERS
from link.errors import LinkError, Refused
from link.mqtt import MqttConfig, MqttSession

VIDEO = Path("/sys/class/video4linux")
BY_ID = Path("/dev/serial/by-id")
BROKER_S = 2.0
ASK_S = 8.0
"""For one driver at one rate, all its tries together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that is there."""

    what: str
    """`port`, `camera` or `broker`."""
    where: str
    """As it goes into the settings."""
    says: str
    """What the system, or the thing itself, says of it."""
    driver: str | None = None
    """The driver that it answered; None where none was asked or none was answered."""


def ports() -> Iterator[tuple[str, str]]:
    """Serial ports by their lasting name, with what the system says of each."""
    lasting = {path.resolve(): path for path in sorted(BY_ID.glob("*"))}
    for port in sorted(list_ports.comports()):
        yield str(lasting.get(Path(port.device), port.device)), _said(port.description)


def _said(description: str | None) -> str:
    """What the system says of a port; pyserial writes `n/a` for nothing."""
    return description if description and description != "n/a" else "serial port"


def cameras(folder: Path = VIDEO) -> Iterator[Found]:
    """Video devices that the system knows."""
    for entry in sorted(folder.glob("video*")):
        name = (entry / "name").read_text(encoding="utf-8", errors="replace").strip()
        yield Found(what="camera", where=f"/dev/{entry.name}", says=name)


async def broker(host: str, port: int) -> Found | None:
    """Ask for a broker at this address; None where nobody answers."""
    where = f"mqtt://{host}:{port}"
    session = MqttSession(MqttConfig(host=host, port=port, client_id="regrade-probe"))
    try:
        async with session:
            await session.connected(BROKER_S)
    except Refused:
        return Found(what="broker", where=where, says="answers, and wants a user and a password")
    except LinkError:
        return None
    return Found(what="broker", where=where, says="answers, and lets everybody in")


async def ask_ports(named: Iterable[tuple[str, str]]) -> AsyncIterator[Found]:
    """Ask at each port, one driver after the other, who is there."""
    for where, says in named:
        yield await _ask(where, says)


async def _ask(where: str, says: str) -> Found:
    heard: Counter[str] = Counter()
    for name, driver in DRIVERS.items():
        for settings in driver.probes:
            table = {"driver": name, "name": "probe", "port": where, **settings}
            try:
                await _greet(driver, table, heard)
            except LinkLost as error:
                if error.reason != "silent":
                    return Found(what="port", where=where, says=str(error))
            except (DeviceError, TimeoutError):
                continue
            else:
                rate = f" at {settings['baud']} baud" if "baud" in settings else ""
                return Found(what="port", where=where, says=f"{driver.title} answers{rate}", driver=name)
    noise = "; it says something that no driver understands" if heard["bad_bytes"] else ""
    return Found(
        what="port", where=where, says=f"{says}: no answer{noise}; a scanner is silent until it scans"
    )


async def _greet(driver: Driver, table: dict[str, object], heard: Counter[str]) -> None:
    (config,) = parse_devices([table])

    def count(code: str, sentence: str) -> None:
        heard[code] += 1

    device = driver.build(config, Surroundings(clock=lambda: datetime.now(UTC)), count)
    async with asyncio.timeout(ASK_S), device:
        pass
