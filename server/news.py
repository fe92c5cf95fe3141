"""News that several wait for at once."""

import asyncio
from contextlib import suppress


class News:
    """Wakes everybody who waits; whoever was busy looks again soon by itself."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Wake all who wait now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, longest_s: float) -> None:
        """Return at the next news, or after `longest_s` seconds."""
        event = self._event
        # not wait_for: before Python 3.12 it may swallow a cancellation (bpo-37658)
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await event.wait()
