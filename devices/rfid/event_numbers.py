"""A reader's own count of its events: what is missing was lost, and what comes again was sent twice."""

from collections import OrderedDict
from dataclasses import dataclass

MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a number says of its event."""

    twice: bool = False
    lost: int = 0
    """How many events before it did not come."""
    restarted: bool = False
    """The reader began to count again, as after a power cut."""


class EventNumbers:
    """Follows one reader's counter; kept over reconnects, so that what was lost meanwhile is told too.

    `content` tells an event that is sent again from the first ones after a restart, which have the same
    numbers. An event that comes late fills its gap; it has been counted as lost.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[int, str] = OrderedDict()
        self._missing: OrderedDict[int, None] = OrderedDict()
        self._last: int | None = None

    def take(self, number: int, content: str) -> Verdict:
        """Note one event."""
        if self._seen.get(number) == content:
            return Verdict(twice=True)
        restarted = self._is_restart(number)
        if restarted:
            self._seen.clear()
            self._missing.clear()
            self._last = None
        lost = self._gap(number)
        self._missing.pop(number, None)
        self._seen[number] = content
        _bound(self._seen)
        self._last = number if self._last is None else max(self._last, number)
        return Verdict(lost=lost, restarted=restarted)

    def _is_restart(self, number: int) -> bool:
        if self._last is None:
            return False
        return number in self._seen or (number < self._last and number not in self._missing)

    def _gap(self, number: int) -> int:
        if self._last is None or number <= self._last:
            return 0
        for missing in range(max(self._last + 1, number - MOST_REMEMBERED), number):
            self._missing[missing] = None
        _bound(self._missing)
        return number - self._last - 1


def _bound(remembered: OrderedDict[int, str] | OrderedDict[int, None]) -> None:
    while len(remembered) > MOST_REMEMBERED:
        remembered.popitem(last=False)
