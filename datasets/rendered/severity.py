"""Which share of the item makes a defect minor, major or critical: the one table of this set."""

from collections.abc import Mapping

from inspection.findings import DefectKind as K
from inspection.findings import Severity

BOUNDS: Mapping[K, tuple[int, int]] = {
    K.SCRATCH: (6_000, 40_000),
    K.DENT: (22_000, 75_000),
    K.CRACK: (5_000, 20_000),
    K.CHIP: (6_000, 20_000),
    K.STAIN: (15_000, 50_000),
    K.SMUDGE: (22_000, 100_000),
    K.TEAR: (15_000, 55_000),
    K.HOLE: (2_500, 25_000),
    K.MISSING_PART: (5_000, 30_000),
    K.OPENED_SEAL: (2_000, 6_000),
}
"""Visible share of the item, in ppm, from which a defect is major, and from which it is critical."""


def severity_of(kind: K, area_ppm: int) -> Severity:
    """Return the severity of a defect that covers `area_ppm` of the item's visible area."""
    major, critical = BOUNDS[kind]
    if area_ppm >= critical:
        return Severity.CRITICAL
    return Severity.MAJOR if area_ppm >= major else Severity.MINOR
