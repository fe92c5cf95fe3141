"""The rows and masks of the rendered set, read once."""

from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.rendered.index import HOME, Row, read

Mask = NDArray[np.uint8]


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return read()


@pytest.fixture(scope="session")
def masks(rows: list[Row]) -> Mapping[str, Mask]:
    """Masks by the path that the index gives them."""
    return {row["mask"]: read_mask(row["mask"]) for row in rows}


def read_mask(path: str) -> Mask:
    mask = cv2.imread(str(HOME / path), cv2.IMREAD_UNCHANGED)
    assert mask is not None, f"{path} is no picture"
    return np.asarray(mask, np.uint8)
