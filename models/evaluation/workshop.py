"""What every part of the standard run works with."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from models.backbone import load_backbone
from models.evaluation.folders import ObjectSet
from models.evaluation.memory import RememberingBackbone
from models.evaluation.methods import Method, quick, shipped, with_segmenter
from models.evaluation.pictures import Progress
from models.evaluation.splits import SEEDS, SHOTS
from models.heads import Head
from models.manifest import ZOO
from models.registry import load_heads, read_registry
from models.segmenter import Segmenter


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Places and numbers: what another process needs to make its own workshop."""

    today: date
    data: Path
    """Folder of the public sets."""
    rendered: Path
    """Folder of the rendered returns."""
    more: Path
    """Folder of those that are rendered on demand."""
    elpv: Path | None = None
    """Folder of the package elpv-dataset that holds `labels.csv`; None where it is not installed."""
    threads: int = 1
    shots: int = SHOTS
    seeds: int = SEEDS

    def open(self, progress: Progress) -> "Workshop":
        """Load the models; raises ModelRefused."""
        return Workshop(
            setup=self,
            backbone=RememberingBackbone(load_backbone(threads=self.threads)),
            heads=tuple(load_heads(read_registry([ZOO]), threads=self.threads)),
            progress=progress,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Loaded models, and where the pictures are."""

    setup: Setup
    backbone: RememberingBackbone
    heads: tuple[Head, ...]
    """What names defects, as it ships."""
    progress: Progress

    @property
    def segmenter(self) -> Segmenter | None:
        """The segmenter among the heads; None where none ships."""
        return next((head for head in self.heads if isinstance(head, Segmenter)), None)

    @property
    def today(self) -> date:
        """Day of the run."""
        return self.setup.today

    @property
    def shots(self) -> int:
        """Good pictures to learn from."""
        return self.setup.shots

    @property
    def seeds(self) -> int:
        """Draws of them."""
        return self.setup.seeds

    def rows(self, goods: ObjectSet) -> list[Method]:
        """The methods that stand in the table of an object."""
        bench = goods.bench.read_bytes() if goods.bench else None
        found: list[Method] = [shipped(self.backbone, bench), quick(self.backbone, bench)]
        return found + (with_segmenter(self.backbone, self.segmenter, bench) if self.segmenter else [])

    def versions(self) -> dict[str, str]:
        """Name and hash of each model."""
        versions = [self.backbone.version, *(head.version for head in self.heads)]
        return {version.name: version.sha256 for version in versions}
