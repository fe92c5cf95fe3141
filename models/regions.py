"""From a map of differences to Findings: connected cells above the limit, graded by a table."""

from dataclasses import dataclass

import cv2
import numpy as np

from inspection.findings import DefectKind, Finding, Region, Severity, Zone
from models.backbone import Matrix
from models.calibration import Calibration
from models.reference import Comparison

SOURCE = "reference-comparison"
MAX_REGIONS = 8
"""Findings per view; the strongest are kept. A record holds 32."""
WHOLE_PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityRow:
    """A region is at least this severe when it is this strong and this large."""

    severity: Severity
    strength: float
    """Peak of the region in multiples of the limit."""
    area_ppm: int
    """Share of the view."""


SEVERITIES = (
    SeverityRow(severity=Severity.CRITICAL, strength=3.0, area_ppm=30_000),
    SeverityRow(severity=Severity.CRITICAL, strength=1.5, area_ppm=80_000),
    SeverityRow(severity=Severity.MAJOR, strength=2.0, area_ppm=10_000),
    SeverityRow(severity=Severity.MAJOR, strength=1.25, area_ppm=30_000),
)
"""First row that holds, from the top; no row: minor.

A comparison knows how much differs, not what it is: a large harmless sticker looks worse than
a hairline crack. The rows were set on the drawn pictures of `datasets/drawn` and on nothing else.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One connected region of a map."""

    left: int
    top: int
    width: int
    height: int
    cells: int
    peak: float


def severity_of(strength: float, area_ppm: int) -> Severity:
    """Severity by the table."""
    rows = (r.severity for r in SEVERITIES if strength >= r.strength and area_ppm >= r.area_ppm)
    return next(rows, Severity.MINOR)


def regions_above(heat: Matrix, limit: float) -> list[Patch]:
    """Connected cells (also by a corner) above the limit, strongest first; each without its skirt."""
    count, labels = cv2.connectedComponents((heat > limit).astype(np.uint8), connectivity=8)
    found = [without_skirt(np.where(labels == label, heat, 0.0), limit) for label in range(1, count)]
    return sorted(found, key=lambda patch: -patch.peak)[:MAX_REGIONS]


def without_skirt(alone: Matrix, limit: float) -> Patch:
    """The cells nearer to the peak than to the limit, as ratios: deep maps smear a mark around itself.

    `alone`: the map with one region left, 0 elsewhere.
    """
    peak = float(alone.max())
    core = (alone >= min(peak, (peak * limit) ** 0.5)).astype(np.uint8)
    left, top, width, height = cv2.boundingRect(core)
    return Patch(left=left, top=top, width=width, height=height, cells=int(core.sum()), peak=peak)


def findings_of(view: str, comparison: Comparison, calibration: Calibration, limit: float) -> list[Finding]:
    """Where a view differs, if it differs more as a whole than a good unit does.

    The score is a mean of the largest cells: single cells of a good unit may lie above the limit.
    """
    if comparison.score <= limit:
        return []
    rows, columns = comparison.heat.shape
    found = []
    for patch in regions_above(comparison.heat, limit):
        area_ppm = patch.cells * WHOLE_PPM // (rows * columns)
        found.append(
            Finding(
                kind=DefectKind.DEVIATION,
                zone=Zone.ANY,
                severity=severity_of(patch.peak / limit, area_ppm),
                confidence_ppm=WHOLE_PPM - p_value_ppm(calibration, min(patch.peak, comparison.score)),
                view=view,
                area_ppm=area_ppm,
                source=SOURCE,
                region=region_of(patch, rows, columns),
            )
        )
    return found


def p_value_ppm(calibration: Calibration, score: float) -> int:
    """The fitted p-value in ppm; never 0, for nothing is impossible by a fit."""
    return max(1, round(calibration.p_value(score) * WHOLE_PPM))


def region_of(patch: Patch, rows: int, columns: int) -> Region:
    """The patch's box in millionths of the view."""
    return Region(
        left_ppm=patch.left * WHOLE_PPM // columns,
        top_ppm=patch.top * WHOLE_PPM // rows,
        width_ppm=patch.width * WHOLE_PPM // columns,
        height_ppm=patch.height * WHOLE_PPM // rows,
    )
