"""Per-region overlap on toy maps."""

import numpy as np
import pytest

from models.evaluation.pro import FINEST, aupro, enlarged, factor_for, fitted, pro_parts, regions

SIDE = FINEST
"""Maps of this size are not enlarged, so cells can be counted."""


def blank() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.zeros((SIDE, SIDE), dtype=np.float32)


def two_defects() -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[10:20, 10:20] = True
    mask[100:180, 100:180] = True
    return mask


def test_a_map_that_shows_the_defects_alone_has_all_of_the_area() -> None:
    mask = two_defects()
    parts = pro_parts([mask.astype(np.float32), blank()], [mask, None])
    assert aupro(parts, np.ones((1, 2)))[0] == pytest.approx(1.0)


def test_a_small_defect_counts_as_much_as_a_large_one() -> None:
    mask = two_defects()
    heat = blank()
    heat[10:20, 10:20] = 1.0  # the large one is not above the normal cells
    parts = pro_parts([heat, blank()], [mask, None])
    assert aupro(parts, np.ones((1, 2)))[0] == pytest.approx(0.5)


def test_a_map_of_noise_has_half_of_the_allowed_false_alarms() -> None:
    noise = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[64:192, 64:192] = True
    parts = pro_parts([noise], [mask])
    assert aupro(parts, np.ones((1, 1)))[0] == pytest.approx(0.15, abs=0.01)


def test_a_picture_that_counts_twice_is_there_twice() -> None:
    rng = np.random.default_rng(1)
    heats = [rng.random((16, 16)).astype(np.float32) for _ in range(3)]
    mask = np.zeros((16, 16), dtype=bool)
    mask[2:5, 2:5] = True
    parts = pro_parts(heats, [mask, None, mask])
    doubled = pro_parts([*heats, heats[0]], [mask, None, mask, mask])
    expected = aupro(doubled, np.ones((1, 4)))[0]
    assert aupro(parts, np.array([[2.0, 1.0, 1.0]]))[0] == pytest.approx(expected, abs=0.02)


def test_nobody_with_a_defect_gives_no_figure() -> None:
    mask = two_defects()
    parts = pro_parts([mask.astype(np.float32), blank()], [mask, None])
    assert np.isnan(aupro(parts, np.array([[0.0, 2.0]]))[0])


def test_a_hairline_stays_when_a_mask_is_made_smaller() -> None:
    mask = np.zeros((400, 1000), dtype=bool)
    mask[200, :] = True
    assert fitted(mask, (25, 64)).any(axis=0).all()
    assert fitted(np.ones((4, 4), dtype=bool), (8, 8)).all()


def test_defects_that_touch_at_a_corner_are_one() -> None:
    mask = np.zeros((4, 4), dtype=bool)
    mask[0, 0] = mask[1, 1] = mask[3, 3] = True
    assert sorted(int(region.sum()) for region in regions(mask)) == [1, 2]


def test_a_map_is_enlarged_by_a_whole_factor_and_less_where_there_are_many() -> None:
    heat = np.zeros((40, 30), dtype=np.float32)
    assert enlarged(heat, factor_for([heat])).shape == (240, 180)
    assert factor_for([heat] * 5000) == 2
    assert factor_for([heat] * 50_000) == 1


def test_maps_of_several_sizes_stand_side_by_side() -> None:
    draw = np.random.default_rng(5)
    heats = [
        draw.random((rows, columns)).astype(np.float32) for rows, columns in ((8, 12), (12, 8), (10, 10))
    ]
    mask = np.zeros((96, 64), np.bool_)
    mask[20:40, 20:40] = True
    parts = pro_parts(heats, [None, mask, None])
    assert parts.owner.tolist() == [1]
    assert (parts.overlaps <= 1.0).all()
