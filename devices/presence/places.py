"""Which antennas watch which place: aliases, as in EdgeX' RFID inventory service.

Two antennas of one place are one to everything behind this: a tag that both of them read has not moved.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from devices.driver import DeviceSettings, Kind
from devices.errors import WrongSetUp
from devices.names import Name
from devices.registry import DRIVERS
from inspection.readings import TagRead

BENCH = "bench"
"""The place that items are taken from; it is also where every antenna belongs that no place names."""
Antenna = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,24}(/[0-9]{1,3})?$")]
"""`reader/antenna`, or `reader` for all antennas of one that no place names."""


class PlaceSettings(BaseModel):
    """One table `[[places]]` of the station's settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    antennas: Annotated[tuple[Antenna, ...], Field(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True)
class Places:
    """The place of each antenna; with nothing in it, everything is the bench."""

    by_antenna: Mapping[tuple[str, int | None], str] = field(default_factory=dict)
    """By reader and antenna; without an antenna it is of the whole reader."""

    def of(self, read: TagRead) -> str:
        """Where the antenna looks that reported a read."""
        if not self.by_antenna:
            return BENCH
        found = self.by_antenna.get((read.reader, read.antenna))
        return found or self.by_antenna.get((read.reader, None), BENCH)


def places_of(settings: Iterable[PlaceSettings], devices: Iterable[DeviceSettings]) -> Places:
    """Read the aliases; raises WrongSetUp for an antenna of no reader, and for one that stands twice."""
    readers = {device.name for device in devices if DRIVERS[device.driver].kind is Kind.READER}
    found: dict[tuple[str, int | None], str] = {}
    for place in settings:
        for antenna in place.antennas:
            reader, _, number = antenna.partition("/")
            if reader not in readers:
                raise WrongSetUp(f"place {place.name}: no reader is called {reader}", reason="bad_config")
            key = (reader, int(number) if number else None)
            if key in found:
                raise WrongSetUp(f"two places claim the antenna {antenna}", reason="bad_config")
            found[key] = place.name
    return Places(found)
