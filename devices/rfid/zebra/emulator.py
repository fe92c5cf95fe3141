"""A Zebra reader, fixed or a sled, that publishes what the IoT Connector does and takes its commands."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from devices.emulation import PlacedTag
from devices.emulation_mqtt import MqttTagEmulator
from devices.rfid.zebra.orders import SLEDS_WORDS, Command, Model, Order, read_command
from link.mqtt import MqttConfig

MODES = {"fixed": "INVENTORY", "sled": "BALANCED_PERFORMANCE"}
VERSION = {"readerApplication": "2.7.19.0", "radioFirmware": "2.1.14.0", "model": "FX7500"}


class ZebraEmulator(MqttTagEmulator):
    """One emulated reader. It takes commands on `TOPIC/command` and answers on `TOPIC/response`."""

    def __init__(
        self,
        mqtt: MqttConfig,
        topic: str,
        *,
        period_s: float = 0.15,
        qos: int = 0,
        model: Model = "fixed",
        reading: bool = True,
        antennas: int = 4,
        mac: str | None = None,
    ) -> None:
        super().__init__(mqtt, topic, period_s=period_s, qos=qos)
        self.command_topics = (f"{topic}/command",)
        self.clock_off = timedelta()
        """How far its clock is wrong."""
        self.reading = reading
        self.refusing = False
        """Whether it refuses every command."""
        self.connected_antennas = set(range(1, antennas + 1))
        self.inputs = dict.fromkeys(range(1, 5), True)
        self.outputs = dict.fromkeys(range(1, 5), False)
        self.dropped = 0
        self.battery_percent = 85
        self.asked: list[Order] = []
        """Commands that came, in order."""
        self._model = model
        self._antennas = antennas
        self._about = {"MAC": mac} if mac else {}
        self._events = 0
        self._managed = 0

    def tick(self) -> Iterator[bytes]:
        """One message for each tag, or one for all of a sled."""
        tags = list(self.field.values()) if self.reading else []
        if self._model == "fixed":
            for tag in tags:
                yield self._message(self._fixed(tag))
        elif tags:
            yield self._message({"tagData": [self._sled(tag) for tag in tags]})

    def hear(self, topic: str, payload: bytes) -> None:
        """Carry out a command and answer it."""
        command = read_command(payload)
        if command is None:
            return
        self.asked.append(command.order)
        code = 1 if self.refusing else self._obeyed(command)
        self.say(self._answer(command, code), f"{self.topic}/response")

    def scan(self, text: str) -> None:
        """Pull the sled's trigger on a barcode."""
        code = {"decodedBarcode": text, "symbology": "CODE_39"}
        self.say(self._message({"barcodeData": [code]}))

    def input(self, pin: int, high: bool) -> None:
        """Change an input."""
        self.inputs[pin] = high
        self.manage("gpi", {"pin": pin, "state": _level(high)})

    def heartbeat(self) -> None:
        """Say how it is."""
        if self._model == "sled":
            status = "LOW" if self.battery_percent < 20 else "HIGH"
            self.say(
                json.dumps(
                    {
                        "eventName": "heartbeat",
                        "timestamp": self._now(),
                        "eventNumber": self._next_managed(),
                        "data": {
                            "inventoryStatus": {"rfidStatus": "INPROGRESS" if self.reading else "STOPPED"},
                            "batteryAlert": {"status": status, "chargePercentage": self.battery_percent},
                        },
                    }
                ).encode()
            )
        else:
            self.manage("heartbeat", self._health())

    def manage(self, kind: str, data: dict[str, Any]) -> None:
        """Publish a management event."""
        event = {
            "component": "RG",
            "data": data,
            "eventNum": self._next_managed(),
            "timestamp": self._now(),
            "type": kind,
        }
        self.say(json.dumps(event).encode())

    def lose(self, events: int) -> None:
        """Count events that never leave it."""
        self._events += events

    def restart(self) -> None:
        """Lose power: it begins to count again."""
        self._events = self._managed = 0

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`scan TEXT`, `heartbeat`, `high N`, `low N`, `lose N`, `restart` besides."""
        return {
            "scan": self.scan,
            "heartbeat": lambda _: self.heartbeat(),
            "high": lambda rest: self.input(int(rest), high=True),
            "low": lambda rest: self.input(int(rest), high=False),
            "lose": lambda rest: self.lose(int(rest)),
            "restart": lambda _: self.restart(),
            **super().orders(),
        }

    def _message(self, data: dict[str, Any]) -> bytes:
        event = {"data": data, "timestamp": self._now(), "type": MODES[self._model]}
        return json.dumps(event).encode()

    def _fixed(self, tag: PlacedTag) -> dict[str, Any]:
        return {
            "CRC": "dd3d",
            "PC": f"{len(tag.epc) // 2 << 11:04x}",
            "TID": "Error: General Error 0x04",
            "antenna": tag.antenna,
            "channel": 867.8,
            "eventNum": self._next_event(),
            "format": "epc",
            "idHex": tag.epc.hex(),
            "peakRssi": round(tag.rssi_dbm),
            "phase": 0.0,
            "reads": 1,
            **self._about,
        }

    def _sled(self, tag: PlacedTag) -> dict[str, Any]:
        return {
            "EPCid": tag.epc.hex().upper(),
            "eventNum": self._next_event(),
            "format": "EPC",
            "peakRssi": round(tag.rssi_dbm),
            "seenCount": 1,
        }

    def _health(self) -> dict[str, Any]:
        ports = range(1, self._antennas + 1)
        antennas = {
            str(port): "connected" if port in self.connected_antennas else "disconnected" for port in ports
        }
        return {
            "radio_control": {
                "antennas": antennas,
                "radioActivity": "active" if self.reading else "inactive",
                "radioConnection": "connected",
            },
            "reader_gateway": {"dataPathStatistics": [{"numDataMessagesDropped": self.dropped}]},
            "system": {
                "GPI": {str(pin): _level(high) for pin, high in self.inputs.items()},
                "GPO": {str(pin): _level(high) for pin, high in self.outputs.items()},
                "flash": None,
                "ntp": {"offset": -1, "reach": 377},
                "systemtime": "07/09/2026 12:22",
                "temperature": {"ambient": 23, "pa": 21},
            },
            "userapps": [],
        }

    def _obeyed(self, command: Command) -> int:
        """Do it; returns the code that a sled answers with."""
        if command.order in (Order.START, Order.STOP):
            wanted = command.order is Order.START
            already = self.reading == wanted
            self.reading = wanted
            return (11 if wanted else 12) if already else 0
        if command.order is Order.OUTPUT and command.output in self.outputs and command.high is not None:
            self.outputs[command.output] = command.high
            self.manage("gpo", {"pin": command.output, "state": _level(command.high)})
            return 0
        return 23 if command.order is Order.OUTPUT else 0

    def _answer(self, command: Command, code: int) -> bytes:
        if self._model == "sled":
            words = {0: "Success", 11: "Inventory in progress", 12: "No Radio Operation in Progress"}
            response = {"code": code, "description": words.get(code, "Invalid enum value")}
            word = SLEDS_WORDS.get(command.order, "")
            body = {"command": word, "requestId": command.id, "apiVersion": "V1.1"}
            return json.dumps(body | {"response": response}).encode()
        payload = VERSION if command.order is Order.VERSION else {}
        return json.dumps(
            {
                "command": command.order.value,
                "command_id": command.id,
                "response": "success" if code in (0, 11, 12) else "failure",
                "payload": payload,
            }
        ).encode()

    def _next_event(self) -> int:
        self._events += 1
        return self._events

    def _next_managed(self) -> int:
        self._managed += 1
        return self._managed

    def _now(self) -> str:
        """Without a colon in the offset, as the fixed readers write it."""
        return (datetime.now(UTC) + self.clock_off).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _level(high: bool) -> str:
    return "HIGH" if high else "LOW"
