"""Bytes of a camera to pixels, within bounds.

The header is read here before the decoder sees a byte, so that a small file cannot claim a
huge picture, and a picture larger than the model needs is decoded reduced (JPEG scales by
1/2, 1/4 or 1/8 while decoding, at a fraction of the time). The decoder turns pictures
upright by their EXIF note, makes CMYK and grey to three colours and 16 bit to 8.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.evidence import ImageFault
from models.errors import BadImage

Pixels = NDArray[np.uint8]
"""RGB, H x W x 3."""

MAX_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 40_000_000
MIN_SIDE = 32
"""Pixels; below this nothing can be told of an item."""

JPEG_MAGIC = b"\xff\xd8\xff"
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"

REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    1: cv2.IMREAD_COLOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says of itself, before it is turned upright."""

    kind: Literal["jpeg", "png"]
    width: int
    height: int


def decode(content: bytes, *, need_side: int = 0) -> Pixels:
    """Decode a JPEG or PNG; raises BadImage with the fault.

    `need_side`: shorter side in pixels that is enough for the caller; 0 for full size.
    """
    header = read_header(content)
    shorter = min(header.width, header.height)
    factor = next((f for f in REDUCED if need_side and shorter >= need_side * f), 1)
    if header.kind == "png":
        factor = 1  # PNG cannot be decoded reduced; the decoder would only resize roughly
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), REDUCED[factor])
    except cv2.error as error:
        raise BadImage(ImageFault.UNREADABLE, "the picture cannot be decoded") from error
    if pixels is None:
        raise BadImage(ImageFault.UNREADABLE, "the picture cannot be decoded")
    return np.ascontiguousarray(pixels[:, :, ::-1], dtype=np.uint8)


def read_header(content: bytes) -> Header:
    """Kind and size of a complete JPEG or PNG within bounds; raises BadImage otherwise."""
    if not content:
        raise BadImage(ImageFault.UNREADABLE, "the picture is empty")
    if len(content) > MAX_BYTES:
        raise BadImage(ImageFault.TOO_LARGE, f"the picture has {len(content)} bytes, {MAX_BYTES} are allowed")
    if content.startswith(JPEG_MAGIC):
        header = _jpeg_header(content)
    elif content.startswith(PNG_MAGIC):
        header = _png_header(content)
    else:
        raise BadImage(ImageFault.UNREADABLE, "the picture is neither JPEG nor PNG")
    if header.width * header.height > MAX_PIXELS:
        size = f"{header.width} x {header.height}"
        raise BadImage(ImageFault.TOO_LARGE, f"the picture has {size} pixels, {MAX_PIXELS} are allowed")
    if min(header.width, header.height) < MIN_SIDE:
        size = f"{header.width} x {header.height}"
        raise BadImage(ImageFault.TOO_SMALL, f"the picture has {size} pixels, a side needs {MIN_SIDE}")
    return header


def _png_header(content: bytes) -> Header:
    """PNG (ISO/IEC 15948): IHDR is the first chunk, IEND the last."""
    if len(content) < 45 or content[12:16] != b"IHDR":
        raise BadImage(ImageFault.UNREADABLE, "the PNG has no header")
    if content.rfind(b"IEND") < 33:
        raise BadImage(ImageFault.UNREADABLE, "the PNG is cut short")
    return Header(
        kind="png", width=int.from_bytes(content[16:20], "big"), height=int.from_bytes(content[20:24], "big")
    )


FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0..SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1)."""


def _jpeg_header(content: bytes) -> Header:
    """Walk the JPEG's segments up to the first scan, and see that the end marker follows it."""
    at, found = 2, None
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in FRAME_MARKERS and at + 9 <= len(content):
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            found = Header(
                kind="jpeg", width=int.from_bytes(width, "big"), height=int.from_bytes(height, "big")
            )
        if marker == 0xDA:
            return _complete(found, content, at)
        at += 2 + length
    raise BadImage(ImageFault.UNREADABLE, "the JPEG is cut short or damaged")


def _complete(found: Header | None, content: bytes, scan_at: int) -> Header:
    """The decoder would fill a missing rest with grey, which then looks like a defect."""
    if found is None or content.find(b"\xff\xd9", scan_at) < 0:
        raise BadImage(ImageFault.UNREADABLE, "the JPEG is cut short")
    return found
