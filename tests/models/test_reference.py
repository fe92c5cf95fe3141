"""Comparison with good photos: what is alike is near, what is odd is far and in the right place."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backbone import Matrix, Patches
from models.calibration import MIN_SHOTS
from models.coreset import greedy_coreset, nearest_distance
from models.looks import Banks, banks_of, compare_looks, learn_looks
from models.recipe import MAX_ROWS, PLAIN
from models.reference import heat_of, learn

ROWS, COLUMNS, CHANNELS = 10, 12, 5


def shot(seed: int) -> Patches:
    base = np.random.default_rng(99).standard_normal((ROWS * COLUMNS, CHANNELS))
    noise = 0.1 * np.random.default_rng(seed).standard_normal(base.shape)
    return Patches(rows=ROWS, columns=COLUMNS, vectors=(base + noise).astype(np.float32))


def plain_banks(photos: Sequence[tuple[Patches]]) -> Banks:
    return banks_of(PLAIN, learn_looks(PLAIN, photos))


def with_defect(patches: Patches, row: int, column: int) -> Patches:
    vectors = patches.vectors.copy()
    vectors[row * COLUMNS + column] += 8.0
    return Patches(rows=ROWS, columns=COLUMNS, vectors=vectors)


def slow_distance(vectors: Matrix, bank: Matrix) -> Matrix:
    apart = vectors[:, None].astype(np.float64) - bank[None]
    return np.asarray(np.sqrt((apart**2).sum(-1)).min(1), dtype=np.float32)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 30))
def test_the_fast_distance_is_the_plain_one(seed: int, rows: int, bank_rows: int) -> None:
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((rows, 7)).astype(np.float32)
    bank = draw.standard_normal((bank_rows, 7)).astype(np.float32)
    np.testing.assert_allclose(nearest_distance(vectors, bank), slow_distance(vectors, bank), atol=2e-3)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_a_coreset_is_part_of_the_rows_and_covers_better_than_chance(seed: int, count: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((60, 4)).astype(np.float32)
    chosen = greedy_coreset(vectors, count)
    assert len(np.unique(chosen, axis=0)) == count
    assert nearest_distance(chosen, vectors).max() < 1e-2
    assert np.array_equal(chosen, greedy_coreset(vectors, count))
    if count > 10:
        assert (
            nearest_distance(vectors, chosen).max() <= nearest_distance(vectors, vectors[:count]).max() + 1e-3
        )


def test_a_coreset_larger_than_the_rows_is_all_of_them() -> None:
    vectors = np.eye(4, dtype=np.float32)
    assert len(greedy_coreset(vectors, 9)) == 4


def test_an_odd_cell_is_found_where_it_is() -> None:
    bank = plain_banks([(shot(seed),) for seed in range(12)])
    good = compare_looks(PLAIN, bank, (shot(50),))
    bad = compare_looks(PLAIN, bank, (with_defect(shot(50), 5, 6),))
    limit = bank.calibration.limit()
    assert good.score <= limit < bad.score
    assert bad.heat.argmax() == 5 * COLUMNS + 6


def test_every_photo_has_its_own_left_out_score() -> None:
    odd = with_defect(shot(3), 1, 1)
    bank = plain_banks([*((shot(seed),) for seed in range(9)), (odd,)])
    assert len(bank.leave_one_out) == 10
    assert int(np.argmax(bank.leave_one_out)) == 9


def test_a_left_out_photo_scores_what_it_would_as_an_item() -> None:
    learnt = learn([shot(seed) for seed in range(6)])
    alone = learn([shot(seed) for seed in range(5)]).bank
    assert learnt.left_out[5] == pytest.approx(heat_of(alone, shot(5)), rel=0.1)


def test_a_fit_needs_enough_photos_of_one_size() -> None:
    with pytest.raises(ValueError, match="needed"):
        plain_banks([(shot(seed),) for seed in range(MIN_SHOTS - 1)])
    other = Patches(rows=COLUMNS, columns=ROWS, vectors=shot(9).vectors)
    with pytest.raises(ValueError, match="size"):
        learn([*(shot(seed) for seed in range(6)), other])
    with pytest.raises(ValueError, match="size"):
        heat_of(learn([shot(seed) for seed in range(6)]).bank, other)


def test_the_rows_of_a_bank_are_bounded_for_any_number_of_photos() -> None:
    wide = [
        Patches(rows=40, columns=40, vectors=np.random.default_rng(seed).random((1600, 3), np.float32))
        for seed in range(16)
    ]
    assert learn(wide, share=0.5).bank.vectors.shape == (MAX_ROWS, 3)


def test_a_marked_copy_is_compared_as_its_photo_and_changes_no_bank() -> None:
    photos = [shot(seed) for seed in range(5)]
    plain = learn(photos)
    with_marks = learn(photos, marked=[with_defect(photo, 2, 3) for photo in photos])
    assert np.array_equal(plain.bank.vectors, with_marks.bank.vectors)
    assert all(np.array_equal(*pair) for pair in zip(plain.left_out, with_marks.left_out, strict=True))
    assert all(heat.argmax() == 2 * COLUMNS + 3 for heat in with_marks.marked)
    same = learn(photos, marked=photos)
    assert all(np.array_equal(*pair) for pair in zip(same.left_out, same.marked, strict=True))


def test_by_direction_alone_a_stronger_patch_is_no_other_one() -> None:
    photos = [shot(seed) for seed in range(6)]
    learnt = learn(photos, direction=True).bank
    standard = (photos[0].vectors - learnt.mean) / learnt.spread
    stronger = Patches(rows=ROWS, columns=COLUMNS, vectors=2.0 * standard * learnt.spread + learnt.mean)
    near, far = (heat_of(learnt, one) for one in (photos[0], stronger))
    np.testing.assert_allclose(near, far, atol=1e-2)
    assert np.linalg.norm(learnt.vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_what_is_normal_at_a_place_counts_less_there() -> None:
    restless = [with_defect(shot(seed), seed % 3, 2) for seed in range(9)]
    item = with_defect(shot(50), 1, 2)
    by_place, by_view = (
        heat_of(learn(restless, by_place=by_place).bank, item).max() for by_place in (True, False)
    )
    assert by_place < by_view
