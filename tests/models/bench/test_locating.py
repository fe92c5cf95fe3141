"""Where the item lies, in the light of the calibration and in another."""

from pathlib import Path

import numpy as np
import pytest

from models.bench.light import light_between
from models.bench.locating import Box, box_of, item_mask
from models.framing import Size, see
from models.images import Pixels

DRAWN = Path(__file__).parents[3] / "datasets" / "drawn"
WARES = ("mug", "bottle", "carton")


def pixels(name: str) -> Pixels:
    return see((DRAWN / name).read_bytes())


def lit(picture: Pixels, gain: float) -> Pixels:
    """Another lamp: brighter or darker, warmer, and from the left."""
    side = np.linspace(0.85, 1.15, picture.shape[1])[None, :, None]
    colour = np.array([1.0, 0.95, 0.9])
    return np.asarray(np.clip(picture * gain * side * colour, 0, 255), dtype=np.uint8)


@pytest.mark.parametrize("ware", WARES)
def test_an_item_is_found_and_the_empty_bench_is_not(ware: str) -> None:
    bench = pixels("bench.jpg")
    mask = item_mask(pixels(f"{ware}/good/001.jpg"), bench)
    assert mask is not None
    assert mask.shape == bench.shape[:2]
    assert 0.1 < mask.mean() < 0.6
    assert not mask[:20].any() and not mask[-12:].any(), "the item lies in the middle"
    assert item_mask(bench, bench) is None


@pytest.mark.parametrize("ware", WARES)
@pytest.mark.parametrize("gain", [0.6, 0.8, 1.25, 1.4])
def test_another_light_moves_the_outline_little(ware: str, gain: float) -> None:
    bench, item = pixels("bench.jpg"), pixels(f"{ware}/good/002.jpg")
    calm, other = item_mask(item, bench), item_mask(lit(item, gain), bench)
    assert calm is not None and other is not None
    assert (calm & other).sum() / (calm | other).sum() > 0.9
    assert item_mask(lit(bench, gain), bench) is None


def test_the_same_picture_gives_the_same_mask() -> None:
    bench, item = pixels("bench.jpg"), pixels("mug/good/003.jpg")
    first, second = item_mask(item, bench), item_mask(item, bench)
    assert first is not None and second is not None
    assert np.array_equal(first, second)


def test_the_bench_is_seen_through_a_handle() -> None:
    mask = item_mask(pixels("mug/good/001.jpg"), pixels("bench.jpg"))
    assert mask is not None
    box = box_of(mask)
    assert not mask[box.slices].all()
    assert not mask[140, 262], "inside the handle"


@pytest.mark.parametrize("gain", [0.6, 1.0, 1.3])
def test_the_light_is_measured_beside_an_item(gain: float) -> None:
    bench = pixels("bench.jpg")
    light = light_between(lit(pixels("bottle/good/001.jpg"), gain), bench)
    assert light.brightness == pytest.approx(gain, rel=0.12)
    assert light.colour == pytest.approx(0.11, abs=0.05)
    assert light.slope > 0.15
    assert light.bench_share > 0.5


def test_a_picture_of_something_else_shows_no_bench() -> None:
    noise = np.random.default_rng(3).integers(0, 256, pixels("bench.jpg").shape, np.uint8)
    assert light_between(np.full_like(noise, 255), noise).bench_share == 0.0


def test_a_box_grows_within_its_picture() -> None:
    box = Box(left=10, top=5, width=100, height=50)
    assert box.grown(0.1, Size(height=60, width=400)) == Box(left=0, top=0, width=120, height=60)
