"""Beside the comparison: another product under the tag, a missing part, a printed code."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

from inspection.detector import Detection
from inspection.evidence import Evidence
from inspection.findings import DefectKind
from models.backbone import Backbone
from models.enrol import build_bank, enrol
from models.errors import BadParts
from models.images import decode
from models.partlist import drop_part, mark_part, read_parts
from models.partrows import PartRow
from models.pipeline import ReferencePipeline
from models.store import ReferenceStore
from models.watching import WatchfulDetector
from models.working import one_thread

DRAWN = Path(__file__).parents[2] / "datasets" / "drawn"
Look = Callable[..., Evidence]
HANDLE = PartRow(name="handle", left_ppm=560_000, top_ppm=280_000, width_ppm=240_000, height_ppm=420_000)


def good(ware: str, first: int, last: int) -> list[bytes]:
    return [path.read_bytes() for path in sorted((DRAWN / ware / "good").glob("*.jpg"))[first - 1 : last]]


@pytest.fixture(scope="module")
def store(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> ReferenceStore:
    store = ReferenceStore(tmp_path_factory.mktemp("watched"))
    mark_part(store, "MUG", "top", HANDLE)
    for ware in ("mug", "carton"):
        enrol(store, backbone, sku=ware.upper(), view="top", photos=good(ware, 1, 6))
    return store


@pytest.fixture(scope="module")
def detector(backbone: Backbone, store: ReferenceStore) -> WatchfulDetector:
    return WatchfulDetector(ReferencePipeline(backbone, store), backbone)


def missing(detection: Detection) -> list[str]:
    return [f.source for f in detection.findings if f.kind == DefectKind.MISSING_PART]


def edited(content: bytes, change: Callable[[np.ndarray], None]) -> bytes:
    pixels = np.ascontiguousarray(decode(content)[:, :, ::-1])
    change(pixels)
    return cv2.imencode(".png", pixels)[1].tobytes()


def label(pixels: np.ndarray) -> None:
    code = zxingcpp.create_barcode("4006381333931", zxingcpp.BarcodeFormat.EAN13)
    drawn = np.asarray(zxingcpp.write_barcode_to_image(code, scale=2), dtype=np.uint8)
    pixels[: drawn.shape[0], : drawn.shape[1]] = drawn[:, :, None]


def test_the_right_item_is_left_alone(detector: WatchfulDetector, seen: Look) -> None:
    detection = detector.detect("MUG", seen(top=good("mug", 9, 9)[0]))
    assert (detection.lookalikes, detection.printed, missing(detection)) == ((), (), [])


def test_another_item_under_the_tag_is_named(detector: WatchfulDetector, seen: Look) -> None:
    detection = detector.detect("MUG", seen(top=good("carton", 9, 9)[0]))
    assert [(one.view, one.found) for one in detection.lookalikes] == [("top", "CARTON")]


def test_a_thread_one_thread_changes_nothing(
    backbone: Backbone, store: ReferenceStore, detector: WatchfulDetector, seen: Look
) -> None:
    evidence = seen(top=edited(good("mug", 9, 9)[0], label), side=b"no picture", back=good("carton", 9, 9)[0])
    alone = replace(detector.detect("MUG", evidence), model_ms=0.0, total_ms=0.0)
    assert alone.printed and alone.faults
    with one_thread() as pool:
        twofold = WatchfulDetector(ReferencePipeline(backbone, store, pool=pool), backbone, pool=pool)
        for _ in range(3):
            found = twofold.detect("MUG", evidence)
            assert replace(found, model_ms=0.0, total_ms=0.0) == alone


def test_a_mug_without_its_handle_misses_a_part(detector: WatchfulDetector, seen: Look) -> None:
    def take_off(pixels: np.ndarray) -> None:
        width = pixels.shape[1]
        pixels[:, width * 60 // 100 :] = pixels[:, width * 96 // 100 : width * 97 // 100].mean(axis=(0, 1))

    assert missing(detector.detect("MUG", seen(top=edited(good("mug", 9, 9)[0], take_off)))) == [
        "completeness"
    ]


def test_the_code_on_the_item_is_told(detector: WatchfulDetector, seen: Look) -> None:
    detection = detector.detect("MUG", seen(top=edited(good("mug", 9, 9)[0], label)))
    assert [one.found for one in detection.printed] == ["04006381333931"]


def test_a_new_product_is_known_from_the_next_item_on(
    detector: WatchfulDetector, store: ReferenceStore, backbone: Backbone, seen: Look
) -> None:
    bottle = seen(top=good("bottle", 9, 9)[0])
    before = set(detector.galleries()["top"].placed)
    enrol(store, backbone, sku="BOTTLE", view="top", photos=good("bottle", 1, 6))
    assert set(detector.galleries()["top"].placed) == before | {"BOTTLE"}
    assert [one.found for one in detector.detect("MUG", bottle).lookalikes] == ["BOTTLE"]


def test_a_picture_that_cannot_be_read_is_only_a_fault(detector: WatchfulDetector, seen: Look) -> None:
    detection = detector.detect("MUG", seen(top=b"\xff\xd8\xff\xe0 cut short"))
    assert detection.faults
    assert (detection.lookalikes, detection.printed, detection.findings) == ((), (), ())


def test_parts_are_kept_by_name_and_can_be_taken_away(store: ReferenceStore) -> None:
    mark_part(store, "CARTON", "top", HANDLE)
    mark_part(store, "CARTON", "top", HANDLE.model_copy(update={"left_ppm": 1}))
    assert [row.left_ppm for row in read_parts(store, "CARTON", "top")] == [1]
    assert drop_part(store, "CARTON", "top", "handle") == ()
    with pytest.raises(BadParts, match="no part 'lid'; there are: none"):
        drop_part(store, "CARTON", "top", "lid")


def test_a_list_of_parts_that_makes_no_sense_is_named(store: ReferenceStore, backbone: Backbone) -> None:
    store.put_beside("CARTON", "top", "parts.json", b'{"parts": [{"name": ""}]}')
    with pytest.raises(BadParts, match=r"the list of parts of CARTON top: parts\.0\.name"):
        build_bank(store, backbone, sku="CARTON", view="top")
    store.put_beside("CARTON", "top", "parts.json", b" " * 70_000)
    with pytest.raises(BadParts, match="70000 bytes"):
        read_parts(store, "CARTON", "top")
