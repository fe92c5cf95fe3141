"""Completeness: is each part at its place, as in the good photos?

A product's parts are boxes on a view, marked once. The box of each part is cut out, described by
the backbone as a picture of its own, and compared with the same box of the good photos: a missing
screw in a corner is a large difference there, and a small one in the whole view.

The distance of a part at its place is taken as normal around the part's own mean, with one spread
for all parts of the view, both from leave-one-out over the good photos: Student's prediction
interval with parts * (photos - 1) degrees of freedom. One spread, for eight photos of one part
measure a spread badly, and eight of each of four parts do not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.findings import DefectKind, Finding, Region, Severity, Zone
from models.backbone import Backbone, Matrix
from models.calibration import student_tail
from models.framing import Size, fit_to
from models.images import Pixels

SOURCE = "completeness"
PART_SIDE = 128
"""Pixels that the backbone sees of a part."""
MAX_PARTS = 32
MIN_PHOTOS = 3
LEAST_SPREAD = 0.1
"""Of the mean distance: photos taken in one go differ less than those of another day."""
LEAST_SIDE = 16
"""Pixels; a smaller box on the view shows no part."""
FALSE_ALARM = 0.01
"""Share of parts at their place that may be called missing."""
WHOLE_PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a product, and where it belongs."""

    name: str
    region: Region
    severity: Severity = Severity.MAJOR
    """How bad it is that the part is missing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartBank:
    """One part in all good photos."""

    part: Part
    rows: Matrix
    """photos x length, each of length 1."""
    mean: float
    """Distance of the part at its place."""
    spread: float
    freedom: int

    def p_value(self, distance: float) -> float:
        """Chance that the part at its place lies as far or farther, by the fit; 0..1."""
        photos = len(self.rows)
        return student_tail(
            (distance - self.mean) / (self.spread * math.sqrt(1.0 + 1.0 / photos)), self.freedom
        )

    def finding(self, view: str, row: Matrix) -> Finding | None:
        """The missing part, or None when the picture shows it."""
        chance = self.p_value(float(1.0 - (self.rows @ row).max()))
        if chance > FALSE_ALARM:
            return None
        region = self.part.region
        return Finding(
            kind=DefectKind.MISSING_PART,
            zone=Zone.ANY,
            severity=self.part.severity,
            confidence_ppm=WHOLE_PPM - max(1, round(chance * WHOLE_PPM)),
            view=view,
            area_ppm=region.width_ppm * region.height_ppm // WHOLE_PPM,
            source=SOURCE,
            region=region,
        )


def fit_parts(backbone: Backbone, parts: Sequence[Part], photos: Sequence[Pixels]) -> list[PartBank]:
    """What each part looks like; raises ValueError with fewer than MIN_PHOTOS."""
    if not parts:
        return []
    if len(photos) < MIN_PHOTOS:
        raise ValueError(f"{len(photos)} photos show no part, {MIN_PHOTOS} are needed")
    return fit_described(parts, np.stack([describe(backbone, parts, photo) for photo in photos], axis=1))


def fit_described(parts: Sequence[Part], described: Matrix) -> list[PartBank]:
    """The same of parts x photos x length, as `describe` gives them."""
    distances = np.stack([left_out_distances(rows) for rows in described])
    means = distances.mean(axis=1)
    freedom = distances.size - len(parts)
    spread = math.sqrt(float(((distances - means[:, None]) ** 2).sum()) / freedom)
    return [
        PartBank(
            part=part,
            rows=rows,
            mean=float(mean),
            spread=max(spread, LEAST_SPREAD * float(mean), 1e-6),
            freedom=freedom,
        )
        for part, rows, mean in zip(parts, described, means, strict=True)
    ]


def missing_parts(backbone: Backbone, banks: Sequence[PartBank], view: str, pixels: Pixels) -> list[Finding]:
    """A finding for each part that is not at its place."""
    if not banks:
        return []
    described = describe(backbone, [bank.part for bank in banks], pixels)
    found = (bank.finding(view, row) for bank, row in zip(banks, described, strict=True))
    return [finding for finding in found if finding is not None]


def describe(backbone: Backbone, parts: Sequence[Part], pixels: Pixels) -> Matrix:
    """parts x length: each part's box as the backbone sees it, rows of length 1."""
    # from the camera's own pixels: of a part shrunk with its view too little is left
    rows, _ = backbone.embed([cut_out(pixels, part.region) for part in parts[:MAX_PARTS]])
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def cut_out(pixels: Pixels, region: Region) -> Pixels:
    """A box of the view at PART_SIDE; a box too small or outside is widened to LEAST_SIDE pixels."""
    height, width = pixels.shape[:2]
    left = min(region.left_ppm * width // WHOLE_PPM, width - LEAST_SIDE)
    top = min(region.top_ppm * height // WHOLE_PPM, height - LEAST_SIDE)
    right = min(max(left + region.width_ppm * width // WHOLE_PPM, left + LEAST_SIDE), width)
    bottom = min(max(top + region.height_ppm * height // WHOLE_PPM, top + LEAST_SIDE), height)
    cut = np.ascontiguousarray(pixels[top:bottom, left:right])
    return fit_to(cut, Size(height=PART_SIDE, width=PART_SIDE))


def left_out_distances(rows: Matrix) -> Matrix:
    """Distance of each photo to the nearest of the others."""
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1.0)
    return np.asarray(1.0 - cosines.max(axis=1), dtype=np.float32)
