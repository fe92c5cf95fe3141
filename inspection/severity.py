"""How bad a named defect is, by the share of the item that it covers.

One table for those who find defects and for those who draw them: the rendered returns were graded by it,
and what a head finds is measured with the same bounds.
"""

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
    K.CREASE: (20_000, 80_000),
    K.DEFORMATION: (30_000, 100_000),
    K.MISSING_PART: (5_000, 30_000),
    K.OPENED_SEAL: (2_000, 6_000),
}
"""Share of the item's visible area in ppm from which a defect is major, and from which it is critical."""


def severity_of(kind: K, area_ppm: int) -> Severity:
    """Severity of a defect that covers `area_ppm` of the item; raises KeyError for a kind without bounds."""
    major, critical = BOUNDS[kind]
    if area_ppm >= critical:
        return Severity.CRITICAL
    return Severity.MAJOR if area_ppm >= major else Severity.MINOR
