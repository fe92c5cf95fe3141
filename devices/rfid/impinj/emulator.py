"""An R700 that publishes real payloads to a broker while tags are in its field."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from devices.emulation import PlacedTag
from devices.emulation_mqtt import MqttTagEmulator
from link.mqtt import MqttConfig


class ImpinjEmulator(MqttTagEmulator):
    """One emulated reader. The field may be changed at any time."""

    def __init__(
        self,
        mqtt: MqttConfig,
        topic: str,
        *,
        period_s: float = 0.15,
        hostname: str | None = None,
        qos: int = 0,
    ) -> None:
        super().__init__(mqtt, topic, period_s=period_s, qos=qos)
        self.clock_off = timedelta()
        """How far its clock is wrong."""
        self._hostname = hostname

    def tick(self) -> Iterator[bytes]:
        """One message for each tag."""
        for tag in list(self.field.values()):
            yield self.event("tagInventory", _sighting(tag))

    def event(self, kind: str, content: dict[str, Any]) -> bytes:
        """An event as the reader writes it."""
        now = datetime.now(UTC) + self.clock_off
        # With nanosecond digits, as the reader writes them.
        head: dict[str, Any] = {"timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%f") + "125Z"}
        if self._hostname:
            head["hostname"] = self._hostname
        return json.dumps(head | {"eventType": kind, f"{kind}Event": content}).encode()

    def overflow(self) -> None:
        """Report that reads were lost."""
        self.say(self.event("overflow", {}))

    def antenna(self, port: int, connected: bool) -> None:
        """Pull an antenna's cable, or put it back."""
        kind = "antennaConnected" if connected else "antennaDisconnected"
        self.say(self.event(kind, {"antennaPort": port}))

    def inventory(self, status: str) -> None:
        """Become `running`, `idle` or `armed`."""
        self.say(self.event("inventoryStatus", {"inventoryStatus": status}))

    def input(self, number: int, high: bool) -> None:
        """Change an input."""
        edge = "low-to-high" if high else "high-to-low"
        self.say(self.event("gpiTransition", {"gpi": number, "transition": edge}))

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`overflow`, `inventory STATUS`, `high N` and `low N` besides."""
        return {
            "overflow": lambda _: self.overflow(),
            "inventory": self.inventory,
            "high": lambda rest: self.input(int(rest), high=True),
            "low": lambda rest: self.input(int(rest), high=False),
            **super().orders(),
        }


def _sighting(tag: PlacedTag) -> dict[str, Any]:
    return {
        "epc": base64.urlsafe_b64encode(tag.epc).decode(),
        "antennaPort": tag.antenna,
        "peakRssiCdbm": round(tag.rssi_dbm * 100),
        "frequency": 866900,
        "transmitPowerCdbm": 3150,
    }
