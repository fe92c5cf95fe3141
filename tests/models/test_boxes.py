"""Boxes of a detector: what overlaps is one, what is improbable is none, and nothing leaves the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.boxes import MAX_CANDIDATES, boxes_of, filled, letterbox, on_picture
from models.errors import ModelFailed
from models.session import Tensor


def answer(*rows: tuple[float, ...]) -> Tensor:
    """One column per box: middle, size, one probability per class."""
    return np.array(rows, np.float32).T


def test_of_two_boxes_on_one_thing_the_surer_one_stays() -> None:
    found = boxes_of(answer((10, 10, 8, 8, 0.6), (11, 10, 8, 8, 0.9)), 1, least=0.25, overlap=0.5)
    assert found.scores.tolist() == pytest.approx([0.9])
    assert found.corners.tolist() == [[7, 6, 15, 14]]


def test_boxes_of_different_classes_stay_beside_each_other() -> None:
    found = boxes_of(answer((10, 10, 8, 8, 0.6, 0), (10, 10, 8, 8, 0, 0.9)), 2, least=0.25, overlap=0.5)
    assert found.classes.tolist() == [1, 0]


def test_what_is_improbable_is_no_box_but_is_known_as_a_doubt() -> None:
    found = boxes_of(answer((10, 10, 8, 8, 0.2)), 1, least=0.25, overlap=0.5)
    assert len(found.scores) == 0
    assert found.doubts.tolist() == pytest.approx([0.2])


def test_thousands_of_boxes_are_bounded() -> None:
    rows = [(float(x), float(y), 1.0, 1.0, 0.9) for x in range(0, 200, 2) for y in range(0, 200, 2)]
    assert len(boxes_of(answer(*rows), 1, least=0.25, overlap=0.5).scores) == MAX_CANDIDATES


@pytest.mark.parametrize("chance", [-0.1, 1.5])
def test_what_is_no_probability_is_refused(chance: float) -> None:
    with pytest.raises(ModelFailed, match="outside 0 to 1"):
        boxes_of(answer((10, 10, 8, 8, chance)), 1, least=0.25, overlap=0.5)


@given(
    numbers=arrays(np.float32, (7, 20), elements=st.floats(-500, 500, width=32) | st.floats(0, 1, width=32))
)
def test_any_finite_answer_is_boxes_or_an_error(numbers: Tensor) -> None:
    try:
        found = boxes_of(numbers, 3, least=0.25, overlap=0.5)
    except ModelFailed:
        assert numbers[4:].min() < 0 or numbers[4:].max() > 1
    else:
        assert len(found.corners) == len(found.scores) == len(found.classes) == len(found.coefficients)
        assert (found.scores >= np.float32(0.25)).all()


@given(height=st.integers(1, 400), width=st.integers(1, 400))
def test_the_whole_picture_comes_back_from_the_square(height: int, width: int) -> None:
    numbers, square = letterbox(np.zeros((height, width, 3), np.uint8), 64)
    assert numbers.shape == (1, 3, 64, 64)
    dark = np.argwhere(numbers[0, 0] == 0)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0) + 1
    corners = np.array([[left, top, right, bottom]], np.float32)
    back = on_picture(corners, square, height, width)[0]
    pixel = 1 / square.scale
    assert np.abs(back - [0, 0, width, height]).max() <= pixel + 1e-3


def test_a_box_too_small_for_a_mask_counts_as_full() -> None:
    prototypes = np.full((1, 4, 4), -1, np.float32)
    nothing = np.array([0.5, 0.5, 0.5, 0.5], np.float32)
    assert filled(np.ones(1, np.float32), prototypes, nothing) == 1.0
    assert filled(np.ones(1, np.float32), prototypes, np.array([0, 0, 1, 1], np.float32)) == 0.0
