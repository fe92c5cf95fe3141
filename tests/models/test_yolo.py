"""A site's own detector as a head, on a tiny one that finds colours."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspection.findings import DefectKind, Severity
from models.errors import ModelFailed, ModelRefused
from models.heads import Mask, Sight
from models.images import Pixels
from models.manifest import Manifest, ModelInput, ModelKind
from models.session import OnnxSession
from models.yolo import YoloHead, load_yolo

FIXTURES = Path(__file__).parent / "fixtures"
CLASSES = ("scratch", "part:cap@top*2", "missing:lid")
RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)
Make = Callable[..., YoloHead]


def manifest_of(content: bytes, **changes: Any) -> Manifest:
    """Of a detector with 64 x 64 pixels and the three classes."""
    known: dict[str, Any] = {
        "format": 1,
        "name": "colours",
        "kind": ModelKind.DETECTOR,
        "file": "model.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "licence": "Apache-2.0",
        "source": ("tests/models/fixtures/detectors.py",),
        "input": ModelInput(name="images", colour="RGB", mean=0, scale=255, multiple_of=32, size=(64, 64)),
        "outputs": {"output0": 7},
        "classes": CLASSES,
    }
    return Manifest(**{**known, **changes})


@pytest.fixture
def head() -> Make:
    """`head("detector.onnx", **changes of the manifest)`."""

    def make(name: str = "detector.onnx", **changes: Any) -> YoloHead:
        content = (FIXTURES / name).read_bytes()
        return YoloHead(manifest_of(content, **changes), OnnxSession(content, input_name="images", threads=1))

    return make


def picture(*patches: tuple[tuple[int, int, int], int, int], side: int = 64, wide: int = 64) -> Pixels:
    """Grey with coloured places of 16 x 16 at (column, row), scaled from a square of 64."""
    pixels = np.full((side, wide, 3), GREY, np.uint8)
    step = side // 4
    for colour, column, row in patches:
        pixels[row * step : (row + 1) * step, column * step : (column + 1) * step] = colour
    return pixels


def sight(pixels: Pixels, view: str = "side", item: Mask | None = None) -> Sight:
    return Sight(view=view, pixels=pixels, maps={}, comparison=None, item=item, mm_per_pixel=None)


def test_a_defect_is_found_with_its_kind_its_place_and_how_sure(head: Make) -> None:
    (found,) = head().find(sight(picture((RED, 2, 1))))
    assert (found.kind, found.view, found.source) == (DefectKind.SCRATCH, "side", "colours")
    assert found.confidence_ppm == 1_000_000
    region = found.region
    assert region is not None
    assert (region.left_ppm, region.top_ppm) == (500_000, 250_000)
    assert (region.width_ppm, region.height_ppm) == (250_000, 250_000)
    assert found.area_ppm == 5_000, "a scratch fills 8 % of its box"


@pytest.mark.parametrize(("side", "wide"), [(32, 32), (128, 128), (48, 96), (320, 96)])
def test_a_picture_of_any_shape_keeps_its_places(head: Make, side: int, wide: int) -> None:
    """Smaller than the detector's square, larger, wide and high: the rim around it moves nothing."""
    pixels = np.full((side, wide, 3), GREY, np.uint8)
    pixels[side // 4 : side * 3 // 4, wide // 4 : wide * 3 // 4] = RED
    found = head().find(sight(pixels))
    boxes = [f.region for f in found if f.region]
    assert boxes
    for box in boxes:
        middle = (box.left_ppm + box.width_ppm / 2, box.top_ppm + box.height_ppm / 2)
        assert all(100_000 < place < 900_000 for place in middle)
        assert 0 <= box.left_ppm <= box.left_ppm + box.width_ppm <= 1_000_000
        assert 0 <= box.top_ppm <= box.top_ppm + box.height_ppm <= 1_000_000


def test_nothing_is_found_where_nothing_is_wrong(head: Make) -> None:
    assert list(head().find(sight(picture()))) == []


def test_a_gap_where_a_part_should_be_is_a_missing_part_there(head: Make) -> None:
    (found,) = head().find(sight(picture((BLUE, 0, 3))))
    assert (found.kind, found.severity) == (DefectKind.MISSING_PART, Severity.MAJOR)
    assert found.region is not None


def test_a_part_that_must_be_seen_twice_and_is_seen_once_is_missing(head: Make) -> None:
    (found,) = head().find(sight(picture((GREEN, 1, 1)), view="top"))
    assert (found.kind, found.region, found.area_ppm) == (DefectKind.MISSING_PART, None, 0)
    assert list(head().find(sight(picture((GREEN, 1, 1), (GREEN, 3, 3)), view="top"))) == []


def test_a_part_is_missed_only_in_the_view_that_shows_it(head: Make) -> None:
    assert [f.kind for f in head().find(sight(picture(), view="top"))] == [DefectKind.MISSING_PART]
    assert list(head().find(sight(picture(), view="side"))) == []


def test_the_findings_of_a_view_are_bounded_and_the_surest_stay(head: Make) -> None:
    patches = [((255 - 5 * n, 0, 0), n % 4, n // 4) for n in range(16)]
    found = head().find(sight(picture(*patches)))
    assert len(found) == 8
    sure = [f.confidence_ppm for f in found]
    assert sure == sorted(sure, reverse=True)
    assert sure[-1] > 850_000


def test_a_defect_weighs_by_its_share_of_the_item(head: Make) -> None:
    pixels = picture((RED, 2, 1))
    quarter, corner = np.zeros((64, 64), np.bool_), np.zeros((64, 64), np.bool_)
    quarter[:32, 32:] = corner[16:32, 48:60] = True
    assert head().find(sight(pixels))[0].severity is Severity.MINOR
    assert head().find(sight(pixels, item=quarter))[0].severity is Severity.MAJOR
    assert head().find(sight(pixels, item=corner))[0].severity is Severity.CRITICAL


def test_a_hazard_weighs_most_however_small(head: Make) -> None:
    (found,) = head(classes=("leak", *CLASSES[1:])).find(sight(picture((RED, 2, 1))))
    assert (found.kind, found.severity) == (DefectKind.LEAK, Severity.CRITICAL)


def test_a_mask_says_how_much_of_its_box_a_defect_fills(head: Make) -> None:
    masked = head("detector-masks.onnx", outputs={"output0": 8, "output1": 1})
    pixels = picture()
    pixels[16:32, 32:40] = RED
    (whole,), (cut,) = head().find(sight(pixels)), masked.find(sight(pixels))
    assert cut.region == whole.region
    assert cut.area_ppm == 31_250


def test_numbers_that_are_none_are_never_guessed_at(head: Make) -> None:
    with pytest.raises(ModelFailed, match="not numbers"):
        head("detector-broken.onnx").find(sight(picture()))


def test_an_answer_of_another_shape_is_no_answer(head: Make) -> None:
    with pytest.raises(ModelFailed, match="7, 16"):
        head(outputs={"output0": 6}, classes=CLASSES[:2]).find(sight(picture()))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ("scratch", "part:cap", "scrach")}, "'scrach' is neither"),
        ({"classes": ()}, "no detector"),
        ({"kind": ModelKind.SEGMENTER}, "no detector"),
        ({"outputs": {"output0": 84}}, "do not fit"),
        ({"outputs": {}}, "do not fit"),
        ({"input": ModelInput(name="images", colour="RGB", mean=0, scale=255, multiple_of=32)}, "square"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(head: Make, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelRefused, match=said):
        head(**changes)


def test_it_is_loaded_from_its_folder_and_named_in_the_record(tmp_path: Path) -> None:
    content = (FIXTURES / "detector.onnx").read_bytes()
    (tmp_path / "model.onnx").write_bytes(content)
    manifest = manifest_of(content)
    (tmp_path / "manifest.json").write_text(manifest.model_dump_json(exclude_defaults=True))
    loaded = load_yolo(tmp_path, threads=1)
    assert loaded.version == manifest.version
    assert len(loaded.find(sight(picture((RED, 1, 2))))) == 1
