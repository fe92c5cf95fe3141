"""All that goes wrong with a carrier at once: each event is one entry, each parcel ends where it is."""

import hashlib
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from demo.carrier.app import Desk
from demo.carrier.faults import CallFault, Faults, NewsFault
from demo.carrier.news import Delivery, deliveries
from demo.carrier.world import World
from inspection.messages.webhook_keys import HmacKey
from inspection.parcels import Sighting, standing_after
from server.carriers.carrier import Carrier
from server.carriers.http import HttpCarrier, calling
from server.carriers.polling import Poller
from server.carriers.repository import CarrierRow
from server.inbound.matching import match
from server.settings import ServerSettings
from tests.server.carriers.conftest import CREDENTIAL, serving, set_carrier
from tests.server.carriers.test_booking import book, code, parcel
from tests.server.carriers.test_nodes import entries

if TYPE_CHECKING:
    from tests.server.conftest import Site

KEY = HmacKey(hashlib.sha256(b"carrier").digest())
PARCELS = [f"P-{number}" for number in range(6)]
ROUNDS = 25


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return settings.model_copy(update={"carrier_timeout_s": 0.2, "carrier_poll_s": 60.0})


async def tell(site: "Site", delivery: Delivery) -> None:
    answer = await site.http.post("/v1/hooks/m1/carrier", content=delivery.body, headers=delivery.headers)
    assert (answer.status_code == 403) == delivery.spoilt, answer.text


async def one_round(site: "Site", desk: Desk, poller: Poller, at: int) -> None:
    for name in PARCELS:
        way = desk.world.way(name)
        done = [event for event in desk.world.events.get(name, ()) if event.event != "booked"]
        if name in desk.world.events and len(done) < len(way) and desk.faults.random.random() < 0.3:
            desk.world.move(name, way[len(done)], desk.clock())
    told, late = deliveries(desk.world.unsent, desk.faults, KEY, desk.clock())
    desk.world.unsent = late
    for delivery in told:
        await tell(site, delivery)
    await match(site.centre)
    await poller.look()
    site.clock.forward(60)
    for name in PARCELS[: 1 + at]:
        pick_up = (await parcel(site, name))["pick_up"]
        if pick_up is None or pick_up["state"] != "booked":
            await book(site, key=f"key-{name}", parcel=name)


@pytest.mark.parametrize("seed", [1, 2])
async def test_with_every_fault_each_event_is_one_entry_and_each_pick_up_is_booked_once(
    site: "Site", seed: int
) -> None:
    random = Random(seed)
    rates = dict.fromkeys(set(CallFault), 0.05)
    faults = Faults(random=random, call_rates=rates, news_rates=dict.fromkeys(NewsFault, 0.2))
    desk = Desk(world=World(seed=seed), faults=faults, credential=CREDENTIAL, slow_s=0.3, clock=site.clock)
    await site.http.put("/v1/hooks/carrier", json={"key": KEY.to_text()}, headers=site.shop)
    async with serving(desk) as url, calling(site.centre) as caller:

        def connect(row: CarrierRow) -> Carrier:
            return HttpCarrier(caller, row.url, row.credential)

        await set_carrier(site, url)
        poller = Poller(site.centre, connect, random.uniform)
        for number, name in enumerate(PARCELS):
            await site.announce(f"R{number}/1/1", parcel=name)
        for at in range(ROUNDS):
            await one_round(site, desk, poller, at)
        faults.call_rates, faults.news_rates = {}, {}
        for name in PARCELS:
            answers = [code(await book(site, key=f"key-{name}", parcel=name)) for _ in range(5)]
            assert answers[-1] == "booked"
        for _ in range(12):
            await one_round(site, desk, poller, ROUNDS)
            site.clock.forward(3600)
    await check(site, desk)


async def check(site: "Site", desk: Desk) -> None:
    assert sorted(desk.world.orders) == sorted(f"key-{name}" for name in PARCELS)
    told = [event for events in desk.world.events.values() for event in events]
    leaves = await entries(site)
    assert len(leaves) == len({leaf.id for leaf in leaves}) == len(told)
    for number, name in enumerate(PARCELS):
        shown = await parcel(site, name)
        events = desk.world.events[name]
        stands = standing_after(Sighting(node=event.event, at=event.at) for event in events)
        assert stands is not None
        assert shown["state"] == stands.node.value
        assert {node["id"] for node in shown["nodes"]} == {event.id for event in events}
        unit = await site.http.get(f"/v1/returns/R{number}/1/1", headers=site.shop)
        signed = [event.at for event in events if event.event == "signed_off"]
        due = (signed[0] + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z" if signed else None
        assert unit.json()["deadline"] == due
