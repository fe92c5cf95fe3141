"""Carriers that are asked: leases, cursors, waits, and what is assumed where nobody tells."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from demo.carrier.app import Desk
from demo.carrier.direct import DirectCarrier
from demo.carrier.faults import CallFault
from inspection.messages.carrier import CarrierEvent, CarrierEvents
from inspection.parcels import Node
from server.carriers import repository
from server.carriers.carrier import Carrier
from server.carriers.http import HttpCarrier, calling
from server.carriers.polling import Poller
from server.carriers.repository import CarrierRow
from server.settings import ServerSettings
from tests.server.carriers.conftest import set_carrier
from tests.server.carriers.test_booking import book, code, parcel

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return settings.model_copy(update={"carrier_timeout_s": 1.5, "carrier_poll_s": 100.0})


def longest(low: float, high: float) -> float:
    return high


@pytest.fixture
async def poller(linked: "Site") -> AsyncIterator[Poller]:
    async with calling(linked.centre) as caller:

        def connect(row: CarrierRow) -> Carrier:
            return HttpCarrier(caller, row.url, row.credential)

        yield Poller(linked.centre, connect, longest)


def moved(desk: Desk, node: Node, minutes: float = -1.0, parcel: str = "P-1") -> CarrierEvent:
    return desk.world.move(parcel, node, desk.clock() + timedelta(minutes=minutes))


async def due_at(site: "Site") -> float | None:
    found = await site.centre.reader.run(lambda c: repository.first_due(c, "s1"))
    return None if found is None else found - site.clock().timestamp()


async def test_a_parcel_is_followed_from_its_announcement_to_its_sign_off(
    linked: "Site", poller: Poller, desk: Desk
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    moved(desk, Node.PICKED_UP)
    assert await poller.look() == 1
    assert (await parcel(linked))["state"] == "picked_up"
    assert await due_at(linked) == 150.0
    assert await poller.look() == 0
    linked.clock.forward(151)
    moved(desk, Node.SIGNED_OFF)
    assert await poller.look() == 1
    shown = await parcel(linked)
    assert (shown["state"], shown["assumed"], [node["moved"] for node in shown["nodes"]]) == (
        "signed_off", False, [True, True]
    )  # fmt: skip
    assert await due_at(linked) is None
    assert linked.counted("regrade_carrier_polls_total", result="asked") == 2


async def test_setting_a_carrier_follows_what_is_expected_already(site: "Site", carrier_url: str) -> None:
    await site.announce("R1/1/1", parcel="P-1")
    await site.announce("R2/1/1", parcel="P-2")
    at = {"at": "2026-05-04T11:00:00.000000Z"}
    await site.http.post("/v1/parcels/P-2/sign-off", json=at, headers=site.shop)
    await set_carrier(site, carrier_url)
    rows = await site.centre.writer.submit(
        lambda c: repository.claim_due(c, "s1", site.clock().timestamp(), 60.0, 10)
    )
    assert [row.parcel for row in rows] == ["P-1"]


async def test_a_carrier_that_is_away_is_left_alone_for_longer_each_time(
    linked: "Site", poller: Poller, desk: Desk
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    waits = []
    for _ in range(3):
        desk.faults.calls.append(CallFault.DOWN)
        assert await poller.look() == 1
        wait = await due_at(linked)
        assert wait is not None
        waits.append(wait)
        linked.clock.forward(wait)
    assert waits == [100.0, 200.0, 400.0]
    await poller.look()
    assert await due_at(linked) == 150.0


async def test_a_slow_carrier_holds_its_other_parcels_back_and_nobody_elses(
    linked: "Site", poller: Poller, desk: Desk
) -> None:
    await linked.announce(*(f"R{n}/1/1" for n in range(6)), parcel="P-1")
    for n in range(6):
        await linked.announce(f"R{n}/1/1", parcel=f"P-{n}")
    now, at = linked.clock().timestamp(), linked.centre.now()
    await linked.centre.writer.submit(lambda c: repository.follow(c, "s1", "m2", "P-1", at, now + 1.0))
    desk.faults.calls += [CallFault.SLOW_AFTER_EFFECT] * 4
    assert await poller.look() == 4
    assert await poller.look() == 0
    assert linked.counted("regrade_carrier_polls_total", result="away") == 4
    linked.clock.forward(1)
    assert await poller.look() == 1


async def test_a_crash_while_asking_is_asked_again_when_the_lease_is_over(
    linked: "Site", poller: Poller, desk: Desk
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    moved(desk, Node.PICKED_UP)
    await poller.look()
    linked.clock.forward(200)
    now = linked.clock().timestamp()
    await linked.centre.writer.submit(lambda c: repository.claim_due(c, "s1", now, 12.0, 4))
    moved(desk, Node.IN_TRANSIT)
    assert await poller.look() == 0
    linked.clock.forward(12)
    assert await poller.look() == 1
    assert [node["event"] for node in (await parcel(linked))["nodes"]] == ["picked_up", "in_transit"]


async def test_an_event_from_the_future_is_read_again_when_its_time_has_come(
    linked: "Site", poller: Poller, desk: Desk
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    moved(desk, Node.PICKED_UP)
    moved(desk, Node.SIGNED_OFF, minutes=10)
    await poller.look()
    assert (await parcel(linked))["state"] == "picked_up"
    linked.clock.forward(600)
    await poller.look()
    assert (await parcel(linked))["state"] == "signed_off"
    assert len((await parcel(linked))["nodes"]) == 2


async def test_a_carrier_that_tells_of_another_parcel_is_not_believed(linked: "Site", desk: Desk) -> None:
    class Wrong(DirectCarrier):
        async def track(self, parcel: str, since: str) -> CarrierEvents:
            other = {"P-1": "P-2", "P-2": "P-1"}[parcel]
            event = moved(desk, Node.SIGNED_OFF, parcel=other)
            return CarrierEvents(events=(event,), cursor="1", more=False)

    await linked.announce("R1/1/1", parcel="P-1")
    await linked.announce("R2/1/1", parcel="P-2")
    poller = Poller(linked.centre, lambda _: Wrong(desk.world, desk.clock), longest)
    await poller.look()
    assert [(await parcel(linked, name))["nodes"] for name in ("P-1", "P-2")] == [[], []]


async def test_a_parcel_is_not_followed_for_ever(linked: "Site", poller: Poller) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    await poller.look()
    linked.clock.forward(61 * 86_400)
    await poller.look()
    assert await due_at(linked) is None


async def test_a_doubtful_pick_up_is_found_without_anybody_asking(
    linked: "Site", poller: Poller, desk: Desk
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    desk.faults.calls.append(CallFault.SLOW_AFTER_EFFECT)
    assert code(await book(linked)) == "booking_unsure"
    linked.clock.forward(61)
    await poller.look()
    assert (await parcel(linked))["pick_up"]["state"] == "booked"


async def test_a_doubtful_pick_up_that_was_never_booked_is_told_so(
    linked: "Site", poller: Poller, desk: Desk
) -> None:
    await linked.announce("R1/1/1", parcel="P-1")
    desk.faults.calls += [CallFault.SLOW_BEFORE_EFFECT, CallFault.DOWN]
    assert code(await book(linked)) == "booking_unsure"
    linked.clock.forward(61)
    await poller.look()
    assert (await parcel(linked))["pick_up"]["state"] == "unsure"
    linked.clock.forward(200)
    await poller.look()
    assert (await parcel(linked))["pick_up"]["state"] == "refused"
    assert code(await book(linked)) == "booked"


async def test_the_first_verdict_starts_the_clock_of_a_parcel_that_nobody_signed_for(
    linked: "Site", poller: Poller, bench: "Bench", desk: Desk
) -> None:
    await linked.announce("R1/1/1", "R2/1/1", parcel="P-1")
    await linked.send(bench, bench.signed("R1/1/1"))
    await poller.look()
    shown = await parcel(linked)
    assert (shown["state"], shown["assumed"], shown["nodes"][0]["assumed"]) == ("signed_off", True, True)
    unit: Any = (await linked.http.get("/v1/returns/R2/1/1", headers=linked.shop)).json()
    assert unit["deadline"] == shown["deadline"] == "2026-05-04T14:00:00.000000Z"
    moved(desk, Node.SIGNED_OFF, minutes=-30)
    linked.clock.forward(200)
    await poller.look()
    shown = await parcel(linked)
    assert (shown["assumed"], shown["deadline"]) == (False, "2026-05-04T13:30:00.000000Z")


async def test_a_dock_scan_starts_the_clock_where_no_carrier_did(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P/1")
    at = {"at": "2026-05-04T11:00:00.000000Z"}
    first = await site.http.post("/v1/parcels/P/1/dock-scan", json=at, headers=site.shop)
    assert first.status_code == 200, first.text
    shown = await parcel(site, "P/1")
    assert (shown["assumed"], shown["deadline"]) == (True, "2026-05-04T13:00:00.000000Z")
    again = {"at": "2026-05-04T11:30:00.000000Z", "merchant": "m1"}
    second = await site.http.post("/v1/parcels/P/1/dock-scan", json=again, headers=site.console)
    assert second.content == first.content
    future = {"at": "2026-05-04T12:06:00.000000Z"}
    refused = await site.http.post("/v1/parcels/P/1/dock-scan", json=future, headers=site.shop)
    assert refused.status_code == 409


async def test_a_parcel_of_another_merchant_is_not_shown(site: "Site") -> None:
    answer = await site.http.get("/v1/parcels/P-9", headers=site.shop)
    assert (answer.status_code, code(answer)) == (404, "unknown_parcel")


async def test_what_did_not_come_with_its_parcel_is_seen_by_the_same_look(
    linked: "Site", poller: Poller, bench: "Bench"
) -> None:
    await linked.announce("R1/1/1", "R1/1/2", parcel="P-1")
    await linked.send(bench, bench.signed("R1/1/2"))
    await poller.look()  # nobody told that it was signed for: the verdict starts the clock
    assert (await parcel(linked))["assumed"] is True
    linked.clock.forward(7200)
    await poller.look()
    found = (await linked.http.get("/v1/refunds/cases", headers=linked.console)).json()["cases"]
    assert [(case["kind"], case["unit"], case["owner"]) for case in found] == [
        ("missing_unit", "R1/1/1", "supervisor")
    ]
