"""Text on labels: an extra that says so where it is missing, and boxes that stay in the picture."""

import sys

import numpy as np
import pytest

from models.errors import NoTextReader
from models.labels import TextReader, region_of


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)  # as where it is not installed
    with pytest.raises(NoTextReader, match="pip install rapidocr"):
        TextReader()


def test_a_slanted_box_becomes_an_upright_one_within_the_picture() -> None:
    corners = np.array([[-4.0, 10.2], [50.0, 2.0], [54.9, 30.0], [0.0, 38.1]])
    region = region_of(corners, 100, 50)
    assert (region.left_ppm, region.top_ppm) == (0, 20_000)
    assert (region.width_ppm, region.height_ppm) == (1_000_000, 370_000)
