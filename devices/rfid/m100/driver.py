"""M100/R200 as a TagReader: starts a long poll, takes what it notices, and starts the next one."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from typing import Literal, Self

from pydantic import Field

from devices.conversation import Conversation
from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import DeviceError, LinkLost, WrongSetUp
from devices.framing import BadFrame
from devices.rfid.m100.codec import decoder, encode, is_intact, read_tag
from devices.rfid.m100.fields import M100_WIRE
from devices.rfid.m100.frames import HEADS, Command, Failure, Frame, FrameKind, Region
from devices.transport.base import ByteStream
from devices.transport.opening import Port, open_stream
from inspection.readings import TagRead

SILENT_POLLS = 3
"""Polls in a row that bring nothing, not even `no tag`, after which the module counts as lost."""
MULTI_POLL_MARK = 0x22
"""First byte of the body of a multi-poll, of which the manual says no more than that it is reserved."""
HARDWARE_VERSION = b"\x00"

REFUSALS = {
    Failure.BAD_COMMAND: ("illegal_command", "the module does not know this command: check the dialect"),
    Failure.NO_CHANNEL: ("no_channel", "the module finds no free radio channel: check the region"),
}


class M100Config(DeviceSettings):
    """One module on a serial port or behind an Ethernet-serial server."""

    driver: Literal["m100"]
    port: Port
    baud: int = Field(default=115200, ge=1200, le=921600)
    dialect: Literal["m100", "r200"] = "m100"
    """`m100` frames are marked BB..7E, `r200` frames AA..DD; nothing else differs."""
    rounds: int = Field(default=10_000, ge=1, le=65_535)
    """Rounds of one poll; the next one is started when it went quiet."""
    region: Literal["CN_900", "US", "EU", "CN_800", "KR"] | None = None
    """Set at every opening; None leaves it as it is in the module."""
    power_dbm: float | None = Field(default=None, ge=0, le=33)
    """Set at every opening; None leaves it as it is in the module."""
    tag_crc: bool = True
    """Drop reads whose tag CRC is wrong; off for modules that put something else in its place."""
    reply_timeout_ms: int = Field(default=500, ge=50, le=30_000)


class M100:
    """A TagReader over a byte stream."""

    def __init__(self, config: M100Config, stream: ByteStream, *, clock: Clock, count: CountFault) -> None:
        self.about = ""
        """What the module says of itself."""
        self._config = config
        self._head = HEADS[config.dialect]
        self._line: Conversation[Frame] = Conversation(stream, lambda: decoder(self._head), count)
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
        with suppress(DeviceError):
            await self._line.send(self._command(Command.STOP))
        await self._line.__aexit__(*exc)

    async def _greet(self) -> None:
        # A module that was left polling talks on and answers nothing else.
        await self._line.send(self._command(Command.STOP))
        self.about = _text(await self._ask(Command.INFO, HARDWARE_VERSION))
        await self._set_up()

    async def reads(self) -> AsyncIterator[TagRead]:
        """Yield reads as they come; raises LinkLost when the port or the module is gone."""
        loop = asyncio.get_running_loop()
        poll = self._command(
            Command.MULTI_POLL, bytes((MULTI_POLL_MARK,)) + self._config.rounds.to_bytes(2, "big")
        )
        silent = 0
        while silent < SILENT_POLLS:
            await self._line.send(poll)
            silent += 1
            while frame := await self._line.next(loop.time() + self._config.reply_timeout_ms / 1000):
                silent = 0
                for read in self._tags_of(frame):
                    yield read
        raise LinkLost(f"the module at {self._line.stream.name} does not answer", reason="silent")

    def _command(self, command: Command, body: bytes = b"") -> bytes:
        return encode(Frame(head=self._head, kind=FrameKind.COMMAND, command=command, body=body))

    async def _ask(self, command: Command, body: bytes) -> Frame:
        """Ask until it is answered, whatever the answer is."""

        def answers(frame: Frame) -> bool:
            if frame.kind != FrameKind.RESPONSE:
                return False
            failed = frame.command == Command.FAILED and frame.body[:1] != bytes((Failure.NO_TAG,))
            return failed or frame.command == command

        timeout_s = self._config.reply_timeout_ms / 1000
        return await self._line.ask(self._command(command, body), answers, timeout_s=timeout_s)

    async def _set_up(self) -> None:
        if self._config.region is not None:
            await self._set("region", Command.SET_REGION, bytes((Region[self._config.region],)))
        if self._config.power_dbm is not None:
            power_cdbm = round(self._config.power_dbm * 100)
            await self._set("power_dbm", Command.SET_POWER, power_cdbm.to_bytes(2, "big"))

    async def _set(self, setting: str, command: Command, body: bytes) -> None:
        answer = await self._ask(command, body)
        if answer.command != command or answer.body != b"\x00":
            raise WrongSetUp(
                f"the module refuses this {setting} ({answer.body.hex()})", reason="setting_refused"
            )

    def _tags_of(self, frame: Frame) -> Iterator[TagRead]:
        if frame.command == Command.FAILED:
            self._count_failure(frame)
        if frame.kind != FrameKind.NOTICE or frame.command != Command.POLL:
            return
        try:
            tag = read_tag(frame)
        except BadFrame as error:
            self._count("bad_frame", str(error))
            return
        if self._config.tag_crc and not is_intact(tag):
            self._count("tag_crc", f"the tag's own CRC is wrong: {frame.body.hex(' ')}")
            return
        yield TagRead(
            epc=tag.epc,
            reader=self._config.name,
            antenna=None,
            rssi_dbm=tag.rssi_dbm,
            seen_at=self._clock(),
            pc=tag.pc,
        )

    def _count_failure(self, frame: Frame) -> None:
        code = frame.body[0] if frame.body else None
        if code in REFUSALS:
            self._count(*REFUSALS[Failure(code)])
        elif code != Failure.NO_TAG:
            self._count("module_error", f"the module says that it failed: {frame.body.hex(' ')}")


def _text(answer: Frame) -> str:
    return answer.body[1:].decode("ascii", errors="replace") if answer.command == Command.INFO else ""


def _build(config: M100Config, around: Surroundings, count: CountFault) -> M100:
    return M100(config, open_stream(config.port, config.baud), clock=around.clock, count=count)


M100_DRIVER = Driver(
    kind=Kind.READER,
    title="M100, QM100, R200: YRM100, JRD-4035 (serial, TCP)",
    config=M100Config,
    build=_build,
    protocols=(M100_WIRE,),
    emulator="devices.rfid.m100.emulator:M100Emulator",
    probes=tuple({"baud": 115200, "dialect": dialect, "reply_timeout_ms": 300} for dialect in HEADS),
)
