"""Codes printed on the item, read from its picture: what the item says of itself.

Every text is parsed by the same rules as a scan (`inspection/identity/gs1.py`); a code that those
rules refuse is left out, for a picture may show half of one.
"""

from dataclasses import dataclass

import zxingcpp

from inspection.errors import BadIdentifier
from inspection.findings import Region
from inspection.identity.codes import ItemCode
from inspection.identity.gs1 import read_code
from models.images import Pixels

MAX_CODES = 16
"""Read from one picture; a pallet label has six."""
LONGEST_TEXT = 512
"""Characters; longer ones are no identifiers."""
SHORTEST_TEXT = 4
"""Characters; shorter ones are read out of patterns that are no code."""
WHOLE_PPM = 1_000_000
FORMATS = (
    zxingcpp.BarcodeFormat.EAN13,
    zxingcpp.BarcodeFormat.EAN8,
    zxingcpp.BarcodeFormat.UPCA,
    zxingcpp.BarcodeFormat.UPCE,
    zxingcpp.BarcodeFormat.Code128,
    zxingcpp.BarcodeFormat.Code39,
    zxingcpp.BarcodeFormat.ITF,
    zxingcpp.BarcodeFormat.DataBar,
    zxingcpp.BarcodeFormat.DataMatrix,
    zxingcpp.BarcodeFormat.QRCode,
)
"""What goods and parcels carry; fewer formats find fewer codes where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCode:
    """One code in a picture."""

    code: ItemCode
    symbology: str
    """AIM identifier, such as `]E0` for EAN-13 (ISO/IEC 15424)."""
    region: Region


def codes_in(pixels: Pixels) -> tuple[SeenCode, ...]:
    """The codes of a picture from top to bottom, each once."""
    height, width = pixels.shape[:2]
    found = zxingcpp.read_barcodes(
        pixels, formats=zxingcpp.BarcodeFormats(FORMATS), text_mode=zxingcpp.TextMode.Plain
    )
    seen = [one for one in (_seen(barcode, height, width) for barcode in found[:MAX_CODES]) if one]
    unique = {one.code.raw: one for one in sorted(seen, key=lambda one: -one.region.top_ppm)}
    return tuple(sorted(unique.values(), key=lambda one: (one.region.top_ppm, one.region.left_ppm)))


def _seen(barcode: zxingcpp.Barcode, height: int, width: int) -> SeenCode | None:
    if not SHORTEST_TEXT <= len(barcode.text) <= LONGEST_TEXT:
        return None
    try:
        code = read_code(barcode.text, barcode.symbology_identifier)
    except BadIdentifier:
        return None
    return SeenCode(
        code=code,
        symbology=barcode.symbology_identifier,
        region=_region(barcode.position, height, width),
    )


def _region(position: zxingcpp.Position, height: int, width: int) -> Region:
    corners = (position.top_left, position.top_right, position.bottom_left, position.bottom_right)
    left, right = (_within(pick(c.x for c in corners), width) for pick in (min, max))
    top, bottom = (_within(pick(c.y for c in corners), height) for pick in (min, max))
    return Region(
        left_ppm=left * WHOLE_PPM // width,
        top_ppm=top * WHOLE_PPM // height,
        width_ppm=(right - left) * WHOLE_PPM // width,
        height_ppm=(bottom - top) * WHOLE_PPM // height,
    )


def _within(value: int, size: int) -> int:
    return min(max(value, 0), size)
