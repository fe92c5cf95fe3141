"""What the inspector reads and can press, in both languages, without a browser."""

import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from nicegui.testing import User

from devices.watch import State as DeviceState
from edge.broker import BrokerDown
from edge.errors import StationError
from edge.page.bench import Look, build_pages, look_at
from edge.page.shapes import boxes_svg, size_of
from edge.page.view import ACTIONS, LIGHTS, View, key_name, likely
from inspection.journey import NEXT, HoldReason, State
from inspection.operator import CommandCode
from inspection.words.catalog import LANGUAGES, words

if TYPE_CHECKING:
    from tests.edge.rig import Rig

NEAR = -40.0


@pytest.fixture
async def open_page(user: User, rig: "Rig", rig_module: ModuleType) -> User:
    """The page of a bench with Anna signed in."""
    build_pages(rig_module.reporting_of(rig))
    await user.open("/")
    return user


async def see(user: User, rig: "Rig", text: str) -> None:
    rig.station.changes.bump()
    await user.should_see(text)


async def test_the_page_follows_an_item_to_its_bin(open_page: User, rig: "Rig", site: ModuleType) -> None:
    await see(open_page, rig, "Put an item on the bench")
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    await see(open_page, rig, "Mug, white")
    await see(open_page, rig, "Take pictures")
    await rig.scan("CMD:CAPTURE")
    await see(open_page, rig, "Accept")
    await rig.scan("CMD:ACCEPT")
    await see(open_page, rig, "Put it into bin A, then scan the bin")
    await rig.scan("BIN:C")
    await see(open_page, rig, "WRONG BIN.")
    await rig.scan("BIN:A")
    await see(open_page, rig, "RMA-1/1/1")


async def test_a_locked_bench_asks_for_a_badge(open_page: User, rig: "Rig") -> None:
    await rig.scan("CMD:SIGNOUT")
    await see(open_page, rig, "工位已锁定。扫本仓库的任一工牌即可使用。")


async def test_a_button_says_the_same_as_its_barcode(open_page: User, rig: "Rig", site: ModuleType) -> None:
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    await see(open_page, rig, "Take pictures")
    open_page.find(marker="cmd-CAPTURE").click()
    await rig.drain()
    await rig.settle()
    assert rig.state == "proposed"
    await see(open_page, rig, "Accept")
    open_page.find(marker="cmd-USED").click()
    await rig.drain()
    await see(open_page, rig, "New → Used: why is it different?")
    open_page.find(marker="cmd-REASON3").click()
    await rig.drain()
    assert rig.state == "labelled"


async def test_the_language_is_the_persons_until_they_choose(
    open_page: User, rig: "Rig", site: ModuleType
) -> None:
    await see(open_page, rig, "Put an item on the bench")
    open_page.find(marker="language").click()
    await see(open_page, rig, "请放上商品，或扫描条码")
    await rig.scan("CMD:SIGNOUT")
    await rig.scan(f"BADGE:{site.BADGE}")
    await see(open_page, rig, "请放上商品，或扫描条码")


async def test_every_hold_has_a_title_and_says_what_to_do(rig: "Rig", rig_module: ModuleType) -> None:
    reporting = rig_module.reporting_of(rig)
    for reason in HoldReason:
        rig.station.bench.stop(reason, "a detail")
        snap = await reporting.snapshot()
        for language in LANGUAGES:
            hold = View(snap=snap, words=words(language), bench=rig.station.bench).hold
            assert hold is not None
            assert hold.title
            assert hold.advice, f"{reason} in {language} does not say what to do"
            assert CommandCode.SETASIDE in hold.actions


EPC, UNIT = "3034f4e4e4424c8000000001", "RMA-20260504-1/1/1"


@pytest.mark.parametrize(
    ("reason", "detail", "chinese"),
    [
        (HoldReason.SEVERAL_TAGS, f"{EPC}, {EPC}", f"{EPC}, {EPC}"),
        (HoldReason.DUPLICATE_ITEM, UNIT, UNIT),
        (HoldReason.NO_MATCH, "a slip of 2019", "a slip of 2019"),
        (HoldReason.CLOCK_SKEW, "360000 ms", "360000 ms"),
        (HoldReason.NOT_AN_ITEM, f"tag {EPC} has header 0x00, which is no item.", EPC),
        (HoldReason.RUBRIC_MISSING, f"{UNIT}: no rubric for toys", UNIT),
        (HoldReason.CAMERA_LOST, "top: no picture within 10 s", "top"),
        (HoldReason.DISK_FULL, "the disk is full: nothing more can be written down", ""),
    ],
)
async def test_a_sentence_is_shown_only_to_whom_it_is_not_foreign(
    rig: "Rig", rig_module: ModuleType, reason: HoldReason, detail: str, chinese: str
) -> None:
    rig.station.bench.stop(reason, detail)
    snap = await rig_module.reporting_of(rig).snapshot()
    shown = [View(snap=snap, words=words(each), bench=rig.station.bench).hold for each in ("en", "zh_CN")]
    assert [hold and hold.detail for hold in shown] == [detail, chinese]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_its_words(language: str) -> None:
    said = words(language)
    for code in (
        "not_now",
        "not_understood",
        "unknown_badge",
        "signed_out",
        "no_printer",
        "no_label",
        "unit_erased",
    ):
        assert said.word(f"notice.{code}")
    for state in LIGHTS:
        assert said.word(f"device.{state}")
    kinds = errors(StationError)
    assert BrokerDown in kinds
    for kind in kinds:
        assert said.word(f"error.{kind.code}")


def errors(root: type[StationError]) -> list[type[StationError]]:
    """A kind of error and all below it."""
    return [root, *(each for kind in root.__subclasses__() for each in errors(kind))]


def test_every_state_that_waits_for_a_person_offers_something() -> None:
    by_itself = {
        State.BOOT,
        State.SELF_TEST,
        State.LIGHT_CHECK,
        State.IDLE,
        State.CONFIRMED,
        State.ESCALATED,
        State.DISPOSED,
        State.BIN_VERIFIED,
        State.COMMITTED,
    }
    assert set(ACTIONS) == set(NEXT) - by_itself


def test_every_button_has_its_key() -> None:
    codes = {code for actions in ACTIONS.values() for code in actions}
    assert all(key_name(code) for code in codes)


@pytest.mark.parametrize(
    ("ppm", "said"), [(0, "< 1 %"), (999_000, "> 99 %"), (503_000, "50 %"), (994_000, "99 %")]
)
def test_nothing_is_called_certain(ppm: int, said: str) -> None:
    assert likely(ppm) == said


def test_boxes_are_drawn_in_the_pictures_own_pixels() -> None:
    finding = {"view": "top", "severity": "major", "region_ppm": [100_000, 200_000, 500_000, 250_000]}
    other = {"view": "side", "severity": "minor", "region_ppm": [0, 0, 1, 1]}
    svg = boxes_svg([finding, other, {**finding, "region_ppm": None}], "top", (640, 480))
    assert svg.count("<circle") == 1
    assert 'x="64.0" y="96.0" width="320.0" height="120.0"' in svg


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x02" * 3, b"no picture at all"])
def test_a_broken_picture_still_has_a_size(content: bytes) -> None:
    assert size_of(content) == (4, 3)


def test_the_size_of_a_picture_is_read_from_its_header() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x01\xe0\x02\x80" + bytes(20)
    assert size_of(jpeg) == (640, 480)
    png = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + (320).to_bytes(4) + (200).to_bytes(4)
    assert size_of(png) == (320, 200)


async def test_another_person_has_their_own_language(rig: "Rig", rig_module: ModuleType) -> None:
    look = Look(language="zh_CN", chosen_for="somebody else")
    view = await look_at(rig_module.reporting_of(rig), look)
    assert (view.words.language, look.language) == ("en", None)


def test_nicegui_is_not_needed_without_the_page() -> None:
    code = "import edge.running, sys; sys.exit('nicegui' in sys.modules or 'onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_many_ready_devices_are_one_light_and_the_others_are_named(
    open_page: User, rig: "Rig", rig_module: ModuleType
) -> None:
    rig.senses.devices = tuple(rig_module.status_of(f"dev-{number}") for number in range(6))
    await see(open_page, rig, "Devices ready: 6")
    lost = rig_module.status_of("gate", state=DeviceState.LOST, reason="unplugged")
    rig.senses.devices = (*rig.senses.devices, lost)
    await see(open_page, rig, "gate: Not connected")
    await see(open_page, rig, "Devices ready: 6")
