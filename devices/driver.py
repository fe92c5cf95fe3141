"""What a driver says of itself: one value of this kind stands in each driver's folder, and one line of the
registry names it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from devices.device import (
    Camera,
    Clock,
    Condition,
    CountFault,
    Outputs,
    Printer,
    Scale,
    Scanner,
    Signal,
    TagReader,
)
from devices.errors import WrongSetUp
from devices.names import Name
from devices.wire import WireProtocol
from link.mqtt import MqttConfig


class Kind(StrEnum):
    """What a device is to the bench."""

    READER = "reader"
    SCANNER = "scanner"
    CAMERA = "camera"
    SCALE = "scale"
    PRINTER = "printer"
    SIGNAL = "signal"


AnyDevice = TagReader | Scanner | Camera | Scale | Printer | Signal


class DeviceSettings(BaseModel):
    """What the settings of every device have; each driver adds its own, and `driver` as a Literal."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    """A refusal does not repeat what was written: somebody may have put a password there."""

    driver: str
    name: Name


def _no_outputs(name: str) -> Outputs:
    raise WrongSetUp(f"no device called {name} has outputs", reason="no_outputs")


def _nobody(condition: Condition) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a driver needs of the station."""

    clock: Clock
    mqtt: MqttConfig | None = None
    """The station's account at its broker; None where no device needs one."""
    told: Callable[[Condition], None] = _nobody
    """Takes what a device says of itself, such as that it has no paper; it holds until the next."""
    outputs: Callable[[str], Outputs] = _no_outputs
    """Finds another device of the bench by its name; raises WrongSetUp where it has no outputs."""

    def account(self, name: str) -> MqttConfig:
        """The station's account for one device, which has a client id of its own; raises WrongSetUp."""
        if self.mqtt is None:
            raise WrongSetUp(f"{name} speaks MQTT, but the station has no broker", reason="no_broker")
        return self.mqtt.model_copy(update={"client_id": f"{self.mqtt.client_id[:63]}-{name}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """How a device is made, and how it is emulated."""

    kind: Kind
    title: str
    """What a person calls it."""
    config: type[DeviceSettings]
    build: Callable[[Any, Surroundings, CountFault], AnyDevice]
    protocols: tuple[WireProtocol, ...] = ()
    """What it speaks on a line; empty for MQTT, folders and the like."""
    emulator: str | None = None
    """`module:Class`, imported only when it is played; None where it cannot be played on a port."""
    topics: Callable[[Any], tuple[str, ...]] | None = None
    """Topics of the station's own broker that the device publishes to; None for a device without a broker."""
    probes: tuple[Mapping[str, Any], ...] = ()
    """Settings worth trying on a port of which nothing is known; opening then asks, and changes nothing."""
    commands: Callable[[Any], tuple[str, ...]] | None = None
    """Topics that the station publishes to for it, and the device reads."""
