"""What a station needs of a device. Drivers, emulators and simulators share these Protocols.

A device may be entered again after it was left: the supervisor does so after every lost link,
and what a driver learnt about its device (such as the offset of its clock) stays with it.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from inspection.readings import Frame, Scan, TagRead

Clock = Callable[[], datetime]
"""Returns now, timezone-aware UTC."""
CountFault = Callable[[str, str], None]
"""Takes the code and the sentence of something wrong that is skipped and only counted."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveView:
    """What a camera shows now, for the page; no evidence."""

    content: bytes
    media_type: str
    changed_at: datetime
    version: str
    """Changes with the picture, and only then."""


class Camera(Protocol):
    """Takes a picture of one named view on demand."""

    view: str

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> None: ...
    async def capture(self) -> Frame:
        """Return one frame taken after the call; raises DeviceFault where there is none."""
        ...

    def latest(self) -> LiveView | None:
        """What the view shows now, cheap while it does not change; None where there is no picture."""
        ...
