"""A picture with the findings marked on it, for people; evidence itself is never changed."""

from collections.abc import Iterable

import cv2
import numpy as np

from inspection.findings import Finding, Severity
from models.images import Pixels

COLOURS = {Severity.MINOR: (255, 200, 0), Severity.MAJOR: (255, 120, 0), Severity.CRITICAL: (230, 30, 30)}
"""RGB of the box."""
WHOLE_PPM = 1_000_000


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
