"""What a station needs of a device. Drivers, emulators and simulators share these Protocols."""

from collections.abc import AsyncIterator
from typing import Protocol, Self

from inspection.readings import Frame, Scan, TagRead


class TagReader(Protocol):
    """Reports tags in its field until closed."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    def reads(self) -> AsyncIterator[TagRead]:
        """Yield reads as they come; raises LinkLost when the link is lost."""
        ...


class Scanner(Protocol):
    """Reports codes until closed."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    def scans(self) -> AsyncIterator[Scan]:
        """Yield codes as they come; raises LinkLost when the link is lost."""
        ...


class Camera(Protocol):
    """Takes a picture of one named view on demand."""

    view: str

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    async def capture(self) -> Frame:
        """Return one frame taken after the call; raises DeviceFault where there is none."""
        ...
