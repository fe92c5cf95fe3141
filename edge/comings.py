"""What tags did since the centre was told: a bounded queue, and how many events its bound dropped."""

from collections import deque
from collections.abc import Iterable, Sequence

from devices.presence.tracker import TagEvent

MOST_WAITING = 1024
BATCH = 256
"""Events of one message, at most."""


class Comings:
    """Arrivals, moves and departures on their way to the centre; the oldest give way."""

    def __init__(self, limit: int = MOST_WAITING) -> None:
        self.dropped = 0
        """Since the start."""
        self._waiting: deque[TagEvent] = deque()
        self._limit = limit

    def add(self, events: Iterable[TagEvent]) -> None:
        """Keep what happened."""
        for event in events:
            if len(self._waiting) >= self._limit:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(event)

    def take(self) -> Sequence[TagEvent]:
        """The oldest of them, which are then no longer kept here."""
        return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
