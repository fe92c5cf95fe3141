"""What was seen of one unit: images with their quality, and the readings beside them."""

from dataclasses import dataclass, field
from enum import StrEnum

from inspection.readings import Frame, Scan, TagRead, Weight


class ImageFault(StrEnum):
    """Why a frame cannot be graded; the station takes it again."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    EMPTY_BENCH = "empty_bench"
    GLARE = "glare"
    MOVED = "moved"
    HAND_IN_VIEW = "hand_in_view"
    LIGHT_CHANGED = "light_changed"


class BenchDrift(StrEnum):
    """How a view of the bench differs from its calibration."""

    DARKER = "darker"
    BRIGHTER = "brighter"
    COLOUR = "colour"
    UNEVEN = "uneven"
    MOVED = "moved"
    BLURRED = "blurred"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageQuality:
    """What the gate measured on one frame."""

    sharpness: float
    """Variance of the Laplacian over the grey image, or over the item where it was located; 0 upwards."""
    brightness: float
    """Mean of the grey image, or of the item; 0..255."""
    blown: float = 0.0
    """Share of the image, or of the item, that is so bright that no detail is left; 0..1."""
    contact: float = 0.0
    """Share of the picture's border that the item covers; 0 where it was not located."""
    faults: tuple[ImageFault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything one inspection saw."""

    frames: tuple[Frame, ...]
    tag_reads: tuple[TagRead, ...] = ()
    weights: tuple[Weight, ...] = ()
    scans: tuple[Scan, ...] = ()
    quality: dict[str, ImageQuality] = field(default_factory=dict)
    """By view."""
