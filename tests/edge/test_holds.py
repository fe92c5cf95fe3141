"""Every way to stop: the reason is named, counted, writes no record, and has a way out."""

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from devices.errors import LinkLost
from edge.config import Retention
from edge.errors import KeyCloned
from edge.inputs import Blocked, NewWorklist
from models.errors import BankRefused, ModelFailed

if TYPE_CHECKING:
    from tests.edge.rig import Rig

NEAR = -40.0


async def put_on_bench(rig: "Rig", *epcs: bytes) -> None:
    rig.tags = dict.fromkeys(epcs, NEAR)
    await rig.tick()


def held(rig: "Rig", reason: str) -> None:
    """The bench stopped for this reason, it is counted, and nothing was recorded."""
    assert (rig.state, rig.hold) == ("held", reason)
    assert rig.faults.snapshot()[reason] >= 1
    assert rig.queued() == ()


async def test_several_tags(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1), site.tag(2))
    held(rig, "several_tags")
    rig.tags = {site.tag(1): NEAR}
    await rig.tick(30)
    assert rig.state == "matched", "one is left: it goes on by itself"


async def test_a_second_item_put_beside_the_first_one(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1))
    assert rig.state == "matched"
    await put_on_bench(rig, site.tag(1), site.tag(2))
    held(rig, "several_tags")


async def test_a_weak_neighbour_is_no_second_item(rig: "Rig", site: ModuleType) -> None:
    rig.tags = {site.tag(1): NEAR, site.tag(2): -70.0}
    await rig.tick()
    assert rig.state == "matched"


async def test_a_tag_that_nobody_expects(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(77))
    held(rig, "no_match")
    await rig.scan("CMD:SETASIDE")
    assert rig.state == "idle"
    await rig.tick()
    assert rig.state == "idle", "set aside: its tag is not taken again while it lies there"
    rig.tags = {}
    await rig.tick(30)
    await put_on_bench(rig, site.tag(77))
    held(rig, "no_match")


async def test_what_was_unknown_is_found_once_the_worklist_has_it(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(77))
    held(rig, "no_match")
    await rig.expect(site.page(site.unit(77, site.tag(77)), cursor=2))
    await rig.station.handle(NewWorklist())
    await rig.tick()
    assert rig.state == "matched"


@pytest.mark.parametrize("blank", ["e2" + "00" * 11, "00" * 12], ids=["TID-like", "blank"])
async def test_a_tag_that_is_no_item(rig: "Rig", blank: str) -> None:
    await put_on_bench(rig, bytes.fromhex(blank))
    held(rig, "not_an_item")
    rig.tags = {}
    await rig.tick(30)
    assert rig.state == "idle", "it was taken away"


async def test_an_item_beside_a_strange_tag_is_still_the_item(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, bytes.fromhex("e2" + "00" * 11), site.tag(1))
    assert rig.state == "matched"


async def test_a_unit_that_was_committed_already(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1))
    for said in ("CMD:CAPTURE", "CMD:ACCEPT", "BIN:A"):
        await rig.scan(said)
    rig.tags = {}
    await rig.tick(30)
    await put_on_bench(rig, site.tag(1))
    assert (rig.state, rig.hold) == ("held", "duplicate_item")
    assert len(rig.queued()) == 1
    await rig.scan("CMD:RETAKE")
    assert (rig.state, rig.notice) == ("held", "not_now"), "it cannot be tried again"
    await rig.scan("CMD:SETASIDE")
    assert rig.state == "idle"


async def test_a_committed_unit_is_a_duplicate_even_after_the_centre_closed_it(
    rig: "Rig", site: ModuleType
) -> None:
    await put_on_bench(rig, site.tag(1))
    for said in ("CMD:CAPTURE", "CMD:ACCEPT", "BIN:A"):
        await rig.scan(said)
    await rig.expect(site.page(cursor=2, closed=("RMA-1/1/1",)))
    await rig.station.handle(NewWorklist())
    rig.tags = {}
    await rig.tick(30)
    await put_on_bench(rig, site.tag(1))
    assert rig.hold == "duplicate_item"


async def test_several_returns_of_one_product(rig: "Rig", site: ModuleType) -> None:
    await rig.expect(site.page(site.unit(8), site.unit(9), cursor=2))
    await rig.scan(site.GTIN, "]E0")
    held(rig, "several_matches")
    await rig.scan("RMA-8/1/1")
    assert rig.state == "matched", "the slip says which one"


async def test_a_code_with_a_wrong_check_digit(rig: "Rig") -> None:
    await rig.scan("4012345678902", "]E0")
    held(rig, "unreadable_code")
    await rig.scan("RMA-1/1/1")
    assert rig.state == "matched"


async def test_a_code_of_another_product_beside_the_tag(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1))
    await rig.scan("9780201379624", "]E0")
    held(rig, "wrong_item")


async def test_the_tag_of_another_unit_beside_the_slip(rig: "Rig", site: ModuleType) -> None:
    await rig.scan("RMA-1/1/1")
    await put_on_bench(rig, site.tag(2))
    held(rig, "wrong_item")


async def test_a_lost_camera(rig: "Rig", site: ModuleType) -> None:
    rig.senses.failing = {"top": LinkLost("the camera is unplugged", reason="unplugged")}
    await put_on_bench(rig, site.tag(1))
    await rig.scan("CMD:CAPTURE")
    held(rig, "camera_lost")
    assert "unplugged" in rig.station.bench.hold.detail  # type: ignore[union-attr]
    rig.senses.failing = {}
    await rig.scan("CMD:RETAKE")
    assert rig.state == "proposed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BankRefused("the bank is damaged"), "model_missing"),
        (ModelFailed("no numbers"), "model_failed"),
        (ZeroDivisionError(), "model_failed"),
    ],
    ids=["refused", "failed", "anything"],
)
async def test_models_that_fail(rig: "Rig", site: ModuleType, error: Exception, reason: str) -> None:
    rig.detector.error = error
    await put_on_bench(rig, site.tag(1))
    await rig.scan("CMD:CAPTURE")
    held(rig, reason)
    rig.detector.error = None
    await rig.scan("CMD:RETAKE")
    assert rig.state == "proposed"


async def test_the_wrong_bin_is_no_dead_end(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1))
    for said in ("CMD:CAPTURE", "CMD:ACCEPT", "BIN:C"):
        await rig.scan(said)
    held(rig, "wrong_bin")
    await rig.scan("BIN:D")
    held(rig, "wrong_bin")
    await rig.scan("BIN:A")
    assert rig.state == "committed"


async def test_a_full_disk_takes_no_new_item(new_rig: Callable[..., "Rig"], site: ModuleType) -> None:
    rig = new_rig(limits=Retention(free_disk_bytes=2**62))
    await rig.station.start()
    await rig.expect(site.page(site.unit(1, site.tag(1))))
    await rig.scan(f"BADGE:{site.BADGE}")
    await put_on_bench(rig, site.tag(1))
    held(rig, "disk_full")
    await rig.scan("CMD:RETAKE")
    held(rig, "disk_full")


async def test_a_disk_that_fills_up_before_the_commit_keeps_the_verdict(
    new_rig: Callable[..., "Rig"], site: ModuleType
) -> None:
    rig = new_rig(limits=Retention(free_disk_bytes=0, outbox_records=1))
    await rig.station.start()
    await rig.expect(site.page(site.unit(1, site.tag(1)), site.unit(2, site.tag(2))))
    await rig.scan(f"BADGE:{site.BADGE}")
    await put_on_bench(rig, site.tag(1))
    for said in ("CMD:CAPTURE", "CMD:ACCEPT"):
        await rig.scan(said)
    other = rig.database
    other.run_now(lambda connection: connection.exec_driver_sql(FILL))
    await rig.scan("BIN:A")
    assert (rig.state, rig.hold) == ("held", "disk_full")
    other.run_now(lambda connection: connection.exec_driver_sql("DELETE FROM outbox"))
    await rig.scan("CMD:RETAKE")
    assert rig.state == "committed", "the same verdict, as soon as there is room"


FILL = """INSERT INTO outbox (record_id, merchant, unit, inspection, grade, disposition, total_ms, sha256,
    record, signature, device_key, openings, image_keys, state, queued_at, attempts)
    VALUES ('x', 'm', 'u', 1, 'new', 'resale', 1, 'x', x'', x'', 'k', '[]', '[]', 'queued', 1, 0)"""


async def test_a_clock_far_ahead(rig: "Rig", site: ModuleType) -> None:
    await put_on_bench(rig, site.tag(1))
    for said in ("CMD:CAPTURE", "CMD:ACCEPT"):
        await rig.scan(said)
    at = rig.clock()
    rig.clocks.measure(at, at.wall.replace(hour=11), at)
    await rig.scan("BIN:A")
    held(rig, "clock_skew")
    rig.clocks.measure(at, at.wall, at)
    await rig.scan("CMD:RETAKE")
    assert rig.state == "committed"


async def test_nobody_signed_in_hears_only_badges(rig: "Rig", site: ModuleType) -> None:
    await rig.scan("CMD:SIGNOUT")
    await put_on_bench(rig, site.tag(1))
    await rig.scan("CMD:CAPTURE")
    assert (rig.state, rig.notice) == ("idle", "signed_out")
    await rig.scan("BADGE:SOMEBODY")
    assert rig.notice == "unknown_badge"
    await rig.scan(f"BADGE:{site.BADGE}")
    await rig.tick()
    assert rig.state == "matched", "what lies on the bench is seen after signing in"


async def test_an_hour_without_anybody_locks_the_bench(rig: "Rig") -> None:
    rig.clock.move(3601)
    await rig.tick(1)
    assert rig.station.bench.person is None


async def test_a_cloned_key_stops_everything(rig: "Rig", site: ModuleType) -> None:
    await rig.station.handle(Blocked(error=KeyCloned("enrol this station again")))
    held(rig, "cloned_key")
    await rig.scan("CMD:SETASIDE")
    await put_on_bench(rig, site.tag(1))
    held(rig, "cloned_key")


@pytest.mark.parametrize("nonsense", ["CMD:FLY", "BADGE:", "BIN:Z", "BADGE:ü"])
async def test_a_command_that_does_not_exist_is_said(rig: "Rig", nonsense: str) -> None:
    await rig.scan(nonsense)
    assert (rig.state, rig.notice) == ("idle", "not_understood")


async def test_a_restart_in_the_middle_of_an_item_is_told_once(
    rig: "Rig", new_rig: Callable[..., "Rig"], site: ModuleType
) -> None:
    await put_on_bench(rig, site.tag(1))
    rig.database.run_now(
        lambda connection: connection.exec_driver_sql("UPDATE boots SET boot = 'an older start'")
    )
    again = new_rig()
    await again.station.start()
    assert (again.state, again.station.interrupted) == ("idle", "RMA-1/1/1")
    await again.scan(f"BADGE:{site.BADGE}")
    await put_on_bench(again, site.tag(1))
    assert (again.state, again.station.interrupted) == ("matched", None)
