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


async def capture(
    take: Take, views: Sequence[str], timeout_s: float, *, frames: int = 1, gap_s: float = 0.0
) -> tuple[Frame, ...] | Hold:
    """Photograph the views at the same time, each so often; the first failure names its camera."""
    answers = await asyncio.gather(*(_several(take, view, timeout_s, frames, gap_s) for view in views))
    failures = [answer for answer in answers if isinstance(answer, Hold)]
    if failures:
        return failures[0]
    return tuple(frame for answer in answers if not isinstance(answer, Hold) for frame in answer)


def split(frames: Sequence[Frame]) -> tuple[tuple[Frame, ...], tuple[Frame, ...]]:
    """The last frame of each view, which is graded, and the earlier ones that show another picture.

    A camera that has one picture gives it twice: that says nothing of motion, and is not decoded again.
    """
    last = {frame.view: frame for frame in frames}
    return tuple(last.values()), tuple(each for each in frames if each.content != last[each.view].content)


async def _several(
    take: Take, view: str, timeout_s: float, frames: int, gap_s: float
) -> tuple[Frame, ...] | Hold:
    taken: list[Frame] = []
    for number in range(frames):
        if number:
            await asyncio.sleep(gap_s)
        answer = await _one(take, view, timeout_s)
        if isinstance(answer, Hold):
            return answer
        taken.append(answer)
    return tuple(taken)


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
