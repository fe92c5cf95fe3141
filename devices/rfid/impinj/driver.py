"""Impinj R700 events as a TagReader: listens on one topic of the station's own broker."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from devices.device import Clock, CountFault
from devices.errors import DeviceError, LinkLost, WrongSetUp
from devices.names import Name
from devices.rfid.impinj.payload import BadEvent, Event, OtherEvent, TagEvent, read_events
from devices.rfid.lateness import Lateness
from inspection.readings import TagRead
from link.errors import LinkError, NotSent, Refused
from link.inbox import Inbox
from link.mqtt import MqttConfig, MqttSession
from link.topics import check_topic

OVERFLOW = "overflowEvent"
CONNECT_S = 5.0


class ImpinjConfig(BaseModel):
    """One R700, set up to publish its events to the station's broker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    driver: Literal["impinj"]
    name: Name
    topic: str
    """The reader's `eventTopic`. It, and not the payload, says which reader it is."""
    hostname: str | None = Field(default=None, max_length=64)
    """Take events of this host only, such as `impinj-14-4a-8b`; None takes all of the topic."""

    @field_validator("topic")
    @classmethod
    def _topic_is_plain(cls, topic: str) -> str:
        try:
            check_topic(topic)
        except NotSent as error:
            raise ValueError(str(error)) from error
        return topic


class ImpinjReader:
    """A TagReader over MQTT."""

    def __init__(self, config: ImpinjConfig, mqtt: MqttConfig, *, clock: Clock, count: CountFault) -> None:
        self._config = config
        self._mqtt = mqtt
        self._clock = clock
        self._count = count
        self._lateness = Lateness()
        self._session: MqttSession | None = None
        self._inbox: Inbox | None = None

    async def __aenter__(self) -> Self:
        session = MqttSession(self._mqtt)
        await session.__aenter__()
        try:
            await session.connected(CONNECT_S)
            self._inbox = session.messages(self._config.topic, qos=1, until_lost=True)
            await self._inbox.ready(CONNECT_S)
        except LinkError as error:
            await session.__aexit__()
            raise _translated(error) from error
        except BaseException:
            await session.__aexit__()
            raise
        self._session = session
        return self

    async def __aexit__(self, *exc: object) -> None:
        session, self._session, self._inbox = self._session, None, None
        if session is not None:
            await session.__aexit__(*exc)

    async def reads(self) -> AsyncIterator[TagRead]:
        """Yield reads as they come; raises LinkLost when the broker is gone.

        A reader without a tag in its field sends nothing, so silence says nothing about it.
        """
        if self._inbox is None:
            raise LinkLost(f"{self._config.name} is not connected")
        try:
            async for message in self._inbox:
                message.ack()
                for read in self._reads_of(message.payload, message.received_at):
                    yield read
        except LinkError as error:
            raise _translated(error) from error

    def _reads_of(self, payload: bytes, received_at: datetime) -> Iterator[TagRead]:
        if not payload.strip():
            self._count("empty_message", "an empty message, as when a retained one is cleared")
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


def _translated(error: LinkError) -> DeviceError:
    if isinstance(error, Refused | NotSent):
        return WrongSetUp(str(error), reason="broker_refused")
    return LinkLost(str(error), reason="broker_away")
