"""UHFReader18/288 as a TagReader: asks for an inventory again and again."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Literal, Self, cast

from pydantic import Field

from devices.conversation import Conversation
from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import LinkLost
from devices.framing import BadFrame
from devices.rfid.uhfreader.codec import decoder, encode, read_info, read_inventory
from devices.rfid.uhfreader.fields import UHFREADER_WIRE
from devices.rfid.uhfreader.frames import Command, Frame, Heartbeat, ReaderInfo, Status
from devices.rfid.uhfreader.outputs import OutputOrders
from devices.transport.base import ByteStream
from devices.transport.opening import Port, open_stream
from inspection.readings import TagRead

SILENT_POLLS = 3
"""Unanswered polls in a row after which the reader counts as lost (power cut behind a USB adapter)."""

REFUSALS = {
    Status.ANTENNA_ERROR: ("antenna_error", "the reader reports a broken or missing antenna"),
    Status.BAD_LENGTH: ("illegal_command", "the reader does not know this inventory: check the dialect"),
    Status.ILLEGAL_COMMAND: ("illegal_command", "the reader does not know this inventory: check the dialect"),
    Status.MEMORY_FULL: ("overflow", "the reader's memory is full: some tags were not reported"),
}


class UhfReaderConfig(DeviceSettings):
    """One UHFReader18 or 288 on a serial port or a TCP port."""

    driver: Literal["uhfreader"]
    port: Port
    """Device file, better one of `/dev/serial/by-id/`, or `tcp://host:port`."""
    baud: int = Field(default=57600, ge=1200, le=921600)
    dialect: Literal["18", "288"] = "18"
    """The bytes do not tell: 288 answers with antenna and signal."""
    address: int = Field(default=0, ge=0, le=255)
    poll_ms: int = Field(default=120, ge=20, le=10_000)
    reply_timeout_ms: int = Field(default=1500, ge=50, le=30_000)
    """Longer than the reader's own scan time, after which it answers at the latest."""
    inventory_body: str = Field(default="", pattern=r"^([0-9a-fA-F]{2}){0,32}$")
    """Hex of the parameters that some 288 readers want behind the inventory command."""


class UhfReader:
    """A TagReader, and Outputs where the reader has some, over a byte stream."""

    def __init__(
        self, config: UhfReaderConfig, stream: ByteStream, *, clock: Clock, count: CountFault
    ) -> None:
        self.info: ReaderInfo | None = None
        self._config = config
        self._line: Conversation[Frame | Heartbeat] = Conversation(stream, decoder, count)
        self._clock = clock
        self._count = count
        self._outputs = OutputOrders(config.name)
        self._inventory = Frame(
            address=config.address, command=Command.INVENTORY, body=bytes.fromhex(config.inventory_body)
        )

    @property
    def counts(self) -> Mapping[str, int]:
        """What went over the line."""
        return self._line.counts

    async def __aenter__(self) -> Self:
        await self._line.open(self._greet)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._outputs.hang_up()
        await self._line.__aexit__(*exc)

    async def reads(self) -> AsyncIterator[TagRead]:
        """Yield reads as they come; raises LinkLost when the port or the reader is gone."""
        loop = asyncio.get_running_loop()
        silent = 0
        while True:
            due = loop.time() + self._config.poll_ms / 1000
            await self._line.send(encode(self._inventory))
            deadline = loop.time() + self._config.reply_timeout_ms / 1000
            heard, waiting = False, True
            # Until the next poll is due we keep listening: a reader in scan mode reports unasked.
            while frame := await self._line.next(deadline if waiting else due):
                heard = True
                for read in self._tags_of(frame):
                    yield read
                waiting = waiting and not self._ends_the_inventory(frame)
            silent = 0 if heard else silent + 1
            if silent >= SILENT_POLLS:
                raise LinkLost(f"the reader at {self._line.stream.name} does not answer", reason="silent")
            await self._outputs.carry_out(self._exchange)

    async def set_output(self, number: int, active: bool) -> None:
        """Switch Out1 or Out2 of a reader that is being read; raises DeviceFault, LinkLost."""
        within_s = 3 * (self._config.reply_timeout_ms + self._config.poll_ms) / 1000
        await self._outputs.leave(number, active, within_s=within_s)

    async def _exchange(self, command: Command, body: bytes) -> Frame:
        frame = Frame(address=self._config.address, command=command, body=body)
        timeout_s = self._config.reply_timeout_ms / 1000
        answer = await self._line.ask(
            encode(frame), lambda said: _answers(said, command), timeout_s=timeout_s, tries=1
        )
        return cast(Frame, answer)

    async def _greet(self) -> None:
        """Ask who is there: a port without a reader behind it must not look ready."""
        question = encode(Frame(address=self._config.address, command=Command.INFO, body=b""))
        timeout_s = self._config.reply_timeout_ms / 1000
        answer = await self._line.ask(question, _is_info, timeout_s=timeout_s)
        if isinstance(answer, Frame):
            self.info = self._understood(answer)

    def _understood(self, frame: Frame) -> ReaderInfo | None:
        try:
            return read_info(frame)
        except BadFrame as error:
            self._count("bad_frame", str(error))
            return None

    def _tags_of(self, frame: Frame | Heartbeat) -> Iterator[TagRead]:
        if isinstance(frame, Heartbeat):
            return
        if frame.command == Command.PUSH and len(frame.body) > 1:
            yield self._read(frame.body[1:], None)
        elif frame.command in (Command.INVENTORY, Command.INVENTORY_SINGLE):
            try:
                inventory = read_inventory(frame, self._config.dialect)
            except BadFrame as error:
                self._count("bad_frame", str(error))
                return
            if inventory.status in REFUSALS:
                self._count(*REFUSALS[Status(inventory.status)])
            for tag in inventory.tags:
                yield self._read(tag.epc, inventory.antenna)

    def _read(self, epc: bytes, antenna: int | None) -> TagRead:
        return TagRead(
            epc=epc, reader=self._config.name, antenna=antenna, rssi_dbm=None, seen_at=self._clock()
        )

    def _ends_the_inventory(self, frame: Frame | Heartbeat) -> bool:
        return (
            isinstance(frame, Frame)
            and frame.command == Command.INVENTORY
            and frame.body[0] != Status.MORE_FOLLOWS
        )


def _answers(frame: Frame | Heartbeat, command: Command) -> bool:
    return isinstance(frame, Frame) and frame.command == command


def _is_info(frame: Frame | Heartbeat) -> bool:
    return _answers(frame, Command.INFO)


def _build(config: UhfReaderConfig, around: Surroundings, count: CountFault) -> UhfReader:
    return UhfReader(config, open_stream(config.port, config.baud), clock=around.clock, count=count)


UHFREADER = Driver(
    kind=Kind.READER,
    title="UHFReader18/288, Chafon (serial, TCP)",
    config=UhfReaderConfig,
    build=_build,
    protocols=(UHFREADER_WIRE,),
    emulator="devices.rfid.uhfreader.emulator:UhfReaderEmulator",
    probes=tuple({"baud": baud, "address": 255, "reply_timeout_ms": 300} for baud in (57600, 115200, 9600)),
)
