"""The gate refuses what cannot be graded, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.evidence import ImageFault, ImageQuality
from models.framing import see
from models.images import Pixels
from models.quality import against_baseline, baseline_of, measure, shows_nothing

DRAWN = Path(__file__).parents[2] / "datasets" / "drawn"
SHARED = Path(__file__).parents[3] / "shared" / "data"


def pixels(name: str = "mug/good/001.jpg") -> Pixels:
    return see((DRAWN / name).read_bytes())


def brighter(picture: Pixels, factor: float) -> Pixels:
    return np.asarray(np.clip(picture.astype(np.float32) * factor, 0, 255), dtype=np.uint8)


def blurred(picture: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 8), dtype=np.uint8)


def test_no_drawn_picture_of_an_item_is_refused() -> None:
    for path in sorted(DRAWN.glob("*/*/*.jpg"))[::5]:
        assert measure(see(path.read_bytes())).faults == (), path


@pytest.mark.parametrize("folder", ["bottle", "filled_bottle", "phone_screen"])
def test_no_photograph_of_the_real_sets_is_refused(folder: str) -> None:
    paths = sorted((SHARED / folder).glob("*/*.jpg"))[::7]
    if not paths:
        pytest.skip(f"the picture set {folder} is not beside this checkout")
    for path in paths:
        assert measure(see(path.read_bytes())).faults == (), path


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (blurred, ImageFault.BLURRED),
        (lambda picture: brighter(picture, 0.02), ImageFault.TOO_DARK),
        (lambda picture: brighter(picture, 30.0), ImageFault.TOO_BRIGHT),
    ],
)
def test_a_spoilt_frame_has_the_fault_that_helps(
    spoil: Callable[[Pixels], Pixels], fault: ImageFault
) -> None:
    assert measure(spoil(pixels())).faults == (fault,)


def test_a_frame_is_compared_with_the_references() -> None:
    baseline = baseline_of([ImageQuality(sharpness=s, brightness=b) for s, b in ((200, 100), (240, 120))])
    for sharpness, brightness, faults in (
        (60, 110, ()),
        (49, 110, (ImageFault.BLURRED,)),
        (200, 21, ()),
        (200, 19, (ImageFault.TOO_DARK,)),
        (200, 201, (ImageFault.TOO_BRIGHT,)),
    ):
        quality = ImageQuality(sharpness=sharpness, brightness=brightness)
        assert against_baseline(quality, baseline).faults == faults


def test_a_fault_is_named_once() -> None:
    quality = ImageQuality(sharpness=0.0, brightness=110, faults=(ImageFault.BLURRED,))
    baseline = baseline_of([ImageQuality(sharpness=200, brightness=100)])
    assert against_baseline(quality, baseline).faults == (ImageFault.BLURRED,)


@pytest.mark.parametrize("light", [0.85, 1.0, 1.15])
def test_the_empty_bench_is_known_in_any_light(light: float) -> None:
    bench = pixels("bench.jpg")
    assert shows_nothing(brighter(bench, light), bench)


@pytest.mark.parametrize("ware", ["carton", "bottle", "mug"])
def test_an_item_is_not_taken_for_the_bench(ware: str) -> None:
    assert not shows_nothing(pixels(f"{ware}/good/001.jpg"), pixels("bench.jpg"))
