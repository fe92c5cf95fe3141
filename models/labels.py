"""Text on labels, by the extra `text` (RapidOCR, Apache-2.0, its weights in the package).

Slow (seconds for a picture on two cores) and never part of a grade: it answers a person who asks
what a label says.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.findings import Region
from models.errors import NoTextReader
from models.images import Pixels

MAX_LINES = 64
LONGEST_LINE = 256
LEAST_CONFIDENCE = 0.6
"""Of 1; below it the lines read from packages were mostly not words."""
WHOLE_PPM = 1_000_000
REMEDY = "pip install rapidocr"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenText:
    """One line of text in a picture."""

    text: str
    confidence_ppm: int
    region: Region


class TextReader:
    """A loaded reader; loading takes a second."""

    def __init__(self) -> None:
        """Raises NoTextReader where the extra is not installed."""
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise NoTextReader(
                f"reading text needs rapidocr, which is not installed here: {REMEDY}"
            ) from error
        self._reader = RapidOCR(params={"Global.log_level": "error"})

    def read(self, pixels: Pixels) -> tuple[SeenText, ...]:
        """The lines of a picture as the reader orders them, from top to bottom."""
        answer = self._reader(np.ascontiguousarray(pixels[:, :, ::-1]))
        if not answer.txts:
            return ()
        height, width = pixels.shape[:2]
        lines = zip(answer.txts, answer.scores, answer.boxes, strict=True)
        return tuple(
            SeenText(
                text=text[:LONGEST_LINE],
                confidence_ppm=round(float(score) * WHOLE_PPM),
                region=region_of(np.asarray(box, dtype=np.float64), height, width),
            )
            for text, score, box in list(lines)[:MAX_LINES]
            if score >= LEAST_CONFIDENCE
        )


def region_of(corners: NDArray[np.float64], height: int, width: int) -> Region:
    """The upright box around four corners (x, y), within the picture."""
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, (width, height))
    right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, (width, height))
    return Region(
        left_ppm=int(left) * WHOLE_PPM // width,
        top_ppm=int(top) * WHOLE_PPM // height,
        width_ppm=int(right - left) * WHOLE_PPM // width,
        height_ppm=int(bottom - top) * WHOLE_PPM // height,
    )
