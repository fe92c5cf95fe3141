"""A picture with what differs and the findings marked on it, for people; evidence itself is never changed."""

from collections.abc import Iterable

import cv2
import numpy as np

from inspection.detector import Detection
from inspection.findings import Finding, Severity
from models.backbone import Matrix
from models.heads import Sight
from models.images import Pixels

COLOURS = {Severity.MINOR: (255, 200, 0), Severity.MAJOR: (255, 120, 0), Severity.CRITICAL: (230, 30, 30)}
"""RGB of the box."""
WARM = (255, 40, 0)
"""RGB of what differs."""
WARMEST = 0.6
"""Share of WARM in a pixel at twice the limit and beyond."""
COLD = 0.5
"""Of the limit: below it nothing is coloured."""
WHOLE_PPM = 1_000_000


def heats_of(detection: Detection, sights: Iterable[Sight]) -> dict[str, Matrix]:
    """The map of every view that was compared, in multiples of its limit."""
    limits = {view.view: view.limit for view in detection.views}
    return {
        sight.view: np.asarray(sight.comparison.heat / limits[sight.view], dtype=np.float32)
        for sight in sights
        if sight.comparison is not None and sight.view in limits
    }


def warmed(pixels: Pixels, heat: Matrix | None) -> Pixels:
    """A copy that is the redder the more it differs; `heat` in multiples of the limit."""
    if heat is None:
        return pixels.copy()
    height, width = pixels.shape[:2]
    whole = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
    share = WARMEST * np.clip((whole - COLD) / (2.0 - COLD), 0.0, 1.0)[:, :, None]
    return np.asarray(np.rint(pixels * (1.0 - share) + np.array(WARM) * share), dtype=np.uint8)


def marked(pixels: Pixels, findings: Iterable[Finding]) -> Pixels:
    """A copy with a box around each finding that has a region."""
    height, width = pixels.shape[:2]
    shown = np.ascontiguousarray(pixels.copy())
    line = max(2, min(height, width) // 180)
    for finding in findings:
        if finding.region is None:
            continue
        left = finding.region.left_ppm * width // WHOLE_PPM
        top = finding.region.top_ppm * height // WHOLE_PPM
        right = left + finding.region.width_ppm * width // WHOLE_PPM
        bottom = top + finding.region.height_ppm * height // WHOLE_PPM
        cv2.rectangle(shown, (left, top), (right, bottom), COLOURS[finding.severity], line, cv2.LINE_AA)
    return shown


def side_by_side(pictures: list[Pixels], height: int = 480) -> bytes:
    """The pictures in a row, at one height, as PNG."""
    row = [cv2.resize(p, (max(1, p.shape[1] * height // p.shape[0]), height)) for p in pictures]
    _, encoded = cv2.imencode(".png", np.hstack(row)[:, :, ::-1])
    return encoded.tobytes()
