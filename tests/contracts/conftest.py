"""Every kind of device with its emulator, so that one contract is asked of all of them."""

import os
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devices.config import parse_devices
from devices.device import Condition, Scanner, TagReader
from devices.driver import DeviceSettings, Surroundings
from devices.emulation import TagEmulator
from devices.emulation_mqtt import MqttTagEmulator
from devices.registry import DRIVERS
from devices.rfid.a0.driver import A0Config
from devices.rfid.a0.emulator import A0Emulator
from devices.rfid.impinj.emulator import ImpinjEmulator
from devices.rfid.json_map.emulator import JsonEmulator, nested
from devices.rfid.llrp.driver import LlrpConfig
from devices.rfid.llrp.emulator import LlrpEmulator
from devices.rfid.m100.driver import M100Config
from devices.rfid.m100.emulator import M100Emulator
from devices.rfid.mercury.driver import MercuryConfig
from devices.rfid.mercury.emulator import MercuryEmulator
from devices.rfid.rdm6300.driver import Rdm6300Config
from devices.rfid.rdm6300.emulator import Rdm6300Emulator
from devices.rfid.uhfreader.driver import UhfReaderConfig
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.rfid.zebra.emulator import ZebraEmulator
from devices.scanner.driver import ScannerConfig
from devices.scanner.emulator import ScannerEmulator
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser
from link.ports import free_ports

ITEM = bytes.fromhex("3074257bf7194e4000001a85")
OTHER = bytes.fromhex("3074257bf7194e4000001a86")
STRANGE = tuple(map(bytes.fromhex, ("e28011606000020a6681f23f", "00" * 12, "8a450224", "ff" * 62)))
"""A chip's own number, a blank, a short one, the longest one."""

USERS = (
    BrokerUser(name="gate", publish=("devices/gate/#",), subscribe=("devices/gate/tags/command",)),
    BrokerUser(name="station", subscribe=("devices/#",), publish=("devices/gate/tags/command",)),
)
NO_MOSQUITTO = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None, reason="mosquitto is not installed"
)


@dataclass(slots=True, kw_only=True)
class ReaderRig:
    """A reader under test and the hands that change its world."""

    reader: TagReader
    place: Callable[[bytes], None]
    remove: Callable[[bytes], None]
    spoil: Callable[[], Awaitable[None]]
    """Make the device say something that is not understood."""
    cut: Callable[[], None]
    """Break the link."""
    mend: Callable[[], None]
    faults: Counter[str]
    item: bytes = ITEM
    other: bytes = OTHER
    many: tuple[bytes, ...] = tuple(ITEM[:-1] + bytes((last,)) for last in range(9))
    """What may lie in the field at once."""
    strange: tuple[bytes, ...] = STRANGE
    """What the reader passes on though it is no item."""


@dataclass(slots=True, kw_only=True)
class ScannerRig:
    """A scanner under test with its emulator."""

    scanner: Scanner
    emulator: ScannerEmulator
    faults: Counter[str]


def build(name: str, config: Any, faults: Counter[str], **around: Any) -> Any:
    """Make a device as the supervisor does."""

    def tell(condition: Condition) -> None:
        faults.update(condition.troubles.keys())

    surroundings = Surroundings(clock=lambda: datetime.now(UTC), told=tell, **around)

    def count(code: str, sentence: str) -> None:
        faults[code] += 1

    return DRIVERS[name].build(config, surroundings, count)


def on_a_line(
    emulator: TagEmulator, config: DeviceSettings, spoil: Callable[[], Awaitable[None]], **tags: Any
) -> ReaderRig:
    """A reader on a line beside its emulator; `tags` are those that it can hold, where they are not all."""
    faults = Counter[str]()
    return ReaderRig(
        reader=build(config.driver, config, faults),
        place=emulator.place,
        remove=emulator.remove,
        spoil=spoil,
        cut=emulator.unplug,
        mend=emulator.replug,
        faults=faults,
        **tags,
    )


async def uhfreader(stack: AsyncExitStack, folder: Path, dialect: Any) -> ReaderRig:
    link = folder / "reader"
    emulator = await stack.enter_async_context(UhfReaderEmulator(link, dialect=dialect))

    async def spoil() -> None:
        emulator.spoil_next()
        emulator.noise(b"\xff\x00\x56\x00")

    config = UhfReaderConfig(
        driver="uhfreader", name="gate", port=str(link), dialect=dialect, poll_ms=20, reply_timeout_ms=300
    )
    return on_a_line(emulator, config, spoil)


async def m100(stack: AsyncExitStack, folder: Path, dialect: Any) -> ReaderRig:
    link = folder / "reader"
    emulator = await stack.enter_async_context(M100Emulator(link, dialect=dialect))

    async def spoil() -> None:
        emulator.spoil_next()
        emulator.noise(b"\xbb\x02\x22\x00\xaa\x02\x22\xbb")

    config = M100Config(driver="m100", name="gate", port=str(link), dialect=dialect, reply_timeout_ms=300)
    return on_a_line(emulator, config, spoil)


async def a0(stack: AsyncExitStack, folder: Path, session: Any) -> ReaderRig:
    link = folder / "reader"
    emulator = await stack.enter_async_context(A0Emulator(link))

    async def spoil() -> None:
        emulator.spoil_next()
        emulator.noise(b"\xa0\x13\x01\xa0")

    config = A0Config(
        driver="a0", name="gate", port=str(link), session=session, poll_ms=10, reply_timeout_ms=300
    )
    return on_a_line(emulator, config, spoil)


async def rdm6300(stack: AsyncExitStack, folder: Path, _: Any) -> ReaderRig:
    link = folder / "reader"
    emulator = await stack.enter_async_context(Rdm6300Emulator(link, period_s=0.02))

    async def spoil() -> None:
        emulator.spoil_next()
        emulator.noise(b"\x02\x0213005D")

    card, other = bytes.fromhex("13005d1da5"), bytes.fromhex("3074257bf7")
    config = Rdm6300Config(driver="rdm6300", name="gate", port=str(link))
    return on_a_line(
        emulator,
        config,
        spoil,
        item=card,
        other=other,
        many=(card,),
        strange=tuple(map(bytes.fromhex, ("e280116060", "00" * 5, "ff" * 5))),
    )


async def mercury(stack: AsyncExitStack, folder: Path, model: Any) -> ReaderRig:
    port = str(folder / "reader")
    if model == "m7e":
        port = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    boots = model == "m5e"
    emulator = MercuryEmulator(port, model=model, needs_boot=boots, stop_s=0.05)
    await stack.enter_async_context(emulator)

    async def spoil() -> None:
        emulator.spoil_epc()
        emulator.noise(bytes.fromhex("ff ff 28 22 00 00 ff01 97 02 4b be"))

    config = MercuryConfig(
        driver="mercury", name="gate", port=port, region="eu", search_ms=60, reply_timeout_ms=300
    )
    return on_a_line(emulator, config, spoil)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A reader over MQTT: its settings beside the topic, and its emulator's."""

    driver: str
    emulator: type[MqttTagEmulator]
    settings: dict[str, Any] = field(default_factory=dict)
    emulated: dict[str, Any] = field(default_factory=dict)
    spoilt: bytes = b'{"data": {"idHex": "!"}}{'
    brokers: tuple[str, ...] = ("nats", "mosquitto")


TOPIC = "devices/gate/tags"
COMMANDED = {"command_topic": f"{TOPIC}/command", "response_topic": f"{TOPIC}/response"}
PUBLISHED = {
    "impinj": Published(
        driver="impinj", emulator=ImpinjEmulator, spoilt=b'{"tagInventoryEvent": {"epc": "!"}}{'
    ),
    "zebra": Published(driver="zebra", emulator=ZebraEmulator),
    "zebra that is commanded": Published(
        driver="zebra",
        emulator=ZebraEmulator,
        settings={**COMMANDED, "start_inventory": True},
        emulated={"reading": False},
        brokers=("nats",),
    ),
    "zebra sled": Published(
        driver="zebra", emulator=ZebraEmulator, emulated={"model": "sled"}, brokers=("mosquitto",)
    ),
    "json": Published(
        driver="json",
        emulator=JsonEmulator,
        settings={"antenna": "antenna", "rssi": "rssi", "time": "time"},
        spoilt=b'{"epc": "!"}{',
        brokers=("nats",),
    ),
    "json of another shape": Published(
        driver="json",
        emulator=JsonEmulator,
        settings={
            "tags": "items",
            "epc": "data.hex",
            "antenna": "antenna.port",
            "rssi": "rssi",
            "rssi_scale": 0.1,
            "time": "at",
            "time_unit": "us",
            "only_field": "event",
            "only_values": ["TAG_READ"],
        },
        emulated={"template": nested},
        spoilt=b'{"event": "TAG_READ"}{',
        brokers=("mosquitto",),
    ),
}


async def published(stack: AsyncExitStack, folder: Path, argument: Any) -> ReaderRig:
    name, kind = argument
    about, faults = PUBLISHED[name], Counter[str]()
    config = BrokerConfig(kind=kind, folder=folder / "broker", port=0, users=USERS)
    broker = await stack.enter_async_context(Broker(config))
    emulator = about.emulator(broker.account("gate"), TOPIC, period_s=0.02, **about.emulated)
    await stack.enter_async_context(emulator)
    await emulator.connected()
    [device] = parse_devices([{"driver": about.driver, "name": "gate", "topic": TOPIC, **about.settings}])

    def cut() -> None:
        assert broker.pid
        os.kill(broker.pid, signal.SIGKILL)

    return ReaderRig(
        reader=build(about.driver, device, faults, mqtt=broker.account("station")),
        place=emulator.place,
        remove=emulator.remove,
        spoil=lambda: emulator.send(about.spoilt),
        cut=cut,
        mend=lambda: None,  # the broker comes back by itself
        faults=faults,
    )


async def llrp(stack: AsyncExitStack, folder: Path, session: Any) -> ReaderRig:
    faults, port = Counter[str](), f"tcp://127.0.0.1:{free_ports(1)[0]}"
    emulator = await stack.enter_async_context(LlrpEmulator(port))

    async def spoil() -> None:
        emulator.noise(b"\xff\x00")

    config = LlrpConfig(driver="llrp", name="gate", port=port, session=session)
    return ReaderRig(
        reader=build("llrp", config, faults),
        place=emulator.place,
        remove=emulator.remove,
        spoil=spoil,
        cut=emulator.unplug,
        mend=emulator.replug,
        faults=faults,
    )


RIGS: dict[str, tuple[Callable[..., Awaitable[ReaderRig]], Any]] = {
    "uhfreader18 on a pty": (uhfreader, "18"),
    "uhfreader288 on a pty": (uhfreader, "288"),
    "m100 on a pty": (m100, "m100"),
    "r200 on a pty": (m100, "r200"),
    "a0 on a pty": (a0, "none"),
    "a0 in a session": (a0, "S1"),
    "rdm6300 on a pty": (rdm6300, ""),
    "mercury nano on a pty": (mercury, "nano"),
    "mercury m5e on a pty": (mercury, "m5e"),
    "mercury m7e over tcp": (mercury, "m7e"),
    "llrp over tcp": (llrp, 1),
    **{
        f"{name} over {kind}": (published, (name, kind))
        for name in PUBLISHED
        for kind in PUBLISHED[name].brokers
    },
}


@pytest.fixture(
    params=[pytest.param(name, marks=NO_MOSQUITTO if "mosquitto" in name else ()) for name in RIGS]
)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ReaderRig]:
    """Every TagReader in turn."""
    make, argument = RIGS[request.param]
    async with AsyncExitStack() as stack:
        yield await make(stack, tmp_path, argument)


@pytest.fixture(params=[b"\r", b"\n", b"\r\n", b""], ids=["CR", "LF", "CRLF", "no suffix"])
async def scanner_rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ScannerRig]:
    """A serial scanner with every suffix in turn."""
    faults = Counter[str]()
    link = tmp_path / "scanner"
    async with ScannerEmulator(link, suffix=request.param) as emulator:
        config = ScannerConfig(driver="scanner", name="hand", port=str(link))
        yield ScannerRig(scanner=build("scanner", config, faults), emulator=emulator, faults=faults)
