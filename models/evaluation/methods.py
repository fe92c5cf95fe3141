"""What can stand in a row of the table: anything that learns from good pictures and scores further ones."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any, Protocol

from inspection.detector import ViewScore
from inspection.shares import WHOLE_PPM, differs_ppm
from models.backbone import Backbone, Matrix, Patches
from models.images import Pixels
from models.recipe import DEFAULT, LEVERS, PLAIN, Recipe, without
from models.segmenter import Segmenter
from models.session import Tensor
from models.views import FittedView, SeenView, compare_view, fit_view, see_view

PIPELINE = "regrade"
"""Name of the comparison as it ships."""
BOTH = "regrade with segmenter"
ALONE = "segmenter alone"
REMEMBERED_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """What a method says of one picture."""

    score: float
    """Larger is more different."""
    limit: float | None
    """Score beyond which the method calls a picture different, known from the references alone."""
    chance: float | None
    """The probability of a difference that would stand in the record, 0..1."""
    heat: Matrix | None
    """rows x columns over the whole picture; None where the method gives no map."""
    total_ms: float
    """From the picture's bytes to the score."""
    cpu_ms: float
    """Process time of the same, all threads."""


class Fitted(Protocol):
    """A method that has seen its references."""

    def look(self, content: bytes) -> Looked:
        """Score one picture; raises BadImage."""
        ...


class Method(Protocol):
    """A row of the table."""

    @property
    def name(self) -> str:
        """As it stands in the table."""
        ...

    def fit(self, references: Sequence[bytes]) -> Fitted:
        """Learn from good pictures alone; raises BadImage."""
        ...


@dataclass(slots=True)
class Meter:
    """Milliseconds that a memory saved; what is measured around it adds them again."""

    wall_ms: float = 0.0
    cpu_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer and what it had cost."""

    answer: Any
    size: int
    wall_ms: float
    cpu_ms: float


class RememberingBackbone(Backbone):
    """A backbone that does not describe the same pixels twice within a while; bounded.

    Seeds and levers see the same picture one after another. The runtime's milliseconds come back as they
    were measured, and `meter` says how much time was saved, so that no picture looks faster than it is.
    """

    def __init__(self, inner: Backbone, *, most_bytes: int = REMEMBERED_BYTES) -> None:
        super().__init__(inner.manifest, inner._session)
        self.meter = Meter()
        self._most = most_bytes
        self._held = 0
        self._known: OrderedDict[bytes, Remembered] = OrderedDict()

    def describe(self, pictures: Sequence[Pixels]) -> tuple[list[Patches], float]:
        """As the backbone."""
        found: tuple[list[Patches], float] = self._once(
            "describe", pictures, lambda: super(RememberingBackbone, self).describe(pictures)
        )
        return found

    def maps(self, pixels: Pixels) -> tuple[dict[str, Tensor], float]:
        """As the backbone."""
        found: tuple[dict[str, Tensor], float] = self._once(
            "maps", [pixels], lambda: super(RememberingBackbone, self).maps(pixels)
        )
        return found

    def _once(self, what: str, pictures: Sequence[Pixels], ask: Callable[[], Any]) -> Any:
        key = _key(what, pictures)
        known = self._known.get(key)
        if known is None:
            known = self._ask(ask)
            self._keep(key, known)
        else:
            self._known.move_to_end(key)
            self.meter.wall_ms += known.wall_ms
            self.meter.cpu_ms += known.cpu_ms
        return known.answer

    def _ask(self, ask: Callable[[], Any]) -> Remembered:
        wall, cpu = perf_counter(), process_time()
        answer = ask()
        return Remembered(
            answer, _bytes_of(answer), (perf_counter() - wall) * 1e3, (process_time() - cpu) * 1e3
        )

    def _keep(self, key: bytes, known: Remembered) -> None:
        self._known[key] = known
        self._held += known.size
        while self._held > self._most and len(self._known) > 1:
            self._held -= self._known.popitem(last=False)[1].size


def _key(what: str, pictures: Sequence[Pixels]) -> bytes:
    digest = hashlib.blake2b(what.encode(), digest_size=16)
    for pixels in pictures:
        digest.update(repr(pixels.shape).encode())
        digest.update(pixels.tobytes())
    return digest.digest()


def _bytes_of(answer: tuple[Any, float]) -> int:
    parts = answer[0]
    if isinstance(parts, dict):
        return sum(int(part.nbytes) for part in parts.values())
    return sum(int(part.vectors.nbytes) for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The comparison with good references by one recipe."""

    name: str
    backbone: RememberingBackbone
    recipe: Recipe = DEFAULT
    bench: bytes | None = None
    """Picture of the empty bench, where the set has one."""
    segmenter: Segmenter | None = None
    """With one, its map on top of the comparison is the score: the two together."""

    def fit(self, references: Sequence[bytes]) -> "FittedComparison":
        """Learn from good pictures; raises BadImage."""
        view = fit_view(self.backbone, self.recipe, references, bench=self.bench)
        return FittedComparison(method=self, view=view)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedComparison:
    """A comparison with its references."""

    method: Comparison
    view: FittedView

    def look(self, content: bytes) -> Looked:
        """Score one picture; raises BadImage."""
        clock = Clock(self.method.backbone.meter)
        seen = compare_view(self.method.backbone, self.view, content, bench=self.method.bench)
        if self.method.segmenter is None:
            return clock.looked(seen.score, limit=seen.limit, chance=chance_of(seen), heat=seen.heat)
        heat, score = self.method.segmenter.anomaly(seen.sight)
        return clock.looked(score, heat=heat)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmenterAlone:
    """The segmenter without any references: what it learnt elsewhere."""

    name: str
    backbone: RememberingBackbone
    segmenter: Segmenter

    def fit(self, references: Sequence[bytes]) -> "SegmenterAlone":
        """Nothing is learnt."""
        return self

    def look(self, content: bytes) -> Looked:
        """Score one picture; raises BadImage."""
        clock = Clock(self.backbone.meter)
        heat, score = self.segmenter.anomaly(see_view(self.backbone, DEFAULT, content))
        return clock.looked(score, heat=heat)


class Clock:
    """Times one look; what a memory saved is added."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._wall, self._cpu = perf_counter() * 1e3 + meter.wall_ms, process_time() * 1e3 + meter.cpu_ms

    def looked(
        self,
        score: float,
        *,
        limit: float | None = None,
        chance: float | None = None,
        heat: Matrix | None = None,
    ) -> Looked:
        """The answer, with what it took until now."""
        wall, cpu = perf_counter() * 1e3 + self._meter.wall_ms, process_time() * 1e3 + self._meter.cpu_ms
        return Looked(
            score=score,
            limit=limit,
            chance=chance,
            heat=heat,
            total_ms=wall - self._wall,
            cpu_ms=cpu - self._cpu,
        )


def chance_of(seen: SeenView) -> float:
    """The chance of a difference that the record's shares are made of; 0..1."""
    view = ViewScore(
        view="", score=seen.score, limit=seen.limit, p_value_ppm=max(1, round(seen.p_value * WHOLE_PPM))
    )
    return differs_ppm(view) / WHOLE_PPM


def shipped(backbone: RememberingBackbone, bench: bytes | None = None) -> Comparison:
    """The comparison as it ships."""
    return Comparison(name=PIPELINE, backbone=backbone, bench=bench)


def with_segmenter(backbone: RememberingBackbone, segmenter: Segmenter, bench: bytes | None) -> list[Method]:
    """The segmenter on top of the comparison, and alone."""
    return [
        Comparison(name=BOTH, backbone=backbone, bench=bench, segmenter=segmenter),
        SegmenterAlone(name=ALONE, backbone=backbone, segmenter=segmenter),
    ]


def lever_rows(backbone: RememberingBackbone, bench: bytes | None = None) -> list[Method]:
    """The shipped recipe, one row per lever with only that one off, and one with all of them off."""
    recipes = {PIPELINE: DEFAULT, **{f"without {lever}": without(DEFAULT, lever) for lever in LEVERS}}
    recipes["all levers off"] = PLAIN
    return [
        Comparison(name=name, backbone=backbone, recipe=recipe, bench=bench)
        for name, recipe in recipes.items()
        if LEVERS or name == PIPELINE
    ]
