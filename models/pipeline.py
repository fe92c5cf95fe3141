"""The detector of a station: evidence in, Findings out, by comparison with good references.

Each view goes through the same steps; views of one size go through the backbone together.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from inspection.detector import Detection, VersionedFile, ViewScore
from inspection.evidence import Evidence
from inspection.findings import Finding
from inspection.readings import Frame
from models.backbone import Backbone, Patches
from models.bankfile import ViewBank
from models.calibration import MIN_SHOTS
from models.gate import Seen, look
from models.reference import Comparison, compare
from models.regions import findings_of, p_value_ppm
from models.store import ReferenceStore

MAX_VIEWS_SEEN = 16
"""Views of one inspection that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """One view beside its references."""

    view: str
    bank: ViewBank
    comparison: Comparison


class ReferencePipeline:
    """Implements `inspection.detector.Detector`.

    The model's time is the backbone in ONNX Runtime and the nearest-neighbour search in the
    bank, which is the other half of the model; all else is the way there and back.
    One inspection at a time: several threads need a pipeline and a store each (the backbone may be shared).
    """

    def __init__(self, backbone: Backbone, store: ReferenceStore) -> None:
        self._backbone = backbone
        self._store = store

    def detect(self, sku: str, evidence: Evidence) -> Detection:
        """Look at the last frame of every view; a bad picture becomes a fault of its view.

        Raises WrongSetUp when a bank or the model must not be used, BadName for an impossible SKU.
        """
        began = perf_counter()
        banks = self.banks(sku)
        frames = {frame.view: frame for frame in evidence.frames}
        seen = [
            look(
                frame,
                banks.get(view),
                self._store.bench(view),
                calibration=self._store.calibration(view),
                before=_before(frame, evidence.frames),
            )
            for view, frame in list(frames.items())[:MAX_VIEWS_SEEN]
        ]
        compared, model_ms = self._compare(seen, banks)
        return Detection(
            findings=tuple(finding for one in compared for finding in findings(one)),
            views=tuple(view_score(one) for one in compared),
            quality={one.view: one.quality for one in seen},
            models=(self._backbone.version,),
            bank=bank_version(f"{self._store.merchant}/{sku}", banks),
            model_ms=model_ms,
            total_ms=(perf_counter() - began) * 1000.0,
            missing_shots=self.missing_shots(sku),
        )

    def missing_shots(self, sku: str) -> tuple[tuple[str, int], ...]:
        """(view, photos) of each view that needs more photos before anything is compared."""
        counted = ((view, self._store.count(sku, view)) for view in self._store.views(sku))
        return tuple((view, MIN_SHOTS - count) for view, count in counted if 0 < count < MIN_SHOTS)

    def banks(self, sku: str) -> dict[str, ViewBank]:
        """The usable banks of a SKU by view; empty for a SKU that is not known."""
        sha256 = self._backbone.version.sha256
        found = {view: self._store.bank(sku, view, backbone_sha256=sha256) for view in self._store.views(sku)}
        return {view: bank for view, bank in found.items() if bank is not None}

    def _compare(self, seen: Sequence[Seen], banks: Mapping[str, ViewBank]) -> tuple[list[Compared], float]:
        """Describe and compare what passed the gate; also the milliseconds inside the model."""
        ready = [one for one in seen if one.pixels is not None and one.view in banks]
        patches, model_ms = self._describe(ready)
        began = perf_counter()
        compared = [
            Compared(view=view, bank=banks[view], comparison=compare(banks[view].bank, patches[view]))
            for view in (one.view for one in ready)
        ]
        return compared, model_ms + (perf_counter() - began) * 1000.0

    def _describe(self, ready: Sequence[Seen]) -> tuple[dict[str, Patches], float]:
        """Patches by view, one run of the backbone for all views of a size."""
        by_size: dict[tuple[int, ...], list[Seen]] = defaultdict(list)
        for one in ready:
            if one.pixels is not None:
                by_size[one.pixels.shape].append(one)
        patches: dict[str, Patches] = {}
        spent_ms = 0.0
        for group in by_size.values():
            described, ms = self._backbone.describe([one.pixels for one in group if one.pixels is not None])
            patches |= zip((one.view for one in group), described, strict=True)
            spent_ms += ms
        return patches, spent_ms


def _before(frame: Frame, frames: Sequence[Frame]) -> Frame | None:
    """The frame of the same view before the one that is graded, where the camera gave two."""
    earlier = [other for other in frames if other.view == frame.view and other is not frame]
    return earlier[-1] if earlier else None


def findings(one: Compared) -> list[Finding]:
    """What differs in one view."""
    calibration = one.bank.bank.calibration
    return findings_of(one.view, one.comparison, calibration, calibration.limit())


def view_score(one: Compared) -> ViewScore:
    """How far one view lies from its references."""
    calibration = one.bank.bank.calibration
    return ViewScore(
        view=one.view,
        score=one.comparison.score,
        limit=calibration.limit(),
        p_value_ppm=p_value_ppm(calibration, one.comparison.score),
    )


def bank_version(name: str, banks: Mapping[str, ViewBank]) -> VersionedFile | None:
    """One name and hash for all views: SHA-256 over the lines `view sha256`, sorted by view."""
    if not banks:
        return None
    lines = "".join(f"{view} {bank.sha256}\n" for view, bank in sorted(banks.items()))
    return VersionedFile(name=name, sha256=hashlib.sha256(lines.encode()).hexdigest())
