"""A thread that grabs a camera's pictures all the time and decodes the ones that somebody waits for.

Drivers and networks keep pictures in queues; whoever takes one only now and then is shown the past. So every
picture is taken off the queue at once and forgotten, unless it was begun after somebody asked.
"""

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.camera.opencv.source import Source, SourceKind, check_device, with_password
from devices.errors import DeviceError, LinkLost

Image = NDArray[np.uint8]
"""BGR, as OpenCV has it."""
CLOSE_S = 2.0
"""Longer nobody waits for the thread; it ends by itself when OpenCV lets go."""
QUIETLY = {"OPENCV_FFMPEG_LOGLEVEL": "-8", "OPENCV_FFMPEG_DEBUG": "0"}
"""FFmpeg writes addresses to the terminal, passwords in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the camera is asked for; a stream's size and rate are its own."""

    source: Source
    password_env: str | None
    width: int | None
    height: int | None
    fps: int | None
    timeout_s: float


@dataclass(slots=True)
class Waiting:
    """Somebody who wants a picture whose grabbing begins at `since` or later."""

    since: float
    image: "asyncio.Future[Image]"


@dataclass(slots=True)
class Grabber:
    """One opened camera. Used once: for another try there is another one."""

    wish: Wish
    counts: Counter[str]
    opened: "asyncio.Future[None]" = field(init=False)
    lost: "asyncio.Future[None]" = field(init=False)
    """Ends with the DeviceError that ended the grabbing."""
    grabbed_at: float = field(init=False, default=0.0)
    """Monotonic seconds of the newest picture."""
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _thread: threading.Thread = field(init=False)
    _stop: threading.Event = field(init=False, default_factory=threading.Event)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _waiting: list[Waiting] = field(init=False, default_factory=list)

    def start(self) -> None:
        """Begin; `opened` tells how the opening went."""
        self._loop = asyncio.get_running_loop()
        self.opened, self.lost = self._loop.create_future(), self._loop.create_future()
        for future in (self.opened, self.lost):
            future.add_done_callback(_look_at)
        # A daemon: a camera that does not let go must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=f"grab {self.wish.source.shown}", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread is still there."""
        return self._thread.is_alive()

    async def stop(self) -> None:
        """End the grabbing; returns after 2 s at the latest, whatever OpenCV is waiting for."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join, CLOSE_S)

    async def image(self, after_s: float = 0.0) -> Image:
        """The first picture whose grabbing begins so long after the call; raises LinkLost at its end."""
        waiting = Waiting(time.monotonic() + after_s, self._loop.create_future())
        with self._lock:
            self._waiting.append(waiting)
        try:
            await asyncio.wait((waiting.image, self.lost), return_when=asyncio.FIRST_COMPLETED)
            return await (waiting.image if waiting.image.done() else _raised(self.lost))
        finally:
            waiting.image.cancel()
            with self._lock, suppress(ValueError):
                self._waiting.remove(waiting)

    def _run(self) -> None:
        try:
            capture = open_capture(self.wish)
        except DeviceError as error:
            self._tell(self.opened, error)
            return
        except Exception as error:  # its text may hold the address with its password
            self._tell(self.opened, self._broken(error))
            return
        try:
            self.grabbed_at = time.monotonic()
            self._tell(self.opened, None)
            self._grab(capture)
        except Exception as error:
            self._tell(self.lost, self._broken(error))
        finally:
            capture.release()

    def _grab(self, capture: Any) -> None:
        pause_s = _pause_s(capture) if self.wish.source.kind is SourceKind.FILE else 0.0
        while not self._stop.is_set():
            began = time.monotonic()
            if not (capture.grab() or self._begin_again(capture)):
                self._tell(self.lost, LinkLost(f"{self.wish.source.shown} broke off", reason="no_stream"))
                return
            self.grabbed_at = time.monotonic()
            self.counts["frames"] += 1
            self._hand_out(capture, began)
            if pause_s:
                self._stop.wait(max(0.0, began + pause_s - time.monotonic()))

    def _begin_again(self, capture: Any) -> bool:
        import cv2

        is_file = self.wish.source.kind is SourceKind.FILE
        return is_file and capture.set(cv2.CAP_PROP_POS_FRAMES, 0) and capture.grab()

    def _hand_out(self, capture: Any, began: float) -> None:
        with self._lock:
            due = [each for each in self._waiting if each.since <= began]
            self._waiting = [each for each in self._waiting if each.since > began]
        if not due:
            return
        good, image = capture.retrieve()
        for each in due:
            if good:
                self._call(_settle, each.image, image)
            else:
                with self._lock:
                    self._waiting.append(each)

    def _broken(self, error: Exception) -> LinkLost:
        return LinkLost(
            f"{self.wish.source.shown}: OpenCV failed ({type(error).__name__})", reason="no_stream"
        )

    def _tell(self, future: "asyncio.Future[None]", error: DeviceError | None) -> None:
        self._call(_settle, future, error)

    def _call(self, function: Callable[..., None], *args: Any) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody is interested
            self._loop.call_soon_threadsafe(function, *args)


def open_capture(wish: Wish) -> Any:
    """An opened cv2.VideoCapture; raises LinkLost or WrongSetUp in words without secrets."""
    os.environ.update(QUIETLY)
    import cv2  # takes longer to load than all the rest of the station: only where such a camera is used

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    source, timeout_ms = wish.source, round(wish.timeout_s * 1000)
    if source.kind is SourceKind.DEVICE:
        check_device(source.shown, source.shown)
        where = int(source.target) if source.target.isdecimal() else source.target
        capture = cv2.VideoCapture(where, cv2.CAP_V4L2)
    else:
        limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms)
        capture = cv2.VideoCapture(with_password(source, wish.password_env), cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        capture.release()
        raise LinkLost(f"{source.shown} gives no pictures", reason="no_stream")
    if source.kind is SourceKind.DEVICE:
        _set_up(capture, wish)
    return capture


def _set_up(capture: Any, wish: Wish) -> None:
    import cv2

    wanted = {
        cv2.CAP_PROP_BUFFERSIZE: 1,
        cv2.CAP_PROP_FRAME_WIDTH: wish.width,
        cv2.CAP_PROP_FRAME_HEIGHT: wish.height,
        cv2.CAP_PROP_FPS: wish.fps,
    }
    for name, value in wanted.items():
        if value is not None:
            capture.set(name, value)


def _pause_s(capture: Any) -> float:
    import cv2

    fps = capture.get(cv2.CAP_PROP_FPS)
    return 1 / fps if 1 <= fps <= 240 else 0.04


def _settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    if future.done():
        return
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _look_at(future: "asyncio.Future[None]") -> None:
    """Whoever does not ask how it ended is not to be warned of it."""
    if not future.cancelled():
        future.exception()


async def _raised(lost: "asyncio.Future[None]") -> Image:
    await asyncio.shield(lost)
    raise LinkLost("the camera was closed")
