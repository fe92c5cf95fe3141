"""A bounded memory for what several rows of a table would work out again, which hides no time.

Seeds, levers and rows look at the same picture one after another. What was worked out once is kept for a
while, with what it had cost; `meter` adds that up, so that no picture looks faster than it is.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TypeVar

from models.backbone import Backbone
from models.images import Pixels
from models.session import Tensor

REMEMBERED_BYTES = 256 * 1024 * 1024
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Meter:
    """Milliseconds that a memory saved; what is measured around it adds them again."""

    wall_ms: float = 0.0
    cpu_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, its size, and what it had cost."""

    answer: object
    size: int
    wall_ms: float
    cpu_ms: float


class Memory:
    """Answers by key, the ones longest not asked for dropped first."""

    def __init__(self, most_bytes: int = REMEMBERED_BYTES) -> None:
        self.meter = Meter()
        self._most = most_bytes
        self._held = 0
        self._known: OrderedDict[bytes, Kept] = OrderedDict()

    def once(
        self, key: bytes, kind: type[Answer], ask: Callable[[], Answer], size: Callable[[Answer], int]
    ) -> Answer:
        """The answer kept under this key, or a new one; `size` in bytes."""
        known = self._known.get(key)
        if known is not None and isinstance(known.answer, kind):
            self._known.move_to_end(key)
            self.meter.wall_ms += known.wall_ms
            self.meter.cpu_ms += known.cpu_ms
            return known.answer
        before, wall, cpu = Meter(self.meter.wall_ms, self.meter.cpu_ms), perf_counter(), process_time()
        answer = ask()
        cost = Meter(
            (perf_counter() - wall) * 1e3 + self.meter.wall_ms - before.wall_ms,
            (process_time() - cpu) * 1e3 + self.meter.cpu_ms - before.cpu_ms,
        )
        self._keep(key, Kept(answer, size(answer), cost.wall_ms, cost.cpu_ms))
        return answer

    def _keep(self, key: bytes, kept: Kept) -> None:
        self._known[key] = kept
        self._held += kept.size
        while self._held > self._most and len(self._known) > 1:
            self._held -= self._known.popitem(last=False)[1].size


class RememberingBackbone(Backbone):
    """A backbone that does not describe the same pixels twice within a while."""

    def __init__(self, inner: Backbone, memory: Memory | None = None) -> None:
        super().__init__(inner.manifest, inner._session)
        self.memory = memory or Memory()

    def maps(self, pixels: Pixels) -> tuple[dict[str, Tensor], float]:
        """As the backbone, its milliseconds as they were when it was asked first."""
        ask = super().maps
        found = self.memory.once(_key("maps", [pixels]), _Maps, lambda: _Maps(*ask(pixels)), _size)
        return found.maps, found.spent_ms


@dataclass(frozen=True, slots=True)
class _Maps:
    maps: dict[str, Tensor]
    spent_ms: float


def _size(answer: _Maps) -> int:
    return sum(int(part.nbytes) for part in answer.maps.values())


def _key(what: str, pictures: Sequence[Pixels]) -> bytes:
    parts = (part for pixels in pictures for part in (repr(pixels.shape).encode(), pixels.tobytes()))
    return digest(what.encode(), *parts)


def digest(*parts: bytes) -> bytes:
    """A short key of some bytes, in their order."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.digest()
