"""The models of a station, loaded with the first look; one reference store per merchant."""

from pathlib import Path
from typing import TYPE_CHECKING

from inspection.detector import Detector

if TYPE_CHECKING:
    from models.backbone import Backbone


class Detectors:
    """Makes detectors by merchant; used by the one worker thread only."""

    def __init__(self, references: Path, threads: int) -> None:
        self._references, self._threads = references, threads
        self._backbone: Backbone | None = None
        self._made: dict[str, Detector] = {}

    def detector_for(self, merchant: str) -> Detector:
        """The merchant's detector; raises ModelError kinds where model or store must not be used."""
        # imported here: OpenCV and the runtime take longer to load than all the rest of the station
        from models.pipeline import ReferencePipeline
        from models.store import ReferenceStore

        if merchant not in self._made:
            store = ReferenceStore(self._references, merchant)
            self._made[merchant] = ReferencePipeline(self._load(), store)
        return self._made[merchant]

    def warm_up(self) -> None:
        """Load the model before the first item; what fails is said when an item needs it."""
        self._load()

    def _load(self) -> "Backbone":
        from models.backbone import load_backbone

        if self._backbone is None:
            self._backbone = load_backbone(threads=self._threads)
        return self._backbone
