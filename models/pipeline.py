"""The detector of a station: evidence in, Findings out, by comparison with good references.

Each view goes through the same steps; heads, where there are any, name what they see of it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from inspection.detector import Detection, VersionedFile, ViewScore
from inspection.evidence import Evidence
from inspection.findings import Finding
from inspection.readings import Frame
from models.asking import named_by
from models.backbone import EMBEDDING, Backbone, Matrix, Patches
from models.bankfile import ViewBank, check_channels
from models.calibration import MIN_SHOTS
from models.errors import BankRefused
from models.gallery import signature_length
from models.gate import Seen, look
from models.heads import Head, Sight
from models.looks import Shown, compare_looks, look_at
from models.regions import findings_of, p_value_ppm
from models.session import Tensor
from models.store import ReferenceStore, Stamp
from models.working import AT_ONCE, ahead

MAX_VIEWS_SEEN = 16
"""Views of one inspection that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examined:
    """A detection with what it was made of, for those who want to see it."""

    detection: Detection
    sights: tuple[Sight, ...]
    """The views that went through the backbone."""
    banks: Mapping[str, ViewBank]
    """What they were compared with, by view."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """One view beside its references, if it has any."""

    sight: Sight
    bank: ViewBank | None
    findings: tuple[Finding, ...]
    model_ms: float


class ReferencePipeline:
    """Implements `inspection.detector.Detector`.

    The model's time is the backbone in ONNX Runtime, the nearest-neighbour search in the bank, which is
    the other half of the model, and the heads; all else is the way there and back.
    One inspection at a time: several threads need a pipeline and a store each (the backbone may be shared).
    """

    def __init__(
        self,
        backbone: Backbone,
        store: ReferenceStore,
        *,
        heads: Sequence[Head] = (),
        pool: Executor = AT_ONCE,
    ) -> None:
        """`pool`: where the next picture is decoded and measured while the model sees the present one."""
        self._pool = pool
        self._backbone = backbone
        self._store = store
        self._heads = tuple(heads)

    def detect(self, sku: str, evidence: Evidence) -> Detection:
        """Look at the last frame of every view; a bad picture becomes a fault of its view.

        Raises WrongSetUp when a bank or the model must not be used, BadName for an impossible SKU.
        """
        return self.examine(sku, evidence).detection

    def examine(
        self, sku: str, evidence: Evidence, *, passed: Callable[[Frame], None] = lambda frame: None
    ) -> Examined:
        """As `detect`, with the maps. `passed` is told of each frame that the model is about to see."""
        began = perf_counter()
        banks = self.banks(sku)
        frames = dict(list({frame.view: frame for frame in evidence.frames}.items())[:MAX_VIEWS_SEEN])
        gates = (self._gate(frame, banks.get(view), evidence.frames) for view, frame in frames.items())
        seen, compared = [], []
        for one in ahead(self._pool, gates):
            seen.append(one)
            if one.shown is not None and (self._heads or one.view in banks):
                passed(frames[one.view])
                compared.append(self._compare(one, one.shown, banks.get(one.view)))
        detection = Detection(
            findings=tuple(finding for one in compared for finding in one.findings),
            views=tuple(view_score(one.sight, one.bank) for one in compared if one.bank is not None),
            quality={one.view: one.quality for one in seen},
            models=(self._backbone.version, *(head.version for head in self._heads)),
            bank=bank_version(f"{self._store.merchant}/{sku}", banks),
            model_ms=sum(one.model_ms for one in compared),
            total_ms=(perf_counter() - began) * 1000.0,
            missing_shots=self.missing_shots(sku, banks),
            missing_views=tuple(view for view in banks if view not in frames),
        )
        return Examined(detection=detection, sights=tuple(one.sight for one in compared), banks=banks)

    def missing_shots(self, sku: str, banks: Mapping[str, ViewBank]) -> tuple[tuple[str, int], ...]:
        """(view, photos) of each view without a bank that needs more photos before anything is compared."""
        open_views = (view for view in self._store.views(sku) if view not in banks)
        counted = ((view, self._store.count(sku, view)) for view in open_views)
        return tuple((view, MIN_SHOTS - count) for view, count in counted if 0 < count < MIN_SHOTS)

    def banks(self, sku: str) -> dict[str, ViewBank]:
        """The usable banks of a SKU by view; empty for a SKU that is not known."""
        found = {view: self._bank(sku, view) for view in self._store.views(sku)}
        return {view: bank for view, bank in found.items() if bank is not None}

    def signatures(self) -> dict[tuple[str, str], Matrix]:
        """(SKU, view) -> the photos' signatures, of every bank that may be used; others are left out."""
        found = {}
        for sku, view in self._store.bank_stamps():
            try:
                bank = self._bank(sku, view)
            except BankRefused:
                continue  # told when the product itself lies on the bench
            if bank is not None:
                found[sku, view] = bank.signatures
        return found

    def stamps(self) -> dict[tuple[str, str], Stamp]:
        """What changes when a bank does."""
        return self._store.bank_stamps()

    def _bank(self, sku: str, view: str) -> ViewBank | None:
        sha256, outputs = self._backbone.version.sha256, self._backbone.manifest.outputs
        found = self._store.bank(sku, view, backbone_sha256=sha256)
        if found is not None:
            check_channels(found, outputs, signature_length(outputs[EMBEDDING]))
        return found

    def _gate(self, frame: Frame, bank: ViewBank | None, frames: Sequence[Frame]) -> Callable[[], Seen]:
        """The work of the gate, all that it needs of the store already read."""
        return partial(
            look,
            frame,
            bank,
            self._store.bench(frame.view),
            calibration=self._store.calibration(frame.view),
            before=_before(frame, frames),
        )

    def _compare(self, seen: Seen, shown: Shown, bank: ViewBank | None) -> Compared:
        """Describe, compare and name one view that passed the gate."""
        maps, patches, ms = self._look(shown, bank)
        began = perf_counter()
        sight = Sight(
            view=seen.view,
            pixels=shown.whole,
            maps=maps,
            comparison=compare_looks(bank.header.recipe, bank.bank, patches) if bank else None,
            item=seen.item,
            mm_per_pixel=seen.mm_per_pixel,
        )
        found = named_by(self._heads, sight, differences(sight, bank))
        return Compared(
            sight=sight, bank=bank, findings=found, model_ms=ms + (perf_counter() - began) * 1000.0
        )

    def _look(
        self, shown: Shown, bank: ViewBank | None
    ) -> tuple[Mapping[str, Tensor], tuple[Patches, ...], float]:
        """Maps, patches for the comparison, and the milliseconds inside the runtime."""
        if bank is None:
            maps, spent_ms = self._backbone.maps(shown.whole)
            return maps, (), spent_ms
        looked = look_at(self._backbone, bank.header.recipe, shown)
        return looked.maps, looked.patches, looked.model_ms


def _before(frame: Frame, frames: Sequence[Frame]) -> Frame | None:
    """The frame of the same view before the one that is graded, where the camera gave two."""
    earlier = [other for other in frames if other.view == frame.view and other is not frame]
    return earlier[-1] if earlier else None


def differences(sight: Sight, bank: ViewBank | None) -> list[Finding]:
    """What differs in one view from its references; nothing without any."""
    if bank is None or sight.comparison is None:
        return []
    calibration = bank.bank.calibration
    return findings_of(sight.view, sight.comparison, calibration, calibration.limit())


def view_score(sight: Sight, bank: ViewBank) -> ViewScore:
    """How far one view lies from its references."""
    calibration = bank.bank.calibration
    score = sight.comparison.score if sight.comparison else 0.0
    return ViewScore(
        view=sight.view,
        score=score,
        limit=calibration.limit(),
        p_value_ppm=p_value_ppm(calibration, score),
    )


def bank_version(name: str, banks: Mapping[str, ViewBank]) -> VersionedFile | None:
    """One name and hash for all views: SHA-256 over the lines `view sha256`, sorted by view."""
    if not banks:
        return None
    lines = "".join(f"{view} {bank.sha256}\n" for view, bank in sorted(banks.items()))
    return VersionedFile(name=name, sha256=hashlib.sha256(lines.encode()).hexdigest())
