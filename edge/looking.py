"""The models of a station: checked before it starts, loaded beside it; one reference store per merchant."""

from pathlib import Path
from typing import TYPE_CHECKING

from edge.config import StationConfig
from inspection.detector import Detector
from models.manifest import ZOO
from models.registry import Registry, load_heads, read_registry

if TYPE_CHECKING:
    from models.backbone import Backbone
    from models.heads import Head
    from models.judging import SiteJudge


def read_models(config: StationConfig) -> Registry:
    """The shipped models and the station's own, every file verified; raises ModelRefused."""
    own = () if config.models is None else (config.models,)
    return read_registry((ZOO, *own), allow_unapproved=config.allow_unapproved, without=config.models_aside)


class Detectors:
    """Makes detectors by merchant; used by the one worker thread only."""

    def __init__(self, references: Path, registry: Registry, threads: int) -> None:
        """Raises ModelRefused where the registry leaves no one backbone."""
        self._references, self._threads = references, threads
        self._folder, self._registry = registry.backbone().folder, registry
        self._loaded: tuple[Backbone, list[Head], SiteJudge | None] | None = None
        self._made: dict[str, Detector] = {}

    def detector_for(self, merchant: str) -> Detector:
        """The merchant's detector; raises ModelError kinds where model or store must not be used."""
        # imported here: OpenCV and the runtime take longer to load than all the rest of the station
        from models.judging import JudgedDetector
        from models.pipeline import ReferencePipeline
        from models.store import ReferenceStore
        from models.watching import WatchfulDetector

        if merchant not in self._made:
            store = ReferenceStore(self._references, merchant)
            backbone, heads, judge = self._load()
            pipeline = ReferencePipeline(backbone, store, heads=heads)
            detector = WatchfulDetector(pipeline, backbone)
            self._made[merchant] = JudgedDetector(detector=detector, judge=judge)
        return self._made[merchant]

    def warm_up(self) -> None:
        """Load every model before the first item; raises ModelRefused where the runtime takes one not."""
        self._load()

    def _load(self) -> "tuple[Backbone, list[Head], SiteJudge | None]":
        """Every file once: one that is put in its place later was checked and approved by nobody."""
        from models.backbone import load_backbone
        from models.judging import judge_of

        if self._loaded is None:
            backbone = load_backbone(self._folder, threads=self._threads)
            heads = load_heads(self._registry, threads=self._threads)
            self._loaded = backbone, heads, judge_of(self._registry)
        return self._loaded
