"""Zebra readers with the IoT Connector as a TagReader; a sled's barcodes come as scans."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from devices.device import Clock, CountFault, Report
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import DeviceError, DeviceFault
from devices.feed import Topic
from devices.rfid.event_reader import EventReader, Level, Publisher
from devices.rfid.json_events import CodeEvent, Event, Fault, OtherEvent
from devices.rfid.zebra.health import Wanted, condition, dropped
from devices.rfid.zebra.orders import Model, Order
from devices.rfid.zebra.payload import read_events
from devices.rfid.zebra.talk import Line, Lines, Talk
from devices.scanner.guard import BadCode, Guard
from inspection.readings import Scan
from link.mqtt import MqttConfig

AIM = {"CODE_39": b"]A0"}
"""The only symbology that the sleds' reference names; others come without an identifier."""
GOODBYE_S = 1.0
"""How long a reader may take to stop when the station leaves it."""


class ZebraConfig(DeviceSettings):
    """One reader whose IoT Connector publishes to the station's broker; each topic as set in the reader."""

    driver: Literal["zebra"]
    topic: Topic
    """Tag data; it, and not the payload, says which reader it is."""
    event_topic: Topic | None = None
    """Management events; None where they come with the tags, or not at all."""
    command_topic: Topic | None = None
    """Commands of the control interface: start, stop, mode."""
    response_topic: Topic | None = None
    management_command_topic: Topic | None = None
    """Commands of the management interface: version, outputs."""
    management_response_topic: Topic | None = None
    model: Model = "fixed"
    """`fixed` for FX, ATR and FXR, `sled` for RFD40 and RFD90: they take different commands."""
    start_inventory: bool = False
    """Start reading when the station opens the reader, and stop when it leaves."""
    antennas: tuple[int, ...] = ()
    """Ports that must have an antenna; a heartbeat lists the empty ones too."""
    input_active: Level = "low"
    """Level at which an input counts as active; with nothing connected it is high."""
    silent_after_s: float | None = Field(default=None, gt=0, le=86_400)
    """Lost when nothing at all came for so long; longer than the heartbeat's interval."""
    answer_timeout_ms: int = Field(default=5000, ge=50, le=60_000)

    @model_validator(mode="after")
    def _pairs_are_whole(self) -> Self:
        for asked, answered in (
            (self.command_topic, self.response_topic),
            (self.management_command_topic, self.management_response_topic),
        ):
            if (asked is None) != (answered is None):
                raise ValueError("a topic for commands and the one for their answers belong together")
        if self.start_inventory and self.command_topic is None:
            raise ValueError("start_inventory needs command_topic and response_topic")
        return self

    @property
    def lines(self) -> Lines:
        """Where commands go."""
        return Lines(
            control=_line(self.command_topic, self.response_topic),
            management=_line(self.management_command_topic, self.management_response_topic),
        )


def _line(commands: str | None, answers: str | None) -> Line | None:
    return Line(commands=commands, answers=answers) if commands and answers else None


class ZebraReader(EventReader):
    """A TagReader over MQTT, with outputs where commands are set up."""

    def __init__(self, config: ZebraConfig, mqtt: MqttConfig, *, clock: Clock, count: CountFault) -> None:
        topics = (config.topic, config.event_topic or config.topic)
        about = Publisher(
            name=config.name,
            topics=tuple(dict.fromkeys(topics)),
            input_active=config.input_active,
            silent_after_s=config.silent_after_s,
        )
        super().__init__(about, mqtt, clock=clock, count=count)
        self._config = config
        self._wanted = Wanted(antennas=config.antennas, reading=config.start_inventory)
        self._talk = Talk(
            self._feed,
            config.lines,
            config.model,
            timeout_s=config.answer_timeout_ms / 1000,
            count=count,
        )
        self._guard = Guard()
        self._dropped: int | None = None
        self._starting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            await self._talk.open()
            await self._greet()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._config.start_inventory and not isinstance(exc[1] if exc else None, DeviceError):
            with suppress(DeviceError, TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._talk.ask(Order.STOP)
        await self._leave(*exc)

    async def set_output(self, number: int, active: bool) -> None:
        """Switch an output; raises WrongSetUp where no command topic is set."""
        await self._talk.ask(Order.OUTPUT, output=number, high=active)

    def events(self, payload: bytes) -> list[Event | Fault]:
        """As the IoT Connector writes them."""
        return read_events(payload)

    def other(self, event: OtherEvent) -> Iterator[Report]:
        """A heartbeat is the reader's condition; errors and warnings of its own are counted."""
        match event.name:
            case "heartbeat":
                self._note_dropped(event.content)
                said = condition(event.content, self._wanted)
                if "not_reading" in said.troubles:
                    self._start_again()
                yield said
            case "error":
                self._count("reader_error", _message(event.content))
            case "warning":
                self._count("reader_warning", _message(event.content))

    def code(self, event: CodeEvent) -> Iterator[Report]:
        """A barcode counts as one of a scanner: once, and not two stuck together."""
        aim = AIM.get(event.symbology or "", b"")
        for found in self._guard.judged(aim + event.content, asyncio.get_running_loop().time()):
            if isinstance(found, BadCode):
                self._count(found.reason, found.sentence)
            else:
                yield Scan(
                    content=found.content,
                    symbology=found.symbology,
                    scanner=self._about.name,
                    scanned_at=self._clock(),
                )

    async def _greet(self) -> None:
        """Ask who is there: with commands set up, a reader that is off does not look ready."""
        lines = self._config.lines
        if lines.management or lines.control:
            with suppress(DeviceFault):  # it refuses, and so it is there
                await self._talk.ask(Order.VERSION if lines.management else Order.MODE)
        if self._config.start_inventory:
            await self._talk.ask(Order.START)

    def _start_again(self) -> None:
        """A reader that was switched off and on does not read: it was told to start not for good."""
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name=f"start {self._about.name}")

    async def _start(self) -> None:
        try:
            await self._talk.ask(Order.START)
        except DeviceError as error:
            self._count(error.reason, str(error))

    async def _leave(self, *exc: object) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._talk.close()
        await super().__aexit__(*exc)

    def _note_dropped(self, heartbeat: Mapping[str, Any]) -> None:
        before, self._dropped = self._dropped, dropped(heartbeat)
        if before is not None and self._dropped > before:
            self._count("overflow", f"the reader dropped {self._dropped - before} messages")


def _message(content: Mapping[str, Any]) -> str:
    return f"the reader says: {str(content.get('message', content))[:160]}"


def _build(config: ZebraConfig, around: Surroundings, count: CountFault) -> ZebraReader:
    return ZebraReader(config, around.account(config.name), clock=around.clock, count=count)


def _topics(config: ZebraConfig) -> tuple[str, ...]:
    spoken = (config.topic, config.event_topic, *config.lines.answers)
    return tuple(dict.fromkeys(topic for topic in spoken if topic is not None))


def _commands(config: ZebraConfig) -> tuple[str, ...]:
    heard = (config.command_topic, config.management_command_topic)
    return tuple(dict.fromkeys(topic for topic in heard if topic is not None))


ZEBRA = Driver(
    kind=Kind.READER,
    title="Zebra FX, FXR, ATR, RFD40/90 (MQTT)",
    config=ZebraConfig,
    build=_build,
    emulator="devices.rfid.zebra.emulator:ZebraEmulator",
    topics=_topics,
    commands=_commands,
)
