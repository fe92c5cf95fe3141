"""A bounded way from many devices to one reader: where it is full, the newest stays."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


def _nobody_asks() -> None:
    """For readings whose loss is counted nowhere else."""


class Channel(Generic[T]):
    """Readings of several devices in the order they came."""

    def __init__(self, limit: int) -> None:
        self.dropped = 0
        """How many old readings gave way to new ones."""
        self._items: deque[tuple[T, Callable[[], None]]] = deque()
        self._limit = limit
        self._woken = asyncio.Event()

    def put(self, item: T, gave_way: Callable[[], None] = _nobody_asks) -> None:
        """Add one; where it is full the oldest gives way, and whoever put that one is told."""
        if len(self._items) >= self._limit:
            self.dropped += 1
            self._items.popleft()[1]()
        self._items.append((item, gave_way))
        self._woken.set()

    async def take(self) -> AsyncIterator[T]:
        """Yield what comes, for ever; one taker at a time."""
        while True:
            while self._items:
                yield self._items.popleft()[0]
            self._woken.clear()
            await self._woken.wait()
