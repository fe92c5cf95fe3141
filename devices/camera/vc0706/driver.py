"""VC0706 as a Camera: freezes a picture, fetches it part by part, lets the camera run on.

Nothing on this wire has a check and no answer says what it answers. So a part that came broken or not at all
is asked for again by its address, after the line was quiet for long enough that no late answer to the first
question can be taken for the second's.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from devices.camera.picture import JPEG, MIB, check_size, live_view, media_type_of
from devices.camera.settings import CameraSettings
from devices.camera.vc0706 import codec
from devices.camera.vc0706.fields import VC0706_WIRE
from devices.camera.vc0706.frames import Block, Code, Command, Hold, Reply
from devices.conversation import Conversation
from devices.device import Clock, CountFault, LiveView
from devices.driver import Driver, Kind, Surroundings
from devices.errors import DeviceFault, LinkLost
from devices.framing import BadFrame
from devices.transport.base import ByteStream
from devices.transport.opening import TCP, Port, open_stream
from inspection.readings import Frame

TRIES = 3
QUIET_S = 0.3
"""No byte for so long, which is longer than `GAP_S`: whatever was on its way has come, and is forgotten."""
LONGEST_SETTLE_S = 5.0
GAP_S = 0.25
"""A camera may pause in the middle of a part; a longer pause is its end."""
WATCH_S = 2.0
"""How often a camera that nobody asks for a picture is asked whether it is there."""
BITS_PER_BYTE = 10

Baud = Literal[9600, 19200, 38400, 57600, 115200]
AtRate = Callable[[int], ByteStream]


class Vc0706Config(CameraSettings):
    """One VC0706 or PTC08 on a serial port or a TCP port."""

    driver: Literal["vc0706"]
    largest_mib: int = Field(default=1, ge=1, le=8)
    port: Port
    """Device file, better one of `/dev/serial/by-id/`, or `tcp://host:port`."""
    baud: Baud = 38400
    """The camera's rate when it is switched on."""
    switch_baud: Baud | None = None
    """Tell the camera to go on at this rate; None stays at `baud`."""
    size: Literal["640x480", "320x240", "160x120"] | None = None
    """None leaves it as the camera has it."""
    compression: int | None = Field(default=None, ge=0, le=255)
    """More is a smaller file; None leaves it as the camera has it (54)."""
    block_bytes: int = Field(default=1024, ge=32, le=codec.LARGEST_BLOCK, multiple_of=8)
    reply_timeout_ms: int = Field(default=500, ge=50, le=10_000)

    @model_validator(mode="after")
    def _rate_is_ours(self) -> Self:
        if self.switch_baud is not None and self.port.startswith(TCP):
            raise ValueError("over TCP the rate is the serial server's to set: leave switch_baud out")
        return self


class Vc0706Camera:
    """A Camera over a byte stream."""

    def __init__(self, config: Vc0706Config, at_rate: AtRate, *, clock: Clock, count: CountFault) -> None:
        self.view = config.view
        self._config = config
        self._at_rate = at_rate
        self._clock = clock
        self._rate: int = config.baud
        self._expected = codec.Expected()
        self._line: Conversation[Reply | Block] = Conversation(
            at_rate(config.baud), lambda: codec.replies(self._expected), count, gap_s=GAP_S
        )
        self._turn = asyncio.Lock()
        self._may_be_frozen = True
        self._shown: LiveView | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """What went over the line."""
        return self._line.counts

    async def __aenter__(self) -> Self:
        try:
            async with self._turn:  # whoever wants a picture meanwhile waits until the camera was found
                await self._find()
                await self._set_up()
        except BaseException:
            await self._line.__aexit__()
            raise
        self._may_be_frozen = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._shown = None
        await self._line.__aexit__(*exc)

    async def watch(self) -> None:
        """Ask the camera now and then; raises LinkLost when it does not answer or the port is gone."""
        while True:
            async with self._turn:
                await self._greet()
            await asyncio.sleep(WATCH_S)

    async def capture(self) -> Frame:
        """Freeze the picture and fetch it: 3.9 s for 13 kB at 38400 baud, 1.4 s at 115200.

        Raises DeviceFault (cannot freeze, no picture, broken, too large) or LinkLost.
        """
        async with self._turn:
            if self._may_be_frozen:  # somebody gave up waiting for the one before
                await self._settle(QUIET_S)
                await self._do(codec.hold(Hold.RESUME))
            self._may_be_frozen = True
            await self._do(codec.hold(Hold.FREEZE))
            taken_at = self._clock()
            content = await self._fetched()
            await self._do(codec.hold(Hold.RESUME))
            self._may_be_frozen = False
        largest = self._config.largest_mib * MIB
        media_type = media_type_of(content, view=self.view, largest_bytes=largest, kinds=(JPEG,))
        self._shown = live_view(content, media_type, taken_at)
        return Frame(
            view=self.view,
            camera=self._config.name,
            content=content,
            media_type=media_type,
            captured_at=taken_at,
        )

    def latest(self) -> LiveView | None:
        """The last picture that was taken: a line this slow shows nothing live."""
        return self._shown

    async def _find(self) -> None:
        """Open the line at the camera's rate: it keeps one that it was told until it loses power."""
        wanted = self._config.switch_baud or self._config.baud
        if wanted != self._config.baud:
            await self._enter(wanted)
            if await self._is_there():
                return
            await self._line.__aexit__()
        await self._enter(self._config.baud)
        await self._greet()
        if wanted != self._config.baud:
            await self._do(codec.set_baud(wanted))
            await self._line.__aexit__()
            await self._enter(wanted)
            await self._greet()

    async def _enter(self, rate: int) -> None:
        self._rate = rate
        self._expected.block = 0
        self._line.stream = self._at_rate(rate)
        await self._line.__aenter__()

    async def _is_there(self) -> bool:
        await self._line.send(codec.encode(Command(code=Code.VERSION)))
        deadline = asyncio.get_running_loop().time() + self._reply_s
        while (frame := await self._line.next(deadline)) is not None:
            if isinstance(frame, Reply) and frame.code is Code.VERSION:
                return True
        return False

    async def _greet(self) -> None:
        """A port without a camera behind it must not look ready."""
        await self._ask(Command(code=Code.VERSION))

    async def _set_up(self) -> None:
        if self._config.size is not None:
            await self._do(codec.set_size(self._config.size))
        if self._config.compression is not None:
            await self._do(codec.set_compression(self._config.compression))

    async def _fetched(self) -> bytes:
        """The frozen picture, part by part."""
        try:
            size = codec.read_length(await self._ask(codec.picture_length()))
        except BadFrame as error:
            raise DeviceFault(f"the camera of the view {self.view}: {error}", reason="bad_frame") from error
        if size == 0:
            raise DeviceFault(f"the camera of the view {self.view} has no picture", reason="no_picture")
        check_size(size, view=self.view, largest_bytes=self._config.largest_mib * MIB)
        content = bytearray()
        while len(content) < size:
            content += await self._part(len(content), min(self._config.block_bytes, size - len(content)))
        return bytes(content)

    async def _part(self, address: int, size: int) -> bytes:
        loop = asyncio.get_running_loop()
        question = codec.encode(codec.read_picture(address, size))
        wait_s = self._reply_s + (size + 2 * codec.REPLY_SIZE) * BITS_PER_BYTE / self._rate
        heard = self._line.counts["bytes"]
        for number in range(TRIES):
            self._expected.block = size
            try:
                await self._line.send(question)
                frame = await self._line.next(loop.time() + wait_s)
            finally:
                self._expected.block = 0
            if number or not isinstance(frame, Block):
                await self._settle(wait_s if isinstance(frame, Block) else QUIET_S)
            if isinstance(frame, Block) and len(frame.content) == size:
                return frame.content
        self._line.counts["unanswered"] += 1
        if self._line.counts["bytes"] == heard:
            raise self._silent()
        raise DeviceFault(
            f"the line of the view {self.view} spoils the picture at byte {address}", reason="bad_bytes"
        )

    async def _do(self, command: Command) -> None:
        reply = await self._ask(command)
        if not reply.is_good:
            raise DeviceFault(
                f"the camera of the view {self.view} refuses command {command.code:02x}: "
                f"status {reply.status}, error {reply.error}",
                reason="command_refused",
            )

    async def _ask(self, command: Command) -> Reply:
        loop = asyncio.get_running_loop()
        for number in range(TRIES):
            await self._line.send(codec.encode(command))
            deadline = loop.time() + self._reply_s
            while (frame := await self._line.next(deadline)) is not None:
                if isinstance(frame, Reply) and frame.code is command.code:
                    if number:
                        await self._settle(self._reply_s)
                    return frame
            self._line.counts["unanswered"] += 1
        raise self._silent()

    async def _settle(self, quiet_s: float) -> None:
        """Wait until the line has been quiet for so long; what comes meanwhile answers nothing any more."""
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_SETTLE_S
        while loop.time() < end:
            heard = self._line.counts["bytes"]
            frame = await self._line.next(loop.time() + quiet_s)
            if frame is None and self._line.counts["bytes"] == heard:
                return

    @property
    def _reply_s(self) -> float:
        return self._config.reply_timeout_ms / 1000

    def _silent(self) -> LinkLost:
        return LinkLost(f"the camera at {self._line.stream.name} does not answer", reason="silent")


def _build(config: Vc0706Config, around: Surroundings, count: CountFault) -> Vc0706Camera:
    return Vc0706Camera(config, lambda rate: open_stream(config.port, rate), clock=around.clock, count=count)


VC0706 = Driver(
    kind=Kind.CAMERA,
    title="VC0706, PTC08 camera (serial, TCP)",
    config=Vc0706Config,
    build=_build,
    protocols=(VC0706_WIRE,),
    emulator="devices.camera.vc0706.emulator:Vc0706Emulator",
    probes=({"view": "probe", "baud": 38400, "reply_timeout_ms": 300},),
)
