"""A bench, and the light card laid on it as a camera would see it."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.bench.card import CARDS, SizeName
from models.bench.printing import DOTS_PER_MM, PAGE_MM, as_png
from models.images import Pixels, decode

DRAWN = Path(__file__).parents[3] / "datasets" / "drawn"
WHITE, BLACK = 225.0, 25.0

Lay = Callable[..., Pixels]


def face(name: SizeName) -> Pixels:
    """The card alone, cut from its printed sheet."""
    card, page = CARDS[name], decode(as_png(CARDS[name]))
    left, top = (PAGE_MM[0] - card.width_mm) / 2, (PAGE_MM[1] - 16.0 - card.height_mm) / 2
    rows = slice(round(top * DOTS_PER_MM), round((top + card.height_mm) * DOTS_PER_MM))
    return page[rows, round(left * DOTS_PER_MM) : round((left + card.width_mm) * DOTS_PER_MM)]


def laid_on(
    bench: Pixels,
    name: SizeName = "medium",
    *,
    mm_per_pixel: float = 0.8,
    at: tuple[float, float] = (240.0, 180.0),
    turned: float = 10.0,
    askew: float = 0.0,
    white: float = WHITE,
) -> Pixels:
    """The card on a bench; `askew` lets one side be nearer to the camera."""
    factor = 1.0 / (mm_per_pixel * DOTS_PER_MM)
    small = cv2.resize(face(name), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    printed = small.astype(np.float32) / 255.0 * (white - BLACK) + BLACK
    height, width = small.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turned, 1.0)
    turn[:, 2] += np.array(at) - (width / 2, height / 2)
    way = np.vstack([turn, [askew, 0.0, 1.0]])
    size = (bench.shape[1], bench.shape[0])
    there = cv2.warpPerspective(np.ones((height, width), np.float32), way, size)[:, :, None]
    return np.asarray(bench * (1 - there) + cv2.warpPerspective(printed, way, size) * there, dtype=np.uint8)


def as_jpeg(pixels: Pixels) -> bytes:
    """As the camera sends it."""
    return cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


@pytest.fixture(scope="session")
def bench() -> Pixels:
    """The empty bench at full size."""
    return decode((DRAWN / "bench.jpg").read_bytes())


@pytest.fixture(scope="session")
def lay() -> Lay:
    """`lay(bench, "medium", mm_per_pixel=0.8)`."""
    return laid_on


@pytest.fixture(scope="session")
def sent() -> Callable[[Pixels], bytes]:
    """Pixels as a camera's JPEG."""
    return as_jpeg
