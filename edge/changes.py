"""Tells whoever looks that something is new: a version that grows, and a way to wait for it."""

import asyncio


class Changes:
    """A version number that wakes its waiters; nobody's slowness keeps anything in memory."""

    def __init__(self) -> None:
        self.version = 0
        self._news = asyncio.Event()

    def bump(self) -> None:
        """Something changed."""
        self.version += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def wait(self, seen: int, timeout_s: float | None = None) -> int:
        """Return the version once it is newer than `seen`, or after the time-out whatever it is."""
        news = self._news
        if self.version == seen:
            try:
                async with asyncio.timeout(timeout_s):
                    await news.wait()
            except TimeoutError:
                return self.version
        return self.version
