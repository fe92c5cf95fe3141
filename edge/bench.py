"""What stands on the bench now: state, hold, item, person. Changed by the station's loop alone."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge.faults import Faults
from edge.item import Item
from edge.journal import BenchEvent
from inspection.errors import NotAllowed
from inspection.journey import Event, HoldReason, State, advance
from inspection.messages.station import InspectorMessage

MOST_EVENTS = 200
"""Of one item; somebody who plays with the keys fills no disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why the bench stopped."""

    reason: HoldReason
    detail: str = ""
    """One sentence or value, such as a device's own words; never personal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A short word to the person that stops nothing."""

    code: str
    """Key of the words behind `ui.notice.`."""
    serial: int
    """Grows, so that the same notice twice is seen twice."""


class Bench:
    """The state of one bench."""

    def __init__(self, *, now: Callable[[], datetime], faults: Faults) -> None:
        self._now, self._faults = now, faults
        self._said = 0
        self.state = State.BOOT
        self.hold: Hold | None = None
        self.item: Item | None = None
        self.person: InspectorMessage | None = None
        self.notice: Notice | None = None
        self.events: deque[BenchEvent] = deque(maxlen=MOST_EVENTS)

    def step(self, event: Event, detail: str | None = None) -> None:
        """Take one cell of the table; raises NoSuchTransition."""
        self.state = advance(self.state, event)
        self.notice = None
        if self.state != State.HELD:
            self.hold = None
        self.remember(event.value, detail)

    def stop(self, reason: HoldReason, detail: str = "") -> None:
        """Hold, with the reason; counted under its code."""
        self._faults.count(reason.value)
        self.step(Event.HOLD, reason.value)
        self.hold = Hold(reason=reason, detail=detail)

    def say(self, code: str) -> None:
        """Show a notice; counted, for a notice is an input that led nowhere."""
        self._faults.count(code)
        self._said += 1
        self.notice = Notice(code=code, serial=self._said)

    def count(self, *codes: str) -> None:
        """Count what went wrong without stopping for it."""
        for code in codes:
            self._faults.count(code)

    def somebody(self) -> InspectorMessage:
        """Who is signed in; raises NotAllowed where nobody is."""
        if self.person is None:
            raise NotAllowed("nobody is signed in: scan your badge")
        return self.person

    def take_events(self) -> tuple[BenchEvent, ...]:
        """The events since the last time: they go into the journal."""
        taken = tuple(self.events)
        self.events.clear()
        return taken

    def remember(self, event: str, detail: str | None = None) -> None:
        """Keep an event for the journal."""
        unit = self.item.unit_id if self.item else None
        self.events.append(
            BenchEvent(at=self._now(), event=event, state=self.state.value, unit=unit, detail=detail)
        )
