"""Backbones beside each other: what keeps the bounds, and what the table says where channels differ."""

from collections.abc import Mapping

import numpy as np
import pytest

from benchmarks.backbones import Row, as_object, cosine, report, within


def row(name: str, *, ms: float, area: float, cosines: Mapping[str, float] | None = None) -> Row:
    return Row(
        name=name,
        megabytes=1.0,
        cpu_ms={320: ms, 640: 4 * ms},
        cosine={"f8": 1.0, "f16": 1.0, "f32": 1.0} if cosines is None else cosines,
        auroc={"bottle": 1.0, "magnetic_tile": area},
    )


BASE = row("base", ms=16.0, area=0.83)


@pytest.mark.parametrize(
    ("ms", "area", "kept"),
    [(10.0, 0.83, True), (10.0, 0.8251, True), (10.0, 0.82, False), (10.1, 0.83, False)],
)
def test_8_bits_must_be_fast_enough_and_lose_little_on_every_set(ms: float, area: float, kept: bool) -> None:
    assert within(BASE, row("int8", ms=ms, area=area)) is kept


def test_one_slow_size_is_enough_to_miss_the_bound() -> None:
    slow = Row(name="x", megabytes=1, cpu_ms={320: 8, 640: 60}, cosine={}, auroc=BASE.auroc)
    assert not within(BASE, slow)


def test_the_table_has_a_row_for_each_and_no_cosines_where_channels_differ() -> None:
    shown = list(report([BASE, row("wider", ms=30.0, area=0.85, cosines={})]))
    assert len(shown) == 4
    assert len({line.count("|") for line in shown}) == 1
    assert (
        "| wider | 1.0 | 30.0 | 120.0 | 0.53 / 0.53 |  |  |  | 1.0000 | 0.8500 | 0.9250 | missed |" in shown
    )


def test_a_map_is_like_itself_whatever_its_scale() -> None:
    one = np.random.default_rng(1).normal(size=(5, 3, 4)).astype(np.float32)
    assert cosine(one, one * 3) == pytest.approx(1.0)
    assert cosine(one, -one) == pytest.approx(-1.0)


def test_a_row_can_be_kept_as_plain_values() -> None:
    assert as_object(BASE)["cpu_ms"] == {"320": 16.0, "640": 64.0}
