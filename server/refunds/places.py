"""Places for deliveries under way: a slow refund system leaves some to the others. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

PART = 4
"""One place in so many is left to other merchants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How many deliveries may be under way, and whose they are."""

    most: int
    taken: Mapping[str, int]
    """By merchant."""

    @property
    def free(self) -> int:
        """How many more may be taken up."""
        return max(0, self.most - sum(self.taken.values()))

    def left(self, merchant: str) -> int:
        """How many more of a merchant's may be taken up.

        >>> places = Places(most=32, taken={"slow": 24})
        >>> places.left("slow"), places.left("other")
        (0, 8)
        """
        own = max(1, self.most - self.most // PART)
        return max(0, min(self.free, own - self.taken.get(merchant, 0)))
