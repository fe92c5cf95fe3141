"""Several cameras at once: none waits for another, and each that fails is named."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from devices.camera.folder.emulator import FolderCameraEmulator
from devices.capturing import capture_all
from devices.config import parse_devices
from devices.driver import Surroundings
from devices.errors import DeviceFault, LinkLost
from devices.supervisor import Supervisor
from inspection.readings import Frame
from tests.contracts.camera_rigs import jpeg


def frame(view: str) -> Frame:
    return Frame(view=view, camera="cam", content=b"", media_type="image/jpeg", captured_at=datetime.now(UTC))


async def test_one_that_is_slow_delays_no_other_beyond_its_own_time() -> None:
    triggered: list[str] = []
    answered: list[str] = []
    began = time.monotonic()

    async def take(view: str) -> Frame:
        triggered.append(view)
        await asyncio.sleep({"slow": 30.0, "side": 0.1}.get(view, 0.0))
        answered.append(view)
        return frame(view)

    answers = await capture_all(take, ["slow", "top", "side"], 1.5)
    assert time.monotonic() - began < 15
    assert triggered == ["slow", "top", "side"]
    assert answered == ["top", "side"], "each as soon as it can"
    assert isinstance(answers["slow"], DeviceFault)
    assert "no picture within 1.5 s" in str(answers["slow"])
    assert [view for view, answer in answers.items() if isinstance(answer, Frame)] == ["top", "side"]


async def test_each_failure_is_named_and_a_fault_of_a_driver_stops_nothing() -> None:
    async def take(view: str) -> Frame:
        match view:
            case "lost":
                raise LinkLost("the cable is out", reason="unplugged")
            case "broken":
                raise ZeroDivisionError
        return frame(view)

    answers = await capture_all(take, ["lost", "broken", "top"], 1.0)
    assert {view: getattr(answer, "reason", "fine") for view, answer in answers.items()} == {
        "lost": "unplugged",
        "broken": "driver_failed",
        "top": "fine",
    }


async def test_a_bench_takes_all_its_views_at_once(tmp_path: Path) -> None:
    top, side = FolderCameraEmulator(tmp_path / "top"), FolderCameraEmulator(tmp_path / "side")
    top.show_bytes(jpeg(90))
    side.show_bytes(jpeg(90)[:-50])
    bench = Supervisor(
        parse_devices(
            {"driver": "folder", "name": f"cam-{each.folder.name}", "view": each.folder.name}
            | {"folder": str(each.folder)}
            for each in (top, side)
        ),
        surroundings=Surroundings(clock=lambda: datetime.now(UTC)),
        registry=CollectorRegistry(),
    )
    async with bench:
        answers = await bench.capture_all(("top", "side", "back"), 5.0)
    assert isinstance(answers["top"], Frame)
    reasons = {view: getattr(answer, "reason", None) for view, answer in answers.items()}
    assert reasons == {"top": None, "side": "picture_cut_short", "back": "no_camera"}
