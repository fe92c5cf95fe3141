"""A barcode scanner on a serial line as a Scanner."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Literal, Self

from pydantic import Field

from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.scanner.codec import Decoder
from devices.scanner.guard import BadCode, Code
from devices.transport.base import ByteStream
from devices.transport.opening import Port, open_stream
from inspection.readings import Scan


class ScannerConfig(DeviceSettings):
    """One scanner; set it to send AIM identifiers, 0x1D for FNC1, and CR as suffix."""

    driver: Literal["scanner"]
    port: Port
    """Device file, better one of `/dev/serial/by-id/`, or `tcp://host:port`."""
    baud: int = Field(default=9600, ge=1200, le=921600)


class SerialScanner:
    """A Scanner over a byte stream."""

    def __init__(self, name: str, stream: ByteStream, *, clock: Clock, count: CountFault) -> None:
        self.counts: Counter[str] = Counter()
        """`frames` (codes) and `bytes`."""
        self._name = name
        self._stream = stream
        self._clock = clock
        self._count = count

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stream.__aexit__(*exc)

    async def scans(self) -> AsyncIterator[Scan]:
        """Yield codes as they come; raises LinkLost when the port is gone."""
        loop = asyncio.get_running_loop()
        decoder = Decoder()
        while True:
            try:
                async with asyncio.timeout(decoder.gap_s if decoder.is_waiting else None):
                    content = await self._stream.read()
            except TimeoutError:
                found = decoder.idle(loop.time())
            else:
                self.counts["bytes"] += len(content)
                found = decoder.feed(content, loop.time())
            for each in found:
                if isinstance(each, BadCode):
                    self._count(each.reason, each.sentence)
                else:
                    self.counts["frames"] += 1
                    yield self._scan(each)

    def _scan(self, code: Code) -> Scan:
        return Scan(
            content=code.content,
            symbology=code.symbology,
            scanner=self._name,
            scanned_at=self._clock(),
        )


def _build(config: ScannerConfig, around: Surroundings, count: CountFault) -> SerialScanner:
    return SerialScanner(config.name, open_stream(config.port, config.baud), clock=around.clock, count=count)


SCANNER = Driver(
    kind=Kind.SCANNER,
    title="barcode scanner (serial, TCP)",
    config=ScannerConfig,
    build=_build,
    emulator="devices.scanner.emulator:ScannerEmulator",
)
