"""Pictures of several cameras at the same time, none of which waits for another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from devices.errors import DeviceError, DeviceFault
from inspection.readings import Frame

log = structlog.get_logger("devices")

Take = Callable[[str], Awaitable[Frame]]
"""Takes a picture of a view; raises DeviceError."""


async def capture_all(take: Take, views: Sequence[str], timeout_s: float) -> dict[str, Frame | DeviceError]:
    """Trigger all at once; each view's picture, or why there is none. One that is slow delays no other."""
    answers = await asyncio.gather(*(captured(take, view, timeout_s) for view in views))
    return dict(zip(views, answers, strict=True))


async def captured(take: Take, view: str, timeout_s: float) -> Frame | DeviceError:
    """One picture, or why there is none; raises nothing."""
    try:
        async with asyncio.timeout(timeout_s):
            return await take(view)
    except DeviceError as error:
        return error
    except TimeoutError:
        return DeviceFault(f"no picture within {timeout_s:g} s", reason="no_picture")
    except Exception as error:  # a driver may be anybody's: its fault must not stop the station
        log.exception("camera.failed", view=view)
        return DeviceFault(type(error).__name__, reason="driver_failed")
