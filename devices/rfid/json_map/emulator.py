"""A reader that publishes JSON as its template says."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from devices.emulation import PlacedTag
from devices.emulation_mqtt import MqttTagEmulator
from link.mqtt import MqttConfig

Template = Callable[[list[PlacedTag], datetime], Any]


def flat(tags: list[PlacedTag], now: datetime) -> Any:
    """A list of tags with plain names, as the driver's defaults want them."""
    return [
        {"epc": tag.epc.hex(), "antenna": tag.antenna, "rssi": tag.rssi_dbm, "time": now.isoformat()}
        for tag in tags
    ]


def nested(tags: list[PlacedTag], now: datetime) -> Any:
    """One message around a list, numbers in quotes, microseconds: as templates of others look."""
    return {
        "event": "TAG_READ",
        "at": round(now.timestamp() * 1e6),
        "items": [
            {
                "data": {"hex": tag.epc.hex().upper()},
                "antenna": {"port": str(tag.antenna)},
                "rssi": str(round(tag.rssi_dbm * 10)),
            }
            for tag in tags
        ],
    }


class JsonEmulator(MqttTagEmulator):
    """One emulated reader."""

    def __init__(
        self,
        mqtt: MqttConfig,
        topic: str,
        *,
        period_s: float = 0.15,
        qos: int = 0,
        template: Template = flat,
    ) -> None:
        super().__init__(mqtt, topic, period_s=period_s, qos=qos)
        self.clock_off = timedelta()
        """How far its clock is wrong."""
        self._template = template

    def tick(self) -> Iterator[bytes]:
        """One message for all tags."""
        tags = list(self.field.values())
        if tags:
            yield json.dumps(self._template(tags, datetime.now(UTC) + self.clock_off)).encode()
