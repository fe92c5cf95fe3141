"""A ZPL printer as a Printer: asks how it is before and after each label, and all the time in between."""

import asyncio
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field

from devices.conversation import Conversation
from devices.device import Condition, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import DeviceFault, LinkLost
from devices.printer.zpl.codec import LONGEST_LABEL, decoder, encode
from devices.printer.zpl.fields import ZPL_STATUS
from devices.printer.zpl.frames import Ask, Frame, HostStatus
from devices.printer.zpl.label import check_label
from devices.transport.base import ByteStream
from devices.transport.opening import Port, open_stream

STATUS = encode(Ask(command="HS"))
SILENT = (
    "it is switched off, or it has no paper or ribbon, or its head is open: some printers then say nothing"
)
TROUBLES = {
    "head_open": ("head_open", "the printer's head is open: close it"),
    "paper_out": ("no_paper", "the printer has no paper: put a roll in"),
    "ribbon_out": ("no_ribbon", "the printer has no ribbon: put one in"),
    "over_temperature": ("printer_hot", "the printer's head is too hot: let it cool down"),
    "under_temperature": ("printer_cold", "the printer's head is too cold"),
    "corrupt_ram": ("printer_forgot", "the printer has lost its settings: set it up again"),
    "buffer_full": ("printer_full", "the printer's memory is full of labels that wait"),
    "paused": ("printer_paused", "the printer is paused: press its pause key"),
}
"""What a status may say -> reason, sentence; the first that holds is told."""


class ZplConfig(DeviceSettings):
    """One ZPL printer on a TCP port or a serial port."""

    driver: Literal["zpl"]
    port: Port
    """`tcp://host:9100`, or a device file."""
    baud: int = Field(default=9600, ge=1200, le=921600)
    poll_s: float = Field(default=2.0, ge=0.02, le=60.0)
    reply_timeout_ms: int = Field(default=2000, ge=50, le=30_000)
    most_bytes: int = Field(default=32_768, ge=64, le=LONGEST_LABEL)


class ZplPrinter:
    """A Printer over a byte stream."""

    def __init__(
        self, config: ZplConfig, stream: ByteStream, *, around: Surroundings, count: CountFault
    ) -> None:
        self._config = config
        self._line: Conversation[Frame] = Conversation(stream, decoder, count)
        self._told = around.told
        self._turn = asyncio.Lock()
        self._pause: asyncio.Timeout | None = None

    @property
    def counts(self) -> Mapping[str, int]:
        """What went over the line, and `labels`."""
        return self._line.counts

    async def __aenter__(self) -> Self:
        self._turn = asyncio.Lock()
        await self._line.open(self._status)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._line.__aexit__(*exc)

    async def print_label(self, content: bytes) -> None:
        """Print one label; returns when the printer has taken it. Raises DeviceFault in words, LinkLost."""
        check_label(content, self._config.most_bytes)
        if self._pause is not None and not self._pause.expired():
            self._pause.reschedule(asyncio.get_running_loop().time())
        async with self._turn:
            _check(await self._status())
            await self._line.send(content.strip())
            self._line.counts["labels"] += 1
            _check(await self._status())

    async def watch(self) -> None:
        """Ask how the printer is, for ever, and say what keeps it from printing for as long as it does."""
        while True:
            await self._listen()
            async with self._turn:
                status = await self._status()
            troubles = dict([trouble] if (trouble := _trouble(status)) else [])
            self._told(Condition(troubles=troubles, values={"labels_waiting": str(status.formats_waiting)}))

    async def _listen(self) -> None:
        """Until the next question is due or somebody prints; a pulled cable is noticed at once."""
        async with self._turn:
            try:
                async with asyncio.timeout(self._config.poll_s) as self._pause:
                    while True:
                        await self._line.next()
            except TimeoutError:
                return
            finally:
                self._pause = None

    async def _status(self) -> HostStatus:
        timeout_s = self._config.reply_timeout_ms / 1000
        try:
            answer = await self._line.ask(STATUS, _is_whole, timeout_s=timeout_s, tries=2)
        except LinkLost as error:
            if error.reason != "silent":
                raise
            said = f"the printer at {self._line.stream.name} does not answer: {SILENT}"
            raise LinkLost(said, reason="silent") from error
        if not isinstance(answer, HostStatus):
            raise TypeError(answer)
        return answer


def _is_whole(frame: Frame) -> bool:
    """While a label is only half there the printer answers too, but has not taken it."""
    return isinstance(frame, HostStatus) and not frame.partial_format


def _trouble(status: HostStatus) -> tuple[str, str] | None:
    return next((said for name, said in TROUBLES.items() if getattr(status, name)), None)


def _check(status: HostStatus) -> None:
    trouble = _trouble(status)
    if trouble is not None:
        code, sentence = trouble
        raise DeviceFault(sentence, reason=code)


def _build(config: ZplConfig, around: Surroundings, count: CountFault) -> ZplPrinter:
    return ZplPrinter(config, open_stream(config.port, config.baud), around=around, count=count)


ZPL = Driver(
    kind=Kind.PRINTER,
    title="label printer, ZPL (TCP, serial)",
    config=ZplConfig,
    build=_build,
    protocols=(ZPL_STATUS,),
    emulator="devices.printer.zpl.emulator:ZplEmulator",
    probes=({"baud": 9600, "reply_timeout_ms": 300},),
)
