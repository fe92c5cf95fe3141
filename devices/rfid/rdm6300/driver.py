"""RDM6300 as a TagReader: it is only listened to."""

from collections.abc import AsyncIterator, Mapping
from typing import Literal, Self

from pydantic import Field

from devices.conversation import Conversation
from devices.device import Clock, CountFault
from devices.driver import DeviceSettings, Driver, Kind, Surroundings
from devices.rfid.rdm6300.codec import decoder
from devices.rfid.rdm6300.fields import RDM6300_WIRE
from devices.rfid.rdm6300.frames import Card
from devices.transport.base import ByteStream
from devices.transport.opening import Port, open_stream
from inspection.readings import TagRead


class Rdm6300Config(DeviceSettings):
    """One module on a serial port or behind an Ethernet-serial server."""

    driver: Literal["rdm6300"]
    port: Port
    baud: int = Field(default=9600, ge=1200, le=921600)


class Rdm6300:
    """A TagReader over a byte stream; a card's number goes where a tag's EPC would."""

    def __init__(self, config: Rdm6300Config, stream: ByteStream, *, clock: Clock, count: CountFault) -> None:
        self._config = config
        self._line: Conversation[Card] = Conversation(stream, decoder, count)
        self._clock = clock

    @property
    def counts(self) -> Mapping[str, int]:
        """What went over the line."""
        return self._line.counts

    async def __aenter__(self) -> Self:
        await self._line.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._line.__aexit__(*exc)

    async def reads(self) -> AsyncIterator[TagRead]:
        """Yield reads as they come; raises LinkLost when the port is gone."""
        while card := await self._line.next():
            yield TagRead(
                epc=card.id, reader=self._config.name, antenna=None, rssi_dbm=None, seen_at=self._clock()
            )


def _build(config: Rdm6300Config, around: Surroundings, count: CountFault) -> Rdm6300:
    return Rdm6300(config, open_stream(config.port, config.baud), clock=around.clock, count=count)


RDM6300 = Driver(
    kind=Kind.READER,
    title="RDM6300, EM4100 cards at 125 kHz (serial, TCP)",
    config=Rdm6300Config,
    build=_build,
    protocols=(RDM6300_WIRE,),
    emulator="devices.rfid.rdm6300.emulator:Rdm6300Emulator",
)
