"""Everything that may reach the station's loop, one small value each; the loop takes one at a time."""

from dataclasses import dataclass
from datetime import datetime

from edge.bench import Hold
from edge.errors import KeyCloned
from edge.steps.light import LightAnswer
from inspection.detector import Detection
from inspection.operator import Badge, Bin, Command
from inspection.readings import Frame, Scan, Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time to look at the tags, and at whether the person is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemBegins:
    """A trigger that an item begins with: an input of a reader, or the pan of a scale."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorklist:
    """Units, products or people changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The pictures of one attempt."""

    attempt: int
    answer: tuple[Frame, ...] | Hold
    took_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """What the models say of one attempt."""

    attempt: int
    answer: Detection | Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """The label of one attempt came out, or why not."""

    attempt: int
    answer: Hold | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LightChecked:
    """How the bench looks beside its calibration."""

    answer: LightAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The centre says that this station must not go on."""

    error: KeyCloned


Said = Scan | Command | Badge | Bin
Done = Captured | Detected | Printed | LightChecked
Input = Tick | ItemBegins | NewWorklist | Done | Blocked | Weight | Said
