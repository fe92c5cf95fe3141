"""What makes bytes a picture: asked of every camera, before anybody decodes them.

Only the head and the end are looked at, so a file that claims a huge picture costs nothing. No check can
be complete: a flipped byte in the middle of a JPEG decodes without an error (tried with OpenCV and Pillow),
so the rest is a matter of the wire's own checks and of the decoder behind it.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from devices.device import LiveView
from devices.errors import DeviceFault

JPEG, PNG = "image/jpeg", "image/png"
MAGIC = {b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG}
ENDS = {JPEG: b"\xff\xd9", PNG: b"IEND\xaeB`\x82"}
"""Some cameras pad behind the end, so it is looked for near the end of the file, not at it."""
PADDING = 64
MOST_PIXELS = 40_000_000
"""As many as the models take: a PNG of some kilobytes may claim a thousand times more."""
MOST_SEGMENTS = 1000
"""Before the picture of a JPEG, fill bytes among them; cameras write about ten."""
MIB = 1024 * 1024

FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG segments that say the size (ITU-T T.81, table B.1)."""
SCAN = 0xDA


def media_type_of(
    content: bytes, *, view: str, largest_bytes: int, kinds: tuple[str, ...] = (JPEG, PNG)
) -> str:
    """The media type of a whole picture, found from its bytes; raises DeviceFault where it is none."""
    media_type = next((kind for magic, kind in MAGIC.items() if content.startswith(magic)), None)
    if media_type is None or media_type not in kinds:
        wanted = " or ".join(kind.removeprefix("image/").upper() for kind in kinds)
        raise DeviceFault(f"what came for the view {view} is no {wanted}", reason="not_a_picture")
    check_size(len(content), view=view, largest_bytes=largest_bytes)
    if ENDS[media_type] not in content[-len(ENDS[media_type]) - PADDING :]:
        raise DeviceFault(f"the picture of the view {view} is cut short", reason="picture_cut_short")
    size = size_of(content)
    if size is None or 0 in size:
        raise DeviceFault(f"the picture of the view {view} has a broken header", reason="picture_broken")
    if size[0] * size[1] > MOST_PIXELS:
        raise DeviceFault(
            f"the picture of the view {view} claims {size[0]} x {size[1]} pixels; {MOST_PIXELS} are taken",
            reason="picture_too_large",
        )
    return media_type


def check_size(size: int, *, view: str, largest_bytes: int) -> None:
    """Raise DeviceFault for more bytes than the settings allow."""
    if size > largest_bytes:
        raise DeviceFault(
            f"the picture of the view {view} is larger than {largest_bytes / MIB:g} MiB",
            reason="picture_too_large",
        )


def live_view(content: bytes, media_type: str, changed_at: datetime) -> LiveView:
    """A picture for the page; its version is its content."""
    return LiveView(
        content=content,
        media_type=media_type,
        changed_at=changed_at,
        version=hashlib.sha256(content).hexdigest()[:16],
    )


def size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height that the header claims; None where it leads to no picture."""
    return _jpeg_size(content) if content.startswith(b"\xff\xd8") else _png_size(content)


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height; None where the segments do not lead to a picture."""
    size = None
    for marker, body in _segments(content):
        if marker in FRAME_HEADERS and len(body) >= 5:
            size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
        elif marker == SCAN:
            return size
    return None


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and first bytes of each segment, up to the first that makes no sense."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        head = content[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF:
            return
        if head[1] == 0xFF:  # a fill byte
            at += 1
            continue
        length = int.from_bytes(head[2:], "big")
        if length < 2:
            return
        yield head[1], content[at + 4 : min(at + 2 + length, at + 20)]
        at += 2 + length


def _png_size(content: bytes) -> tuple[int, int] | None:
    """Width and height; None where the first chunk is no header, or no picture follows."""
    if content[12:16] != b"IHDR" or b"IDAT" not in content:
        return None
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
