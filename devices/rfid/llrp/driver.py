"""An LLRP reader as a TagReader, through llrpkit, which is imported only when a reader is opened.

llrpkit speaks the protocol; what is ours: when the link counts as lost, which news of the reader are shown,
and one clock for all reads.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field

from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import DeviceError, DeviceFault, LinkLost, WrongSetUp
from devices.rfid.lateness import Lateness
from devices.rfid.llrp.fields import LLRP_WIRE
from devices.transport.opening import TCP, Port, tcp_address
from inspection.readings import TagRead, Trigger

if TYPE_CHECKING:
    from llrpkit import Reader
    from llrpkit.inventory import TagReport

STEP_S = 0.1
"""So late a change of an input is told at most, where no tag is read."""
QUIET_S = 0.5
"""Nothing said for so long, the reader is asked whether it is there."""
ANSWER_S = 2.0
ROSPEC = 1
"""The number of our inventory in the reader; what stands there already is replaced."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVENTS = {
    "report_buffer_overflow_error_event": ("overflow", "the reader lost reads: its buffer was full"),
    "report_buffer_level_warning_event": ("reader_warning", "the reader's buffer of reads is nearly full"),
    "reader_exception_event": ("reader_error", "the reader reports an error"),
}
"""News of a reader that are shown, by the name of the parameter."""


def _over_tcp(port: str) -> str:
    if not port.startswith(TCP):
        raise ValueError("LLRP readers have an Ethernet port: tcp://host:5084")
    return port


class LlrpConfig(DeviceSettings):
    """One LLRP reader on the network."""

    driver: Literal["llrp"]
    port: Annotated[Port, AfterValidator(_over_tcp)]
    """`tcp://host:port`; readers listen at 5084."""
    antennas: tuple[Annotated[int, Field(ge=1, le=255)], ...] = Field(default=(), max_length=32)
    """Empty for all."""
    power_dbm: float | None = Field(default=None, ge=0, le=40)
    """The nearest below it that the reader has; None leaves it at its highest."""
    session: int = Field(default=1, ge=0, le=3)
    inputs: tuple[Annotated[int, Field(ge=1, le=16)], ...] = Field(default=(), max_length=16)
    """Inputs whose changes are told."""
    report_every: int = Field(default=1, ge=1, le=1000)
    """Tags in one report."""


class LlrpReader:
    """A TagReader over llrpkit."""

    def __init__(self, config: LlrpConfig, *, clock: Clock, count: CountFault) -> None:
        self.counts: Counter[str] = Counter()
        self._config = config
        self._clock = clock
        self._count = count
        self._lateness = Lateness()
        self._reader: Reader | None = None
        self._dropped = 0
        """Reports that the open connection dropped, as far as they are counted."""

    async def __aenter__(self) -> Self:
        try:
            from llrpkit import Reader
            from llrpkit.exceptions import LLRPError
        except ImportError as error:
            sentence = "LLRP needs one package more: pip install 'llrpkit>=0.3,<0.4'"
            raise WrongSetUp(sentence, reason="extra_missing") from error
        host, number = tcp_address(self._config.port)
        reader = Reader(host, number, response_timeout=ANSWER_S, connect_timeout=ANSWER_S)
        try:
            await reader.connect()
            await self._start(reader)
        except BaseException as error:
            await reader.close()
            if isinstance(error, LLRPError):
                raise self._translated(error) from error
            raise
        self._reader, self._dropped = reader, 0
        return self

    async def __aexit__(self, *exc: object) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            try:
                await self._stop(reader)
            finally:
                await reader.close()

    async def set_output(self, number: int, active: bool) -> None:
        """Switch an output, counted from 1; raises DeviceFault, LinkLost."""
        from llrpkit.exceptions import LLRPError, LLRPStatusError

        if self._reader is None:
            raise LinkLost(f"{self._config.name} is not connected")
        try:
            await self._reader.set_gpo(number, active)
        except LLRPStatusError as error:
            raise DeviceFault(f"the reader refuses output {number}: {error}", reason="no_outputs") from error
        except LLRPError as error:
            raise self._translated(error) from error

    async def reads(self) -> AsyncGenerator[TagRead | Trigger, None]:
        """Yield reads, and changes of its inputs, as they come.

        Raises LinkLost when the reader is gone or does not answer.
        """
        from llrpkit.exceptions import LLRPError
        from llrpkit.inventory import TagReport

        if self._reader is None:
            raise LinkLost(f"{self._config.name} is not connected")
        reader, loop = self._reader, asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            for trigger in self._notice_news(reader):
                yield trigger
            try:
                async with asyncio.timeout(STEP_S):
                    report = await reader.client.reports.get()
            except TimeoutError:
                if loop.time() - heard_at < QUIET_S:
                    continue
                try:
                    await self._ask_whether_it_is_there(reader)
                except LLRPError as error:
                    raise self._translated(error) from error
                heard_at = loop.time()
                continue
            heard_at = loop.time()
            self.counts["frames"] += 1
            for each in report.tag_report_datas:
                if read := self._read(TagReport.from_param(each)):
                    yield read

    async def _start(self, reader: "Reader") -> None:
        """Replace what stands in the reader under our number, and start it."""
        from llrpkit.client import check_status
        from llrpkit.inventory import build_rospec
        from llrpkit.protocol import messages

        config, client = self._config, reader.client
        power = (
            None if config.power_dbm is None else reader.capabilities.power_index_for_dbm(config.power_dbm)
        )
        spec = build_rospec(
            ro_spec_id=ROSPEC,
            antennas=config.antennas,
            session=config.session,
            transmit_power_index=power,
            report_every_n=config.report_every,
            enable_impinj_reports=reader.impinj_extensions_enabled,
        )
        await client.transact(messages.DELETE_ROSPEC(ro_spec_id=ROSPEC))  # refused where there is none
        for step in (
            messages.ADD_ROSPEC(ro_spec=spec),
            messages.ENABLE_ROSPEC(ro_spec_id=ROSPEC),
            messages.START_ROSPEC(ro_spec_id=ROSPEC),
        ):
            check_status(await client.transact(step))
        for number in config.inputs:
            await reader.set_gpi_enabled(number, True)

    async def _stop(self, reader: "Reader") -> None:
        """Take our inventory out, or the reader goes on sending for nobody; one that is gone keeps it."""
        from llrpkit.exceptions import LLRPError
        from llrpkit.protocol import messages

        with suppress(LLRPError):
            await reader.client.transact(messages.DELETE_ROSPEC(ro_spec_id=ROSPEC))

    async def _ask_whether_it_is_there(self, reader: "Reader") -> None:
        from llrpkit.protocol import messages

        await reader.client.transact(messages.GET_ROSPECS())

    def _notice_news(self, reader: "Reader") -> Iterator[Trigger]:
        """Count what the reader says of itself, and what is no answer to anything; tell of its inputs."""
        client = reader.client
        while not client.gpi_edges.empty():
            edge = client.gpi_edges.get_nowait()
            if edge.port in self._config.inputs:
                yield Trigger(
                    source=self._config.name, input=edge.port, active=edge.high, seen_at=self._clock()
                )
        while not client.events.empty():
            for code, sentence in _news(client.events.get_nowait()):
                self._count(code, sentence)
        dropped, self._dropped = client.dropped_reports - self._dropped, client.dropped_reports
        if dropped:
            self.counts["dropped"] += dropped
            self._count("overflow", f"{dropped} reports came faster than they were taken")

    def _read(self, report: "TagReport") -> TagRead | None:
        received_at = self._clock()
        told = report.last_seen_us or report.first_seen_us
        time = EPOCH + timedelta(microseconds=told) if told and told < 2**52 else None
        seen_at = (
            received_at if time is None else self._lateness.seen_at(received_at=received_at, reader_time=time)
        )
        if seen_at is None:
            self._count("late_read", "a read that the reader had kept back")
            return None
        return TagRead(
            epc=report.epc,
            reader=self._config.name,
            antenna=report.antenna or None,
            rssi_dbm=report.rssi_dbm,
            seen_at=seen_at,
            reader_time=time,
        )

    def _translated(self, error: Exception) -> DeviceError:
        from llrpkit.exceptions import CapabilityError, LLRPStatusError, LLRPTimeoutError

        if isinstance(error, CapabilityError | LLRPStatusError):
            return WrongSetUp(f"the reader refuses: {error}", reason="setting_refused")
        if isinstance(error, LLRPTimeoutError):
            return LinkLost(f"the reader does not answer: {error}", reason="silent")
        return LinkLost(str(error), reason="port_missing" if self._reader is None else "unplugged")


def _news(event: Any) -> Iterator[tuple[str, str]]:
    """Code and sentence of what one message tells; nothing where it is no trouble."""
    data = getattr(event, "reader_event_notification_data", None)
    if data is None:
        yield "bad_frame", f"a message that answers nothing: {type(event).__name__}"
        return
    for name, said in EVENTS.items():
        if getattr(data, name, None) is not None:
            yield said
    antenna = data.antenna_event
    if antenna is not None and not antenna.event_type:
        yield "antenna_error", f"the reader says that antenna {antenna.antenna_id} is not connected"


def _build(config: LlrpConfig, around: Surroundings, count: CountFault) -> LlrpReader:
    return LlrpReader(config, clock=around.clock, count=count)


LLRP = Driver(
    kind=Kind.READER,
    title="LLRP readers (TCP; extra `llrp`)",
    config=LlrpConfig,
    build=_build,
    protocols=(LLRP_WIRE,),
    emulator="devices.rfid.llrp.emulator:LlrpEmulator",
)
