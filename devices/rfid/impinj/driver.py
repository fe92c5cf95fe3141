"""Impinj R700 events as a TagReader: listens on one topic of the station's own broker."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.feed import Feed, Topic
from devices.rfid.impinj.payload import BadEvent, Event, OtherEvent, TagEvent, read_events
from devices.rfid.lateness import Lateness
from inspection.readings import TagRead
from link.mqtt import MqttConfig

OVERFLOW = "overflowEvent"


class ImpinjConfig(DeviceSettings):
    """One R700, set up to publish its events to the station's broker."""

    driver: Literal["impinj"]
    topic: Topic
    """The reader's `eventTopic`. It, and not the payload, says which reader it is."""
    hostname: str | None = Field(default=None, max_length=64)
    """Take events of this host only, such as `impinj-14-4a-8b`; None takes all of the topic."""


class ImpinjReader:
    """A TagReader over MQTT."""

    def __init__(self, config: ImpinjConfig, mqtt: MqttConfig, *, clock: Clock, count: CountFault) -> None:
        self._config = config
        self._feed = Feed(config.name, (config.topic,), mqtt, count)
        self._clock = clock
        self._count = count
        self._lateness = Lateness()

    @property
    def counts(self) -> Mapping[str, int]:
        """What came over the broker."""
        return self._feed.counts

    async def __aenter__(self) -> Self:
        await self._feed.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._feed.__aexit__(*exc)

    async def reads(self) -> AsyncIterator[TagRead]:
        """Yield reads as they come; raises LinkLost when the broker is gone.

        A reader without a tag in its field sends nothing, so silence says nothing about it.
        """
        async for message in self._feed.messages():
            for read in self._reads_of(message.payload, message.received_at):
                yield read

    def _reads_of(self, payload: bytes, received_at: datetime) -> Iterator[TagRead]:
        for event in read_events(payload):
            read = self._read_of(event)
            if read is None:
                continue
            if read.reader_time and self._lateness.is_late(
                received_at=received_at, reader_time=read.reader_time
            ):
                self._count("late_read", f"a read of {read.reader_time.isoformat()} came late")
            else:
                yield read

    def _read_of(self, event: Event) -> TagRead | None:
        match event:
            case BadEvent(reason=reason, sentence=sentence):
                self._count(reason, sentence)
            case OtherEvent(name=name) if name == OVERFLOW:
                self._count("overflow", "the reader lost reads: it could not send them fast enough")
            case TagEvent(hostname=hostname) if self._config.hostname not in (None, hostname):
                self._count("other_host", f"an event of {hostname}, not of {self._config.hostname}")
            case TagEvent():
                return TagRead(
                    epc=event.epc,
                    reader=self._config.name,
                    antenna=event.antenna,
                    rssi_dbm=event.rssi_dbm,
                    seen_at=self._clock(),
                    reader_time=event.reader_time,
                )
        return None


def _build(config: ImpinjConfig, around: Surroundings, count: CountFault) -> ImpinjReader:
    return ImpinjReader(config, around.account(config.name), clock=around.clock, count=count)


def _topics(config: ImpinjConfig) -> tuple[str, ...]:
    return (config.topic,)


IMPINJ = Driver(
    kind=Kind.READER, title="Impinj R700 (MQTT)", config=ImpinjConfig, build=_build, topics=_topics
)
