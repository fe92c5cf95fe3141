"""Pictures of every view, or the one camera that could not take its picture."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from devices.errors import DeviceError
from edge.bench import Hold
from inspection.journey import HoldReason
from inspection.readings import Frame

log = structlog.get_logger()

Take = Callable[[str], Awaitable[Frame]]


async def capture(take: Take, views: Sequence[str], timeout_s: float) -> tuple[Frame, ...] | Hold:
    """Photograph the views at the same time; the first failure names its camera."""
    answers = await asyncio.gather(*(_one(take, view, timeout_s) for view in views))
    failures = [answer for answer in answers if isinstance(answer, Hold)]
    if failures:
        return failures[0]
    return tuple(answer for answer in answers if isinstance(answer, Frame))


async def _one(take: Take, view: str, timeout_s: float) -> Frame | Hold:
    try:
        async with asyncio.timeout(timeout_s):
            return await take(view)
    except DeviceError as error:
        return Hold(reason=HoldReason.CAMERA_LOST, detail=f"{view}: {error}")
    except TimeoutError:
        return Hold(reason=HoldReason.CAMERA_LOST, detail=f"{view}: no picture within {timeout_s:g} s")
    except Exception as error:  # a driver may be anybody's: its fault must not stop the station
        log.exception("camera.failed", view=view)
        return Hold(reason=HoldReason.CAMERA_LOST, detail=f"{view}: {type(error).__name__}")
