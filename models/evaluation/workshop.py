"""What every part of the standard run works with."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from models.evaluation.folders import ObjectSet
from models.evaluation.memory import RememberingBackbone
from models.evaluation.methods import Method, shipped, with_segmenter
from models.evaluation.pictures import Progress
from models.evaluation.splits import SEEDS, SHOTS
from models.segmenter import Segmenter


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Models and places."""

    today: date
    data: Path
    """Folder of the public sets."""
    rendered: Path
    """Folder of the rendered returns."""
    elpv: Path | None
    """Folder of the package elpv-dataset that holds `labels.csv`; None where it is not installed."""
    backbone: RememberingBackbone
    segmenter: Segmenter | None
    progress: Progress
    shots: int = SHOTS
    seeds: int = SEEDS

    def rows(self, goods: ObjectSet) -> list[Method]:
        """The methods that stand in the table of an object."""
        bench = goods.bench.read_bytes() if goods.bench else None
        found: list[Method] = [shipped(self.backbone, bench)]
        return found + (with_segmenter(self.backbone, self.segmenter, bench) if self.segmenter else [])
