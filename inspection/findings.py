"""Observed facts about a unit: what differs, where, how much, and who says so."""

from dataclasses import dataclass
from enum import StrEnum


class DefectKind(StrEnum):
    """What kind of defect; `deviation` where only the difference is known, not its name."""

    DEVIATION = "deviation"
    SCRATCH = "scratch"
    DENT = "dent"
    CRACK = "crack"
    CHIP = "chip"
    STAIN = "stain"
    SMUDGE = "smudge"
    TEAR = "tear"
    HOLE = "hole"
    CREASE = "crease"
    DEFORMATION = "deformation"
    MISSING_PART = "missing_part"
    OPENED_SEAL = "opened_seal"
    LEAK = "leak"
    SWOLLEN_BATTERY = "swollen_battery"
    BROKEN_GLASS = "broken_glass"


class Zone(StrEnum):
    """Where on the item; `any` where the category does not tell zones apart."""

    ANY = "any"
    FRONT = "front"
    BACK = "back"
    EDGE = "edge"
    SEAL = "seal"
    PACKAGING = "packaging"


class Severity(StrEnum):
    """How bad, in the order of the list."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A box on a view, in millionths of its width and height, so that it outlives resizing."""

    left_ppm: int
    top_ppm: int
    width_ppm: int
    height_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One observed fact."""

    kind: DefectKind
    zone: Zone
    severity: Severity
    confidence_ppm: int
    """Probability that the fact holds, 0..1,000,000."""
    view: str
    area_ppm: int
    """Share of the view that it covers, 0..1,000,000."""
    source: str
    """Model or role that says so, such as `reference-comparison` or `inspector`."""
    region: Region | None = None
