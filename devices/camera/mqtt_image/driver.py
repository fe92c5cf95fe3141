"""Pictures of a topic of the station's own broker as a Camera."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from devices.camera.mqtt_image.payload import Assembler, NoPicture, unpack
from devices.camera.picture import MIB, live_view, media_type_of
from devices.camera.settings import CameraSettings
from devices.device import Clock, CountFault, LiveView
from devices.driver import Driver, Kind, Surroundings
from devices.errors import DeviceFault, LinkLost
from devices.feed import Feed, Topic
from inspection.readings import Frame
from link.inbox import Message
from link.mqtt import MqttConfig

NEVER = datetime.min.replace(tzinfo=UTC)
SMALL = 65_536
"""Bytes that are unpacked at once; larger ones beside the loop."""


class MqttImageConfig(CameraSettings):
    """One camera that publishes its pictures to the station's broker."""

    driver: Literal["mqtt_image"]
    largest_mib: int = Field(default=8, ge=1, le=64)
    topic: Topic
    """Where the pictures come. It says which camera it is."""
    json_path: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,7}$")
    """Field of a JSON object that holds the picture as base64, such as `data.image`; None: no JSON."""
    chunk_start: str | None = Field(default=None, min_length=1, max_length=64)
    """How a message begins that begins a picture in parts; None: each message is a whole picture."""
    chunk_end: str | None = Field(default=None, min_length=1, max_length=64)
    """The message that ends it; None: it is complete when the size is reached that its beginning names."""
    chunk_gap_ms: int = Field(default=5000, ge=100, le=60_000)
    """Between two parts; a picture whose parts come slower is given up."""
    trigger_topic: Topic | None = None
    """Where the camera listens for the order to take a picture; None: it takes them by itself."""
    trigger_payload: str = Field(default="capture", max_length=1024)
    wait_ms: int = Field(default=5000, ge=100, le=60_000)
    """For the first picture that comes after the call."""
    take_retained: bool = False
    """Take the newest picture that the topic holds, whatever its age."""

    @model_validator(mode="after")
    def _parts_have_a_beginning(self) -> Self:
        if self.chunk_end is not None and self.chunk_start is None:
            raise ValueError("chunk_end needs chunk_start")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture as it came, or why it is none."""

    content: bytes = b""
    media_type: str = ""
    began_at: datetime
    """When its first message came."""
    fault: DeviceFault | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who wants a picture that began to come later than this, or has given up waiting."""

    since: datetime
    until: datetime
    """A trigger that was not answered by then will not be answered."""
    picture: "asyncio.Future[Picture]"


class MqttImageCamera:
    """A Camera over MQTT."""

    def __init__(self, config: MqttImageConfig, mqtt: MqttConfig, *, clock: Clock, count: CountFault) -> None:
        self.view = config.view
        self._config = config
        self._clock = clock
        self._count = count
        self._feed = Feed(config.name, (config.topic,), mqtt, count)
        self._path = config.json_path.split(".") if config.json_path else []
        self._assembler = self._fresh()
        self._began_at = NEVER
        """Of the picture whose parts are coming, or came last."""
        self._pump: asyncio.Task[None] | None = None
        self._waiting: list[Waiting] = []
        self._newest: Picture | None = None
        self._shown: LiveView | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """What came over the broker."""
        return self._feed.counts

    async def __aenter__(self) -> Self:
        await self._feed.__aenter__()
        self._assembler, self._newest, self._shown = self._fresh(), None, None
        self._pump = asyncio.create_task(self._listen(), name=f"pictures of {self._config.topic}")
        return self

    async def __aexit__(self, *exc: object) -> None:
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)  # how it ended, `watch` and `capture` said
        await self._feed.__aexit__(*exc)

    async def watch(self) -> None:
        """Return never; raises LinkLost when the broker is gone.

        A camera that only answers when it is asked sends nothing, so silence says nothing about it.
        """
        await asyncio.shield(self._opened())

    async def capture(self) -> Frame:
        """The first picture that comes after the call; raises DeviceFault or LinkLost."""
        pump = self._opened()
        if self._config.take_retained and self._newest is not None:
            return self._frame(self._newest)
        wait_s = self._config.wait_ms / 1000
        picture = self._wanted(wait_s)
        try:
            if self._config.trigger_topic is not None:
                await self._feed.publish(self._config.trigger_topic, self._config.trigger_payload.encode())
            await asyncio.wait((picture, pump), timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if picture.done():
                return self._frame(picture.result())
            if pump.done():
                await asyncio.shield(pump)
        finally:
            picture.cancel()
        raise DeviceFault(f"no picture of the view {self.view} came within {wait_s:g} s", reason="no_picture")

    def latest(self) -> LiveView | None:
        """The newest picture that came; None where that one was broken."""
        return self._shown

    def _wanted(self, wait_s: float) -> "asyncio.Future[Picture]":
        now = datetime.now(UTC)
        picture: asyncio.Future[Picture] = asyncio.get_running_loop().create_future()
        still = [each for each in self._waiting if each.until > now]
        since = NEVER if self._config.take_retained else now
        self._waiting = [*still, Waiting(since, now + timedelta(seconds=wait_s), picture)]
        return picture

    async def _listen(self) -> None:
        async for message in self._feed.messages():
            if message.retain and not self._config.take_retained:
                continue  # of any age: it is not what lies on the bench now
            picture = await self._picture(message)
            if picture is not None:
                self._hand_out(picture)

    async def _picture(self, message: Message) -> Picture | None:
        began_at = self._began_at if self._assembler else message.received_at
        try:
            whole = self._whole(message)
            if whole is None:
                return None
            if len(whole) <= SMALL:
                content, media_type = self._unpacked(whole)
            else:
                content, media_type = await asyncio.to_thread(self._unpacked, whole)
        except NoPicture as error:
            return self._refused(began_at, DeviceFault(f"the view {self.view}: {error}", reason=error.reason))
        except DeviceFault as fault:
            return self._refused(began_at, fault)
        return Picture(content=content, media_type=media_type, began_at=began_at)

    def _whole(self, message: Message) -> bytes | None:
        if self._assembler is None:
            return message.payload
        if self._assembler.begins(message.payload):
            self._began_at = message.received_at
        return self._assembler.feed(message.payload, asyncio.get_running_loop().time())

    def _unpacked(self, payload: bytes) -> tuple[bytes, str]:
        largest = self._config.largest_mib * MIB
        content = unpack(payload, self._path, largest)
        return content, media_type_of(content, view=self.view, largest_bytes=largest)

    def _refused(self, began_at: datetime, fault: DeviceFault) -> Picture:
        self._count(fault.reason, str(fault))
        return Picture(began_at=began_at, fault=fault)

    def _hand_out(self, picture: Picture) -> None:
        self._newest = picture
        self._shown = (
            live_view(picture.content, picture.media_type, picture.began_at) if not picture.fault else None
        )
        for each in self._due(picture):
            if not each.picture.done():
                each.picture.set_result(picture)

    def _due(self, picture: Picture) -> list[Waiting]:
        """Whom a picture is for.

        One that was triggered is for the oldest trigger without an answer, even where nobody waits for that
        one any more: it was taken before the next trigger.
        """
        now = datetime.now(UTC)
        asked = [each for each in self._waiting if each.until > now]
        due = [each for each in asked if each.since <= picture.began_at]
        if self._config.trigger_topic is not None:
            due = due[:1]
        self._waiting = [each for each in asked if each not in due]
        return due

    def _frame(self, picture: Picture) -> Frame:
        if picture.fault is not None:
            raise DeviceFault(str(picture.fault), reason=picture.fault.reason)
        return Frame(
            view=self.view,
            camera=self._config.name,
            content=picture.content,
            media_type=picture.media_type,
            captured_at=picture.began_at,
        )

    def _opened(self) -> "asyncio.Task[None]":
        if self._pump is None:
            raise LinkLost(f"{self._config.name} is not connected")
        return self._pump

    def _fresh(self) -> Assembler | None:
        config = self._config
        if config.chunk_start is None:
            return None
        return Assembler(
            start=config.chunk_start.encode(),
            end=config.chunk_end.encode() if config.chunk_end is not None else None,
            largest_bytes=config.largest_mib * MIB * 4 // 3,
            longest_gap_s=config.chunk_gap_ms / 1000,
        )


def _build(config: MqttImageConfig, around: Surroundings, count: CountFault) -> MqttImageCamera:
    return MqttImageCamera(config, around.account(config.name), clock=around.clock, count=count)


def _topics(config: MqttImageConfig) -> tuple[str, ...]:
    return (config.topic,)


def _commands(config: MqttImageConfig) -> tuple[str, ...]:
    return (config.trigger_topic,) if config.trigger_topic is not None else ()


MQTT_IMAGE = Driver(
    kind=Kind.CAMERA,
    title="camera that publishes over MQTT",
    config=MqttImageConfig,
    build=_build,
    topics=_topics,
    commands=_commands,
    emulator="devices.camera.mqtt_image.emulator:MqttImageEmulator",
)
