"""JPEG over RTP (RFC 2435), as an emulated network camera sends it over its RTSP connection (RFC 2326).

The pictures are baseline JPEGs with the usual Huffman tables, as OpenCV writes them: the wire carries their
scan and their quantization tables only.
"""

from collections.abc import Iterator
from dataclasses import dataclass

LARGEST_PART = 1400
"""Bytes of a picture in one packet."""
JPEG_PAYLOAD = 26
CLOCK_HZ = 90_000
SSRC = b"RGRD"
DQT, SOF0, SOS = 0xDB, 0xC0, 0xDA
SAMPLED = {0x21: 0, 0x22: 1}
"""Sampling factors of the first component -> type of RFC 2435: 4:2:2, 4:2:0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What RTP carries of a JPEG."""

    kind: int
    width: int
    height: int
    tables: bytes
    scan: bytes


def split(content: bytes) -> Split | None:
    """The parts of a whole JPEG; None for what cannot be sent this way."""
    if not content.startswith(b"\xff\xd8") or not content.endswith(b"\xff\xd9"):
        return None
    size: tuple[int, int, int | None] = 0, 0, None
    tables, at = b"", 2
    while at + 4 <= len(content):
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        body = content[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == DQT:
            tables += b"".join(body[start + 1 : start + 65] for start in range(0, len(body), 65))
        elif marker == SOF0 and len(body) >= 8:
            height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            size = width, height, SAMPLED.get(body[7])
        elif marker == SOS:
            width, height, kind = size
            if kind is None or len(tables) != 128 or max(width, height) > 2040:
                return None
            return Split(kind=kind, width=width, height=height, tables=tables, scan=content[at:-2])
    return None


def packets(parts: Split, sequence: Iterator[int], ticks: int) -> Iterator[bytes]:
    """RTP packets of one picture, each behind the four bytes that tell it from RTSP."""
    for start in range(0, len(parts.scan), LARGEST_PART):
        piece = parts.scan[start : start + LARGEST_PART]
        last = start + LARGEST_PART >= len(parts.scan)
        head = bytes((0x80, JPEG_PAYLOAD | last << 7)) + (next(sequence) & 0xFFFF).to_bytes(2, "big")
        jpeg = b"\0" + start.to_bytes(3, "big")
        jpeg += bytes((parts.kind, 255, -(-parts.width // 8), -(-parts.height // 8)))
        jpeg += b"\0\0" + len(parts.tables).to_bytes(2, "big") + parts.tables if start == 0 else b""
        packet = head + (ticks & 0xFFFFFFFF).to_bytes(4, "big") + SSRC + jpeg + piece
        yield b"$\0" + len(packet).to_bytes(2, "big") + packet
