"""The drift lock: a calibrated bench takes no item in another light, and says so in words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import pytest

from devices.errors import LinkLost
from edge.lighting import Lighting
from edge.page.view import View
from inspection.evidence import ImageFault, ImageQuality
from inspection.words.catalog import words
from models.bench.calibration import BenchCalibration
from models.bench.reading import CardReading
from models.bench.shelf import BenchShelf
from models.images import Pixels, decode

if TYPE_CHECKING:
    from edge.snapshot import Snapshot
    from tests.edge.rig import Rig

BENCH = (Path(__file__).parents[2] / "datasets" / "drawn" / "bench.jpg").read_bytes()
GREY = (220.0, 220.0, 220.0)
CARD = CardReading(
    card="medium", width_mm=150.0, mm_per_pixel=0.8, corners=(), greys=(GREY,) * 6, edge_mm=1.0, tilt=1.0
)  # fmt: skip
NEAR = -40.0


def lit(gain: float) -> bytes:
    """The empty bench in more or less light."""
    pixels: Pixels = np.asarray(np.clip(decode(BENCH) * gain, 0, 255), dtype=np.uint8)
    return cv2.imencode(".jpg", pixels[:, :, ::-1])[1].tobytes()


def calibrated(references: Path) -> BenchShelf:
    shelf = BenchShelf(references)
    height, width = decode(BENCH).shape[:2]
    at = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
    calibration = BenchCalibration(
        view="top", camera="cam", taken_at=at, height=height, width=width, card=CARD, sharpness=14.0,
        empty=BENCH, sha256="a" * 64,
    )  # fmt: skip
    shelf.write(calibration)
    return shelf


class Lamp:
    """A calibrated bench with a lamp that can be turned."""

    def __init__(self, rig: "Rig", site: ModuleType, references: Path) -> None:
        self.rig, self.site, self.shelf = rig, site, calibrated(references)
        station = rig.station
        station.seeing = replace(station.seeing, references=references)
        station.lighting = Lighting(station.bench, station.seeing, rig.clock, station.post)
        self.turn(1.0)

    def turn(self, gain: float) -> None:
        self.rig.senses.pictures = {"top": lit(gain)}

    async def begin_shift(self) -> None:
        """The station starts, and Anna signs in."""
        await self.rig.station.start()
        await self.rig.expect(self.site.page(self.site.unit(1, self.site.tag(1))))
        assert self.rig.state == "light_check", "nobody is there to put the lamp on"
        await self.rig.scan(f"BADGE:{self.site.BADGE}")
        await self.pass_time()

    async def pass_time(self) -> None:
        await self.rig.tick(1)
        work = self.rig.station.lighting.work
        if work is not None:
            await work
        await self.rig.drain()


@pytest.fixture
def lamp(new_rig: Callable[..., "Rig"], site: ModuleType, tmp_path: Path) -> Lamp:
    return Lamp(new_rig(), site, tmp_path / "references")


async def test_a_bench_as_calibrated_opens_and_takes_items(lamp: Lamp) -> None:
    await lamp.begin_shift()
    assert lamp.rig.state == "idle"
    (view,) = lamp.rig.station.lighting.views
    assert (view.view, view.drifts) == ("top", ())
    lamp.rig.tags = {lamp.site.tag(1): NEAR}
    await lamp.rig.tick()
    assert lamp.rig.state == "matched"


async def test_an_item_put_down_during_the_check_is_taken_after_it(lamp: Lamp) -> None:
    lamp.rig.tags = {lamp.site.tag(1): NEAR}
    await lamp.begin_shift()
    await lamp.rig.tick()
    assert lamp.rig.state == "matched"


@pytest.mark.parametrize(("gain", "said"), [(0.6, "darker"), (1.6, "brighter")])
async def test_another_light_holds_the_bench_until_it_is_put_right(
    lamp: Lamp, gain: float, said: str
) -> None:
    lamp.turn(gain)
    await lamp.begin_shift()
    assert (lamp.rig.state, lamp.rig.hold) == ("held", "light_drift")
    hold = lamp.rig.station.bench.hold
    assert hold is not None and f"top:{said}" in hold.detail
    await lamp.rig.scan("CMD:SETASIDE")
    await lamp.pass_time()
    assert lamp.rig.hold == "light_drift", "putting the hold away does not open the bench"
    lamp.turn(1.0)
    await lamp.rig.scan("CMD:RETAKE")
    await lamp.pass_time()
    assert lamp.rig.state == "idle"


async def test_a_supervisor_may_accept_a_drift_for_a_shift(lamp: Lamp) -> None:
    lamp.turn(0.6)
    calibration = lamp.shelf.read("top")
    assert calibration is not None
    lamp.shelf.accept(calibration, at=lamp.rig.clock().wall, by="Li Na")
    await lamp.begin_shift()
    assert lamp.rig.state == "idle"
    assert lamp.rig.faults.snapshot()["light_accepted"] == 1
    assert lamp.rig.station.lighting.views[0].accepted_by == "Li Na"


async def test_the_light_is_asked_again_after_hours_and_after_a_frame_in_another_light(
    lamp: Lamp, site: ModuleType
) -> None:
    await lamp.begin_shift()
    lamp.turn(0.6)
    await lamp.pass_time()
    assert lamp.rig.state == "idle"
    lamp.rig.clock.move(3_000)
    await lamp.pass_time()
    assert lamp.rig.state == "idle", "not yet"
    changed = ImageQuality(sharpness=1.0, brightness=1.0, faults=(ImageFault.LIGHT_CHANGED,))
    lamp.rig.detector.seen = replace(site.detection(), quality={"top": changed})
    lamp.rig.tags = {site.tag(1): NEAR}
    await lamp.rig.tick()
    await lamp.rig.scan("CMD:CAPTURE")
    assert lamp.rig.state == "recapture"
    lamp.rig.tags = {}
    await lamp.rig.scan("CMD:SETASIDE")
    await lamp.pass_time()
    assert lamp.rig.hold == "light_drift"


async def test_hours_without_a_check_ask_for_one(lamp: Lamp) -> None:
    lamp.rig.station.seeing = replace(lamp.rig.station.seeing, light_check_s=600.0)
    station = lamp.rig.station
    station.lighting = Lighting(station.bench, station.seeing, lamp.rig.clock, station.post)
    await lamp.begin_shift()
    lamp.turn(0.6)
    lamp.rig.clock.move(601)
    await lamp.pass_time()
    assert lamp.rig.hold == "light_drift"


async def test_what_cannot_be_checked_holds_with_its_reason(lamp: Lamp) -> None:
    lamp.rig.senses.pictures = {"top": b"\xff\xd8\xff no picture"}
    await lamp.begin_shift()
    hold = lamp.rig.station.bench.hold
    assert hold is not None and (hold.reason, hold.detail) == ("bench_covered", "top:unreadable")
    lamp.turn(1.0)
    lamp.rig.senses.failing = {"top": LinkLost("the camera is gone", reason="unplugged")}
    await lamp.rig.scan("CMD:RETAKE")
    await lamp.pass_time()
    assert lamp.rig.hold == "camera_lost"
    lamp.rig.senses.failing = {}
    await lamp.rig.scan("CMD:RETAKE")
    await lamp.pass_time()
    assert lamp.rig.state == "idle"


async def test_a_damaged_calibration_holds(lamp: Lamp, tmp_path: Path) -> None:
    path = tmp_path / "references" / ".bench" / "top.rgbench"
    path.write_bytes(path.read_bytes()[:-5])
    await lamp.begin_shift()
    assert lamp.rig.hold == "bench_covered"
    hold = lamp.rig.station.bench.hold
    assert hold is not None and hold.detail == "top:calibration_refused"


async def test_the_page_says_the_drift_in_both_languages(lamp: Lamp) -> None:
    lamp.turn(0.6)
    await lamp.begin_shift()
    said = {}
    for language in ("en", "zh_CN"):
        snap = cast("Snapshot", {"state": "held", "views": ["top"], "hold": None})
        view = View(snap=snap, words=words(language), bench=lamp.rig.station.bench)
        said[language] = view.hold.detail if view.hold else ""
    assert said["en"].startswith("top: darker than calibrated")
    assert said["zh_CN"].startswith("top: 比校准时暗")


async def test_a_station_without_a_calibration_is_never_asked(
    new_rig: Callable[..., "Rig"], site: ModuleType, tmp_path: Path
) -> None:
    rig = new_rig()
    rig.station.seeing = replace(rig.station.seeing, references=tmp_path / "references")
    lighting = Lighting(rig.station.bench, rig.station.seeing, rig.clock, partial(rig.station.post))
    rig.station.lighting = lighting
    await rig.station.start()
    await rig.scan(f"BADGE:{site.BADGE}")
    await rig.tick()
    assert (rig.state, lighting.work, lighting.calibrated) == ("idle", None, ())
