"""A reader that publishes JSON of its own making as a TagReader."""

from typing import Literal, Self

from pydantic import Field, model_validator

from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.feed import Topic
from devices.rfid.event_reader import EventReader, Publisher
from devices.rfid.json_events import Event, Fault
from devices.rfid.json_map.mapping import Coding, JsonMap, Path, TimeUnit, read_events
from link.mqtt import MqttConfig


class JsonConfig(DeviceSettings):
    """One reader; the paths say where its readings stand."""

    driver: Literal["json"]
    topic: Topic
    tags: Path | None = None
    """A list of tags, or one; None where each object of the message is a tag."""
    epc: Path = "epc"
    epc_coding: Coding = "hex"
    antenna: Path | None = None
    rssi: Path | None = None
    """Only where the maker says that it is dBm, if need be after scaling."""
    rssi_scale: float = Field(default=1.0, ge=-1000, le=1000)
    time: Path | None = None
    time_unit: TimeUnit = "iso"
    reads: Path | None = None
    """How often a tag was read since the last report of it."""
    number: Path | None = None
    """The reader's own count of its events, whose gaps are counted as lost."""
    only_field: Path | None = None
    only_values: tuple[str, ...] = Field(default=(), max_length=16)
    """Take what has one of these at `only_field`, and pass over the rest."""
    silent_after_s: float | None = Field(default=None, gt=0, le=86_400)
    """Lost when nothing at all came for so long."""

    @model_validator(mode="after")
    def _filter_is_whole(self) -> Self:
        if (self.only_field is None) != (not self.only_values):
            raise ValueError("only_field and only_values belong together")
        return self

    @property
    def where(self) -> JsonMap:
        """The paths."""
        return JsonMap(
            epc=self.epc,
            coding=self.epc_coding,
            tags=self.tags,
            antenna=self.antenna,
            rssi=self.rssi,
            rssi_scale=self.rssi_scale,
            time=self.time,
            time_unit=self.time_unit,
            reads=self.reads,
            number=self.number,
            only_field=self.only_field,
            only_values=self.only_values,
        )


class JsonReader(EventReader):
    """A TagReader over MQTT."""

    def __init__(self, config: JsonConfig, mqtt: MqttConfig, *, clock: Clock, count: CountFault) -> None:
        about = Publisher(name=config.name, topics=(config.topic,), silent_after_s=config.silent_after_s)
        super().__init__(about, mqtt, clock=clock, count=count)
        self._where = config.where

    def events(self, payload: bytes) -> list[Event | Fault]:
        """As the paths say."""
        return read_events(payload, self._where)


def _build(config: JsonConfig, around: Surroundings, count: CountFault) -> JsonReader:
    return JsonReader(config, around.account(config.name), clock=around.clock, count=count)


def _topics(config: JsonConfig) -> tuple[str, ...]:
    return (config.topic,)


JSON_MAP = Driver(
    kind=Kind.READER,
    title="any reader that publishes JSON (MQTT)",
    config=JsonConfig,
    build=_build,
    emulator="devices.rfid.json_map.emulator:JsonEmulator",
    topics=_topics,
)
