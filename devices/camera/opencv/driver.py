"""USB and network cameras as a Camera, by OpenCV.

Neither UVC nor RTSP hands the camera's own JPEG through OpenCV: a picture is decoded by it and encoded here
once, as JPEG of quality 95. Those bytes are then the evidence.
"""

import asyncio
import time
from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from devices.camera.opencv.grabber import CLOSE_S, Grabber, Image, Wish
from devices.camera.opencv.source import has_user, read_source
from devices.camera.picture import JPEG, MIB, check_size, live_view
from devices.camera.settings import CameraSettings
from devices.device import Clock, CountFault, LiveView
from devices.driver import Driver, Kind, Surroundings
from devices.errors import DeviceFault, LinkLost
from inspection.readings import Frame

LIVE_S = 0.3
"""Between two pictures of the live view ..."""
LOOKED_AT_S = 3.0
"""... which is made for so long after somebody looked."""


def _readable(source: str) -> str:
    read_source(source)
    return source


class OpenCvConfig(CameraSettings):
    """One camera that OpenCV can open."""

    driver: Literal["opencv"]
    source: Annotated[str, AfterValidator(_readable)]
    """Number or path of a device, best one of `/dev/v4l/by-id/`; an rtsp or http address; a video file."""
    password_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
    """Environment variable that holds the password of the user in the address."""
    width: int | None = Field(default=None, ge=16, le=16384)
    height: int | None = Field(default=None, ge=16, le=16384)
    fps: int | None = Field(default=None, ge=1, le=240)
    """Asked of a device; it takes the nearest that it has. Streams have their own."""
    quality: int = Field(default=95, ge=50, le=100)
    """Of the JPEG that is made of a picture."""
    latency_ms: int = Field(default=0, ge=0, le=10_000)
    """How much later than it was taken a picture arrives: so long after the call nothing is taken."""
    timeout_ms: int = Field(default=3000, ge=200, le=30_000)
    """Without a new picture for so long the camera is lost."""

    @model_validator(mode="after")
    def _password_has_a_user(self) -> Self:
        if self.password_env is not None and not has_user(read_source(self.source)):
            raise ValueError("password_env needs a user in the address, as in rtsp://user@host/path")
        return self


class OpenCvCamera:
    """A Camera over cv2.VideoCapture."""

    def __init__(self, config: OpenCvConfig, *, clock: Clock) -> None:
        self.view = config.view
        self.counts: Counter[str] = Counter()
        """`frames` (grabbed) and `bytes` (encoded)."""
        self._config = config
        self._clock = clock
        self._source = read_source(config.source)
        self._timeout_s = config.timeout_ms / 1000
        self._grabber: Grabber | None = None
        self._shown: LiveView | None = None
        self._looked_at = -LOOKED_AT_S

    async def __aenter__(self) -> Self:
        if self._grabber is not None and self._grabber.is_running:
            raise LinkLost(f"{self._source.shown} has not let go of the last try yet", reason="still_closing")
        grabber = self._grabber = Grabber(self._wish(), self.counts)
        grabber.start()
        try:
            async with asyncio.timeout(self._timeout_s + CLOSE_S):
                await asyncio.shield(grabber.opened)
        except TimeoutError:
            await grabber.stop()
            raise self._silent() from None
        except BaseException:
            await grabber.stop()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._shown = None
        if self._grabber is not None:
            await self._grabber.stop()

    async def watch(self) -> None:
        """Make the live view while somebody looks; raises LinkLost when no picture comes any more."""
        grabber = self._opened()
        while True:
            await asyncio.wait((grabber.lost,), timeout=LIVE_S)
            if grabber.lost.done():
                raise self._silent() from grabber.lost.exception()
            if time.monotonic() - grabber.grabbed_at > self._timeout_s:
                raise self._silent()
            if time.monotonic() - self._looked_at < LOOKED_AT_S:
                content = await self._encoded(await self._image(0.0))
                self._shown = live_view(content, JPEG, self._clock())

    async def capture(self) -> Frame:
        """Encode the first picture that is grabbed after the call; raises DeviceFault or LinkLost."""
        image = await self._image(self._config.latency_ms / 1000)
        taken_at = self._clock()
        content = await self._encoded(image)
        check_size(len(content), view=self.view, largest_bytes=self._config.largest_mib * MIB)
        return Frame(
            view=self.view,
            camera=self._config.name,
            content=content,
            media_type=JPEG,
            captured_at=taken_at,
        )

    def latest(self) -> LiveView | None:
        """What the view shows now, at most three times a second; made only while somebody looks."""
        self._looked_at = time.monotonic()
        return self._shown

    async def _image(self, after_s: float) -> Image:
        try:
            async with asyncio.timeout(self._timeout_s + after_s):
                return await self._opened().image(after_s)
        except TimeoutError:
            raise self._silent() from None
        except LinkLost as error:
            raise self._silent() from error

    async def _encoded(self, image: Image) -> bytes:
        content = await asyncio.to_thread(_jpeg, image, self._config.quality)
        if content is None:
            raise DeviceFault(f"a picture of the view {self.view} cannot be encoded", reason="picture_broken")
        self.counts["bytes"] += len(content)
        return content

    def _opened(self) -> Grabber:
        if self._grabber is None:
            raise LinkLost(f"{self._source.shown} is not open")
        return self._grabber

    def _silent(self) -> LinkLost:
        return LinkLost(f"{self._source.shown} gives no pictures any more", reason="silent")

    def _wish(self) -> Wish:
        config = self._config
        return Wish(
            source=self._source,
            password_env=config.password_env,
            width=config.width,
            height=config.height,
            fps=config.fps,
            timeout_s=self._timeout_s,
        )


def _jpeg(image: Image, quality: int) -> bytes | None:
    import cv2

    good, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return content.tobytes() if good else None


def _build(config: OpenCvConfig, around: Surroundings, count: CountFault) -> OpenCvCamera:
    return OpenCvCamera(config, clock=around.clock)


OPENCV = Driver(
    kind=Kind.CAMERA,
    title="USB and network cameras (UVC, RTSP, MJPEG)",
    config=OpenCvConfig,
    build=_build,
    emulator="devices.camera.opencv.emulator:MjpegEmulator",
)
