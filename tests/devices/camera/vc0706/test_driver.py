"""What a VC0706 on a bad line does, and what its settings make of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from devices.camera.vc0706.driver import VC0706, Vc0706Camera, Vc0706Config
from devices.camera.vc0706.emulator import Vc0706Emulator
from devices.errors import DeviceFault, LinkLost
from tests.contracts.conftest import build

FAST = 921_600
NOISE = np.random.default_rng(7).integers(0, 256, (48, 64, 3), dtype=np.uint8)
PICTURE = cv2.imencode(".jpg", NOISE)[1].tobytes()
"""Some kilobytes, no two parts of which are alike."""


@pytest.fixture
async def emulator(tmp_path: Path) -> AsyncIterator[Vc0706Emulator]:
    async with Vc0706Emulator(tmp_path / "camera", rate=FAST) as played:
        played.show(PICTURE)
        yield played


@pytest.fixture
def faults() -> Counter[str]:
    return Counter()


@pytest.fixture
def camera(emulator: Vc0706Emulator, faults: Counter[str]) -> Callable[..., Vc0706Camera]:
    def make(**settings: Any) -> Vc0706Camera:
        given = {"block_bytes": 512, "reply_timeout_ms": 100, "port": str(emulator.port)} | settings
        config = Vc0706Config(driver="vc0706", name="cam1", view="top", **given)
        made: Vc0706Camera = build("vc0706", config, faults)
        return made

    return make


async def test_a_picture_that_is_wanted_while_the_camera_is_looked_for_is_taken_afterwards(
    camera: Callable[..., Vc0706Camera],
) -> None:
    made = camera()
    opened, frame = await asyncio.gather(made.__aenter__(), made.capture())
    assert frame.content == PICTURE
    await opened.__aexit__()


async def test_a_part_that_came_broken_is_asked_for_again_by_its_address(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator, faults: Counter[str]
) -> None:
    async with camera() as opened:
        pending = asyncio.create_task(opened.capture())
        while not emulator.parts:  # noqa: ASYNC110  # the camera tells nobody
            await asyncio.sleep(0)
        emulator.spoil_next()
        assert (await pending).content == PICTURE
    assert set(faults) <= {"bad_bytes"}


@pytest.mark.parametrize("lost_after_s", [0.0, 0.01, 0.03])
async def test_answers_that_get_lost_are_asked_for_again(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator, lost_after_s: float
) -> None:
    async with camera() as opened:
        pending = asyncio.create_task(opened.capture())
        await asyncio.sleep(lost_after_s)
        emulator.lose_next()
        assert (await pending).content == PICTURE
        assert opened.counts["bytes"] > len(PICTURE)


async def test_an_answer_that_comes_too_late_is_never_taken_for_another_part(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    async with camera() as opened:
        pending = asyncio.create_task(opened.capture())
        await asyncio.sleep(0.02)
        emulator.slow(0.15)
        await asyncio.sleep(0.4)
        emulator.slow(0.0)
        assert (await pending).content == PICTURE


async def test_a_line_that_spoils_every_part_is_named_and_the_next_picture_is_whole(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    async with camera() as opened:
        pending = asyncio.create_task(opened.capture())
        while not emulator.parts:  # noqa: ASYNC110  # the camera tells nobody
            await asyncio.sleep(0)
        emulator.spoil_next(3)
        with pytest.raises(DeviceFault, match="spoils the picture") as fault:
            await pending
        assert fault.value.reason == "bad_bytes"
        assert (await opened.capture()).content == PICTURE


async def test_a_camera_without_power_is_silent_while_nobody_asks_for_a_picture(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    async with camera() as opened:
        emulator.mute()
        with pytest.raises(LinkLost) as lost:
            await opened.watch()
        assert lost.value.reason == "silent"


async def test_a_picture_that_was_given_up_does_not_keep_the_camera_frozen(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    async with camera() as opened:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await opened.capture()
        emulator.show(cv2.imencode(".jpg", NOISE[::-1])[1].tobytes())
        assert (await opened.capture()).content == emulator.picture


async def test_a_camera_that_sees_nothing_says_so(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    emulator.show(b"")
    async with camera() as opened:
        with pytest.raises(DeviceFault) as fault:
            await opened.capture()
    assert fault.value.reason == "no_picture"


async def test_the_rate_is_switched_once_and_found_again(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    made = camera(switch_baud=115200)
    for _ in range(2):
        async with made as opened:
            assert (await opened.capture()).content == PICTURE
            assert (emulator.baud, emulator._line.baud) == (115200, 115200)
    emulator.unplug()
    emulator.replug()  # without power it forgets the rate
    assert emulator.baud == 38400
    async with made as opened:
        assert (await opened.capture()).content == PICTURE


async def test_a_camera_at_another_rate_looks_silent(camera: Callable[..., Vc0706Camera]) -> None:
    with pytest.raises(LinkLost) as lost:
        await camera(baud=9600).__aenter__()
    assert lost.value.reason == "silent"


async def test_size_and_compression_are_told_to_the_camera(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    async with camera(size="160x120", compression=120):
        assert (emulator.size, emulator.compression) == ("160x120", 120)


async def test_a_picture_takes_as_long_as_its_line_needs(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    """3.5 s for 13 kB at 38400 baud; here some kilobytes at 115200."""
    emulator.at_rate(115200)
    async with camera() as opened:
        began = time.perf_counter()
        await opened.capture()
        took = time.perf_counter() - began
    assert took > len(PICTURE) * 10 / 115200 * 0.9


def test_over_tcp_the_rate_is_not_ours_to_switch() -> None:
    with pytest.raises(ValidationError, match="serial server"):
        Vc0706Config(driver="vc0706", name="c", view="top", port="tcp://a:1", switch_baud=115200)


async def test_it_answers_when_a_port_is_asked_who_is_there(
    camera: Callable[..., Vc0706Camera], emulator: Vc0706Emulator
) -> None:
    emulator.size = "320x240"
    (settings,) = ({**probe} for probe in VC0706.probes)
    settings.pop("view")
    async with camera(**settings):
        assert (emulator.size, emulator.parts) == ("320x240", 0), "to be asked changes nothing"
