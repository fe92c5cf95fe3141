"""Places for calls under way: a slow system leaves some to those of other merchants. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

PART = 4
"""One place in so many is left to other merchants."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How many calls may be under way, and whose they are."""

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

    def shared(self, waiting: Iterable[str], take: Callable[[str, int], Sequence[T]]) -> list[T]:
        """What those who wait take up, each up to its share; what one leaves free goes to those after it.

        >>> Places(most=8, taken={"slow": 6}).shared(["slow", "a", "b"], lambda who, most: [who] * most)
        ['a', 'b']
        """
        able, taken = [merchant for merchant in waiting if self.left(merchant)], list[T]()
        for at, merchant in enumerate(able):
            free = self.free - len(taken)
            if free:
                share = max(1, free // (len(able) - at))
                taken += take(merchant, min(self.left(merchant), share))
        return taken
