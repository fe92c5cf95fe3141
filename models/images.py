"""Bytes of a camera to pixels, within bounds.

The header is read here before the decoder sees a byte, so that a small file cannot claim a
huge picture, and a picture larger than the model needs is decoded reduced (JPEG scales by
1/2, 1/4 or 1/8 while decoding, at a fraction of the time). The decoder turns pictures
upright by their EXIF note, makes CMYK and grey to three colours and 16 bit to 8, and drops
transparency. What it would only warn of, a JPEG whose picture ends early, is found here.
"""

from dataclasses import dataclass, replace
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

MAX_SCANS = 64
"""Of a progressive JPEG; ten are usual, and each goes over the whole picture again."""

REDUCED = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8 | cv2.IMREAD_COLOR_RGB,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4 | cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2 | cv2.IMREAD_COLOR_RGB,
    1: cv2.IMREAD_COLOR_RGB,
}
"""By factor; of the reduced ones the flag named after grey is the bare factor."""
END = b"\xff\xd9"
FILLED = 128
"""Grey of a block without data (ITU-T T.81: all coefficients zero)."""
NOISE = bytes((number * 73 + 29) % 251 for number in range(64))
PADDING = NOISE * 4 + b"".join(bytes((0xFF, 0xD0 + number)) + NOISE for number in range(8)) * 2
"""Behind a complete picture it means nothing; behind one that ends early it would be taken for picture.
It holds all restart markers, for a decoder that waits for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says of itself, before it is turned upright."""

    kind: Literal["jpeg", "png"]
    width: int
    height: int
    scan_at: int = 0
    """Of a JPEG: where its picture begins."""
    unusual: bool = False
    """A progressive or a CMYK JPEG: what is missing is not filled with grey."""


def decode(content: bytes, *, need_side: int = 0) -> Pixels:
    """Decode a JPEG or PNG; raises BadImage with the fault.

    `need_side`: shorter side in pixels that is enough for the caller; 0 for full size.
    """
    header = read_header(content)
    shorter = min(header.width, header.height)
    factor = next((f for f in REDUCED if need_side and shorter >= need_side * f), 1)
    if header.kind == "png":
        factor = 1  # PNG cannot be decoded reduced; the decoder would only resize roughly
    pixels = _decoded(content, REDUCED[factor])
    if header.kind == "jpeg" and (header.unusual or _ends_grey(pixels, factor)):
        _refuse_early_end(content, header, REDUCED[factor], pixels)
    return pixels


def _decoded(content: bytes, flags: int) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error as error:
        raise BadImage(ImageFault.UNREADABLE, "the picture cannot be decoded") from error
    if pixels is None:
        raise BadImage(ImageFault.UNREADABLE, "the picture cannot be decoded")
    return np.ascontiguousarray(pixels, dtype=np.uint8)


def _ends_grey(pixels: Pixels, factor: int) -> bool:
    """Whether a corner is as the decoder fills what is missing; the last corner may have been turned."""
    side = 4 if factor <= 2 else 2
    corners = (pixels[:side, :side], pixels[:side, -side:], pixels[-side:, :side], pixels[-side:, -side:])
    return any((corner == FILLED).all() for corner in corners)


def _refuse_early_end(content: bytes, header: Header, flags: int, pixels: Pixels) -> None:
    """Decode again with more behind the picture: where that changes it, some of it was missing."""
    end = content.find(END, header.scan_at)
    padded = _decoded(content[:end] + PADDING + content[end:], flags)
    if not np.array_equal(pixels, padded):
        raise BadImage(ImageFault.UNREADABLE, "the JPEG's picture ends early")


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
    if content.find(b"acTL", 33, max(33, content.find(b"IDAT"))) >= 0:
        raise BadImage(ImageFault.UNREADABLE, "the PNG is animated: one picture is wanted")
    return Header(
        kind="png", width=int.from_bytes(content[16:20], "big"), height=int.from_bytes(content[20:24], "big")
    )


def _scans(content: bytes, scan_at: int) -> int:
    """How often a scan begins; 0xFF stands before many bytes, which `bytes.count` is slow with."""
    numbers = np.frombuffer(content, np.uint8, offset=scan_at)
    after = np.flatnonzero(numbers[:-1] == 0xFF) + 1
    return int(np.count_nonzero(numbers[after] == 0xDA))


FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""SOF0..SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1)."""


PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})


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
            if found is not None:
                raise BadImage(ImageFault.UNREADABLE, "the JPEG claims two sizes")
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            found = Header(
                kind="jpeg",
                width=int.from_bytes(width, "big"),
                height=int.from_bytes(height, "big"),
                unusual=marker in PROGRESSIVE or content[at + 9 : at + 10] == b"\x04",
            )
        if marker == 0xDA:
            return _complete(found, content, at)
        at += 2 + length
    raise BadImage(ImageFault.UNREADABLE, "the JPEG is cut short or damaged")


def _complete(found: Header | None, content: bytes, scan_at: int) -> Header:
    """The decoder would fill a missing rest with grey, which then looks like a defect."""
    if found is None or content.rfind(END, scan_at) < 0:  # from behind: it is the last of many bytes
        raise BadImage(ImageFault.UNREADABLE, "the JPEG is cut short")
    if _scans(content, scan_at) > MAX_SCANS:
        raise BadImage(ImageFault.UNREADABLE, f"the JPEG has more than {MAX_SCANS} scans")
    return replace(found, scan_at=scan_at)
