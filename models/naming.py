"""Names for what differs: severity by kind and share of the item, and the fusion of what several heads say.

With references the comparison says WHERE something differs, a head says WHAT it is. A difference that a
head names becomes that finding; one that nobody names stays a deviation. What a head sees beside all
differences counts only when it is louder than the head ever was on good units.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from inspection.findings import DefectKind as K
from inspection.findings import Finding, Region, Severity

Confirm = Callable[[Finding], int]

WHOLE_PPM = 1_000_000
LEAST_PPM, MOST_PPM = 1_000, 999_000
"""No photo is certain."""

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
"""Share of the item's visible area in ppm from which a defect is major, and from which it is critical.

The rendered set was graded by the same numbers (`datasets/rendered/severity.py`).
"""

COVERED = 0.25
"""Share of a difference's box that a named box must cover to explain it."""
SPEAKS_PPM = 500_000
"""Confidence from which a name takes the place of the difference; a weaker one only stands beside it."""


def severity_of(kind: K, area_ppm: int) -> Severity:
    """Severity of a defect that covers `area_ppm` of the item; raises KeyError for a kind without bounds."""
    major, critical = BOUNDS[kind]
    if area_ppm >= critical:
        return Severity.CRITICAL
    return Severity.MAJOR if area_ppm >= major else Severity.MINOR


def as_told(finding: Finding) -> int:
    """The confidence as it stands."""
    return finding.confidence_ppm


def fuse(
    differences: Sequence[Finding],
    named: Sequence[Finding],
    *,
    alone_ppm: int = LEAST_PPM,
    confirmed: Confirm = as_told,
) -> tuple[Finding, ...]:
    """Findings of one view, the surest first.

    `differences`: deviations above the comparison's limit; empty without references.
    `named`: what heads say of the same view, weak ones too.
    `alone_ppm`: confidence from which a named finding counts where nothing differs.
    `confirmed`: the confidence of a named finding that lies where something differs.
    """
    there = [one for one in named if any(explains(one, d) for d in differences)]
    kept = [replace(one, confidence_ppm=max(one.confidence_ppm, confirmed(one))) for one in there]
    clear = [one for one in kept if one.confidence_ppm >= SPEAKS_PPM]
    unnamed = [d for d in differences if not any(explains(one, d) for one in clear)]
    beside = [one for one in named if one not in there and one.confidence_ppm >= alone_ppm]
    return tuple(sorted([*kept, *beside, *unnamed], key=lambda one: -one.confidence_ppm))


def explains(named: Finding, difference: Finding) -> bool:
    """Whether a named finding lies where the difference is."""
    if named.region is None or difference.region is None or named.view != difference.view:
        return False
    return covers(named.region, difference.region)


def covers(box: Region, difference: Region) -> bool:
    """Whether a box covers enough of a difference's box, or its middle."""
    return overlap(box, difference) >= COVERED * area(difference) or holds_middle(box, difference)


def kept_ppm(chance: float) -> int:
    """A probability 0..1 as ppm, between 0.1 % and 99.9 %."""
    return max(LEAST_PPM, min(MOST_PPM, round(chance * WHOLE_PPM)))


def area(box: Region) -> int:
    """Millionths of a view, squared."""
    return box.width_ppm * box.height_ppm


def overlap(one: Region, other: Region) -> int:
    """Area that two boxes share, in the unit of `area`."""
    across = min(one.left_ppm + one.width_ppm, other.left_ppm + other.width_ppm) - max(
        one.left_ppm, other.left_ppm
    )
    down = min(one.top_ppm + one.height_ppm, other.top_ppm + other.height_ppm) - max(
        one.top_ppm, other.top_ppm
    )
    return max(0, across) * max(0, down)


def holds_middle(box: Region, other: Region) -> bool:
    """Whether the middle of `other` lies in the box."""
    x, y = other.left_ppm + other.width_ppm // 2, other.top_ppm + other.height_ppm // 2
    inside_x = box.left_ppm <= x <= box.left_ppm + box.width_ppm
    return inside_x and box.top_ppm <= y <= box.top_ppm + box.height_ppm
