"""Places for deliveries under way: a slow refund system leaves some to the others. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

PART = 4
"""One place in so many is left to other merchants; and so many are free before more is taken up, for to look
for what is due costs as much for one as for many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How many deliveries may be under way, and whose they are."""

    most: int
    taken: Mapping[str, int]
    """By merchant."""

    def left(self, merchant: str) -> int:
        """How many more of a merchant's may be taken up now.

        >>> places = Places(most=32, taken={"slow": 24})
        >>> places.left("slow"), places.left("other")
        (0, 8)
        """
        own = max(1, self.most - self.most // PART)
        free = (_worth(self.most, sum(self.taken.values())), _worth(own, self.taken.get(merchant, 0)))
        return min(free)


def _worth(most: int, taken: int) -> int:
    """What is free of so many places; none while it is too little."""
    return most - taken if most - taken >= max(1, most // PART) else 0
