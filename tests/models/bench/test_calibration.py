"""A calibration: made of two pictures, kept, read back, refused when it is damaged, and compared with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.evidence import BenchDrift, ImageFault
from models.bench.calibration import MOST_SIZES, BenchCalibration, calibrate
from models.bench.drift import measure_drift
from models.bench.shelf import BenchShelf, as_bytes, from_bytes
from models.errors import BadBench, BadImage, BadName, CalibrationRefused, CardMissing
from models.framing import Size
from models.images import Pixels

Lay = Callable[..., Pixels]
Sent = Callable[[Pixels], bytes]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def made(empty: bytes, card: bytes) -> BenchCalibration:
    return calibrate(view="top", camera="cam", taken_at=NOON, empty=empty, card=card)


@pytest.fixture(scope="module")
def calibration(bench: Pixels, lay: Lay, sent: Sent) -> BenchCalibration:
    return made(sent(bench), sent(lay(bench)))


def test_it_says_the_scale_at_every_size(calibration: BenchCalibration) -> None:
    assert calibration.mm_per_pixel == pytest.approx(0.8, rel=0.01)
    assert calibration.mm_per_pixel_at(Size(height=180, width=240)) == pytest.approx(1.6, rel=0.01)
    assert calibration.mm_per_pixel_at(Size(height=288, width=384)) == pytest.approx(1.0, rel=0.01)


def test_the_empty_bench_is_kept_at_few_sizes(calibration: BenchCalibration) -> None:
    for side in range(64, 64 + 32 * 2 * MOST_SIZES, 32):
        assert calibration.empty_at(Size(height=side, width=side)).shape == (side, side, 3)
    assert len(calibration.fitted) == MOST_SIZES


def test_pictures_that_do_not_belong_together_are_refused(bench: Pixels, lay: Lay, sent: Sent) -> None:
    card = sent(lay(bench))
    dark = np.asarray(bench * 0.8, dtype=np.uint8)
    cases = (
        (card, card, "light card lies on the empty bench"),
        (sent(bench[:, :400]), card, "differ in size"),
        (sent(dark), card, "light changed"),
        (sent(clutter(bench)), card, "same bench"),
    )
    for empty, laid, said in cases:
        with pytest.raises(BadBench, match=said):
            made(empty, laid)
    with pytest.raises(CardMissing):
        made(sent(bench), sent(bench))
    with pytest.raises(BadImage) as caught:
        made(b"no picture", card)
    assert caught.value.fault is ImageFault.UNREADABLE


def test_a_shelf_gives_back_what_was_put_there(calibration: BenchCalibration, tmp_path: Path) -> None:
    shelf = BenchShelf(tmp_path)
    assert (shelf.views(), shelf.read("top")) == ([], None)
    shelf.write(calibration)
    shelf.write(replace(calibration, view="von links"))
    found = BenchShelf(tmp_path).read("top")
    assert found is not None
    assert as_bytes(found) == as_bytes(calibration)
    assert shelf.views() == ["top", "von links"]
    assert shelf.read("top") is shelf.read("top"), "read once while the file stays"
    (tmp_path / ".bench" / "top.rgbench").unlink()
    assert shelf.read("top") is None


def test_a_damaged_or_foreign_file_is_refused(calibration: BenchCalibration, tmp_path: Path) -> None:
    content = as_bytes(calibration)
    for at in (0, 7, 9, 40, len(content) // 2, len(content) - 1):
        with pytest.raises(CalibrationRefused):
            from_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(CalibrationRefused):
            from_bytes(content[:at])
    shelf = BenchShelf(tmp_path)
    shelf.write(calibration)
    (tmp_path / ".bench" / "top.rgbench").rename(tmp_path / ".bench" / "side.rgbench")
    with pytest.raises(CalibrationRefused, match="of the view 'top', not 'side'"):
        shelf.read("side")
    with pytest.raises(BadName):
        shelf.read("../top")


def test_an_acceptance_stands_for_one_calibration_and_some_hours(
    calibration: BenchCalibration, tmp_path: Path
) -> None:
    shelf = BenchShelf(tmp_path)
    assert shelf.acceptance("top") is None
    shelf.accept(calibration, at=NOON, by="Li Na")
    said = shelf.acceptance("top")
    assert said is not None and said.by == "Li Na"
    assert said.holds(calibration, NOON + timedelta(hours=11), 12)
    assert not said.holds(calibration, NOON + timedelta(hours=13), 12)
    assert not said.holds(calibration, NOON - timedelta(hours=1), 12)
    assert not said.holds(replace(calibration, sha256="0" * 64), NOON, 12)
    (tmp_path / ".bench" / "top.accepted").write_text("{}")
    assert shelf.acceptance("top") is None
    with pytest.raises(BadName):
        shelf.accept(calibration, at=NOON, by="")


def clutter(bench: Pixels) -> Pixels:
    """Things all over the bench."""
    patches = np.random.default_rng(1).integers(0, 256, (9, 12, 3), np.uint8)
    size = (bench.shape[1], bench.shape[0])
    return np.asarray(cv2.resize(patches, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)


def lit(pixels: Pixels, *colour: float) -> Pixels:
    return np.asarray(np.clip(pixels * np.array(colour), 0, 255), dtype=np.uint8)


def shifted(pixels: Pixels, right: int) -> Pixels:
    way = np.array([[1.0, 0.0, right], [0.0, 1.0, 3.0]])
    size = (pixels.shape[1], pixels.shape[0])
    return np.asarray(cv2.warpAffine(pixels, way, size, borderMode=cv2.BORDER_REFLECT), dtype=np.uint8)


def sloped(pixels: Pixels) -> Pixels:
    return np.asarray(pixels * np.linspace(0.8, 1.2, pixels.shape[1])[None, :, None], dtype=np.uint8)


Change = Callable[[Pixels], Pixels]
DRIFTS: dict[str, tuple[Change, set[BenchDrift]]] = {
    "nothing": (lambda p: p, set()),
    "a little less light": (lambda p: lit(p, 0.93, 0.93, 0.93), set()),
    "half of the lamps": (lambda p: lit(p, 0.6, 0.6, 0.6), {BenchDrift.DARKER}),
    "daylight": (lambda p: lit(p, 0.85, 0.95, 1.1), {BenchDrift.COLOUR}),
    "a window": (sloped, {BenchDrift.UNEVEN}),
}


@pytest.mark.parametrize("name", DRIFTS)
@pytest.mark.parametrize("with_card", [True, False])
def test_a_drift_is_named(
    calibration: BenchCalibration, bench: Pixels, lay: Lay, sent: Sent, name: str, with_card: bool
) -> None:
    change, wanted = DRIFTS[name]
    shown = lay(bench, at=(250, 170), turned=40.0) if with_card else bench
    drift = measure_drift(calibration, sent(change(shown)))
    assert drift.by_card is with_card
    assert set(drift.found) == wanted


def test_a_moved_camera_a_soft_lens_and_a_covered_bench_are_named(
    calibration: BenchCalibration, bench: Pixels, lay: Lay, sent: Sent
) -> None:
    soft = np.asarray(cv2.GaussianBlur(lay(bench), (0, 0), 1.1), dtype=np.uint8)
    for shown, wanted in (
        (shifted(bench, 15), BenchDrift.MOVED),
        (lay(bench, mm_per_pixel=0.75), BenchDrift.MOVED),
        (cv2.resize(bench, (960, 720)), BenchDrift.MOVED),
        (soft, BenchDrift.BLURRED),
        (clutter(bench), BenchDrift.NOT_SEEN),
    ):
        assert wanted in measure_drift(calibration, sent(np.asarray(shown, dtype=np.uint8))).found
