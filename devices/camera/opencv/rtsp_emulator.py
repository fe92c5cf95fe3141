"""A network camera that speaks RTSP with RTP/JPEG over the same TCP connection (RFC 2326, RFC 2435).

The pictures are baseline JPEGs with the usual Huffman tables, as OpenCV writes them: the wire carries their
scan and their quantization tables only.
"""

import asyncio
import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devices.camera.opencv.emulator import MjpegEmulator

LARGEST_PART = 1400
"""Bytes of a picture in one packet."""
JPEG_PAYLOAD = 26
CLOCK_HZ = 90_000
SSRC = b"RGRD"
REALM, NONCE = "camera", "5bd7c3a1"
SDP = "\r\n".join((
    "v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
    "m=video 0 RTP/AVP 26", "a=control:track1", "",
))  # fmt: skip
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


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class RtspEmulator(MjpegEmulator):
    """One emulated camera; asks for a digest where it has a user."""

    def __init__(
        self, port: str | Path, *, fps: float = 25.0, user: str | None = None, password: str = ""
    ) -> None:
        super().__init__(port, fps=fps)
        self._secret = _md5(f"{user}:{REALM}:{password}") if user else None
        self._sequence = itertools.count()

    @property
    def url(self) -> str:
        """What a viewer opens."""
        host, port = self._address
        return f"rtsp://{host}:{port}/stream1"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing: asyncio.Task[None] | None = None
        self._writers.add(writer)
        try:
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lstrip("\0")
                method = request.partition(" ")[0]
                writer.write(self._answer(method, request))
                await writer.drain()
                if method == "PLAY" and playing is None:
                    playing = asyncio.create_task(self._play(writer))
                if method == "TEARDOWN":
                    return
        finally:
            if playing is not None:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)

    def _answer(self, method: str, request: str) -> bytes:
        number = re.search(r"(?im)^CSeq: *(\d+)", request)
        lines = [f"CSeq: {number[1] if number else 0}"]
        if method != "OPTIONS" and not self._is_known(method, request):
            challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"'
            return "\r\n".join(("RTSP/1.0 401 Unauthorized", *lines, challenge, "", "")).encode()
        body = ""
        match method:
            case "OPTIONS":
                lines.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
            case "DESCRIBE":
                body = SDP
                lines += ["Content-Type: application/sdp", f"Content-Base: {self.url}/"]
            case "SETUP":
                lines += ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1;timeout=60"]
            case _:
                lines.append("Session: 1")
        lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(("RTSP/1.0 200 OK", *lines, "", "")) + body).encode()

    def _is_known(self, method: str, request: str) -> bool:
        if self._secret is None:
            return True
        said = dict(re.findall(r'(\w+)="([^"]*)"', request))
        wanted = _md5(f"{self._secret}:{NONCE}:{_md5(method + ':' + said.get('uri', ''))}")
        return said.get("response") == wanted

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            parts = None if self._silent else split(self.picture)
            if parts is not None:
                for packet in packets(parts, self._sequence, round(loop.time() * CLOCK_HZ)):
                    writer.write(packet)
                await writer.drain()
                self.sent += 1
            await asyncio.sleep(1 / self._fps)
