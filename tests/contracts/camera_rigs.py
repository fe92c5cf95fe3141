"""Every kind of camera with its emulator, so that one contract is asked of all of them."""

import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from devices.camera.folder.driver import FolderConfig
from devices.camera.folder.emulator import FolderCameraEmulator
from devices.camera.mqtt_image.driver import MqttImageConfig
from devices.camera.mqtt_image.emulator import Form, MqttImageEmulator
from devices.camera.opencv.driver import OpenCvConfig
from devices.camera.opencv.emulator import MjpegEmulator
from devices.camera.vc0706.driver import Vc0706Config
from devices.camera.vc0706.emulator import Vc0706Emulator
from devices.device import Camera
from edge.broker import Broker, BrokerConfig
from edge.broker_files import BrokerUser
from link.topics import LARGEST_MESSAGE
from tests.contracts.conftest import build
from tests.contracts.lines import free_port

USERS = (
    BrokerUser(name="cam1", publish=("devices/cam1/picture",), subscribe=("devices/cam1/take",)),
    BrokerUser(name="station", subscribe=("devices/cam1/picture",), publish=("devices/cam1/take",)),
)
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
    comes_back: bool = False
    """Whether the link is there again before anybody mends it."""
    holds_back: bool = False
    """Whether pictures that were taken while the link was broken come when it is mended."""
    largest_message: int | None = None
    """Bytes of what the wire carries at all."""


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
        driver="opencv", name="cam1", view="top", source=emulator.url, timeout_ms=5000, latency_ms=200
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


async def mqtt_image(stack: AsyncExitStack, place: Path, form: Form, *, triggered: bool) -> CameraRig:
    faults = Counter[str]()
    broker = await stack.enter_async_context(
        Broker(BrokerConfig(kind="nats", folder=place / "broker", port=0, users=USERS))
    )
    topic, trigger = "devices/cam1/picture", "devices/cam1/take" if triggered else None
    emulator = MqttImageEmulator(
        broker.account("cam1"), topic, form=form, period_s=0.05, trigger_topic=trigger
    )
    await stack.enter_async_context(emulator)
    await emulator.connected()

    def cut() -> None:
        assert broker.pid
        os.kill(broker.pid, signal.SIGKILL)

    config = MqttImageConfig(
        driver="mqtt_image",
        name="cam1",
        view="top",
        largest_mib=1,
        topic=topic,
        trigger_topic=trigger,
        wait_ms=2500,
        json_path="data.image" if form == "json" else None,
        **({"chunk_start": "start", "chunk_end": "end"} if form == "chunks" else {}),
    )
    return CameraRig(
        camera=build("mqtt_image", config, faults, mqtt=broker.account("station")),
        show=emulator.show,
        cut=cut,
        mend=lambda: None,
        faults=faults,
        is_live=not triggered,
        comes_back=True,
        holds_back=True,
        largest_message=None if form == "chunks" else LARGEST_MESSAGE,
    )


RIGS: dict[str, Callable[[AsyncExitStack, Path], Awaitable[CameraRig]]] = {
    "folder": folder,
    "opencv over http": opencv,
    "raw over mqtt": partial(mqtt_image, form="raw", triggered=True),
    "json over mqtt": partial(mqtt_image, form="json", triggered=False),
    "parts over mqtt": partial(mqtt_image, form="chunks", triggered=True),
    "vc0706 on a pty": vc0706_on_a_pty,
    "vc0706 over tcp": vc0706_over_tcp,
}
