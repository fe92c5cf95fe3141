"""What the loop needs of the devices: the supervisor has it, and so has a simulator in the tests."""

from collections.abc import AsyncIterator
from typing import Protocol

from devices.device import Lamp, LiveView
from devices.watch import DeviceStatus
from inspection.readings import Frame, Scan, TagRead, Trigger, Weight


class Senses(Protocol):
    """All devices of one bench together."""

    @property
    def views(self) -> tuple[str, ...]:
        """The views that cameras show."""
        ...

    def tag_reads(self) -> AsyncIterator[TagRead]:
        """Sightings of all readers."""
        ...

    def scans(self) -> AsyncIterator[Scan]:
        """Codes of all scanners."""
        ...

    def triggers(self) -> AsyncIterator[Trigger]:
        """Changes of the readers' inputs."""
        ...

    def weights(self) -> AsyncIterator[Weight]:
        """Stable weights of all scales."""
        ...

    async def show(self, lamps: frozenset[Lamp]) -> None:
        """Show this on every stack light; one that cannot says so itself."""
        ...

    @property
    def has_printer(self) -> bool:
        """Whether labels are printed here."""
        ...

    async def print_label(self, content: bytes) -> None:
        """Print a label; raises DeviceError in words."""
        ...

    async def capture(self, view: str) -> Frame:
        """Take a picture now; raises DeviceError in words."""
        ...

    def latest(self, view: str) -> LiveView | None:
        """The newest live picture; None before the first."""
        ...

    def snapshot(self) -> tuple[DeviceStatus, ...]:
        """How each device is."""
        ...

    async def wait_for_change(self) -> None:
        """Return when a device's state has changed."""
        ...
