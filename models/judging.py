"""The site's judge: its calibration and its condition head together, and the detector that carries it."""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from inspection.budget import AuditedItem
from inspection.detector import Case, Detection, Judgement, VersionedFile
from inspection.evidence import Evidence
from inspection.grades import GradeShares
from models.condition import ConditionHead, load_head
from models.confidence import ShareCalibration, load_calibration
from models.errors import ModelRefused
from models.manifest import ModelKind
from models.registry import Registry

if TYPE_CHECKING:
    from models.pipeline import Examined

ITEM_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteJudge:
    """Implements `inspection.detector.Judge`."""

    calibration: ShareCalibration | None = None
    head: ConditionHead | None = None

    @property
    def versions(self) -> tuple[VersionedFile, ...]:
        """The files that take part."""
        return tuple(part.version for part in (self.head, self.calibration) if part is not None)

    def judge(self, case: Case) -> Judgement | None:
        """The head's shares where it knows the category, then the calibration that was fitted on them."""
        if self.head is not None and self.head.answers(case):
            head = self.head.shares(case)
            if head is None:
                return Judgement(shares=None)
            return Judgement(shares=self._mapped(case, head, over_head=True) or head, head=head)
        shares = self._mapped(case, case.raw, over_head=False)
        return None if shares is None else Judgement(shares=shares)

    def _mapped(self, case: Case, shares: GradeShares, *, over_head: bool) -> GradeShares | None:
        """By the calibration, where it was fitted on such shares."""
        if self.calibration is None or (self.calibration.file.head is not None) != over_head:
            return None
        return self.calibration.apply(case.category, case.proposed, shares)

    def has_seen(self, item: AuditedItem) -> bool:
        """Whether the item, or its day, was fitted on: then it proves nothing about the threshold."""
        files = [part.file for part in (self.head, self.calibration) if part is not None]
        day, name = item.day.isoformat(), item_digest(item.item)
        return any(day in file.fitted_days or name in file.fitted_items for file in files)


class Examines(Protocol):
    """A detector that also tells what its answer was made of."""

    def examine(self, sku: str, evidence: Evidence) -> "Examined":
        """Look, and keep the maps."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDetector:
    """A detector whose detections carry the weight, and the judge with the names of its files."""

    detector: Examines
    judge: SiteJudge | None = None

    def detect(self, sku: str, evidence: Evidence) -> Detection:
        """Look as the detector does."""
        return self.examine(sku, evidence).detection

    def examine(self, sku: str, evidence: Evidence) -> "Examined":
        """As `detect`, with the maps."""
        examined = self.detector.examine(sku, evidence)
        weight = evidence.weights[-1].weight_g if evidence.weights else None
        models = (*examined.detection.models, *(self.judge.versions if self.judge else ()))
        judged = replace(examined.detection, judge=self.judge, models=models, weight_g=weight)
        return replace(examined, detection=judged)


def judge_of(registry: Registry) -> SiteJudge | None:
    """The judge of an installation; None without one. Raises ModelRefused for parts that do not fit."""
    heads, calibrations = (
        registry.of_kind(kind) for kind in (ModelKind.CONDITION_HEAD, ModelKind.CALIBRATION)
    )
    if len(heads) > 1 or len(calibrations) > 1:
        raise ModelRefused("at most one condition head and one calibration may be in use")
    head = load_head(heads[0].folder) if heads else None
    calibration = load_calibration(calibrations[0].folder) if calibrations else None
    wanted = calibration.file.head if calibration else None
    if wanted is not None and (head is None or wanted != head.version.sha256):
        raise ModelRefused("the calibration was fitted on another condition head: fit it again")
    return SiteJudge(calibration=calibration, head=head) if head or calibration else None


def item_digest(item: str) -> str:
    """What a fitted file keeps of an item's id."""
    return hashlib.sha256(item.encode()).hexdigest()[:ITEM_DIGITS]
