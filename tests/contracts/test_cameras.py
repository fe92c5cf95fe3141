"""What every Camera does, whatever its wire."""

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from devices.device import LiveView
from devices.errors import DeviceError, DeviceFault, LinkLost
from inspection.readings import Frame
from tests.contracts.camera_rigs import RIGS, CameraRig, jpeg, shade_of

PATIENCE_S = 20
DARK, LIGHT = jpeg(20), jpeg(220)


def png_bomb() -> bytes:
    """A hundred bytes that claim 3.6 thousand million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    picture = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + picture + chunk(b"IEND", b"")


BROKEN = {
    "truncated": DARK[: len(DARK) // 2],
    "without its end": DARK[:-2],
    "header only": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xd9",
    "wrong type": b"GIF89a" + bytes(50),
    "png bomb": png_bomb(),
    "huge": DARK[:-2] + bytes(1024 * 1024) + DARK[-2:],
}
REASONS = {"not_a_picture", "picture_cut_short", "picture_broken", "picture_too_large"}


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CameraRig]:
    """Every camera in turn."""
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        yield await RIGS[request.param](stack, tmp_path)


async def until(answers: Callable[[], Any]) -> Any:
    """What it answers, as soon as that is something."""
    async with asyncio.timeout(PATIENCE_S):
        while not (answer := answers()):  # noqa: ASYNC110  # nobody tells when a live view changes
            await asyncio.sleep(0.01)
    return answer


async def test_a_picture_says_what_it_shows_and_when(rig: CameraRig) -> None:
    rig.show(DARK)
    async with rig.camera as camera:
        before = datetime.now(UTC)
        frame = await camera.capture()
        assert (frame.view, frame.camera, frame.media_type) == ("top", "cam1", "image/jpeg")
        assert before <= frame.captured_at <= datetime.now(UTC)
        assert abs(shade_of(frame.content) - 20) < 5
        assert camera.counts["frames"] > 0
        if rig.as_sent:
            assert frame.content == DARK


async def test_each_picture_is_taken_after_the_call(rig: CameraRig) -> None:
    rig.show(DARK)
    async with rig.camera as camera:
        for picture in (LIGHT, DARK, LIGHT):
            await camera.capture()
            rig.show(picture)
            assert abs(shade_of((await camera.capture()).content) - shade_of(picture)) < 5


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
async def test_what_is_no_whole_picture_is_refused_by_name_and_the_next_one_taken(
    rig: CameraRig, content: bytes
) -> None:
    rig.show(DARK)
    async with rig.camera as camera:
        await camera.capture()
        rig.show(content)
        if rig.as_sent:
            with pytest.raises(DeviceFault) as fault:
                await camera.capture()
            too_large = rig.largest_message is not None and len(content) > rig.largest_message
            assert fault.value.reason in ({"no_picture"} if too_large else REASONS)
        rig.show(LIGHT)
        assert abs(shade_of((await camera.capture()).content) - 220) < 5


async def test_two_who_ask_at_once_both_get_a_picture(rig: CameraRig) -> None:
    rig.show(DARK)
    async with rig.camera as camera:
        one, other = await asyncio.gather(camera.capture(), camera.capture())
    assert abs(shade_of(one.content) - 20) < 5
    assert abs(shade_of(other.content) - 20) < 5


async def test_who_gives_up_waiting_leaves_nothing_for_the_next(rig: CameraRig) -> None:
    rig.show(DARK)
    async with rig.camera as camera:
        for wait_s in (0.0, 0.001, 0.01):
            hasty = asyncio.create_task(camera.capture())
            await asyncio.sleep(wait_s)
            hasty.cancel()
            await asyncio.gather(hasty, return_exceptions=True)
        rig.show(LIGHT)
        assert abs(shade_of((await camera.capture()).content) - 220) < 5


async def test_the_live_view_changes_with_the_picture_only(rig: CameraRig) -> None:
    def live() -> LiveView | None:
        return rig.camera.latest()

    rig.show(DARK)
    async with rig.camera as camera:
        watching = asyncio.create_task(camera.watch())
        if not rig.is_live:
            await camera.capture()
        first = await until(live)
        assert abs(shade_of(first.content) - 20) < 5
        assert first.changed_at.tzinfo is UTC
        rig.show(LIGHT)
        if not rig.is_live:
            await camera.capture()
        second = await until(lambda: (seen := live()) and shade_of(seen.content) > 100 and seen)
        assert second.version != first.version
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def first_after_the_link(rig: CameraRig) -> Frame:
    """A camera of its own may come back later than the link, and with what it held back meanwhile."""
    while True:
        try:
            frame = await rig.camera.capture()
        except DeviceFault:
            if not rig.comes_back:
                raise
        else:
            if not rig.holds_back or shade_of(frame.content) > 100:
                return frame


async def test_a_broken_link_is_reported_and_the_same_camera_can_be_opened_again(rig: CameraRig) -> None:
    rig.show(DARK)
    async with rig.camera as camera:
        await camera.capture()
        rig.cut()
        with pytest.raises(DeviceError):
            await camera.capture()
    async with asyncio.timeout(PATIENCE_S):
        if not rig.comes_back:
            with pytest.raises(LinkLost):
                await rig.camera.__aenter__()
        rig.mend()
        while True:
            try:
                await rig.camera.__aenter__()
                break
            except LinkLost:
                await asyncio.sleep(0.05)
    rig.show(LIGHT)
    try:
        async with asyncio.timeout(PATIENCE_S):
            assert abs(shade_of((await first_after_the_link(rig)).content) - 220) < 5
    finally:
        await rig.camera.__aexit__(None, None, None)
