"""The unit on the bench, and how far it has come: one frozen value, replaced at every step."""

from dataclasses import dataclass, field, replace
from typing import Literal, Self

from edge.clock import Instant
from inspection.detector import Detection
from inspection.evidence import ImageFault
from inspection.grades import Grade, ReturnException
from inspection.readings import Frame, Scan, TagRead, Weight
from inspection.returns import ExpectedUnit
from inspection.verdict import Proposal, Verdict

IdentifiedBy = Literal["rfid", "barcode", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Milliseconds of each part of the way."""

    identify_ms: int = 0
    capture_ms: int = 0
    model_ms: int = 0
    grade_ms: int = 0
    person_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One unit between identification and commit."""

    expected: ExpectedUnit
    identified_by: IdentifiedBy
    seen: Instant
    """When the first reading of it came."""
    epc: bytes | None = None
    tag_reads: tuple[TagRead, ...] = ()
    scans: tuple[Scan, ...] = ()
    weights: tuple[Weight, ...] = ()
    """As they settled on the scale, the newest last."""
    frames: tuple[Frame, ...] = ()
    """The graded ones, one of each view: they are the evidence."""
    earlier: tuple[Frame, ...] = ()
    """Taken a moment before, to see whether something moved; kept nowhere."""
    detection: Detection | None = None
    exception: ReturnException | None = None
    proposal: Proposal | None = None
    proposed: Instant | None = None
    """When the proposal stood before the person."""
    pending_grade: Grade | None = None
    """Set by the person, the reason still missing."""
    verdict: Verdict | None = None
    spent: Spent = field(default_factory=Spent)

    @property
    def unit_id(self) -> str:
        """Id of the return unit."""
        return self.expected.unit.id

    @property
    def image_faults(self) -> tuple[tuple[str, ImageFault], ...]:
        """What is wrong with the last pictures, by view."""
        return self.detection.faults if self.detection else ()

    def before_capture(self) -> Self:
        """The same unit without pictures and what came of them."""
        return replace(
            self,
            frames=(),
            earlier=(),
            detection=None,
            proposal=None,
            proposed=None,
            pending_grade=None,
            verdict=None,
        )

    def before_verdict(self) -> Self:
        """The same unit without what the person said."""
        return replace(self, pending_grade=None, verdict=None)
