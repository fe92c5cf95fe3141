"""Cameras of the virtual benches: whatever is shown to them, and how a picture is spoilt on its way."""

from pathlib import Path
from typing import Protocol, Self

import cv2
import numpy as np

from devices.camera.folder.emulator import FolderCameraEmulator
from devices.camera.mqtt_image.emulator import MqttImageEmulator
from devices.camera.vc0706.emulator import Vc0706Emulator

JPEG = b"\xff\xd8\xff"
QUALITY = 95


class View(Protocol):
    """What lies before a camera."""

    def put(self, picture: bytes) -> None:
        """Lay something under it: the bytes of a JPEG or PNG."""
        ...

    def break_picture(self) -> None:
        """Let only half of the picture arrive."""
        ...


class FolderView(FolderCameraEmulator):
    """A camera whose own program stores pictures."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None: ...

    def put(self, picture: bytes) -> None:
        """Store the picture as it is."""
        self.show_bytes(picture, ".jpg" if picture.startswith(JPEG) else ".png")


class SerialView(Vc0706Emulator):
    """A serial camera on a fast line."""

    def __init__(self, port: str | Path, *, baud: int) -> None:
        super().__init__(port, baud=baud, rate=4_000_000)

    def put(self, picture: bytes) -> None:
        """Show the picture; such a camera knows JPEG only."""
        self.show(picture if picture.startswith(JPEG) else as_jpeg(picture))

    def break_picture(self) -> None:
        """Cut it in the middle."""
        self.show(self.picture[: len(self.picture) // 2])


class PublishedView(MqttImageEmulator):
    """A camera that publishes a picture when it is told to."""

    def put(self, picture: bytes) -> None:
        """Show the picture as it is."""
        self.show(picture)

    def break_picture(self) -> None:
        """Cut it in the middle."""
        self.show(self.picture[: len(self.picture) // 2])


def as_jpeg(picture: bytes) -> bytes:
    """The same picture as a JPEG of high quality."""
    seen = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if seen is None:
        raise ValueError("the picture cannot be read")
    _, coded = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return coded.tobytes()
