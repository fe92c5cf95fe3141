"""Which weight goes to which item, and what the person is told of it."""

from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from nicegui.testing import User

from devices.driver import Kind
from devices.watch import DeviceStatus
from devices.watch import State as DeviceState
from edge.page.bench import build_pages
from edge.page.view import View
from inspection.words.catalog import words

if TYPE_CHECKING:
    from tests.edge.rig import Rig

NEAR = -40.0


def pan(rig_module: ModuleType, state: DeviceState = DeviceState.READY) -> DeviceStatus:
    found: DeviceStatus = rig_module.status_of("pan", driver="scale", kind=Kind.SCALE, state=state)
    return found


@pytest.fixture
async def scaled(rig: "Rig", site: ModuleType, rig_module: ModuleType) -> "Rig":
    """The bench with a scale, and mugs of 400 g, give or take 20 g."""
    rig.senses.devices = (pan(rig_module),)
    page = site.page(site.unit(1, site.tag(1)), site.unit(2, site.tag(2)))
    weighed = page.products[0].model_copy(update={"weight_g": 400, "weight_tolerance_g": 20})
    await rig.expect(page.model_copy(update={"products": (weighed,), "cursor": 2}))
    return rig


async def put_on_bench(rig: "Rig", epc: bytes) -> None:
    rig.tags = {epc: NEAR}
    await rig.tick()


def sent(rig: "Rig") -> list[str]:
    item = rig.station.bench.item
    return [weight.as_sent for weight in item.weights] if item else []


async def hints(rig: "Rig", rig_module: ModuleType) -> tuple[str, ...]:
    """In English and in Chinese."""
    snap = await rig_module.reporting_of(rig).snapshot()
    bench = rig.station.bench
    return tuple(
        View(snap=snap, words=words(language), bench=bench).weight_hint for language in ("en", "zh_CN")
    )


async def test_the_weight_on_the_scale_goes_with_the_item_into_its_evidence(
    scaled: "Rig", site: ModuleType
) -> None:
    await scaled.weigh(412)
    await put_on_bench(scaled, site.tag(1))
    assert sent(scaled) == ["412 g"], "it lay there before its tag was read"
    await scaled.scan("CMD:CAPTURE")
    assert scaled.detector.evidence is not None
    assert [weight.weight_g for weight in scaled.detector.evidence.weights] == [412]


async def test_a_weight_that_settles_while_the_item_is_at_hand_is_taken_too(
    scaled: "Rig", site: ModuleType
) -> None:
    await put_on_bench(scaled, site.tag(1))
    assert sent(scaled) == []
    await scaled.weigh(380)
    await scaled.weigh(0)
    await scaled.weigh(405)
    assert sent(scaled) == ["380 g", "405 g"], "an empty pan is nobody's weight"


async def test_the_weight_of_the_item_before_is_not_taken_for_the_next(
    scaled: "Rig", site: ModuleType
) -> None:
    await scaled.weigh(412)
    await put_on_bench(scaled, site.tag(1))
    for said in ("CMD:CAPTURE", "CMD:ACCEPT", "BIN:A"):
        await scaled.scan(said)
    await put_on_bench(scaled, site.tag(2))
    assert scaled.state == "matched"
    assert sent(scaled) == []
    await scaled.weigh(399)
    assert sent(scaled) == ["399 g"]


async def test_a_weight_after_the_verdict_belongs_to_nobody(scaled: "Rig", site: ModuleType) -> None:
    await put_on_bench(scaled, site.tag(1))
    for said in ("CMD:CAPTURE", "CMD:ACCEPT"):
        await scaled.scan(said)
    await scaled.weigh(412)
    assert sent(scaled) == []
    await scaled.scan("BIN:A")
    await put_on_bench(scaled, site.tag(2))
    assert scaled.state == "matched"
    assert sent(scaled) == [], "nor to the next, whose tag is read before it lies on the scale"


async def test_what_a_lost_scale_said_last_is_no_weight(
    scaled: "Rig", site: ModuleType, rig_module: ModuleType
) -> None:
    await scaled.weigh(412)
    scaled.senses.devices = (pan(rig_module, DeviceState.LOST),)
    await put_on_bench(scaled, site.tag(1))
    assert sent(scaled) == []


@pytest.mark.parametrize(
    ("grams", "english", "chinese"),
    [
        (120, "120 g: lighter than 400 ± 20 g. Is something missing?", "120 g：比 400 ± 20 g 轻，是否缺件？"),
        (
            650,
            "650 g: heavier than 400 ± 20 g. Is it the right item?",
            "650 g：比 400 ± 20 g 重，是否拿错商品？",
        ),
        (420, "", ""),
    ],
)
async def test_a_weight_that_is_not_the_products_is_a_hint_and_decides_nothing(
    scaled: "Rig", site: ModuleType, rig_module: ModuleType, grams: int, english: str, chinese: str
) -> None:
    await scaled.weigh(grams)
    await put_on_bench(scaled, site.tag(1))
    assert await hints(scaled, rig_module) == (english, chinese)
    assert scaled.state == "matched"


async def test_pieces_and_a_product_without_a_weight_give_no_hint(
    rig: "Rig", site: ModuleType, rig_module: ModuleType
) -> None:
    rig.senses.devices = (pan(rig_module),)
    await rig.weigh(12, "PC")
    await put_on_bench(rig, site.tag(1))
    assert sent(rig) == ["12 PC"]
    assert await hints(rig, rig_module) == ("", "")


async def test_the_page_shows_the_weight_and_the_hint(
    user: User, scaled: "Rig", site: ModuleType, rig_module: ModuleType
) -> None:
    build_pages(rig_module.reporting_of(scaled))
    await user.open("/")
    await put_on_bench(scaled, site.tag(1))
    await scaled.weigh(120)
    await user.should_see("lighter than 400 ± 20 g")
