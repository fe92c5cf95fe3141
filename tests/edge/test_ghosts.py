"""Tags that are none, or not the item: shown, counted, never taken for a return."""

from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from inspection.identity.epc import sgtin96_for
from inspection.readings import TagRead

if TYPE_CHECKING:
    from tests.edge.rig import Rig

NEAR = -40.0


def read(
    rig: "Rig", epc: bytes, *, antenna: int = 1, rssi_dbm: float | None = NEAR, pc: int | None = 0x3000
) -> None:
    seen_at = rig.clock().wall
    rig.station.watch.add(
        TagRead(epc=epc, reader="gate", antenna=antenna, rssi_dbm=rssi_dbm, seen_at=seen_at, pc=pc)
    )


def shown(rig: "Rig") -> list[tuple[bytes, str]]:
    return [(near.epc, near.sort) for near in rig.station.watch.near()]


async def test_one_read_of_an_expected_tag_is_a_ghost(rig: "Rig", site: ModuleType) -> None:
    read(rig, site.tag(1))
    await rig.tick(5)
    assert (rig.state, shown(rig)) == ("idle", [(site.tag(1), "ghost")])


async def test_a_torn_read_is_a_ghost_however_often_it_comes(rig: "Rig", site: ModuleType) -> None:
    for _ in range(20):
        read(rig, site.tag(1), pc=0x2000)
    await rig.tick(10)
    assert (rig.state, shown(rig)) == ("idle", [(site.tag(1), "ghost")])


@pytest.mark.parametrize("epc", ["e28011606000020a6681f23f", "000000000000000000000000"])
async def test_a_chip_number_and_a_blank_tag_are_strangers(rig: "Rig", epc: str) -> None:
    rig.tags = {bytes.fromhex(epc): NEAR}
    await rig.tick()
    assert (rig.hold, rig.queued()) == ("not_an_item", ())
    assert shown(rig) == [(bytes.fromhex(epc), "stranger")]


async def test_a_tag_of_a_company_that_nobody_knows_matches_nothing(rig: "Rig") -> None:
    rig.tags = {sgtin96_for("09521141123454", 1).encode(): NEAR}
    await rig.tick()
    assert (rig.hold, rig.station.bench.item, rig.queued()) == ("no_match", None, ())


async def test_five_hundred_reads_are_one_item_with_bounded_evidence(rig: "Rig", site: ModuleType) -> None:
    for _ in range(500):
        read(rig, site.tag(1))
    await rig.tick(5)
    item = rig.station.bench.item
    assert item is not None
    assert (item.unit_id, len(item.tag_reads), shown(rig)) == ("RMA-1/1/1", 32, [(site.tag(1), "item")])
    assert [event.what.value for event in rig.station.watch.comings.take()] == ["arrive"]


async def test_reads_that_say_no_signal_and_no_antenna_find_the_item(rig: "Rig", site: ModuleType) -> None:
    for _ in range(8):
        rig.clock.move(0.1)
        seen_at = rig.clock().wall
        rig.station.watch.add(
            TagRead(epc=site.tag(1), reader="gate", antenna=None, rssi_dbm=None, seen_at=seen_at)
        )
    await rig.tick(5)
    assert rig.state == "matched"
