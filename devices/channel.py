"""A bounded way from many devices to one reader: where it is full, the newest stays."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Channel(Generic[T]):
    """Readings of several devices in the order they came."""

    def __init__(self, limit: int) -> None:
        self.dropped = 0
        """How many old readings gave way to new ones."""
        self._items: deque[T] = deque(maxlen=limit)
        self._woken = asyncio.Event()

    def put(self, item: T) -> None:
        """Add one; the oldest gives way."""
        self.dropped += len(self._items) == self._items.maxlen
        self._items.append(item)
        self._woken.set()

    async def take(self) -> AsyncIterator[T]:
        """Yield what comes, for ever; one taker at a time."""
        while True:
            while self._items:
                yield self._items.popleft()
            self._woken.clear()
            await self._woken.wait()
