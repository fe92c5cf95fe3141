"""The models of a station: checked before it starts, loaded beside it; one reference store per merchant."""

from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config import StationConfig
from inspection.detector import Detector
from models.registry import Registry, site_registry

if TYPE_CHECKING:
    from models.loading import Loaded


def read_models(config: StationConfig) -> Registry:
    """The shipped models and the station's own, every file verified; raises ModelRefused."""
    return site_registry(config.models, allow_unapproved=config.allow_unapproved, without=config.models_aside)


class Detectors:
    """Makes detectors by merchant; used by the one worker thread only."""

    def __init__(self, references: Path, registry: Registry, threads: int) -> None:
        """Raises ModelRefused where the registry leaves no one backbone."""
        self._references, self._threads = references, threads
        registry.backbone()
        self._registry = registry
        self._loaded: Loaded | None = None
        self._made: dict[str, Detector] = {}
        self._pool: Executor | None = None

    def detector_for(self, merchant: str) -> Detector:
        """The merchant's detector; raises ModelError kinds where model or store must not be used."""
        # imported here: OpenCV and the runtime take longer to load than all the rest of the station
        from models.store import ReferenceStore
        from models.working import beside_the_model

        if merchant not in self._made:
            self._pool = self._pool or beside_the_model(self._threads)
            store = ReferenceStore(self._references, merchant)
            self._made[merchant] = self._load().detector(store, pool=self._pool)
        return self._made[merchant]

    def warm_up(self) -> None:
        """Load every model before the first item; raises ModelRefused where the runtime takes one not."""
        self._load()

    def _load(self) -> "Loaded":
        from models.loading import load_models

        if self._loaded is None:
            self._loaded = load_models(self._registry, self._threads)
        return self._loaded
