"""DRIVERS: which drivers there are, by the name that the settings use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from devices.camera.folder import FolderCamera, FolderConfig
from devices.device import Camera, Clock, CountFault, Scanner, TagReader
from devices.errors import WrongSetUp
from devices.rfid.impinj.driver import ImpinjConfig, ImpinjReader
from devices.rfid.uhfreader.driver import UhfReader, UhfReaderConfig
from devices.scanner.driver import ScannerConfig, SerialScanner
from devices.transport.serial import SerialStream
from link.mqtt import MqttConfig


class Kind(StrEnum):
    """What a device is to the bench."""

    READER = "reader"
    SCANNER = "scanner"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a driver needs of the station."""

    clock: Clock
    mqtt: MqttConfig | None = None
    """The station's account at its broker; None where no device needs one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """How a device is made."""

    kind: Kind
    title: str
    """What a person calls it."""
    config: type[BaseModel]
    build: Callable[[Any, Surroundings, CountFault], TagReader | Scanner | Camera]


def _uhfreader(config: UhfReaderConfig, around: Surroundings, count: CountFault) -> TagReader:
    return UhfReader(config, SerialStream(config.port, baud=config.baud), clock=around.clock, count=count)


def _impinj(config: ImpinjConfig, around: Surroundings, count: CountFault) -> TagReader:
    if around.mqtt is None:
        raise WrongSetUp(f"{config.name} speaks MQTT, but the station has no broker", reason="no_broker")
    account = around.mqtt.model_copy(update={"client_id": f"{around.mqtt.client_id[:63]}-{config.name}"})
    return ImpinjReader(config, account, clock=around.clock, count=count)


def _scanner(config: ScannerConfig, around: Surroundings, count: CountFault) -> Scanner:
    return SerialScanner(config, SerialStream(config.port, baud=config.baud), clock=around.clock, count=count)


def _folder(config: FolderConfig, around: Surroundings, count: CountFault) -> Camera:
    return FolderCamera(config, clock=around.clock)


DRIVERS: Mapping[str, Driver] = {
    "uhfreader": Driver(
        kind=Kind.READER, title="UHFReader18/288, Chafon (serial)", config=UhfReaderConfig, build=_uhfreader
    ),
    "impinj": Driver(kind=Kind.READER, title="Impinj R700 (MQTT)", config=ImpinjConfig, build=_impinj),
    "scanner": Driver(
        kind=Kind.SCANNER, title="barcode scanner (serial)", config=ScannerConfig, build=_scanner
    ),
    "folder": Driver(
        kind=Kind.CAMERA, title="camera that plays a folder", config=FolderConfig, build=_folder
    ),
}
