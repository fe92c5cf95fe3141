"""What a station needs of a device. Drivers, emulators and simulators share these Protocols.

A device may be entered again after it was left: the supervisor does so after every lost link,
and what a driver learnt about its device (such as the offset of its clock) stays with it.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self, runtime_checkable

from inspection.readings import Frame, Scan, TagRead, Trigger, Weight

Clock = Callable[[], datetime]
"""Returns now, timezone-aware UTC."""
CountFault = Callable[[str, str], None]
"""Takes the code and the sentence of something wrong that is skipped and only counted."""


class Device(Protocol):
    """What all devices have in common."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What went over the wire, by name: `frames`, `bytes`, `resyncs`, `bad_checks`; grows only."""
        ...

    async def __aenter__(self) -> Self:
        """Open it; raises LinkLost where it does not answer, WrongSetUp where the settings do not fit."""
        ...

    async def __aexit__(self, *exc: object) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a device says of itself, such as in a heartbeat; each one replaces the one before."""

    troubles: Mapping[str, str] = field(default_factory=dict)
    """What is wrong until the next condition says otherwise: sentences by their codes."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What else it says, such as `temperature_c`, for whoever repairs it."""


Report = TagRead | Trigger | Scan | Condition
"""What a reader reports: a sled reads codes too."""


class TagReader(Device, Protocol):
    """Reports tags in its field until closed."""

    def reads(self) -> AsyncIterator[Report]:
        """Yield what it reports as it comes; raises LinkLost when the link is lost."""
        ...


class Scanner(Device, Protocol):
    """Reports codes until closed."""

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


class Scale(Device, Protocol):
    """Reports weights until closed."""

    def weights(self) -> AsyncIterator[Weight]:
        """Yield each weight once it is stable; raises LinkLost when the link is lost."""
        ...


class OnDemand(Device, Protocol):
    """A device that acts only when it is asked."""

    async def watch(self) -> None:
        """Return never; raises LinkLost when the device is gone, though nobody asked it anything."""
        ...


class Camera(OnDemand, Protocol):
    """Takes a picture of one named view on demand."""

    view: str

    async def capture(self) -> Frame:
        """Return one frame taken after the call; raises DeviceFault where there is none."""
        ...

    def latest(self) -> LiveView | None:
        """What the view shows now, cheap while it does not change; None where there is no picture."""
        ...


class Printer(OnDemand, Protocol):
    """Prints labels."""

    async def print_label(self, content: bytes) -> None:
        """Print one label in the printer's own language, such as ZPL.

        Returns when the printer has taken it; raises DeviceFault in words (no paper, head open), LinkLost.
        """
        ...


class Lamp(StrEnum):
    """Parts of a stack light."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    BLUE = "blue"
    BUZZER = "buzzer"


class Signal(OnDemand, Protocol):
    """A stack light, or anything else that shows a state to the room."""

    async def show(self, lamps: frozenset[Lamp]) -> None:
        """Switch these on and all others off; raises DeviceFault, LinkLost."""
        ...


@runtime_checkable
class Outputs(Protocol):
    """A device with general-purpose outputs, such as a reader."""

    async def set_output(self, number: int, active: bool) -> None:
        """Switch an output, counted from 1; raises DeviceFault, LinkLost."""
        ...
