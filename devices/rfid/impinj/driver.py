"""Impinj R700 events as a TagReader: listens on one topic of the station's own broker."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Literal

from pydantic import Field

from devices.device import Clock, Condition, CountFault, Report
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.feed import Topic
from devices.rfid.event_reader import EventReader, Level, Publisher
from devices.rfid.impinj.payload import read_events
from devices.rfid.json_events import MOST_ANTENNAS, Event, Fault, OtherEvent, name, whole
from link.mqtt import MqttConfig


class ImpinjConfig(DeviceSettings):
    """One R700, set up to publish its events to the station's broker."""

    driver: Literal["impinj"]
    topic: Topic
    """The reader's `eventTopic`. It, and not the payload, says which reader it is."""
    hostname: str | None = Field(default=None, max_length=64)
    """Take events of this host only, such as `impinj-14-4a-8b`; None takes all of the topic."""
    input_active: Level = "high"
    """Level at which an input counts as active; its optocouplers are low with nothing connected."""


class ImpinjReader(EventReader):
    """A TagReader over MQTT. A reader without a tag in its field is silent, so silence says nothing."""

    def __init__(self, config: ImpinjConfig, mqtt: MqttConfig, *, clock: Clock, count: CountFault) -> None:
        about = Publisher(
            name=config.name, topics=(config.topic,), host=config.hostname, input_active=config.input_active
        )
        super().__init__(about, mqtt, clock=clock, count=count)
        self._antennas: dict[int, bool] = {}
        self._inventory: str | None = None

    async def reads(self) -> AsyncIterator[Report]:
        """What it reports; at first what was known when the link was lost, which holds until news come."""
        if self._antennas or self._inventory:
            yield self._condition()
        async for report in super().reads():
            yield report

    def events(self, payload: bytes) -> list[Event | Fault]:
        """As the IoT Device Interface writes them."""
        return read_events(payload)

    def other(self, event: OtherEvent) -> Iterator[Report]:
        """Antennas and inventory are the reader's condition; an overflow and a diagnosis are counted."""
        match event.name:
            case "overflowEvent":
                self._count("overflow", "the reader lost reads: it could not send them fast enough")
            case "diagnosticEvent":
                self._count("diagnostic", f"the reader diagnosed: {json.dumps(event.content)[:160]}")
            case "antennaConnectedEvent" | "antennaDisconnectedEvent":
                antenna = whole(event.content.get("antennaPort"), 1, MOST_ANTENNAS)
                if antenna is not None:
                    self._antennas[antenna] = event.name == "antennaConnectedEvent"
                    yield self._condition()
            case "inventoryStatusEvent":
                self._inventory = name(event.content.get("inventoryStatus"))
                yield self._condition()
            case "inventoryTerminatedEvent":
                self._inventory = "terminated"
                yield self._condition()

    def _condition(self) -> Condition:
        troubles: dict[str, str] = {}
        gone = ", ".join(str(port) for port, there in sorted(self._antennas.items()) if not there)
        if gone:
            troubles["antenna_error"] = f"the reader has lost antenna {gone}"
        if self._inventory in ("idle", "terminated"):
            troubles["not_reading"] = f"the reader's inventory is {self._inventory}: start its preset"
        values = {"inventory": self._inventory} if self._inventory else {}
        return Condition(troubles=troubles, values=values)


def _build(config: ImpinjConfig, around: Surroundings, count: CountFault) -> ImpinjReader:
    return ImpinjReader(config, around.account(config.name), clock=around.clock, count=count)


def _topics(config: ImpinjConfig) -> tuple[str, ...]:
    return (config.topic,)


IMPINJ = Driver(
    kind=Kind.READER,
    title="Impinj R700 (MQTT)",
    config=ImpinjConfig,
    build=_build,
    emulator="devices.rfid.impinj.emulator:ImpinjEmulator",
    topics=_topics,
)
