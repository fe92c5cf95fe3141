"""How fresh a network camera's pictures are and what they cost: `python -m benchmarks.camera_streams`.

FFmpeg, inside OpenCV, reads our emulated cameras over loopback: MJPEG over HTTP, RTP/JPEG over RTSP. Each is
shown dark and light in turn; `turned` is how long after the turn a picture asked for just then shows it.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import cv2
import numpy as np

from devices.camera.opencv.driver import OpenCvCamera, OpenCvConfig
from devices.camera.opencv.emulator import MjpegEmulator, RtspEmulator
from devices.transport.tcp_end import TcpEnd

FPS = 25.0
TURNS = 10
IDLE_S = 4.0
HEAD = """\
| camera | picture | open, s | frames/s | CPU, both ends | a picture, ms (median) | turned, ms (most) |
|---|---|---|---|---|---|---|"""
SIZES = ((640, 480), (1920, 1080))


def picture(width: int, height: int, shade: int) -> bytes:
    """A bench of this shade with the grain of a sensor."""
    grain = np.random.default_rng(7).integers(0, 16, (height, width, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", grain + np.uint8(shade), [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def is_light(content: bytes) -> bool:
    """Which of the two it is."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    return pixels is not None and float(pixels.mean()) > 128


def free_port() -> str:
    """A TCP port of this machine that nobody listens at."""
    end = TcpEnd("127.0.0.1", 0, lambda content: None)
    end.plug()
    end.unplug()
    return f"tcp://127.0.0.1:{end.port}"


async def tried(kind: type[MjpegEmulator], width: int, height: int) -> str:
    """One row of the table."""
    shades = [picture(width, height, shade) for shade in (30, 210)]
    async with kind(free_port(), fps=FPS) as emulator:
        emulator.show(shades[0])
        config = OpenCvConfig(driver="opencv", name="cam", view="top", source=emulator.url, timeout_ms=10_000)
        camera = OpenCvCamera(config, clock=lambda: datetime.now(UTC))
        began = time.perf_counter()
        async with camera:
            opened_s = time.perf_counter() - began
            idle, frames = time.process_time(), camera.counts["frames"]
            await asyncio.sleep(IDLE_S)
            cost = (time.process_time() - idle) / IDLE_S
            frames = camera.counts["frames"] - frames
            asked, turned = await turns(camera, emulator, shades)
    return (
        f"| {kind.__name__} | {width} x {height} | {opened_s:.2f} | {frames / IDLE_S:.0f} | {cost:.0%} "
        f"| {statistics.median(asked) * 1000:.0f} | {max(turned) * 1000:.0f} |"
    )


async def turns(
    camera: OpenCvCamera, emulator: MjpegEmulator, shades: Sequence[bytes]
) -> tuple[list[float], list[float]]:
    """Seconds of each picture, and seconds until the turn was seen."""
    asked: list[float] = []
    turned: list[float] = []
    for number in range(TURNS):
        light = number % 2 == 0
        emulator.show(shades[light])
        began = time.perf_counter()
        while True:
            before = time.perf_counter()
            frame = await camera.capture()
            asked.append(time.perf_counter() - before)
            if is_light(frame.content) is light:
                break
        turned.append(time.perf_counter() - began)
    return asked, turned


async def run() -> None:
    """Print the table."""
    print(HEAD)
    for kind in (MjpegEmulator, RtspEmulator):
        for width, height in SIZES:
            print(await tried(kind, width, height), flush=True)


def main() -> int:
    """Run from the command line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
