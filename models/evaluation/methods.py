"""What can stand in a row of the table: anything that learns from good pictures and scores further ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Protocol

from inspection.detector import ViewScore
from inspection.shares import WHOLE_PPM, differs_ppm
from models.backbone import Matrix
from models.evaluation.memory import Meter, RememberingBackbone, digest
from models.recipe import DEFAULT, LEVERS, PLAIN, QUICK, Recipe, without
from models.segmenter import Segmenter
from models.views import FittedView, SeenView, compare_view, fit_view, see_view

PIPELINE = "regrade"
"""Name of the comparison as it ships."""
FAST = "regrade quick"
"""The comparison by the quick recipe."""
BOTH = "regrade with segmenter"
ALONE = "segmenter alone"
BANK_BYTES = 16 * 1024 * 1024
"""What a view's bank is taken to hold; eight photos give less."""


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
        key = digest(repr(self.recipe).encode(), self.bench or b"", *references)
        view = self.backbone.memory.once(
            key,
            FittedView,
            lambda: fit_view(self.backbone, self.recipe, references, bench=self.bench),
            size_of,
        )
        return FittedComparison(method=self, view=view, key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedComparison:
    """A comparison with its references."""

    method: Comparison
    view: FittedView
    key: bytes

    def look(self, content: bytes) -> Looked:
        """Score one picture; raises BadImage."""
        clock = Clock(self.method.backbone.memory.meter)
        seen = self._see(content)
        if self.method.segmenter is None:
            return clock.looked(seen.score, limit=seen.limit, chance=chance_of(seen), heat=seen.heat)
        heat, score = self.method.segmenter.anomaly(seen.sight)
        return clock.looked(score, heat=heat)

    def _see(self, content: bytes) -> SeenView:
        """The comparison, which the row with the segmenter on top does not make again."""
        method = self.method
        return method.backbone.memory.once(
            digest(self.key, content),
            SeenView,
            lambda: compare_view(method.backbone, self.view, content, bench=method.bench),
            size_of,
        )


def size_of(answer: FittedView | SeenView) -> int:
    """Bytes that an answer holds, the large arrays of it."""
    if isinstance(answer, SeenView):
        maps = sum(int(part.nbytes) for part in answer.sight.maps.values())
        return maps + int(answer.heat.nbytes) + int(answer.sight.pixels.nbytes)
    return answer.bank.nbytes


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
        memory = self.backbone.memory
        clock = Clock(memory.meter)
        key = digest(b"segmenter alone", self.segmenter.version.sha256.encode(), content)
        found = memory.once(key, Anomaly, lambda: self._anomaly(content), lambda one: int(one.heat.nbytes))
        return clock.looked(found.score, heat=found.heat)

    def _anomaly(self, content: bytes) -> "Anomaly":
        return Anomaly(*self.segmenter.anomaly(see_view(self.backbone, DEFAULT, content)))


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A map without references and its largest value."""

    heat: Matrix
    score: float


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


def quick(backbone: RememberingBackbone, bench: bytes | None = None) -> Comparison:
    """The comparison by the quick recipe."""
    return Comparison(name=FAST, backbone=backbone, recipe=QUICK, bench=bench)


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
