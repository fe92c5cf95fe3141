"""A scanner that plays a keyboard as a Scanner: a fallback where it cannot be set to a serial port."""

from typing import Literal, Self

from pydantic import Field

from devices.device import CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.errors import DeviceFault
from devices.scanner.driver import SerialScanner
from devices.scanner.wedge.codec import Keyboard
from devices.transport.base import ByteStream
from devices.transport.input_device import InputStream


class WedgeConfig(DeviceSettings):
    """One scanner; set it to the US keyboard, with Enter as suffix."""

    driver: Literal["wedge"]
    device: str = Field(min_length=1, max_length=255, pattern=r"^/")
    """Input device, best one of `/dev/input/by-id/...-event-kbd`."""
    grab: bool = True
    """Its keys reach this program alone; without it they are typed into whatever has the focus, too."""


class TypedStream:
    """What is typed on a keyboard, as the bytes of a line."""

    def __init__(self, events: ByteStream) -> None:
        self.name = events.name
        self._events = events
        self._keyboard = Keyboard()

    async def __aenter__(self) -> Self:
        self._keyboard = Keyboard()
        await self._events.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._events.__aexit__(*exc)

    async def read(self) -> bytes:
        """Wait for at least one sign; raises LinkLost when the device is gone."""
        while not (typed := self._keyboard.feed(await self._events.read())):
            pass
        return typed

    async def write(self, content: bytes) -> None:
        """A keyboard listens to nobody."""
        raise DeviceFault(f"{self.name} is a keyboard: nothing can be sent to it")


def _build(config: WedgeConfig, around: Surroundings, count: CountFault) -> SerialScanner:
    stream = TypedStream(InputStream(config.device, grab=config.grab))
    return SerialScanner(config.name, stream, clock=around.clock, count=count)


WEDGE = Driver(
    kind=Kind.SCANNER,
    title="barcode scanner that plays a keyboard (USB)",
    config=WedgeConfig,
    build=_build,
    emulator="devices.scanner.wedge.emulator:WedgeEmulator",
)
