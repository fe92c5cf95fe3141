"""Network cameras: JPEGs one after the other over HTTP, as ESP32-CAM and IP cameras send them, and RTSP."""

import asyncio
import base64
import hashlib
import itertools
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from devices.camera.opencv.rtp_jpeg import CLOCK_HZ, packets, split
from devices.emulation import EmulatedDevice
from devices.transport.opening import tcp_address

BOUNDARY = b"frame"
HEAD = (
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\n"
    b"Content-Type: multipart/x-mixed-replace; boundary=" + BOUNDARY + b"\r\n\r\n"
)
REFUSAL = b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\nContent-Length: 0\r\n\r\n'
REALM, NONCE = "camera", "5bd7c3a1"
SDP = "\r\n".join((
    "v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
    "m=video 0 RTP/AVP 26", "a=control:track1", "",
))  # fmt: skip


class MjpegEmulator(EmulatedDevice):
    """One emulated camera at `tcp://127.0.0.1:port`; an async context manager. Loopback only."""

    def __init__(
        self, port: str | Path, *, fps: float = 25.0, user: str | None = None, password: str = ""
    ) -> None:
        self.port = port
        self.picture = b""
        """What it sees; nothing until it is shown something."""
        self.sent = 0
        """Pictures, to all who looked."""
        self._address = tcp_address(str(port))
        self._fps = fps
        self._key = base64.b64encode(f"{user}:{password}".encode()) if user else None
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._silent = False
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """What a viewer opens."""
        host, port = self._address
        return f"http://{host}:{port}/video.mjpg"

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.unplug()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def plug(self) -> None:
        """Appear in the network."""
        host, port = self._address
        self._server = await asyncio.start_server(self._serve, host, port)
        self._address = self._server.sockets[0].getsockname()[:2]

    def unplug(self) -> None:
        """Vanish: whoever looks is hung up on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for line in self._lines:
            line.cancel()

    def replug(self) -> None:
        """Appear again, a moment later."""
        task = asyncio.ensure_future(self.plug())
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)

    def show(self, picture: bytes) -> None:
        """Put this before the lens: the bytes of a file, whole or not."""
        self.picture = picture

    def mute(self, silent: bool = True) -> None:
        """Keep the line open and send nothing, as a camera does whose program hangs."""
        self._silent = silent

    def noise(self, content: bytes) -> None:
        """Send bytes that are no picture to all who look."""
        for writer in self._writers:
            writer.write(content)

    def orders(self) -> dict[str, Callable[[str], None]]:
        """`show FILE` besides."""
        return {"show": lambda rest: self.show(Path(rest).read_bytes()), **super().orders()}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._lines.add(task)
            task.add_done_callback(self._lines.discard)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._talk(reader, writer)
        except asyncio.CancelledError:
            pass  # unplugged
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if self._key is not None and b"Basic " + self._key not in request:
            writer.write(REFUSAL)
            await writer.drain()
            return
        writer.write(HEAD)
        self._writers.add(writer)
        while True:
            if self.picture and not self._silent:
                part = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(self.picture)
                writer.write(b"--" + BOUNDARY + b"\r\n" + part + self.picture + b"\r\n")
                await writer.drain()
                self.sent += 1
            await asyncio.sleep(1 / self._fps)


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
