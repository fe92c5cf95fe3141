"""Pictures of every view, or the cameras that could not take theirs."""

import asyncio
from collections.abc import Sequence

from devices.capturing import Take, captured
from devices.errors import DeviceError
from edge.bench import Hold
from inspection.journey import HoldReason
from inspection.readings import Frame


async def capture(
    take: Take, views: Sequence[str], timeout_s: float, *, frames: int = 1, gap_s: float = 0.0
) -> tuple[Frame, ...] | Hold:
    """Photograph the views at the same time, each so often; each that fails is named."""
    answers = await asyncio.gather(*(_several(take, view, timeout_s, frames, gap_s) for view in views))
    failed = [
        f"{view}: {answer}"
        for view, answer in zip(views, answers, strict=True)
        if isinstance(answer, DeviceError)
    ]
    if failed:
        return Hold(reason=HoldReason.CAMERA_LOST, detail="; ".join(failed))
    return tuple(frame for answer in answers if not isinstance(answer, DeviceError) for frame in answer)


def split(frames: Sequence[Frame]) -> tuple[tuple[Frame, ...], tuple[Frame, ...]]:
    """The last frame of each view, which is graded, and the earlier ones that show another picture.

    A camera that has one picture gives it twice: that says nothing of motion, and is not decoded again.
    """
    last = {frame.view: frame for frame in frames}
    return tuple(last.values()), tuple(each for each in frames if each.content != last[each.view].content)


async def _several(
    take: Take, view: str, timeout_s: float, frames: int, gap_s: float
) -> tuple[Frame, ...] | DeviceError:
    taken: list[Frame] = []
    for number in range(frames):
        if number:
            await asyncio.sleep(gap_s)
        answer = await captured(take, view, timeout_s)
        if isinstance(answer, DeviceError):
            return answer
        taken.append(answer)
    return tuple(taken)
