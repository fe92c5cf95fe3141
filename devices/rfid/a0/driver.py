"""A0 as a TagReader: one antenna after the other, an inventory on each."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from itertools import cycle
from typing import Annotated, Literal, Self

from pydantic import Field

from devices.conversation import Conversation
from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import LinkLost, WrongSetUp
from devices.framing import BadFrame
from devices.rfid.a0.codec import decoder, encode, read_inventory
from devices.rfid.a0.fields import A0_WIRE
from devices.rfid.a0.frames import BROADCAST, INVENTORIES, Code, Command, Ended, Frame, Refused, SeenTag
from devices.transport.base import ByteStream
from devices.transport.opening import Port, open_stream
from inspection.readings import TagRead

SILENT_POLLS = 3
"""Unanswered inventories in a row after which the reader counts as lost."""

REFUSALS = {
    Code.ANTENNA_MISSING: ("antenna_error", "the reader reports a broken or missing antenna"),
    Code.BAD_PARAMETER: ("illegal_command", "the reader does not know this inventory"),
}

Antenna = Annotated[int, Field(ge=1, le=4)]


class A0Config(DeviceSettings):
    """One reader on a serial port or a TCP port."""

    driver: Literal["a0"]
    port: Port
    baud: int = Field(default=115200, ge=1200, le=921600)
    address: int = Field(default=1, ge=0, le=255)
    """255 speaks to any reader on the line."""
    antennas: tuple[Antenna, ...] = Field(default=(1,), min_length=1, max_length=4)
    """As printed on the reader; taken in turn."""
    session: Literal["none", "S0", "S1", "S2", "S3"] = "none"
    """`none` asks for a real-time inventory; S0..S3 for one of that Gen2 session, target A."""
    repeat: int = Field(default=1, ge=1, le=254)
    """Rounds of one inventory."""
    poll_ms: int = Field(default=50, ge=10, le=10_000)
    reply_timeout_ms: int = Field(default=1000, ge=50, le=30_000)
    """Nothing for so long, and the inventory is over."""


class A0Reader:
    """A TagReader over a byte stream."""

    def __init__(self, config: A0Config, stream: ByteStream, *, clock: Clock, count: CountFault) -> None:
        self.firmware: str | None = None
        self._config = config
        self._line: Conversation[Frame] = Conversation(stream, decoder, count)
        self._clock = clock
        self._count = count

    @property
    def counts(self) -> Mapping[str, int]:
        """What went over the line."""
        return self._line.counts

    async def __aenter__(self) -> Self:
        await self._line.open(self._greet)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._line.__aexit__(*exc)

    async def _greet(self) -> None:
        answer = await self._ask(Command.FIRMWARE)
        self.firmware = ".".join(map(str, answer.body))

    async def reads(self) -> AsyncIterator[TagRead]:
        """Yield reads as they come; raises LinkLost when the port or the reader is gone, and WrongSetUp."""
        loop = asyncio.get_running_loop()
        silent = 0
        for antenna in cycle(self._config.antennas):
            due = loop.time() + self._config.poll_ms / 1000
            # Each time, though it is the only one: a reader that lost its power is back on its first antenna.
            if await self._switch(antenna):
                await self._line.send(self._inventory())
                silent += 1
                while found := await self._next():
                    silent = 0
                    if not isinstance(found, SeenTag):
                        break
                    yield self._read(found)
            if silent >= SILENT_POLLS:
                raise LinkLost(f"the reader at {self._line.stream.name} does not answer", reason="silent")
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _next(self) -> SeenTag | Ended | Refused | None:
        """The next of the inventory; None when nothing comes any more."""
        loop = asyncio.get_running_loop()
        while frame := await self._line.next(loop.time() + self._config.reply_timeout_ms / 1000):
            if self._is_ours(frame) and frame.command in INVENTORIES:
                found = self._understood(frame)
                if found is not None:
                    return found
        return None

    async def _switch(self, antenna: int) -> bool:
        """Select an antenna; where that fails, say so, and it is passed over. Raises WrongSetUp."""
        answer = await self._ask(Command.SET_ANTENNA, bytes((antenna - 1,)))
        code = answer.body[0] if answer.body else Code.FAIL
        if code == Code.NO_SUCH_ANTENNA:
            raise WrongSetUp(f"the reader has no antenna {antenna}", reason="antenna_error")
        if code != Code.SUCCESS:
            self._refuse(code)
        return code == Code.SUCCESS

    def _refuse(self, code: int) -> None:
        if code in REFUSALS:
            self._count(*REFUSALS[Code(code)])
        elif code != Code.NO_TAG:
            self._count("module_error", f"the reader says that it failed: code {code:02x}")

    async def _ask(self, command: Command, body: bytes = b"") -> Frame:
        question = Frame(address=self._config.address, command=command, body=body)
        timeout_s = self._config.reply_timeout_ms / 1000

        def answers(frame: Frame) -> bool:
            return frame.command == command and self._is_ours(frame)

        return await self._line.ask(encode(question), answers, timeout_s=timeout_s)

    def _inventory(self) -> bytes:
        repeat = bytes((self._config.repeat,))
        command, body = Command.REAL_TIME_INVENTORY, repeat
        if self._config.session != "none":
            session, target_a = int(self._config.session[1:]), 0
            command, body = Command.SESSION_INVENTORY, bytes((session, target_a)) + repeat
        return encode(Frame(address=self._config.address, command=command, body=body))

    def _is_ours(self, frame: Frame) -> bool:
        return self._config.address in (frame.address, BROADCAST)

    def _understood(self, frame: Frame) -> SeenTag | Ended | Refused | None:
        try:
            found = read_inventory(frame)
        except BadFrame as error:
            self._count("bad_frame", str(error))
            return None
        if isinstance(found, Refused):
            self._refuse(found.code)
        return found

    def _read(self, tag: SeenTag) -> TagRead:
        return TagRead(
            epc=tag.epc,
            reader=self._config.name,
            antenna=tag.antenna + 1,
            rssi_dbm=None,
            seen_at=self._clock(),
            pc=tag.pc,
        )


def _build(config: A0Config, around: Surroundings, count: CountFault) -> A0Reader:
    return A0Reader(config, open_stream(config.port, config.baud), clock=around.clock, count=count)


A0 = Driver(
    kind=Kind.READER,
    title="Invelion YR901x, IND903, R2000 modules (serial, TCP)",
    config=A0Config,
    build=_build,
    protocols=(A0_WIRE,),
    emulator="devices.rfid.a0.emulator:A0Emulator",
    probes=({"baud": 115200, "address": BROADCAST, "reply_timeout_ms": 300},),
)
