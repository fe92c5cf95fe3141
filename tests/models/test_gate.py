"""One frame beside a calibrated bench: what is refused, what passes, and that it is the same every time."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.evidence import ImageFault
from inspection.readings import Frame
from models.bench.calibration import BenchCalibration
from models.bench.reading import CardReading
from models.framing import see
from models.gate import Seen, look
from models.images import Pixels, decode
from models.quality import against_baseline, baseline_of, measure, moved

DRAWN = Path(__file__).parents[2] / "datasets" / "drawn"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CARD = CardReading(
    card="medium", width_mm=150.0, mm_per_pixel=0.8, corners=(), greys=(), edge_mm=1.0, tilt=1.0
)
WARES = ("mug", "bottle", "carton")


def picture(name: str) -> Pixels:
    return decode((DRAWN / name).read_bytes())


def frame(pixels: Pixels) -> Frame:
    content = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    return Frame(view="top", camera="c", content=content, media_type="image/jpeg", captured_at=NOON)


@pytest.fixture(scope="module")
def calibration() -> BenchCalibration:
    content = (DRAWN / "bench.jpg").read_bytes()
    return BenchCalibration(
        view="top", camera="c", taken_at=NOON, height=360, width=480, card=CARD, sharpness=14.0,
        empty=content, sha256="0" * 64,
    )  # fmt: skip


def seen(pixels: Pixels, calibration: BenchCalibration | None, before: Pixels | None = None) -> Seen:
    earlier = frame(before) if before is not None else None
    return look(frame(pixels), None, None, calibration=calibration, before=earlier)


def lit(pixels: Pixels, *colour: float) -> Pixels:
    return np.asarray(np.clip(pixels * np.array(colour), 0, 255), dtype=np.uint8)


def shining(pixels: Pixels) -> Pixels:
    """A lamp's reflection on the item."""
    spot = np.zeros(pixels.shape[:2], np.float32)
    cv2.circle(spot, (240, 190), 34, 300.0, -1)
    glow = cv2.GaussianBlur(spot, (0, 0), 5)[:, :, None]
    return np.asarray(np.clip(pixels + glow, 0, 255), dtype=np.uint8)


@pytest.mark.parametrize("ware", WARES)
def test_an_item_passes_with_its_place_and_the_scale(calibration: BenchCalibration, ware: str) -> None:
    found = seen(picture(f"{ware}/good/001.jpg"), calibration)
    assert (found.quality.faults, found.quality.contact) == ((), 0.0)
    assert found.shown is not None and found.item is not None
    assert found.item.shape == found.shown.whole.shape[:2]
    assert found.mm_per_pixel == pytest.approx(1.0, rel=0.01)


def test_without_a_calibration_everything_is_as_before() -> None:
    found = seen(lit(picture("mug/good/001.jpg"), 0.6, 0.6, 0.6), None)
    assert (found.quality.faults, found.item, found.mm_per_pixel) == ((), None, None)


@pytest.mark.parametrize("gain", [0.85, 1.0, 1.15])
def test_the_empty_bench_is_said_alone(calibration: BenchCalibration, gain: float) -> None:
    found = seen(lit(picture("bench.jpg"), gain, gain, gain), calibration)
    assert (found.quality.faults, found.shown) == ((ImageFault.EMPTY_BENCH,), None)


@pytest.mark.parametrize("colour", [(0.6, 0.6, 0.6), (1.5, 1.5, 1.5), (1.1, 1.0, 0.85)])
@pytest.mark.parametrize("ware", WARES)
def test_another_light_is_said(
    calibration: BenchCalibration, ware: str, colour: tuple[float, float, float]
) -> None:
    found = seen(lit(picture(f"{ware}/good/001.jpg"), *colour), calibration)
    assert ImageFault.LIGHT_CHANGED in found.quality.faults


def test_an_item_that_moved_between_two_frames_is_said(calibration: BenchCalibration) -> None:
    still, other = picture("mug/good/001.jpg"), np.roll(picture("mug/good/001.jpg"), 6, axis=1)
    assert seen(still, calibration, before=other).quality.faults == (ImageFault.MOVED,)
    noise = np.random.default_rng(1).normal(0, 3, still.shape)
    again: Pixels = np.asarray(np.clip(still * 1.05 + noise, 0, 255), dtype=np.uint8)
    assert seen(still, calibration, before=again).quality.faults == ()


def test_a_broken_frame_before_says_nothing(calibration: BenchCalibration) -> None:
    good = frame(picture("mug/good/001.jpg"))
    broken = Frame(view="top", camera="c", content=b"none", media_type="image/jpeg", captured_at=NOON)
    assert look(good, None, None, calibration=calibration, before=broken).quality.faults == ()


def item_quality(calibration: BenchCalibration, change: Callable[[Pixels], Pixels]) -> tuple[ImageFault, ...]:
    """Faults of a changed mug against eight good ones, measured on the item."""
    shots = [seen(picture(f"mug/good/{number:03d}.jpg"), calibration) for number in range(1, 9)]
    baseline = baseline_of([shot.quality for shot in shots], of_item=True)
    pixels = see(frame(change(picture("mug/good/012.jpg"))).content)
    found = look(frame(change(picture("mug/good/012.jpg"))), None, None, calibration=calibration)
    return against_baseline(measure(pixels, found.item), baseline).faults


def reaching(pixels: Pixels) -> Pixels:
    """A sleeve from the lower border to the item."""
    arm = pixels.copy()
    cv2.fillPoly(arm, [np.array([(200, 359), (300, 359), (270, 280), (230, 280)], np.int32)], (40, 90, 160))
    return arm


def test_the_item_is_compared_with_its_references(calibration: BenchCalibration) -> None:
    assert item_quality(calibration, lambda pixels: pixels) == ()
    assert ImageFault.GLARE in item_quality(calibration, shining)
    assert ImageFault.HAND_IN_VIEW in item_quality(calibration, reaching)
    soft = item_quality(calibration, lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 4), dtype=np.uint8))
    assert soft == (ImageFault.BLURRED,)


def test_goods_that_vary_in_brightness_may_vary() -> None:
    shots = [np.full((64, 64, 3), value, np.uint8) for value in (80, 140)]
    baseline = baseline_of([measure(shot) for shot in shots])
    assert against_baseline(measure(np.full((64, 64, 3), 245, np.uint8)), baseline).faults == (
        ImageFault.BLURRED,
    )


def test_only_what_moves_counts_as_movement() -> None:
    still = picture("carton/good/001.jpg")
    assert not moved(still, lit(still, 0.8, 0.8, 0.8))
    assert moved(still, np.roll(still, 5, axis=0))


@pytest.mark.parametrize("name", ["mug/good/001.jpg", "carton/good/004.jpg", "bench.jpg"])
def test_the_same_frame_twice_says_the_same(calibration: BenchCalibration, name: str) -> None:
    shown = shining(picture(name))
    first, second = (seen(shown, calibration, before=shown) for _ in range(2))
    assert first.quality == second.quality
    assert (first.item is None) is (second.item is None)
    if first.item is not None and second.item is not None:
        assert np.array_equal(first.item, second.item)
