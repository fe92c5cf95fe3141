"""The seam between the domain and the models: Evidence in, Findings out."""

from dataclasses import dataclass
from typing import Protocol

from inspection.evidence import Evidence, ImageFault, ImageQuality
from inspection.findings import Finding


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

    @property
    def faults(self) -> tuple[tuple[str, ImageFault], ...]:
        """(view, fault) of every frame that must be taken again."""
        return tuple((view, fault) for view, q in self.quality.items() for fault in q.faults)


class Detector(Protocol):
    """Looks at the evidence of one unit; it may block and is called in a worker thread."""

    def detect(self, sku: str, evidence: Evidence) -> Detection:
        """Return what is seen; raises nothing for bad images, they become faults."""
        ...
