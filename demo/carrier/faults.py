"""What goes wrong with a carrier: in its answers, and in its news."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class CallFault(StrEnum):
    """What may happen to one request."""

    SLOW_AFTER_EFFECT = "slow_after_effect"
    """Done, and answered only after everybody has given up."""
    SLOW_BEFORE_EFFECT = "slow_before_effect"
    FAILED_AFTER_EFFECT = "failed_after_effect"
    """Done, and answered with 500."""
    REFUSED_AFTER_EFFECT = "refused_after_effect"
    """Done, and answered with 400."""
    DOWN = "down"
    GARBLED = "garbled"


class NewsFault(StrEnum):
    """What may happen to one webhook."""

    DOUBLED = "doubled"
    REORDERED = "reordered"
    LATE = "late"
    WRONG_SIGNATURE = "wrong_signature"
    CLOCK_SKEW = "clock_skew"
    """Signed by a clock that is ten minutes off."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """Faults that are told beforehand come first, in their order; then by chance, from the seed."""

    random: Random
    calls: list[CallFault | None] = field(default_factory=list)
    call_rates: Mapping[CallFault, float] = field(default_factory=dict)
    news_rates: Mapping[NewsFault, float] = field(default_factory=dict)

    def next_call(self) -> CallFault | None:
        """What happens to this request."""
        if self.calls:
            return self.calls.pop(0)
        return next((fault for fault, rate in self.call_rates.items() if self.random.random() < rate), None)

    def has(self, fault: NewsFault) -> bool:
        """Whether this happens to a webhook."""
        return self.random.random() < self.news_rates.get(fault, 0.0)
