"""Our emulated serial camera before Adafruit's client: `python -m benchmarks.camera_serial [--pages FOLDER]`.

Over a pseudo-terminal, at the pace of its line. Needs `make peers-devices`. Exit code 1 when the client finds
anything else than what the camera sees.
"""

import argparse
import asyncio
import hashlib
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks.rfid_serial import ROOT, Tried, asked, keep
from devices.camera.vc0706.emulator import GREETING, VERSION, Vc0706Emulator

PEER = ROOT / "benchmarks" / "peers" / "camera_serial_peer.py"


def picture() -> bytes:
    """About 13 kB of JPEG, as such a camera makes of a bench."""
    rows, columns = np.mgrid[0:240, 0:320]
    noise = np.random.default_rng(7).integers(0, 48, (240, 320), dtype=np.uint8)
    shades = (np.sin(rows / 17) * 60 + np.cos(columns / 23) * 60 + 128).astype(np.uint8) // 2 + noise
    return cv2.imencode(".jpg", shades, [cv2.IMWRITE_JPEG_QUALITY, 60])[1].tobytes()


async def vc0706(folder: Path) -> tuple[str, list[Tried]]:
    """Adafruit's library at a camera that is at its usual rate."""
    content = picture()
    async with Vc0706Emulator(folder / "vc0706") as camera:
        camera.show(content)
        found = await asked("vc0706", camera, PEER)
        state = [camera.size, camera.baud]
    whole = [True, len(content), hashlib.sha256(content).hexdigest(), True]
    return f"adafruit-circuitpython-vc0706 {found['client']}", [
        Tried(what="finds the camera's rate by resetting it", wanted=38400, found=found.get("found_at")),
        Tried(
            what="reads what the camera says after a reset, and its version, asked for with a length of 1",
            wanted=f"{GREETING.decode()}v\0\x11\0\x0b{VERSION.decode()}",
            found=found.get("version"),
        ),
        Tried(what="sets 320x240 and 115200 baud", wanted=["320x240", 115200], found=state),
        Tried(what="two pictures: size, SHA-256", wanted=[whole, whole], found=found.get("pictures")),
        Tried(what="fails", wanted=None, found=found.get("failed")),
        Tried(
            what="freezes twice: the client does not look at the error",
            wanted=[True, True, True],
            found=found.get("again"),
        ),
    ]


async def run(pages: Path | None) -> bool:
    """Try the client; returns whether all held."""
    with tempfile.TemporaryDirectory() as folder:
        client, tried = await vc0706(Path(folder))
        return await keep("vc0706", client, tried, pages, "benchmarks.camera_serial")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, help="folder for the dated page")
    return 0 if asyncio.run(run(parser.parse_args().pages)) else 1


if __name__ == "__main__":
    sys.exit(main())
