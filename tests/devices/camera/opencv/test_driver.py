"""What an OpenCV camera does beside the contract: streams that hang, passwords, files, threads."""

import asyncio
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from devices.camera.opencv import driver, grabber
from devices.camera.opencv.driver import OpenCvCamera, OpenCvConfig
from devices.camera.opencv.emulator import MjpegEmulator, RtspEmulator
from devices.errors import LinkLost, WrongSetUp
from tests.contracts.camera_rigs import jpeg, shade_of
from tests.contracts.conftest import build
from tests.contracts.lines import free_port, held, nothing_is_left

ROOT = Path(__file__).parents[4]
SLOW_MS = 1500
"""Longer than the loop may stand still: a busy machine, or the collector, stops it for a moment too."""


def camera(source: str, **settings: Any) -> OpenCvCamera:
    config = OpenCvConfig(
        driver="opencv", name="cam1", view="top", source=source, **({"timeout_ms": 5000} | settings)
    )
    made: OpenCvCamera = build("opencv", config, Counter())
    return made


@pytest.fixture
async def emulator() -> AsyncIterator[MjpegEmulator]:
    async with MjpegEmulator(free_port(), fps=50) as played:
        played.show(jpeg(90))
        yield played


def grabbing() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith("grab ")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 60
    while grabbing() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert grabbing() == []


@asynccontextmanager
async def loop_is_free(longest_s: float = 1.0) -> AsyncIterator[None]:
    """The loop turns all the time, whatever waits."""
    worst = 0.0

    async def turn() -> None:
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            worst = max(worst, time.perf_counter() - before)

    turning = asyncio.create_task(turn())
    try:
        yield
    finally:
        turning.cancel()
    assert worst < longest_s


async def test_a_stream_that_hangs_is_lost_and_closed_in_time(emulator: MjpegEmulator) -> None:
    async with loop_is_free(), camera(emulator.url, timeout_ms=SLOW_MS) as opened:
        await opened.capture()
        emulator.mute()
        began = time.monotonic()
        with pytest.raises(LinkLost) as lost:
            await opened.watch()
        assert lost.value.reason == "silent"
        with pytest.raises(LinkLost):
            await opened.capture()
        closing = time.monotonic()
    assert closing - began < 10
    assert time.monotonic() - closing < grabber.CLOSE_S + 5


async def test_a_camera_that_never_sends_a_picture_is_not_ready(emulator: MjpegEmulator) -> None:
    emulator.mute()
    async with loop_is_free():
        with pytest.raises(LinkLost) as lost:
            await camera(emulator.url, timeout_ms=SLOW_MS).__aenter__()
    assert lost.value.reason in ("no_stream", "silent")


async def test_a_driver_that_does_not_let_go_is_not_opened_twice(
    emulator: MjpegEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grabber, "CLOSE_S", 0.05)
    monkeypatch.setattr(driver, "CLOSE_S", 0.05)
    let_go = threading.Event()

    def stuck(wish: grabber.Wish) -> Any:
        let_go.wait(10)
        raise LinkLost("late", reason="no_stream")

    monkeypatch.setattr(grabber, "open_capture", stuck)
    made = camera(emulator.url, timeout_ms=200)
    with pytest.raises(LinkLost) as slow:
        await made.__aenter__()
    with pytest.raises(LinkLost) as again:
        await made.__aenter__()
    assert (slow.value.reason, again.value.reason) == ("silent", "still_closing")
    assert len(grabbing()) == 1
    let_go.set()


@pytest.mark.parametrize("kind", [MjpegEmulator, RtspEmulator], ids=["http", "rtsp with a digest"])
async def test_the_password_of_the_environment_opens_the_camera(
    kind: type[MjpegEmulator], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kind(free_port(), user="bench", password="p@ss w/rd") as emulator:
        emulator.show(jpeg(90))
        made = camera(emulator.url.replace("://", "://bench@"), password_env="CAM_PASSWORD")
        with pytest.raises(WrongSetUp, match="CAM_PASSWORD"):
            await made.__aenter__()
        monkeypatch.setenv("CAM_PASSWORD", "wrong-secret")
        with pytest.raises(LinkLost) as refused:
            await made.__aenter__()
        assert refused.value.reason == "no_stream"
        assert "wrong-secret" not in str(refused.value)
        monkeypatch.setenv("CAM_PASSWORD", "p@ss w/rd")
        async with made:
            assert abs(shade_of((await made.capture()).content) - 90) < 5


async def test_a_stream_over_rtsp_is_fresh_and_its_end_is_noticed() -> None:
    async with RtspEmulator(free_port(), fps=50) as emulator:
        emulator.show(jpeg(20))
        async with camera(emulator.url, latency_ms=500) as opened:
            await opened.capture()
            emulator.show(jpeg(220))
            assert abs(shade_of((await opened.capture()).content) - 220) < 5
            emulator.unplug()
            with pytest.raises(LinkLost) as lost:
                await opened.watch()
        assert lost.value.reason == "silent"


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_nothing_of_the_password_reaches_the_terminal(scheme: str) -> None:
    program = (
        "from devices.camera.opencv.grabber import Wish, open_capture\n"
        "from devices.camera.opencv.source import read_source\n"
        "from devices.errors import LinkLost\n"
        f"wish = Wish(source=read_source('{scheme}://bench@127.0.0.1:1/s'), password_env='CAM',\n"
        "            width=None, height=None, fps=None, timeout_s=1)\n"
        "try: open_capture(wish)\n"
        "except LinkLost as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"CAM": "hunter2-secret", "PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{scheme}://127.0.0.1:1/s" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


async def test_a_video_file_is_played_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "trial.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 100.0, (64, 48))
    for shade in (40, 120, 200):
        writer.write(np.full((48, 64, 3), shade, np.uint8))
    writer.release()
    async with camera(str(path)) as opened:
        seen = {round(shade_of((await opened.capture()).content), -1) for _ in range(20)}
        assert len(seen) > 1
        assert opened.counts["frames"] > 10


@pytest.mark.parametrize(
    ("source", "reason"),
    [("/dev/v4l/by-id/nothing", "port_missing"), ("63", "port_missing"), ("nothing.avi", "no_stream")],
)
async def test_what_is_not_there_is_lost_by_name(source: str, reason: str) -> None:
    with pytest.raises(LinkLost) as lost:
        await camera(source).__aenter__()
    assert lost.value.reason == reason


async def test_a_picture_beyond_the_limit_is_refused(emulator: MjpegEmulator) -> None:
    noise = np.random.default_rng(7).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
    emulator.show(cv2.imencode(".jpg", noise)[1].tobytes())
    async with camera(emulator.url, largest_mib=1) as opened:
        with pytest.raises(Exception, match="larger than 1 MiB"):
            await opened.capture()


async def opened_and_cut(made: OpenCvCamera, emulator: MjpegEmulator) -> None:
    async with made:
        await made.capture()
        emulator.unplug()
        with pytest.raises(LinkLost):
            await made.watch()
    await emulator.plug()


async def test_a_few_lost_links_leave_no_thread(emulator: MjpegEmulator) -> None:
    made = camera(emulator.url)
    for _ in range(5):
        await opened_and_cut(made, emulator)
    assert grabbing() == []


@pytest.mark.soak
async def test_two_hundred_lost_links_leave_no_thread_and_no_handle(emulator: MjpegEmulator) -> None:
    made = camera(emulator.url)
    await opened_and_cut(made, emulator)
    before = held()
    for _ in range(200):
        await opened_and_cut(made, emulator)
    await nothing_is_left(before)
