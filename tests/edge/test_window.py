"""An item begins with a trigger: what was read before it does not count, even where it never left."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from devices.presence.places import Places
from edge.comings import Comings
from edge.inputs import ItemBegins
from edge.watch import TagWatch
from edge.window import TriggerKind, Triggers, Window
from inspection.readings import Scan, TagRead, Trigger, Weight

if TYPE_CHECKING:
    from tests.edge.rig import Rig

Reading = Scan | Trigger | Weight
NEAR = -40.0
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def pressed(active: bool = True) -> Trigger:
    return Trigger(source="gate", input=1, active=active, seen_at=NOW)


def weighed(weight_g: int | None, scale: str = "scale") -> Weight:
    return Weight(weight_g=weight_g, as_sent=f"{weight_g} g", scale=scale, measured_at=NOW)


SCAN = Scan(content=b"RMA-1", symbology=None, scanner="hand", scanned_at=NOW)


@pytest.mark.parametrize(
    ("kind", "begins"),
    [("none", []), ("scan", [SCAN]), ("input", [pressed()]), ("weight", [weighed(300)])],
)
def test_only_the_chosen_kind_of_reading_begins_an_item(kind: TriggerKind, begins: list[Reading]) -> None:
    triggers = Triggers(kind)
    readings: list[Reading] = [SCAN, pressed(), pressed(False), weighed(0), weighed(300)]
    assert [each for each in readings if triggers.at(each) is not None] == begins


def test_a_pan_must_be_emptied_before_it_is_loaded_again() -> None:
    triggers = Triggers("weight", least_g=5)
    grams = [300, 310, 4, 5, 305, -2, None, 80, 0]
    assert [g for g in grams if triggers.at(weighed(g)) is not None] == [5, 80]


def test_each_scale_has_a_pan_of_its_own() -> None:
    triggers = Triggers("weight")
    assert triggers.at(weighed(0, "left")) is None
    assert triggers.at(weighed(300, "right")) is None
    assert triggers.at(weighed(300, "left")) == NOW


def test_a_window_that_waits_for_nothing_is_always_open() -> None:
    window = Window(waits=False)
    window.open(NOW)
    window.use()
    window.close()
    assert (window.closed, window.since) == (False, None)


Built = Callable[[TriggerKind], "Rig"]


@pytest.fixture
def bench(new_rig: Callable[..., "Rig"]) -> Built:
    """Builds a bench that waits for a trigger."""
    return lambda kind: new_rig(watch=TagWatch(2.0, triggers=Triggers(kind)))


async def at_work(rig: "Rig", site: ModuleType) -> "Rig":
    """With Anna signed in and two mugs expected."""
    await rig.station.start()
    await rig.expect(site.page(site.unit(1, site.tag(1)), site.unit(2, site.tag(2))))
    await rig.scan(f"BADGE:{site.BADGE}")
    return rig


async def press(rig: "Rig") -> None:
    await rig.station.handle(ItemBegins(at=rig.clock().wall))


def unit(rig: "Rig") -> str | None:
    item = rig.station.bench.item
    return item.unit_id if item else None


async def inspect_first(rig: "Rig", site: ModuleType) -> None:
    """Take the first mug from its trigger to its record; it stays where it is."""
    rig.tags = {site.tag(1): NEAR}
    await press(rig)
    await rig.tick()
    assert unit(rig) == "RMA-1/1/1"
    for said in ("CMD:CAPTURE", "CMD:ACCEPT", "BIN:A"):
        await rig.scan(said)
    assert rig.state == "committed"


async def test_without_its_trigger_no_tag_is_taken(bench: Built, site: ModuleType) -> None:
    rig = await at_work(bench("input"), site)
    rig.tags = {site.tag(1): NEAR}
    await rig.tick(30)
    assert (rig.state, [near.sort for near in rig.station.watch.near()]) == ("idle", ["item"])
    await press(rig)
    await rig.tick()
    assert unit(rig) == "RMA-1/1/1"


async def test_a_tag_that_never_leaves_the_field_is_not_taken_for_the_second_item(
    bench: Built, site: ModuleType
) -> None:
    rig = await at_work(bench("input"), site)
    await inspect_first(rig, site)
    await rig.tick(30)
    assert rig.state == "committed", "shown until something else happens"
    await press(rig)
    await rig.tick(20)
    assert (rig.state, unit(rig)) == ("idle", None), "the second item has no tag, and the first is not it"
    rig.tags = {site.tag(1): NEAR, site.tag(2): NEAR}
    await rig.tick()
    assert unit(rig) == "RMA-2/1/1"


@pytest.mark.parametrize(("kind", "state"), [("none", "held"), ("input", "idle")])
async def test_a_tag_that_was_hidden_for_a_moment_is_no_new_item(
    bench: Built, site: ModuleType, kind: TriggerKind, state: str
) -> None:
    rig = await at_work(bench(kind), site)
    await inspect_first(rig, site)
    rig.tags = {}
    await rig.tick(25)
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    assert rig.state == state


@pytest.mark.parametrize(("kind", "state"), [("none", "held"), ("weight", "matched")])
async def test_the_item_that_was_just_taken_off_does_not_count_any_more(
    bench: Built, site: ModuleType, kind: TriggerKind, state: str
) -> None:
    rig = await at_work(bench(kind), site)
    rig.tags = {site.tag(1): NEAR}
    await press(rig)
    await rig.tick()
    rig.tags = {site.tag(2): NEAR}
    await press(rig)
    await rig.tick()
    assert rig.state == state
    assert unit(rig) in (None, "RMA-2/1/1")


async def test_a_trigger_during_an_inspection_announces_the_next_item(bench: Built, site: ModuleType) -> None:
    rig = await at_work(bench("input"), site)
    rig.tags = {site.tag(1): NEAR}
    await press(rig)
    await rig.tick()
    await rig.scan("CMD:CAPTURE")
    await press(rig)
    for said in ("CMD:ACCEPT", "BIN:A"):
        await rig.scan(said)
    rig.tags = {site.tag(2): NEAR}
    await rig.tick()
    assert unit(rig) == "RMA-2/1/1"


async def test_an_item_set_aside_needs_a_trigger_for_the_next(bench: Built, site: ModuleType) -> None:
    rig = await at_work(bench("input"), site)
    rig.tags = {site.tag(1): NEAR}
    await press(rig)
    await rig.tick()
    await rig.scan("CMD:SETASIDE")
    rig.tags = {site.tag(2): NEAR}
    await rig.tick(30)
    assert rig.state == "idle"


async def test_a_scan_begins_an_item_and_its_tag_is_the_one_read_after_it(
    bench: Built, site: ModuleType
) -> None:
    rig = await at_work(bench("scan"), site)
    rig.tags = {site.tag(2): NEAR}
    await rig.tick(20)
    assert rig.state == "idle"
    await rig.scan("RMA-1/1/1")
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    item = rig.station.bench.item
    assert item is not None
    assert (item.unit_id, item.epc, rig.state) == ("RMA-1/1/1", site.tag(1), "matched")


async def test_the_readings_of_the_devices_reach_the_loop(bench: Built, site: ModuleType) -> None:
    rig = await at_work(bench("weight"), site)

    async def weights() -> AsyncIterator[Weight]:
        for grams in (0, 300):
            yield weighed(grams)

    await rig.station._take_weights(weights())
    assert [rig.station.next_input() for _ in range(3)] == [weighed(0), weighed(300), ItemBegins(at=NOW)]
    assert rig.station.next_input() is None


async def test_a_neighbours_tag_is_shown_by_its_place_and_not_taken(
    new_rig: Callable[..., "Rig"], site: ModuleType
) -> None:
    rig = await at_work(new_rig(watch=TagWatch(2.0, places=Places({("gate", 1): "shelf"}))), site)
    rig.tags = {site.tag(1): NEAR}
    await rig.tick(30)
    [near] = rig.station.watch.near()
    assert (rig.state, near.sort, near.place, near.known) == ("idle", "neighbour", "shelf", True)


async def test_tags_come_and_go_for_the_centre_though_nobody_works_here(rig: "Rig", site: ModuleType) -> None:
    rig.station.sign_out()
    rig.tags = {site.tag(1): NEAR}
    await rig.tick(5)
    rig.tags = {}
    await rig.tick(30)
    told = [(event.what.value, event.epc, event.place) for event in rig.station.watch.comings.take()]
    assert told == [("arrive", site.tag(1), "bench"), ("depart", site.tag(1), "bench")]


def test_events_that_nobody_fetches_are_bounded_and_counted(site: ModuleType) -> None:
    watch = TagWatch(2.0)
    watch.comings = Comings(limit=4)
    for number in range(6):
        for _ in range(2):
            tag = site.tag(number)
            watch.add(TagRead(epc=tag, reader="gate", antenna=1, rssi_dbm=NEAR, seen_at=NOW))
    assert (len(watch.comings.take()), watch.comings.dropped) == (4, 2)
