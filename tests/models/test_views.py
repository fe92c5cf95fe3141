"""A view without a store: the whole recipe, each lever off, few photos, the same answer twice."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.backbone import MAPS, Backbone, load_backbone
from models.calibration import MIN_SHOTS
from models.looks import score_of, sizes_for, together
from models.recipe import DEFAULT, LEVERS, OFF, PLAIN, without
from models.views import FittedView, compare_view, fit_view, see_view

Drawn = Callable[..., list[bytes]]
THREADS_APART = 1e-4
"""Of the heat: what another number of threads may change, by the order of sums."""


@pytest.fixture
def mug(backbone: Backbone, drawn: Drawn) -> FittedView:
    return fit_view(backbone, DEFAULT, drawn("mug", "good", 1, 4))


def test_four_photos_tell_a_damaged_mug_from_good_ones(
    backbone: Backbone, mug: FittedView, drawn: Drawn
) -> None:
    (good,), (bad,) = drawn("mug", "good", 30, 30), drawn("mug", "damaged_chip", 1, 1)
    fine, broken = (compare_view(backbone, mug, content) for content in (good, bad))
    assert fine.score < fine.limit < broken.score
    assert broken.p_value < 0.01 < fine.p_value
    assert 0 < broken.model_ms <= broken.total_ms


def test_the_same_picture_gives_the_same_bits(backbone: Backbone, mug: FittedView, drawn: Drawn) -> None:
    (item,) = drawn("mug", "used_stain", 1, 1)
    first, again = (compare_view(backbone, mug, item) for _ in range(2))
    assert np.array_equal(first.heat, again.heat)
    assert first.score == again.score


def test_another_number_of_threads_changes_next_to_nothing(mug: FittedView, drawn: Drawn) -> None:
    (item,) = drawn("mug", "used_stain", 1, 1)
    one, two = (compare_view(load_backbone(threads=threads), mug, item) for threads in (1, 2))
    np.testing.assert_allclose(one.heat, two.heat, rtol=THREADS_APART)


@pytest.mark.parametrize("lever", list(LEVERS))
def test_every_lever_can_be_switched_off(backbone: Backbone, drawn: Drawn, lever: str) -> None:
    recipe = without(DEFAULT, lever)
    assert recipe != DEFAULT
    view = fit_view(backbone, recipe, drawn("mug", "good", 1, MIN_SHOTS))
    good, bad = drawn("mug", "good", 30, 30)[0], drawn("mug", "damaged_chip", 1, 1)[0]
    assert compare_view(backbone, view, good).score < compare_view(backbone, view, bad).score


def test_all_levers_off_is_the_plain_recipe() -> None:
    recipe = DEFAULT
    for lever in LEVERS:
        recipe = without(recipe, lever)
    assert set(LEVERS) == set(OFF)
    assert recipe == replace(PLAIN, by_place=False)


def test_heads_see_the_whole_picture_whatever_the_recipe(
    backbone: Backbone, mug: FittedView, drawn: Drawn
) -> None:
    (item,) = drawn("mug", "good", 30, 30)
    beside, alone = compare_view(backbone, mug, item).sight, see_view(backbone, DEFAULT, item)
    assert np.array_equal(beside.pixels, alone.pixels)
    height, width = alone.pixels.shape[:2]
    for name in MAPS:
        found = alone.maps[name]
        assert np.array_equal(found, beside.maps[name])
        assert found.shape[1:] == (height // int(name[1:]), width // int(name[1:]))
    assert (alone.comparison, alone.item) == (None, None)


def test_the_item_is_located_where_the_empty_bench_is_known(backbone: Backbone, drawn: Drawn) -> None:
    (bench,), photos = drawn("", ""), drawn("mug", "good", 1, MIN_SHOTS)
    view = fit_view(backbone, PLAIN, photos, bench=bench)
    item = compare_view(backbone, view, photos[0]).sight.item
    assert item is not None
    assert 0.05 < item.mean() < 0.6


@pytest.mark.parametrize(
    ("height", "width", "whole", "finer"),
    [
        (1080, 1920, (256, 416), (480, 864)),
        (480, 640, (288, 384), (544, 736)),
        (288, 352, (288, 352), (576, 704)),
        (100, 100, (320, 320), None),
    ],
)
def test_the_finer_look_never_goes_far_beyond_what_the_camera_gave(
    height: int, width: int, whole: tuple[int, int], finer: tuple[int, int] | None
) -> None:
    sizes = sizes_for(height, width, DEFAULT)
    assert (sizes.whole.height, sizes.whole.width) == whole
    assert (sizes.finer and (sizes.finer.height, sizes.finer.width)) == finer
    assert sizes_for(height, width, PLAIN).finer is None


def test_maps_of_several_looks_are_averaged_on_the_first_ones_cells() -> None:
    fine, coarse = np.full((4, 6), 1.0, np.float32), np.full((2, 3), 3.0, np.float32)
    assert np.array_equal(together([fine, coarse]), np.full((4, 6), 2.0, np.float32))
    assert np.array_equal(together([coarse, fine], times=2), np.full((4, 6), 2.0, np.float32))


def test_the_score_is_the_mean_of_the_largest_cells() -> None:
    heat = np.arange(200, dtype=np.float32).reshape(10, 20)
    assert score_of(heat, 0.0) == 199.0
    assert score_of(heat, 0.02) == (199 + 198 + 197 + 196) / 4


def test_a_photo_that_becomes_a_reference_scores_lower(
    backbone: Backbone, mug: FittedView, drawn: Drawn
) -> None:
    photos, (item,) = drawn("mug", "good", 1, 4), drawn("mug", "used_stain", 1, 1)
    more = fit_view(backbone, DEFAULT, [*photos, item])
    assert compare_view(backbone, more, item).score < compare_view(backbone, mug, item).score
