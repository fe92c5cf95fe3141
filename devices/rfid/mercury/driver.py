"""A Mercury module as a TagReader: streams what it reads, or is asked again and again where it cannot."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field

from devices.conversation import Conversation
from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import DeviceFault, LinkLost
from devices.framing import BadFrame
from devices.rfid.mercury.codec import decoder
from devices.rfid.mercury.dialogue import LISTED_ANTENNAS, Dialogue, Frame
from devices.rfid.mercury.fields import MERCURY_WIRE
from devices.rfid.mercury.frames import EVERYTHING, GEN2, Answer, Op, Pin, SeenTag, Status, Version
from devices.rfid.mercury.records import is_intact, read_buffer, read_count, read_pins, read_report
from devices.rfid.mercury.setup import Setup, antenna_of, make_ready, prepare
from devices.transport.base import ByteStream
from devices.transport.opening import Port, open_stream
from inspection.readings import TagRead, Trigger

T = TypeVar("T")

SILENT_SEARCHES = 4
"""A module that streams says at least one thing in every search; after so many without, it is lost."""
CANNOT_STREAM = frozenset({Status.WRONG_LENGTH, Status.UNKNOWN_COMMAND, Status.UNIMPLEMENTED})

FAULTS: Mapping[int, tuple[str, str]] = {
    Status.NO_ANTENNA: ("antenna_error", "the reader finds no antenna"),
    Status.BAD_ANTENNA: ("antenna_error", "the reader does not have such an antenna"),
    Status.TOO_HOT: ("too_hot", "the reader is too hot and pauses"),
    Status.RETURN_LOSS: ("return_loss", "the antenna throws the power back: cable, or metal before it"),
    Status.BUFFER_FULL: ("overflow", "the reader's memory is full: some tags were not reported"),
}

Number = Annotated[int, Field(ge=1, le=16)]
Region = Literal[
    "na", "eu", "kr", "in", "jp", "prc", "eu2", "eu3", "kr2", "prc2", "au", "nz", "na2", "na3", "is", "my",
    "id", "ph", "sg", "tw", "mo", "ru", "jp2", "jp3", "vn", "th", "ar", "hk", "bd", "eu4", "open",
]  # fmt: skip


class MercuryConfig(DeviceSettings):
    """One Mercury module on a serial port or a TCP port."""

    driver: Literal["mercury"]
    port: Port
    """Device file, better one of `/dev/serial/by-id/`, or `tcp://host:port`."""
    region: Region | None = None
    """Radio rules. Which are lawful depends on the country; None leaves them as they are."""
    baud: int = Field(default=115200, ge=9600, le=921600)
    read_power_dbm: float | None = Field(default=None, ge=-20, le=40)
    """None leaves the power as it is."""
    antennas: tuple[Number, ...] = Field(default=(1,), min_length=1, max_length=16)
    mode: Literal["auto", "poll"] = "auto"
    """`auto` streams where the module can."""
    search_ms: int = Field(default=500, ge=50, le=5000)
    """Length of one search; a module that streams gives a sign of life after each."""
    reply_timeout_ms: int = Field(default=1000, ge=50, le=30_000)
    inputs: tuple[Number, ...] = Field(default=(), max_length=4)
    """Pins whose changes are reported as triggers."""
    outputs: tuple[Number, ...] = Field(default=(), max_length=4)
    """Pins that a light may be wired to."""
    input_poll_ms: int = Field(default=100, ge=20, le=10_000)


class MercuryReader:
    """A TagReader, and Outputs, over a byte stream."""

    def __init__(self, config: MercuryConfig, stream: ByteStream, *, clock: Clock, count: CountFault) -> None:
        self.version: Version | None = None
        self._config = config
        self._line: Conversation[Frame] = Conversation(stream, decoder, count)
        self._dialogue = Dialogue(self._line, answer_s=config.reply_timeout_ms / 1000)
        self._clock = clock
        self._count = count
        self._setup = Setup()
        self._is_open = False
        self._search_began: datetime | None = None
        self._levels: dict[int, bool] = {}
        self._can_tell_inputs = True

    @property
    def counts(self) -> Mapping[str, int]:
        """What went over the line."""
        return self._line.counts

    async def __aenter__(self) -> Self:
        await self._line.open(self._open)
        self._is_open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._is_open = False
        with suppress(LinkLost):
            await self._dialogue.leave()
        await self._line.__aexit__(*exc)

    async def reads(self) -> AsyncIterator[TagRead | Trigger]:
        """Yield reads and triggers as they come; raises LinkLost when the port or the module is gone."""
        readings = self._streamed() if await self._streams() else self._polled()
        async with aclosing(readings):
            async for reading in readings:
                yield reading

    async def set_output(self, number: int, active: bool) -> None:
        """Switch a pin; raises DeviceFault, LinkLost."""
        if number not in self._config.outputs:
            raise DeviceFault(f"{number} is none of the outputs of {self._config.name}", reason="no_outputs")
        if not self._is_open:
            raise LinkLost(f"{self._config.name} is not connected", reason="silent")
        answer = await self._dialogue.ask(Op.SET_PIN, bytes((number, active)))
        if answer.status:
            raise DeviceFault(f"the reader refuses output {number}: {answer.status:04x}", reason="no_outputs")

    async def _open(self) -> None:
        self._levels.clear()
        self._can_tell_inputs = bool(self._config.inputs)
        self.version = await prepare(
            self._dialogue,
            region=self._config.region,
            read_power_dbm=self._config.read_power_dbm,
            inputs=self._config.inputs,
            outputs=self._config.outputs,
        )

    async def _streams(self) -> bool:
        """Whether it tells by itself what it reads, from now on or already."""
        if self._dialogue.streams:
            return True
        self._setup = await make_ready(self._dialogue, self.version, self._config.antennas)
        if self._config.mode == "poll":
            return False
        answer = await self._dialogue.start(self._config.search_ms)
        self._search_began = self._clock()
        if answer.status and answer.status not in CANNOT_STREAM:
            raise LinkLost(f"the reader does not begin to read: {answer.status:04x}", reason="module_error")
        return not answer.status

    async def _streamed(self) -> AsyncGenerator[TagRead | Trigger, None]:
        loop = asyncio.get_running_loop()
        patience_s = SILENT_SEARCHES * self._config.search_ms / 1000
        silent_at, poll_at, is_overdue = loop.time() + patience_s, loop.time(), False
        while True:
            if self._can_tell_inputs and loop.time() >= poll_at:
                await self._dialogue.whisper(Op.GET_PINS, b"\x01")
                poll_at = loop.time() + self._config.input_poll_ms / 1000
            due = min(silent_at, poll_at) if self._can_tell_inputs else silent_at
            answer = await self._dialogue.next(due)
            if answer is not None and answer.opcode == Op.READ_MULTIPLE:
                silent_at, is_overdue = loop.time() + patience_s, False
            elif loop.time() >= silent_at:
                if is_overdue:
                    raise LinkLost(f"the reader at {self._line.stream.name} fell silent", reason="silent")
                # It may be we who were late: what it said meanwhile is heard first.
                silent_at, is_overdue = loop.time() + self._config.reply_timeout_ms / 1000, True
            if answer is not None:
                for reading in self._readings_of(answer):
                    yield reading

    async def _polled(self) -> AsyncGenerator[TagRead | Trigger, None]:
        loop = asyncio.get_running_loop()
        while True:
            began, self._search_began = loop.time(), self._clock()
            async with aclosing(self._searched()) as tags:
                async for tag in tags:
                    if read := self._read_of(tag):
                        yield read
            if self._can_tell_inputs:
                answer = await self._dialogue.ask(Op.GET_PINS, b"\x01")
                for trigger in self._triggers_of(answer):
                    yield trigger
            # A module that cannot search answers at once; that must not become a storm of questions.
            await asyncio.sleep(max(0.0, began + self._config.search_ms / 1000 - loop.time()))

    async def _searched(self) -> AsyncGenerator[SeenTag, None]:
        """The tags of one search that ends by itself, out of the module's buffer."""
        search_ms = self._config.search_ms
        await self._dialogue.ask(Op.CLEAR_TAGS)
        question = b"\x00" + LISTED_ANTENNAS.to_bytes(2, "big") + search_ms.to_bytes(2, "big")
        answer = await self._dialogue.ask(Op.READ_MULTIPLE, question, extra_s=search_ms / 1000)
        left = 0 if self._is_fault(answer) else self._understood(read_count, answer) or 0
        while left > 0:
            answer = await self._dialogue.ask(Op.GET_TAGS, int(EVERYTHING).to_bytes(2, "big") + b"\x00")
            tags = () if self._is_fault(answer) else self._understood(read_buffer, answer)
            for tag in tags or ():
                yield tag
            left = left - len(tags) if tags else 0

    def _readings_of(self, answer: Answer) -> Iterator[TagRead | Trigger]:
        """What a streaming module says; raises LinkLost where it began anew."""
        if answer.opcode == Op.BOOT:
            raise LinkLost("the reader was switched on anew", reason="rebooted")
        if answer.opcode == Op.GET_PINS:
            yield from self._triggers_of(answer)
        elif answer.opcode == Op.READ_MULTIPLE and not self._is_fault(answer):
            tag = self._understood(read_report, answer)
            if tag is not None and (read := self._read_of(tag)):
                yield read

    def _is_fault(self, answer: Answer) -> bool:
        """Whether it holds no tags; a fault is counted, a keep-alive begins the next search."""
        if answer.status == Status.NO_TAGS:
            self._search_began = self._clock()
        elif answer.status:
            other = ("module_error", f"the reader reports status {answer.status:04x}")
            self._count(*FAULTS.get(answer.status, other))
        return bool(answer.status)

    def _understood(self, read: Callable[[Answer], T], answer: Answer) -> T | None:
        try:
            return read(answer)
        except BadFrame as error:
            self._count("bad_frame", str(error))
            return None

    def _read_of(self, tag: SeenTag) -> TagRead | None:
        if not self._is_readable(tag):
            return None
        offset, began = tag.timestamp_ms, self._search_began
        return TagRead(
            epc=tag.epc,
            reader=self._config.name,
            antenna=antenna_of(tag.antenna, self._setup),
            rssi_dbm=float(tag.rssi_dbm) if tag.rssi_dbm is not None and self._setup.says_dbm else None,
            seen_at=self._clock(),
            pc=int.from_bytes(tag.pc, "big"),
            reader_time=None if offset is None or began is None else began + timedelta(milliseconds=offset),
        )

    def _is_readable(self, tag: SeenTag) -> bool:
        if tag.protocol not in (None, GEN2) or not tag.epc:
            self._count("bad_epc", f"a tag without an EPC: {tag.pc.hex()}{tag.epc.hex()}")
            return False
        if not is_intact(tag):
            self._count("tag_crc", f"the tag's own CRC is wrong: {tag.epc.hex()} with {tag.epc_crc:04x}")
            return False
        return True

    def _triggers_of(self, answer: Answer) -> Iterator[Trigger]:
        if answer.status:
            self._can_tell_inputs = False
            self._count("no_inputs", f"the reader does not tell its inputs: {answer.status:04x}")
            return
        for pin in self._understood(read_pins, answer) or ():
            if pin.number in self._config.inputs and self._changed(pin):
                yield Trigger(
                    source=self._config.name, input=pin.number, active=pin.is_high, seen_at=self._clock()
                )

    def _changed(self, pin: Pin) -> bool:
        """Whether it differs from before; how it is at the start is no change."""
        before = self._levels.get(pin.number)
        self._levels[pin.number] = pin.is_high
        return before is not None and before is not pin.is_high


def _build(config: MercuryConfig, around: Surroundings, count: CountFault) -> MercuryReader:
    return MercuryReader(config, open_stream(config.port, config.baud), clock=around.clock, count=count)


MERCURY = Driver(
    kind=Kind.READER,
    title="ThingMagic/JADAK Mercury: M5e, M6e, Nano, M7e (serial, TCP)",
    config=MercuryConfig,
    build=_build,
    protocols=(MERCURY_WIRE,),
    emulator="devices.rfid.mercury.emulator:MercuryEmulator",
    probes=({"baud": 115200, "reply_timeout_ms": 300},),
)
