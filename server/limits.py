"""Limits: a bucket of tokens that fills with time, and a turnstile for work that is large."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from server.access import Caller
from server.errors import Busy, TooOften


class TokenBucket:
    """Lets `per_minute` calls through in any minute, all callers together."""

    def __init__(self, *, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._most = float(per_minute)
        self._tokens = float(per_minute)
        self._clock = clock
        self._seen = clock()

    def take(self) -> None:
        """Take one token; raises TooOften when there is none."""
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._seen) * self._rate)
        self._seen = now
        if self._tokens < 1:
            raise TooOften("too many attempts: wait a minute")
        self._tokens -= 1


class ReadLimits:
    """A bucket for each holder of keys that read entries.

    Keys of one scope, merchant or station that bear one label are one holder: more of them read no faster.
    """

    def __init__(self, *, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: dict[Caller, TokenBucket] = {}

    def take(self, caller: Caller) -> None:
        """Take one token of the caller's; raises TooOften when there is none."""
        bucket = self._buckets.setdefault(caller, TokenBucket(per_minute=self._per_minute))
        bucket.take()


class Turnstile:
    """One at a time; `most_waiting` may stand before it, and more are sent away at once."""

    def __init__(self, *, most_waiting: int) -> None:
        self._most = most_waiting
        self._inside = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn; raises Busy where too many wait already."""
        if self._waiting >= self._most:
            raise Busy("too many wait for the same work: ask again in a moment")
        self._waiting += 1
        try:
            await self._inside.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._inside.release()
