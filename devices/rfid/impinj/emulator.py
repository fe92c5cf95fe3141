"""An R700 that publishes real payloads to a broker while tags are in its field.

It has its own account, as a real reader has, and comes back by itself when the broker does.
"""

import asyncio
import base64
import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Self

from link.errors import LinkError
from link.mqtt import MqttConfig, MqttSession


class ImpinjEmulator:
    """One emulated reader; an async context manager. The field may be changed at any time."""

    def __init__(
        self,
        mqtt: MqttConfig,
        topic: str,
        *,
        period_s: float = 0.15,
        hostname: str | None = None,
        antenna: int = 1,
        qos: int = 0,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """`sent`, and `lost` where the broker was away."""
        self._session = MqttSession(mqtt)
        self._topic = topic
        self._period_s = period_s
        self._hostname = hostname
        self._antenna = antenna
        self._qos = qos
        self._field: dict[bytes, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        self._task = asyncio.create_task(self._run(), name=f"impinj emulator {self._topic}")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._session.__aexit__(*exc)

    async def connected(self, timeout_s: float = 10.0) -> None:
        """Wait until the broker accepted the reader."""
        await self._session.connected(timeout_s)

    def place(self, epc: bytes, *, rssi_dbm: float = -45.0) -> None:
        """Bring a tag into the field, or change its signal."""
        self._field[epc] = rssi_dbm

    def remove(self, epc: bytes) -> None:
        """Take a tag out of the field."""
        self._field.pop(epc, None)

    def clear(self) -> None:
        """Take all tags out of the field."""
        self._field.clear()

    async def overflow(self) -> None:
        """Report that reads were lost."""
        await self.send(json.dumps({"timestamp": _now(), "overflowEvent": {}}).encode())

    async def send(self, payload: bytes) -> None:
        """Publish these bytes as they are, malformed ones too."""
        try:
            await self._session.publish(self._topic, payload, qos=self._qos)
            self.counts["sent"] += 1
        except LinkError:
            self.counts["lost"] += 1

    async def _run(self) -> None:
        while True:
            for epc, rssi_dbm in list(self._field.items()):
                await self.send(json.dumps(self._event(epc, rssi_dbm)).encode())
            await asyncio.sleep(self._period_s)

    def _event(self, epc: bytes, rssi_dbm: float) -> dict[str, Any]:
        host = {"hostname": self._hostname} if self._hostname else {}
        return {
            "timestamp": _now(),
            **host,
            "eventType": "tagInventory",
            "tagInventoryEvent": {
                "epc": base64.urlsafe_b64encode(epc).decode(),
                "antennaPort": self._antenna,
                "peakRssiCdbm": round(rssi_dbm * 100),
                "frequency": 866900,
                "transmitPowerCdbm": 3150,
            },
        }


def _now() -> str:
    """With nanosecond digits, as the reader writes them."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "125Z"
