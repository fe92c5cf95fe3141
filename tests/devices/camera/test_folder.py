"""What the folder camera does besides the contract of every camera."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.camera.folder.driver import FolderCamera, FolderConfig
from devices.camera.folder.emulator import FolderCameraEmulator
from devices.errors import DeviceFault, LinkLost


def picture(folder: Path, name: str, shade: int) -> Path:
    path = folder / name
    assert cv2.imwrite(str(path), np.full((48, 64, 3), shade, np.uint8))
    return path


@pytest.fixture
def emulator(tmp_path: Path) -> FolderCameraEmulator:
    return FolderCameraEmulator(tmp_path / "top")


@pytest.fixture
async def camera(emulator: FolderCameraEmulator) -> AsyncIterator[FolderCamera]:
    config = FolderConfig(driver="folder", name="cam1", view="top", folder=emulator.folder, largest_mib=1)
    async with FolderCamera(config, clock=lambda: datetime.now(UTC)) as opened:
        yield opened


@pytest.mark.parametrize(("name", "media_type"), [("a.jpg", "image/jpeg"), ("a.png", "image/png")])
async def test_a_picture_comes_byte_for_byte(
    name: str, media_type: str, camera: FolderCamera, emulator: FolderCameraEmulator, tmp_path: Path
) -> None:
    source = picture(tmp_path, name, 90)
    emulator.show(source)
    before = datetime.now(UTC)
    frame = await camera.capture()
    assert frame.content == source.read_bytes()
    assert (frame.view, frame.camera, frame.media_type) == ("top", "cam1", media_type)
    assert before <= frame.captured_at <= datetime.now(UTC)


async def test_the_newest_picture_is_taken(
    camera: FolderCamera, emulator: FolderCameraEmulator, tmp_path: Path
) -> None:
    first, second = picture(tmp_path, "a.jpg", 10), picture(tmp_path, "b.jpg", 200)
    emulator.show(first)
    emulator.show(second)
    assert (await camera.capture()).content == second.read_bytes()


async def test_unfinished_and_hidden_files_are_not_seen(
    camera: FolderCamera, emulator: FolderCameraEmulator, tmp_path: Path
) -> None:
    good = picture(tmp_path, "a.jpg", 10)
    emulator.show(good)
    for name in (".hidden.jpg", "b.jpg.tmp", "c.jpg.part", "d.jpg~"):
        (emulator.folder / name).write_bytes(b"junk")
    (emulator.folder / "folder.jpg").mkdir()
    assert (await camera.capture()).content == good.read_bytes()


async def test_a_file_that_is_still_growing_is_waited_for(
    camera: FolderCamera, emulator: FolderCameraEmulator, tmp_path: Path
) -> None:
    content = picture(tmp_path, "a.jpg", 10).read_bytes()
    place = emulator.folder / "grows.jpg"
    place.write_bytes(content[:100])
    pending = asyncio.create_task(camera.capture())
    await asyncio.sleep(0.01)
    place.write_bytes(content)
    assert (await pending).content == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no_picture"),
        (b"", "not_a_picture"),
        (b"GIF89a" + bytes(50), "not_a_picture"),
        (b"\xff\xd8\xff\xe0" + bytes(500), "picture_cut_short"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "picture_cut_short"),
        (b"\xff\xd8\xff" + bytes(1024 * 1024) + b"\xff\xd9", "picture_too_large"),
    ],
    ids=["none", "empty", "gif", "jpeg head", "png head", "huge"],
)
async def test_what_is_no_whole_picture_is_refused_by_name(
    content: bytes | None, reason: str, camera: FolderCamera, emulator: FolderCameraEmulator
) -> None:
    if content is not None:
        emulator.show_bytes(content)
    with pytest.raises(DeviceFault) as fault:
        await camera.capture()
    assert fault.value.reason == reason
    assert camera.latest() is None


async def test_a_broken_picture_is_never_replaced_by_the_one_before(
    camera: FolderCamera, emulator: FolderCameraEmulator, tmp_path: Path
) -> None:
    emulator.show(picture(tmp_path, "a.jpg", 10))
    emulator.break_picture()
    with pytest.raises(DeviceFault, match="cut short"):
        await camera.capture()
    emulator.show(picture(tmp_path, "b.jpg", 10))
    assert await camera.capture()
    emulator.clear()
    with pytest.raises(DeviceFault, match="no picture"):
        await camera.capture()


async def test_the_live_view_changes_with_the_picture_only(
    camera: FolderCamera, emulator: FolderCameraEmulator, tmp_path: Path
) -> None:
    assert camera.latest() is None
    emulator.show(picture(tmp_path, "a.jpg", 10))
    first = camera.latest()
    assert first is not None
    assert camera.latest() is first
    emulator.show(picture(tmp_path, "b.jpg", 200))
    second = camera.latest()
    assert second is not None
    assert second.version != first.version
    assert second.content == (tmp_path / "b.jpg").read_bytes()
    assert second.changed_at.tzinfo is UTC


async def test_a_folder_that_is_gone_is_a_lost_link(
    camera: FolderCamera, emulator: FolderCameraEmulator
) -> None:
    emulator.folder.rmdir()
    with pytest.raises(LinkLost, match="is gone"):
        await camera.capture()
    assert camera.latest() is None
    with pytest.raises(LinkLost, match="is not there"):
        await camera.__aenter__()


async def test_a_picture_of_a_camera_that_stopped_is_refused(
    emulator: FolderCameraEmulator, tmp_path: Path
) -> None:
    emulator.show(picture(tmp_path, "a.jpg", 10))
    config = FolderConfig(driver="folder", name="cam1", view="top", folder=emulator.folder, stale_after_s=60)
    for later_s, fresh in ((0, True), (61, False)):
        shift = timedelta(seconds=later_s)
        async with FolderCamera(config, clock=lambda shift=shift: datetime.now(UTC) + shift) as camera:  # type: ignore[misc]
            if fresh:
                assert await camera.capture()
                continue
            with pytest.raises(DeviceFault, match="is its camera running"):
                await camera.capture()
