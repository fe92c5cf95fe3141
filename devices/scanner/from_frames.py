"""Codes in the pictures of a camera, as if a scanner had read them.

The same guard as for scanners lets each through once. A picture shows whatever hangs or lies in it, for as
long as it does: so a command, badge or bin card that a camera sees is never obeyed, and an item's code that
was lost from view for some seconds is still the same one.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from devices.camera.picture import size_of
from devices.device import Clock, CountFault
from devices.scanner.guard import BadCode, Code, Guard
from inspection.readings import Scan

MOST_CODES = 16
"""Read from one picture; a pallet label has six."""
LONGEST, SHORTEST = 4096, 4
"""Bytes; shorter ones are read out of patterns that are no code."""
SAME_ITEM_S = 5.0
"""A code that is seen again within this time was there all the while."""
MOST_PIXELS = 4_000_000
"""A larger picture is halved until it fits: at 40 million pixels one look would take seconds."""
FORMATS = (
    *("EAN13", "EAN8", "UPCA", "UPCE", "Code128", "Code39", "ITF", "DataBar", "DataMatrix", "QRCode"),
    *("DataBarExpanded", "DataBarLimited"),
)
"""What goods and parcels carry; fewer formats find fewer codes where there are none."""


class CodeReader:
    """Reads the codes of one camera's pictures, one picture after the other."""

    def __init__(self, camera: str, *, clock: Clock, count: CountFault) -> None:
        self._camera = camera
        self._clock = clock
        self._count = count
        self._guard = Guard(same_item_s=SAME_ITEM_S)

    async def read(self, content: bytes) -> list[Scan]:
        """The codes of a picture that were not there just before; nothing where it cannot be decoded."""
        seen_at = self._clock()
        found = await asyncio.to_thread(codes_in, content)
        now_s = asyncio.get_running_loop().time()
        judged = (each for code in found for each in self._guard.judged(code, now_s))
        return [
            Scan(content=code.content, symbology=code.symbology, scanner=self._camera, scanned_at=seen_at)
            for code in self._items(judged)
        ]

    def _items(self, judged: Iterable[Code | BadCode]) -> Iterator[Code]:
        for code in judged:
            if isinstance(code, BadCode):
                self._count(code.reason, code.sentence)
            elif code.is_command:
                self._count("command_in_picture", "a command card before a camera is not obeyed: scan it")
            else:
                yield code


def codes_in(content: bytes) -> list[bytes]:
    """The codes of a JPEG or PNG, AIM identifier first, 0x1D kept; takes milliseconds, so not on the loop."""
    import cv2  # these two take longer to load than all the rest: only where a camera reads codes
    import numpy as np
    import zxingcpp

    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), _reduced(content)) if content else None
    if pixels is None:
        return []
    found = zxingcpp.read_barcodes(
        pixels,
        formats=zxingcpp.BarcodeFormats([getattr(zxingcpp.BarcodeFormat, name) for name in FORMATS]),
        text_mode=zxingcpp.TextMode.Plain,
    )
    return [_as_scanned(barcode) for barcode in found if SHORTEST <= len(barcode.bytes) <= LONGEST][
        :MOST_CODES
    ]


def _as_scanned(barcode: Any) -> bytes:
    symbology: str = barcode.symbology_identifier
    return symbology.encode("ascii") + bytes(barcode.bytes)


def _reduced(content: bytes) -> int:
    """How OpenCV is to decode it."""
    import cv2

    width, height = size_of(content) or (0, 0)
    for factor, flag in (
        (1, cv2.IMREAD_GRAYSCALE),
        (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
        (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
    ):
        if width * height <= MOST_PIXELS * factor * factor:
            return flag
    return cv2.IMREAD_REDUCED_GRAYSCALE_8
