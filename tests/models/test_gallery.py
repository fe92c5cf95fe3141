"""Identity by sight: another product under the tag is noticed, the right one is left alone."""

import math
from pathlib import Path

import numpy as np
import pytest

from models.backbone import Backbone, Matrix
from models.framing import see
from models.gallery import Gallery, colours, fit_gallery, limit_of, signature

DRAWN = Path(__file__).parents[2] / "datasets" / "drawn"
WARES = ("bottle", "carton", "mug")


def pictures(ware: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((DRAWN / ware / "good").glob("*.jpg"))[:12]]


@pytest.fixture(scope="module")
def signed(backbone: Backbone) -> dict[str, Matrix]:
    """Signatures of drawn good pictures by ware."""

    def of(content: bytes) -> Matrix:
        pixels = see(content)
        return signature(backbone.embed([pixels])[0], pixels)

    return {ware: np.stack([of(c) for c in pictures(ware)]) for ware in WARES}


@pytest.fixture(scope="module")
def gallery(signed: dict[str, Matrix]) -> Gallery:
    found = fit_gallery({ware: rows[:8] for ware, rows in signed.items()})
    assert found is not None
    return found


def test_the_right_item_raises_no_alert(gallery: Gallery, signed: dict[str, Matrix]) -> None:
    seen = [gallery.resemblance(ware, row) for ware in WARES for row in signed[ware][8:]]
    assert [one.differs for one in seen if one] == [False] * 12


def test_another_item_under_the_tag_is_named(gallery: Gallery, signed: dict[str, Matrix]) -> None:
    for tagged in WARES:
        for shown in set(WARES) - {tagged}:
            seen = gallery.resemblance(tagged, signed[shown][9])
            assert seen is not None
            assert seen.differs
            assert seen.nearest == shown


def test_a_product_without_photos_cannot_be_told(gallery: Gallery, signed: dict[str, Matrix]) -> None:
    assert gallery.resemblance("teapot", signed["mug"][0]) is None


def test_one_product_is_no_gallery(signed: dict[str, Matrix]) -> None:
    assert fit_gallery({"mug": signed["mug"]}) is None
    assert fit_gallery({"mug": signed["mug"], "carton": signed["carton"][:1]}) is None
    assert fit_gallery({}) is None


def test_the_limit_is_an_order_statistic_where_there_are_enough_photos() -> None:
    margins = [-1.0 + number / 1000 for number in range(299)]
    assert limit_of(margins) == sorted(margins)[-3]


def test_few_photos_move_the_limit_beyond_all_of_them() -> None:
    margins = [-0.5, -0.45, -0.4, -0.52, -0.48, -0.44]
    assert limit_of(margins) > max(margins)
    assert limit_of(margins[:2]) == math.inf


def test_a_signature_holds_two_vectors_of_length_one(signed: dict[str, Matrix]) -> None:
    assert np.linalg.norm(signed["mug"], axis=1) == pytest.approx(math.sqrt(2.0), abs=1e-5)


def test_the_colours_of_a_black_picture_are_numbers() -> None:
    assert np.isfinite(colours(np.zeros((64, 64, 3), np.uint8))).all()
