"""A scale on a line as a Scale: asks for its weight again and again, or listens to one that talks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field

from devices.conversation import Conversation
from devices.device import Condition, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import DeviceFault, LinkLost
from devices.scale.fields import DIALECTS, SCALE_WIRES
from devices.scale.frames import Answer, Command, Refusal, Said, Status, Weighing
from devices.scale.weights import Settling, Trouble, grams
from devices.transport.base import ByteStream
from devices.transport.opening import Character, Port, open_stream
from inspection.readings import Weight

SILENT_POLLS = 3
"""Unanswered questions in a row after which the scale counts as lost."""
NOT_NOW = "I"
"""MT-SICS: understood, but something else is going on."""


UNREST = Trouble("weight_unstable", "the scale does not come to rest: a draught, or something touches it")


class ScaleConfig(DeviceSettings):
    """One scale on a serial port or a TCP port."""

    driver: Literal["scale"]
    port: Port
    """Device file, better one of `/dev/serial/by-id/`, or `tcp://host:port`."""
    dialect: Literal["mt_sics", "and", "stgs", "nci", "ohaus"]
    baud: int = Field(default=9600, ge=300, le=921600)
    character: Character = "8N1"
    mode: Literal["poll", "stream"] = "poll"
    poll_ms: int = Field(default=200, ge=20, le=10_000)
    reply_timeout_ms: int = Field(default=1000, ge=50, le=30_000)
    silent_s: float = Field(default=5.0, ge=0.0, le=3600.0)
    """For `stream`; 0 for a scale that speaks only when its key is pressed."""
    settle_s: float = Field(default=3.0, ge=0.05, le=60.0)
    unit: str | None = Field(default=None, pattern=r"^[A-Za-z%]{1,5}$")
    smallest_change: float = Field(default=0.0, ge=0.0, le=1_000_000.0)
    question: str | None = Field(default=None, pattern=r"^[!-~]{1,16}$")
    nci_moving: Literal[0, 1] = 1
    """Bit 0 of the first status character while an NCI scale moves; manuals differ."""


class LineScale:
    """A Scale over a byte stream."""

    def __init__(
        self, config: ScaleConfig, stream: ByteStream, *, around: Surroundings, count: CountFault
    ) -> None:
        dialect = DIALECTS[config.dialect]
        self._config = config
        self._line: Conversation[Said] = Conversation(stream, dialect.decoder, count)
        self._clock, self._told = around.clock, around.told
        self._count = count
        question = Command(text=config.question) if config.question else dialect.question
        self._question = dialect.encode(question)
        self._settling = Settling(unit=config.unit, smallest_change=Decimal(repr(config.smallest_change)))
        self._moving_since: float | None = None
        self._trouble: Trouble | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """What went over the line, and how often the scale was seen `unstable`."""
        return self._line.counts

    async def __aenter__(self) -> Self:
        await self._line.open(self._greet)
        self._settling.unsettle()
        self._moving_since, self._trouble = None, None
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._line.__aexit__(*exc)

    async def weights(self) -> AsyncIterator[Weight]:
        """Yield each weight once it is stable; raises LinkLost when the port or the scale is gone."""
        heard = self._polled() if self._config.mode == "poll" else self._streamed()
        async for said in heard:
            weight = self._take(said)
            if weight is not None:
                yield weight

    async def _greet(self) -> None:
        """A port without a scale behind it must not look ready."""
        if self._config.mode == "poll":
            timeout_s = self._config.reply_timeout_ms / 1000
            said = await self._line.ask(self._question, lambda said: True, timeout_s=timeout_s)
            if isinstance(said, Refusal) and said.code != NOT_NOW:
                sentence = f"the scale answers {said.code}: it does not know the question, check its dialect"
                raise DeviceFault(sentence, reason="scale_refused")
        elif self._config.silent_s:
            await self._next_of_stream()

    async def _polled(self) -> AsyncIterator[Said]:
        """One answer to each question; what comes besides is the answer to an earlier one, and stale."""
        loop = asyncio.get_running_loop()
        silent = 0
        while True:
            due = loop.time() + self._config.poll_ms / 1000
            await self._line.send(self._question)
            said = await self._line.next(loop.time() + self._config.reply_timeout_ms / 1000)
            if said is not None:
                silent = 0
                yield said
                await self._drain(until=due)
            elif await self._drain():
                silent = 0
            else:
                silent += 1
            if silent >= SILENT_POLLS:
                raise self._silence()

    async def _drain(self, until: float | None = None) -> bool:
        """Let pass what nobody asked for, until then or until the line is quiet; whether there was any."""
        loop = asyncio.get_running_loop()
        heard = False
        while True:
            deadline = until or loop.time() + self._config.reply_timeout_ms / 1000
            said = await self._line.next(deadline)
            if said is None:
                return heard
            heard = True
            if isinstance(said, Weighing):
                self._count("weight_stale", f"{said.as_sent} came too late to be the weight of now")

    async def _streamed(self) -> AsyncIterator[Said]:
        while True:
            yield await self._next_of_stream()

    async def _next_of_stream(self) -> Said:
        silent_s = self._config.silent_s
        deadline = asyncio.get_running_loop().time() + silent_s if silent_s else None
        said = await self._line.next(deadline)
        if said is None:
            raise self._silence()
        return said

    def _silence(self) -> LinkLost:
        return LinkLost(f"the scale at {self._line.stream.name} says nothing", reason="silent")

    def _take(self, said: Said) -> Weight | None:
        """The weight to record, if this says a new one; anything else is counted."""
        match said:
            case Weighing():
                return self._weighed(said)
            case Refusal(code=code):
                reason = "scale_busy" if code == NOT_NOW else "scale_refused"
                self._count(reason, f"the scale answers {code}")
            case Status():  # an NCI scale that moves may leave the weight out
                self._moves()
                self._settling.unsettle()
                self._tell(self._unrest())
            case Answer():  # such as the serial number after it was switched on
                self._settling.unsettle()
        return None

    def _weighed(self, said: Weighing) -> Weight | None:
        stable = self._is_stable(said)
        if stable or said.fault is not None:
            self._moving_since = None
        else:
            self._moves()
        new = self._settling.look(said, stable=stable)
        self._tell(self._settling.trouble or self._unrest())
        return self._weight(new) if new is not None else None

    def _tell(self, trouble: Trouble | None) -> None:
        """Say what keeps the scale from giving a weight, for as long as it does."""
        if trouble != self._trouble:
            self._trouble = trouble
            self._told(Condition(troubles={trouble.code: trouble.sentence} if trouble else {}))

    def _is_stable(self, said: Weighing) -> bool:
        if said.stable is not None or said.fault is not None:
            return bool(said.stable)
        return ord((said.status or "0")[0]) & 1 != self._config.nci_moving

    def _moves(self) -> None:
        self._line.counts["unstable"] += 1
        if self._moving_since is None:
            self._moving_since = asyncio.get_running_loop().time()

    def _unrest(self) -> Trouble | None:
        """Every item moves the scale for a moment; only one that does not come to rest is in trouble."""
        since, now = self._moving_since, asyncio.get_running_loop().time()
        return UNREST if since is not None and now - since > self._config.settle_s else None

    def _weight(self, said: Weighing) -> Weight:
        return Weight(
            weight_g=grams(said.value, said.plain_unit),
            as_sent=said.as_sent,
            scale=self._config.name,
            measured_at=self._clock(),
        )


def _build(config: ScaleConfig, around: Surroundings, count: CountFault) -> LineScale:
    stream = open_stream(config.port, config.baud, config.character)
    return LineScale(config, stream, around=around, count=count)


SCALE = Driver(
    kind=Kind.SCALE,
    title="scale: MT-SICS, A&D, ST,GS, NCI, Ohaus (serial, TCP)",
    config=ScaleConfig,
    build=_build,
    protocols=SCALE_WIRES,
    emulator="devices.scale.emulator:ScaleEmulator",
    probes=({"baud": 9600, "dialect": "mt_sics", "reply_timeout_ms": 300},),
)
