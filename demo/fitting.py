"""What stands on each bench: the device tables of its station.toml, and how each device is played.

One table is both: the station reads it, and the emulator is put where it says.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from demo.camera import FolderView, PublishedView, SerialView
from devices.printer.zpl.emulator import ZplEmulator
from devices.rfid.a0.emulator import A0Emulator
from devices.rfid.impinj.emulator import ImpinjEmulator
from devices.rfid.json_map.emulator import JsonEmulator
from devices.rfid.m100.emulator import M100Emulator
from devices.rfid.mercury.emulator import MercuryEmulator
from devices.rfid.rdm6300.emulator import Rdm6300Emulator
from devices.rfid.uhfreader.emulator import UhfReaderEmulator
from devices.rfid.zebra.emulator import ZebraEmulator
from devices.scale.emulator import ScaleEmulator
from devices.scanner.emulator import ScannerEmulator
from link.mqtt import MqttConfig

Table = Mapping[str, Any]
"""One `[[devices]]` of station.toml."""
VIEW = "top"
POLL_MS = 60
LLRP_INSTALLED = find_spec("llrpkit") is not None
"""The extra `llrp`: without it the MQTT bench has one reader less."""
TCP_PORTS = 4
"""Of each bench, for devices with an Ethernet port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the devices of one bench are found."""

    folder: Path
    """Short, for links to pseudo-terminals stand in it."""
    tcp_ports: tuple[int, ...]
    account: Callable[[str], MqttConfig]
    """A device's account at the station's broker, by its name."""

    def line(self, name: str) -> str:
        """A serial port."""
        return str(self.folder / name)

    def tcp(self, number: int) -> str:
        """A port of an Ethernet-serial server, counted from 0."""
        return f"tcp://127.0.0.1:{self.tcp_ports[number]}"


def serial_bench(place: Place) -> tuple[Table, ...]:
    """Readers of every family that speaks on a line, two of them over TCP; what else a bench may have."""
    gate = {"driver": "uhfreader", "name": "gate", "dialect": "288", "poll_ms": POLL_MS}
    camera = {"driver": "vc0706", "name": f"cam-{VIEW}", "view": VIEW, "baud": 115200}
    return (
        {**gate, "port": place.line("gate")},
        {"driver": "mercury", "name": "nano", "port": place.line("nano"), "region": "eu3"},
        {"driver": "m100", "name": "m100", "port": place.tcp(0)},
        {"driver": "a0", "name": "r2000", "port": place.line("r2000"), "poll_ms": POLL_MS},
        {"driver": "rdm6300", "name": "cards", "port": place.line("cards")},
        {"driver": "scanner", "name": "scanner", "port": place.line("scanner")},
        {"driver": "scale", "name": "scale", "port": place.line("scale"), "dialect": "mt_sics"},
        {"driver": "zpl", "name": "printer", "port": place.tcp(1)},
        {"driver": "gpo_light", "name": "light", "reader": "gate", "red": 1, "green": 2},
        {**camera, "port": place.line("camera")},
    )


def mqtt_bench(place: Place) -> tuple[Table, ...]:
    """Readers that publish to the station's own broker; scanner and scale over TCP."""
    camera = {"driver": "mqtt_image", "name": f"cam-{VIEW}", "view": VIEW}
    return (
        {"driver": "impinj", "name": "reader", "topic": "devices/reader"},
        {"driver": "zebra", "name": "fx9600", "topic": "devices/fx9600"},
        {"driver": "json", "name": "portal", "topic": "devices/portal"},
        *({"driver": "llrp", "name": "dock", "port": place.tcp(2)} for _ in range(LLRP_INSTALLED)),
        {"driver": "scanner", "name": "scanner", "port": place.tcp(0)},
        {"driver": "scale", "name": "scale", "port": place.tcp(1), "dialect": "and"},
        {**camera, "topic": "cameras/top", "trigger_topic": "cameras/top/order"},
        {"driver": "folder", "name": "cam-room", "view": "room", "folder": str(place.folder / "room")},
    )


def _llrp(table: Table, place: Place) -> AbstractAsyncContextManager[Any]:
    """llrpkit is imported only where it is needed."""
    from devices.rfid.llrp.emulator import LlrpEmulator

    return LlrpEmulator(table["port"])


PLAYED: Mapping[str, Callable[[Table, Place], AbstractAsyncContextManager[Any]]] = {
    "uhfreader": lambda table, place: UhfReaderEmulator(table["port"], dialect=table["dialect"]),
    "mercury": lambda table, place: MercuryEmulator(table["port"], stop_s=0.1),
    "m100": lambda table, place: M100Emulator(table["port"]),
    "a0": lambda table, place: A0Emulator(table["port"]),
    "rdm6300": lambda table, place: Rdm6300Emulator(table["port"]),
    "impinj": lambda table, place: ImpinjEmulator(place.account(table["name"]), table["topic"]),
    "zebra": lambda table, place: ZebraEmulator(place.account(table["name"]), table["topic"]),
    "json": lambda table, place: JsonEmulator(place.account(table["name"]), table["topic"]),
    "llrp": _llrp,
    "scanner": lambda table, place: ScannerEmulator(table["port"]),
    "scale": lambda table, place: ScaleEmulator(table["port"], dialect=table["dialect"]),
    "zpl": lambda table, place: ZplEmulator(table["port"]),
    "vc0706": lambda table, place: SerialView(table["port"], baud=table["baud"]),
    "mqtt_image": lambda table, place: PublishedView(
        place.account(table["name"]), table["topic"], trigger_topic=table["trigger_topic"]
    ),
    "folder": lambda table, place: FolderView(Path(table["folder"])),
}
"""How a device is played; a stack light hangs on its reader and needs nobody."""
READ_ITEMS = ("uhfreader", "mercury", "m100", "a0", "impinj", "zebra", "json", "llrp")
"""Readers whose fields the items are laid into, one after the other."""


def as_toml(tables: tuple[Table, ...]) -> str:
    """The tables as station.toml has them; a JSON string, number or truth is one of TOML too."""
    return "\n".join(
        "[[devices]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for table in tables
    )
