"""Faults on purpose, by a plan that a seed fixes: which delivery fails, and how."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from demo.shop.settings import FaultRates

FAULTY_ATTEMPTS = 3
"""After so many deliveries of one instruction the shop behaves."""
PPM = 1_000_000
MEMORY = 10_000
"""Instructions whose deliveries are counted; older ones are forgotten."""


class Fault(StrEnum):
    """What goes wrong with one delivery."""

    ERROR = "error"
    SILENCE = "silence"
    LATE_ERROR = "late_error"
    SLOW = "slow"


def planned(seed: int, instruction: str, attempt: int, rates: FaultRates) -> Fault | None:
    """The fault of one delivery; pure."""
    if attempt > FAULTY_ATTEMPTS:
        return None
    digest = hashlib.sha256(f"{seed}/{instruction}/{attempt}".encode()).digest()
    point = int.from_bytes(digest[:8]) % PPM
    for fault in Fault:
        point -= getattr(rates, fault.value)
        if point < 0:
            return fault
    return None


@dataclass(slots=True, kw_only=True)
class FaultPlan:
    """Counts deliveries, since the start of the process, and says what goes wrong with each."""

    seed: int
    rates: FaultRates
    counts: Counter[str] = field(default_factory=Counter)
    _deliveries: Counter[str] = field(default_factory=Counter)
    _total: int = 0

    def next(self, instruction: str) -> Fault | None:
        """The fault of the coming delivery of an instruction."""
        if len(self._deliveries) >= MEMORY:
            self._deliveries.clear()
        self._deliveries[instruction] += 1
        self._total += 1
        fault = self._early() or planned(self.seed, instruction, self._deliveries[instruction], self.rates)
        if fault:
            self.counts[fault.value] += 1
        return fault

    def _early(self) -> Fault | None:
        """Every kind that has a rate comes once among the first deliveries, so that short runs see it."""
        kinds = [fault for fault in Fault if getattr(self.rates, fault.value)]
        turn, odd = divmod(self._total, 2)
        return kinds[turn] if odd and turn < len(kinds) else None
