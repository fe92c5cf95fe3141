"""How long to wait before the next attempt: exponential, with full jitter."""

from collections.abc import Callable
from secrets import SystemRandom


class Backoff:
    """Doubles the bound with every attempt; the wait is drawn evenly below it.

    Jitter matters here: after a power cut all stations of a site come back at once.
    """

    def __init__(
        self, shortest_s: float, longest_s: float, *, draw: Callable[[float, float], float] | None = None
    ) -> None:
        self._shortest_s = shortest_s
        self._longest_s = longest_s
        self._draw = draw or SystemRandom().uniform
        self._attempts = 0

    def next(self) -> float:
        """Seconds to wait now, from `shortest_s` up to the bound of this attempt."""
        bound = min(self._longest_s, self._shortest_s * 2.0 ** min(self._attempts + 1, 32))
        self._attempts += 1
        return self._draw(self._shortest_s, max(self._shortest_s, bound))

    def reset(self) -> None:
        """Begin again with the shortest wait: the last attempt worked."""
        self._attempts = 0
