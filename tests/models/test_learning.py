"""How a view learns: drawn marks decide whether the finer picture is worth its time."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models import learning
from models.backbone import Backbone
from models.calibration import MIN_SHOTS
from models.framing import see
from models.learning import LearntView, learn_view, with_mark
from models.looks import Shown
from models.marks import change_on, mark_of, marked
from models.recipe import DEFAULT
from models.views import compare_view, fit_view

Drawn = Callable[..., list[bytes]]


def learnt_where(
    gain: float, backbone: Backbone, photos: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> LearntView:
    monkeypatch.setattr(learning, "gain", lambda recipe, learnt: gain)
    return learn_view(backbone, DEFAULT, photos)


def test_the_finer_looks_stay_only_where_they_tell_marks_apart(
    backbone: Backbone, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = drawn("mug", "good", 1, MIN_SHOTS)
    useless = learnt_where(learning.LEAST_GAIN - 0.01, backbone, photos, monkeypatch)
    useful = learnt_where(learning.LEAST_GAIN, backbone, photos, monkeypatch)
    assert useless.sizes.finer is None
    assert len(useless.banks.looks) == len(DEFAULT.whole_looks)
    assert useful.sizes.finer is not None
    assert len(useful.banks.looks) == len(DEFAULT.looks)


def test_a_view_without_the_finer_looks_is_as_by_a_recipe_without_them(
    backbone: Backbone, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, (item,) = drawn("mug", "good", 1, MIN_SHOTS), drawn("mug", "used_stain", 1, 1)
    monkeypatch.setattr(learning, "gain", lambda recipe, learnt: 0.0)
    never = replace(DEFAULT, fine_side=0)
    shipped, plain = (fit_view(backbone, recipe, photos) for recipe in (DEFAULT, never))
    assert shipped.bank.leave_one_out == plain.bank.leave_one_out
    assert compare_view(backbone, shipped, item).score == compare_view(backbone, plain, item).score


def test_the_choice_is_the_same_every_time(backbone: Backbone, drawn: Drawn) -> None:
    photos = drawn("mug", "good", 1, 4)
    first, again = (learn_view(backbone, DEFAULT, photos) for _ in range(2))
    assert first.sizes == again.sizes
    assert first.banks.leave_one_out == again.banks.leave_one_out


def test_the_same_mark_is_drawn_at_both_sizes(drawn: Drawn) -> None:
    whole = see(drawn("mug", "good", 1, 1)[0])
    finer = np.repeat(np.repeat(whole, 2, axis=0), 2, axis=1)
    for number in range(1, 9):
        shown = with_mark(Shown(whole=whole, finer=finer), number)
        small, large = (
            np.abs(after.astype(int) - before).max(axis=2) > 8
            for after, before in ((shown.whole, whole), (shown.finer, finer))
        )
        assert 0 < small.mean() < 0.02
        halved = large.reshape(*small.shape[:1], 2, small.shape[1], 2).mean(axis=(1, 3)) > 0.5
        assert (halved & small).sum() > 0.4 * max(halved.sum(), small.sum())


def test_a_mark_is_seen_on_white_and_on_black() -> None:
    mark = mark_of(1)
    for shade in (0, 255):
        plain = np.full((64, 64, 3), shade, np.uint8)
        assert not np.array_equal(marked(plain, mark, change_on(plain, mark)), plain)
        assert marked(plain, mark, change_on(plain, mark)).dtype == np.uint8
