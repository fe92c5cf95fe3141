"""What must not change in the middle of an item waits until none is under way."""

import asyncio
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.edge.rig import Rig

NEAR = -40.0


async def test_the_bench_is_free_before_an_item_and_once_it_is_committed(
    rig: "Rig", site: ModuleType
) -> None:
    await rig.station.free()
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    assert rig.state == "matched"
    waiting = asyncio.create_task(rig.station.free())
    for word in ("CMD:CAPTURE", "CMD:ACCEPT"):
        await rig.scan(word)
        assert not waiting.done(), rig.state
    await rig.scan("BIN:A")
    assert rig.state == "committed"
    await asyncio.wait_for(waiting, 5)


async def test_the_bench_is_free_when_the_item_is_set_aside(rig: "Rig", site: ModuleType) -> None:
    rig.tags = {site.tag(1): NEAR}
    await rig.tick()
    waiting = asyncio.create_task(rig.station.free())
    await rig.scan("CMD:SETASIDE")
    await asyncio.wait_for(waiting, 5)
