"""Codes in a picture: read where there are some, none invented, and another product's noticed."""

import cv2
import numpy as np
import pytest
import zxingcpp

from models.codes import SeenCode, codes_in
from models.images import Pixels

GTIN = "04006381333931"


def printed(text: str, kind: zxingcpp.BarcodeFormat, scale: int = 3) -> Pixels:
    """The code in black on white, as a label shows it."""
    drawn = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(text, kind), scale=scale)
    grey = np.asarray(drawn, dtype=np.uint8)
    return np.dstack([grey, grey, grey])


def bench(*labels: Pixels) -> Pixels:
    """A grey bench with the labels one below the other."""
    bench = np.full((900, 900, 3), 120, np.uint8)
    top = 60
    for label in labels:
        height, width = label.shape[:2]
        bench[top : top + height, 100 : 100 + width] = label
        top += height + 80
    return bench


def ean(text: str) -> Pixels:
    return printed(text, zxingcpp.BarcodeFormat.EAN13)


def only(pixels: Pixels) -> SeenCode:
    (seen,) = codes_in(pixels)
    return seen


def test_an_ean_is_read_as_its_gtin_with_its_place() -> None:
    seen = only(bench(ean("4006381333931")))
    assert (seen.code.gtin, seen.symbology) == (GTIN, "]E0")
    assert 90_000 < seen.region.left_ppm < 200_000
    assert seen.region.width_ppm > 100_000


@pytest.mark.parametrize("turn", [cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE])
def test_a_turned_code_is_read(turn: int) -> None:
    turned = np.asarray(cv2.rotate(bench(ean("4006381333931")), turn), dtype=np.uint8)
    assert only(turned).code.gtin == GTIN


def test_codes_come_from_top_to_bottom_and_each_once() -> None:
    qr = printed("RMA-2026-0001", zxingcpp.BarcodeFormat.QRCode, 6)
    seen = codes_in(bench(ean("4006381333931"), qr, ean("4006381333931")))
    assert [one.code.raw for one in seen] == ["4006381333931", "RMA-2026-0001"]


def test_nothing_is_read_out_of_noise_or_stripes() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (600, 600, 3)).astype(np.uint8)
    stripes = np.full((600, 600, 3), 255, np.uint8)
    stripes[:, ::6] = 0
    assert codes_in(noise) == codes_in(stripes) == ()


def test_every_code_on_the_item_is_told() -> None:
    seen = codes_in(bench(ean("9780201379624"), ean("4006381333931")))
    assert {one.code.gtin for one in seen} == {"09780201379624", GTIN}


def test_a_text_that_names_no_product_has_no_gtin() -> None:
    (seen,) = codes_in(bench(printed("ORDER-77123", zxingcpp.BarcodeFormat.Code128)))
    assert seen.code.gtin is None
