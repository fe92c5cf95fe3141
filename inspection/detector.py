"""The seam between the domain and the models: Evidence in, Findings out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inspection.evidence import Evidence, ImageFault, ImageQuality
from inspection.findings import Finding
from inspection.grades import Grade, GradeShares

MAX_VERSIONS = 3
"""Model files that a record has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedFile:
    """A model, reference bank or policy: its name and the SHA-256 of its bytes, in hex."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewScore:
    """How far one view lies from the SKU's good references."""

    view: str
    score: float
    """Distance in the bank's own unit; 0 is identical to a reference."""
    limit: float
    """Distance that the bank's calibration calls different."""
    p_value_ppm: int
    """Chance that a good unit scores as far or farther, by the bank's calibration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is known of a unit when its shares are judged."""

    category: str
    proposed: Grade
    """The rubric's grade; never `ungraded`."""
    raw: GradeShares
    """By the fixed map."""
    findings: tuple[Finding, ...]
    views: tuple[ViewScore, ...]
    weight_off: float | None = None
    """Weight less the catalogue's, in tolerances; None where either is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a site's confirmed verdicts make of a case."""

    shares: GradeShares | None
    """Calibrated; None where the model's answer is no number."""
    head: GradeShares | None = None
    """The condition head's own answer; None where only the map was calibrated."""


class Judge(Protocol):
    """Calibrates the shares of a unit by what people confirmed; it never sets the grade."""

    @property
    def versions(self) -> tuple[VersionedFile, ...]:
        """Names and hashes of its files, for the record."""
        ...

    def judge(self, case: Case) -> Judgement | None:
        """The judgement; None where too few confirmed verdicts speak for this category and grade."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherProduct:
    """A view that shows another product than the tag or the label says."""

    view: str
    found: str
    """SKU that it resembles, or GTIN that is printed on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """All that the models say of one piece of evidence."""

    findings: tuple[Finding, ...]
    views: tuple[ViewScore, ...]
    quality: dict[str, ImageQuality]
    models: tuple[VersionedFile, ...]
    bank: VersionedFile | None
    """None where the SKU has no reference bank: then nothing was compared."""
    model_ms: float
    """Time inside the model runtime."""
    total_ms: float
    """Time from the bytes of the frames to the findings."""
    missing_shots: tuple[tuple[str, int], ...] = ()
    """(view, photos) of each view that has some references, and still needs so many."""
    missing_views: tuple[str, ...] = ()
    """Views that have references, and of which no picture was taken."""
    weight_g: int | None = None
    """Last stable weight; None without a scale."""
    lookalikes: tuple[OtherProduct, ...] = ()
    """Views that clearly resemble another product than the one asked for."""
    printed: tuple[OtherProduct, ...] = ()
    """GTINs printed on the item, by view; whether one is another's, the catalogue knows."""
    judge: Judge | None = field(default=None, repr=False)
    """Travels with the detection, so that the grading and the record speak of the same files."""

    @property
    def faults(self) -> tuple[tuple[str, ImageFault], ...]:
        """(view, fault) of every frame that must be taken again."""
        return tuple((view, fault) for view, q in self.quality.items() for fault in q.faults)


class Detector(Protocol):
    """Looks at the evidence of one unit; it may block and is called in a worker thread."""

    def detect(self, sku: str, evidence: Evidence) -> Detection:
        """Return what is seen; raises nothing for bad images, they become faults."""
        ...


def bounded_versions(models: Sequence[VersionedFile], most: int = MAX_VERSIONS) -> tuple[VersionedFile, ...]:
    """At most so many files: the last of them stands for the rest together, so that none is left out.

    Its hash is SHA-256 over the lines `name sha256` of the files that it stands for, in their order.
    """
    if len(models) <= most:
        return tuple(models)
    rest = models[most - 1 :]
    lines = "".join(f"{model.name} {model.sha256}\n" for model in rest)
    joined = "-and-".join(model.name for model in rest)
    together = VersionedFile(name=joined, sha256=hashlib.sha256(lines.encode()).hexdigest())
    return (*models[: most - 1], together)
