"""Pictures of a view: one, or two so that motion is seen; only the one that is graded stays."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from devices.camera.folder.driver import FolderCamera, FolderConfig
from devices.camera.folder.emulator import FolderCameraEmulator
from devices.capturing import Take
from devices.errors import DeviceFault
from edge.bench import Hold
from edge.steps.capture import capture, split
from inspection.custody.sealing import opens
from inspection.readings import Frame
from models.backbone import load_backbone
from models.images import decode
from models.pipeline import ReferencePipeline
from models.store import ReferenceStore

if TYPE_CHECKING:
    from tests.edge.rig import Rig

MUGS = Path(__file__).parents[2] / "datasets" / "drawn" / "mug" / "good"


def moved(picture: bytes) -> bytes:
    """The same picture with all of it a little further to the right."""
    return cv2.imencode(".png", np.roll(decode(picture), 12, axis=1)[:, :, ::-1])[1].tobytes()


@pytest.fixture
def mug() -> bytes:
    return (MUGS / "001.jpg").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> FolderCameraEmulator:
    return FolderCameraEmulator(tmp_path / "pictures")


@pytest.fixture
def camera(folder: FolderCameraEmulator) -> FolderCamera:
    config = FolderConfig(driver="folder", name="cam", view="top", folder=folder.folder)
    return FolderCamera(config, clock=lambda: datetime.now(UTC))


def taking(camera: FolderCamera, *, then: Callable[[], object] = list) -> Take:
    """Takes a picture; something happens after each."""

    async def take(view: str) -> Frame:
        taken = await camera.capture()
        then()
        return taken

    return take


async def frames(take: Take, count: int) -> tuple[Frame, ...]:
    answer = await capture(take, ("top",), 2.0, frames=count)
    assert not isinstance(answer, Hold)
    return answer


async def test_a_folder_with_one_picture_gives_it_twice_and_nothing_earlier(
    camera: FolderCamera, folder: FolderCameraEmulator, mug: bytes
) -> None:
    folder.show_bytes(mug)
    taken = await frames(taking(camera), 2)
    assert [one.content for one in taken] == [mug, mug]
    graded, earlier = split(taken)
    assert ([one.content for one in graded], earlier) == ([mug], ())


async def test_a_folder_that_shows_the_next_picture_gives_both(
    camera: FolderCamera, folder: FolderCameraEmulator, mug: bytes
) -> None:
    later = moved(mug)
    folder.show_bytes(mug)
    graded, earlier = split(await frames(taking(camera, then=lambda: folder.show_bytes(later)), 2))
    assert ([one.content for one in graded], [one.content for one in earlier]) == ([later], [mug])


async def test_one_frame_is_one_picture_of_the_camera(
    camera: FolderCamera, folder: FolderCameraEmulator, mug: bytes
) -> None:
    folder.show_bytes(mug)
    asked: list[None] = []
    await frames(taking(camera, then=lambda: asked.append(None)), 1)
    assert len(asked) == 1


async def test_a_camera_that_fails_at_the_second_frame_is_named(
    camera: FolderCamera, folder: FolderCameraEmulator, mug: bytes
) -> None:
    folder.show_bytes(mug)
    answer = await capture(taking(camera, then=folder.clear), ("top",), 2.0, frames=2)
    assert isinstance(answer, Hold)
    assert (answer.reason, answer.detail.startswith("top")) == ("camera_lost", True)


async def test_each_camera_that_fails_is_named_and_none_waits_for_a_slow_one(mug: bytes) -> None:
    async def take(view: str) -> Frame:
        if view == "side":
            raise DeviceFault("the picture is cut short", reason="picture_cut_short")
        if view == "back":
            await asyncio.sleep(30)
        return Frame(
            view=view, camera="cam", content=mug, media_type="image/jpeg", captured_at=datetime.now(UTC)
        )

    async with asyncio.timeout(25):
        answer = await capture(take, ("top", "side", "back"), 0.1)
    assert isinstance(answer, Hold)
    assert answer.detail == "side: the picture is cut short; back: no picture within 0.1 s"


async def test_each_view_keeps_its_last_frame(mug: bytes) -> None:
    shown = {"top": [mug, b"second"], "side": [b"one", b"two"]}

    async def take(view: str) -> Frame:
        if not shown[view]:
            raise DeviceFault("no more", reason="no_picture")
        content = shown[view].pop(0)
        return Frame(
            view=view,
            camera="cam",
            content=content,
            media_type="image/jpeg",
            captured_at=datetime.now(UTC),
        )

    answer = await capture(take, ("top", "side"), 2.0, frames=2)
    assert not isinstance(answer, Hold)
    graded, earlier = split(answer)
    assert [(one.view, one.content) for one in graded] == [("top", b"second"), ("side", b"two")]
    assert [(one.view, one.content) for one in earlier] == [("top", mug), ("side", b"one")]


async def capturing(rig: "Rig", site: ModuleType, mug: bytes) -> None:
    """A mug on the bench that moves once, after the first frame."""
    await rig.station.start()
    await rig.expect(site.page(site.unit(1, site.tag(1))))
    await rig.scan(f"BADGE:{site.BADGE}")
    rig.tags = {site.tag(1): -40.0}
    await rig.tick()
    rig.senses.pictures["top"], rig.senses.first = mug, [moved(mug)]
    await rig.scan("CMD:CAPTURE")


async def test_an_item_that_moves_is_photographed_again_where_two_frames_are_taken(
    new_rig: Callable[..., "Rig"], site: ModuleType, tmp_path: Path, mug: bytes
) -> None:
    rig = new_rig(frames_per_view=2)
    rig.detector.real = ReferencePipeline(load_backbone(threads=1), ReferenceStore(tmp_path / "none", "m"))
    await capturing(rig, site, mug)
    assert (rig.state, rig.faults.snapshot()["moved"]) == ("recapture", 1)
    await rig.scan("CMD:RETAKE")
    assert rig.state == "proposed", "it lies still now"


async def test_one_frame_says_nothing_of_motion(
    new_rig: Callable[..., "Rig"], site: ModuleType, tmp_path: Path, mug: bytes
) -> None:
    rig = new_rig()
    rig.detector.real = ReferencePipeline(load_backbone(threads=1), ReferenceStore(tmp_path / "none", "m"))
    await capturing(rig, site, mug)
    assert (rig.state, rig.faults.snapshot()) == ("proposed", {})


async def test_only_the_graded_frame_is_evidence(
    new_rig: Callable[..., "Rig"], site: ModuleType, tmp_path: Path, mug: bytes
) -> None:
    rig = new_rig(frames_per_view=2)
    await capturing(rig, site, mug)
    item = rig.station.bench.item
    assert item is not None
    assert ([one.content for one in item.frames], len(item.earlier)) == ([mug], 1)
    for said in ("CMD:ACCEPT", "BIN:A"):
        await rig.scan(said)
    (evidence,), (key,) = rig.queued()[0].evidence, rig.envelope().image_keys
    assert opens(evidence.plaintext_commitment, key.salt, hashlib.sha256(mug).hexdigest())
    assert len(list((tmp_path / "evidence").glob("*/*"))) == 1
