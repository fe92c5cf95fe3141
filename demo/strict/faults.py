"""Faults on purpose, by a plan that a seed fixes: which request goes wrong, and which refund fails later."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from inspection.messages.base import Message, Ppm

FAULTY_ATTEMPTS = 2
"""After so many requests about one thing it behaves."""
PPM = 1_000_000
MEMORY = 100_000
"""Things whose requests are counted; older ones are forgotten."""


class Fault(StrEnum):
    """What goes wrong with one request. `after` is with its effect, `before` without."""

    TIMEOUT_AFTER = "timeout_after"
    TIMEOUT_BEFORE = "timeout_before"
    LATE_EFFECT = "late_effect"
    """It has its effect long after whoever asked has gone."""
    ERROR_AFTER = "error_after"
    ERROR_BEFORE = "error_before"
    REFUSED_AFTER = "refused_after"
    """HTTP 400, and it was done: Medusa answers so."""
    RESET = "reset"
    """Done; the line breaks in the middle of the answer."""
    DRIP = "drip"
    """Done; the answer comes byte by byte, and too late."""
    THROTTLED = "throttled"
    """429 with Retry-After, and nothing was done."""
    STALE = "stale"
    """409: somebody else has it in hand; nothing was done."""
    HOOK_FIRST = "hook_first"
    """The webhook comes before the answer."""


EFFECTS = frozenset({Fault.TIMEOUT_AFTER, Fault.ERROR_AFTER, Fault.REFUSED_AFTER, Fault.RESET, Fault.DRIP})
"""Faults behind whose answer it was done all the same."""


class Rates(Message):
    """How often each goes wrong, in ppm; the rest goes well."""

    timeout_after: Ppm = 0
    timeout_before: Ppm = 0
    late_effect: Ppm = 0
    error_after: Ppm = 0
    error_before: Ppm = 0
    refused_after: Ppm = 0
    reset: Ppm = 0
    drip: Ppm = 0
    throttled: Ppm = 0
    stale: Ppm = 0
    hook_first: Ppm = 0
    reads: Ppm = 0
    """Of the requests that only read: an error, no answer, 429 or a broken line."""
    pending: Ppm = 0
    """Of refunds that are accepted first and done later."""
    late_failure: Ppm = 0
    """Of refunds that are done and fail later."""
    doubled: Ppm = 0
    """Of what is told: twice."""
    reordered: Ppm = 0
    """Of what is told: behind what happened after it."""


READ_FAULTS = (Fault.ERROR_BEFORE, Fault.TIMEOUT_BEFORE, Fault.THROTTLED, Fault.RESET)


def point(seed: int, *about: object) -> int:
    """A number 0..999,999 that the seed and the thing fix; pure."""
    text = "/".join((str(seed), *map(str, about)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % PPM


def planned(seed: int, name: str, attempt: int, rates: Rates) -> Fault | None:
    """The fault of one request that is to have an effect; pure."""
    if attempt > FAULTY_ATTEMPTS:
        return None
    at = point(seed, name, attempt)
    for fault in Fault:
        at -= getattr(rates, fault.value)
        if at < 0:
            return fault
    return None


def planned_read(seed: int, name: str, attempt: int, rates: Rates) -> Fault | None:
    """The fault of one request that only reads; pure."""
    at = point(seed, "read", name, attempt)
    if attempt > FAULTY_ATTEMPTS or at >= rates.reads:
        return None
    return READ_FAULTS[at % len(READ_FAULTS)]


def fails_later(seed: int, key: str, rates: Rates) -> bool:
    """Whether a refund fails after it was done: only the first of an instruction does; pure.

    >>> fails_later(1, "R1/1/1#1/1", Rates(late_failure=1_000_000))
    True
    >>> fails_later(1, "R1/1/1#1/2", Rates(late_failure=1_000_000))
    False
    """
    return key.endswith("#1/1") and point(seed, "late", key) < rates.late_failure


def pends(seed: int, key: str, rates: Rates) -> bool:
    """Whether a refund is accepted first and done later; pure."""
    return point(seed, "pending", key) < rates.pending


@dataclass(slots=True, kw_only=True)
class Plan:
    """Counts requests since the start of the process, and says what goes wrong with each."""

    seed: int
    rates: Rates
    counts: Counter[str] = field(default_factory=Counter)
    _asked: Counter[str] = field(default_factory=Counter)

    def next(self, name: str) -> Fault | None:
        """The fault of the coming request with an effect."""
        return self._count(planned(self.seed, name, self._attempt(name), self.rates))

    def next_read(self, name: str) -> Fault | None:
        """The fault of the coming request that only reads."""
        name = f"GET {name}"
        return self._count(planned_read(self.seed, name, self._attempt(name), self.rates))

    def _attempt(self, name: str) -> int:
        if len(self._asked) >= MEMORY:
            self._asked.clear()
        self._asked[name] += 1
        return self._asked[name]

    def _count(self, fault: Fault | None) -> Fault | None:
        if fault:
            self.counts[fault.value] += 1
        return fault
