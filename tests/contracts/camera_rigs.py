"""Every kind of camera with its emulator, so that one contract is asked of all of them."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from devices.camera.folder.driver import FolderConfig
from devices.camera.folder.emulator import FolderCameraEmulator
from devices.camera.opencv.driver import OpenCvConfig
from devices.camera.opencv.emulator import MjpegEmulator
from devices.camera.vc0706.driver import Vc0706Config
from devices.camera.vc0706.emulator import Vc0706Emulator
from devices.device import Camera
from tests.contracts.conftest import build
from tests.contracts.lines import free_port

FAST = 921_600
"""A line that does not hold the tests up."""


def jpeg(shade: int) -> bytes:
    """A whole picture of one shade."""
    return cv2.imencode(".jpg", np.full((48, 64, 3), shade, np.uint8))[1].tobytes()


def shade_of(content: bytes) -> float:
    """Its mean shade, as far as its compression keeps it."""
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return float(pixels.mean())


@dataclass(slots=True, kw_only=True)
class CameraRig:
    """A camera under test and the hands that change its world."""

    camera: Camera
    show: Callable[[bytes], None]
    """Put these bytes, whole picture or not, where its next picture comes from."""
    cut: Callable[[], None]
    """Break the link."""
    mend: Callable[[], None]
    faults: Counter[str]
    as_sent: bool = True
    """Whether a picture comes byte for byte."""
    is_live: bool = False
    """Whether the live view follows without a picture being taken."""


async def folder(stack: AsyncExitStack, place: Path) -> CameraRig:
    faults = Counter[str]()
    emulator = FolderCameraEmulator(place / "top")
    away = place / "away"
    config = FolderConfig(driver="folder", name="cam1", view="top", folder=emulator.folder, largest_mib=1)
    return CameraRig(
        camera=build("folder", config, faults),
        show=lambda content: void(emulator.show_bytes(content)),
        cut=lambda: void(emulator.folder.rename(away)),
        mend=lambda: void(away.rename(emulator.folder)),
        faults=faults,
        is_live=True,
    )


def void(_: object) -> None:
    """For what nobody asks."""


async def opencv(stack: AsyncExitStack, place: Path) -> CameraRig:
    faults = Counter[str]()
    emulator = await stack.enter_async_context(MjpegEmulator(free_port(), fps=50))
    config = OpenCvConfig(
        driver="opencv", name="cam1", view="top", source=emulator.url, timeout_ms=1000, latency_ms=80
    )
    return CameraRig(
        camera=build("opencv", config, faults),
        show=emulator.show,
        cut=emulator.unplug,
        mend=emulator.replug,
        faults=faults,
        as_sent=False,
        is_live=True,
    )


async def vc0706(stack: AsyncExitStack, port: str) -> CameraRig:
    faults = Counter[str]()
    emulator = await stack.enter_async_context(Vc0706Emulator(port, rate=FAST))
    config = Vc0706Config(driver="vc0706", name="cam1", view="top", port=port, reply_timeout_ms=300)
    return CameraRig(
        camera=build("vc0706", config, faults),
        show=emulator.show,
        cut=emulator.unplug,
        mend=emulator.replug,
        faults=faults,
    )


async def vc0706_on_a_pty(stack: AsyncExitStack, place: Path) -> CameraRig:
    return await vc0706(stack, str(place / "camera"))


async def vc0706_over_tcp(stack: AsyncExitStack, place: Path) -> CameraRig:
    return await vc0706(stack, free_port())


RIGS: dict[str, Callable[[AsyncExitStack, Path], Awaitable[CameraRig]]] = {
    "folder": folder,
    "opencv over http": opencv,
    "vc0706 on a pty": vc0706_on_a_pty,
    "vc0706 over tcp": vc0706_over_tcp,
}
