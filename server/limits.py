"""A rate limit: a bucket of tokens that fills with time."""

import time
from collections.abc import Callable

from server.access import Caller
from server.errors import TooOften


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
    """A bucket for each key that reads entries."""

    def __init__(self, *, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: dict[Caller, TokenBucket] = {}

    def take(self, caller: Caller) -> None:
        """Take one token of the caller's; raises TooOften when there is none."""
        bucket = self._buckets.setdefault(caller, TokenBucket(per_minute=self._per_minute))
        bucket.take()
