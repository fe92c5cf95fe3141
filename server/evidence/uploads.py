"""Bytes that are on their way but on nobody's account yet."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Uploads:
    """What each station is sending just now."""

    def __init__(self) -> None:
        self._promised: Counter[str] = Counter()

    @contextmanager
    def promise(self, station: str, length: int) -> Iterator[int]:
        """Count an upload of `length` bytes while it runs; yields all that the station has under way.

        Read what the station has stored after this, and add both: an upload that ends in between is
        counted twice, never not at all.
        """
        self._promised[station] += length
        try:
            yield self._promised[station]
        finally:
            self._promised[station] -= length
            if not self._promised[station]:
                del self._promised[station]
