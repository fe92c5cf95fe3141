"""Names for what differs: the comparison says WHERE something differs, a head says WHAT it is.

A difference that a head names becomes that finding; one that nobody names stays a deviation.
"""

from collections.abc import Sequence

from inspection.findings import Finding, Region

WHOLE_PPM = 1_000_000
LEAST_PPM, MOST_PPM = 1_000, 999_000
"""No photo is certain."""

COVERED = 0.25
"""Share of a difference's box that a named box must cover to explain it."""
SPEAKS_PPM = 800_000
"""Confidence from which a name takes the place of the difference; a weaker one only stands beside it."""


def fuse(differences: Sequence[Finding], named: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings of one view, the surest first: all that has a name, and the differences that got none.

    `differences`: deviations above the comparison's limit; empty without references.
    """
    clear = [one for one in named if one.confidence_ppm >= SPEAKS_PPM]
    unnamed = [d for d in differences if not any(explains(one, d) for one in clear)]
    return tuple(sorted([*named, *unnamed], key=lambda one: -one.confidence_ppm))


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
