"""Nodes of a parcel: each an entry, in whatever order they come; the sign-off starts the clock."""

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from inspection.custody.leaf import Leaf, read_leaf
from inspection.messages.carrier import CarrierEvent
from inspection.parcels import Node
from server.carriers import rows
from server.carriers.nodes import MOST_EVENTS, take_event
from server.carriers.rows import Told
from server.errors import TooManyEvents, UnknownParcel
from server.ledger.rebuilding import rebuild
from server.returns.service import Arrival, sign_off
from tests.server.conftest import NOON

if TYPE_CHECKING:
    from tests.server.conftest import Site

DUE_S = 7200.0


def told(node: Node, minute: int, id: str = "", parcel: str = "P-1") -> Told:
    at = NOON + timedelta(minutes=minute)
    event = CarrierEvent(v=1, id=id or f"{node}-{minute}", parcel=parcel, event=node, at=at)
    return Told(merchant="m1", event=event)


async def take(site: "Site", *events: Told) -> list[bool]:
    centre = site.centre
    take = partial(take_event, log=centre.log, due_s=DUE_S, recorded_at=centre.now())
    return [await centre.writer.submit(partial(take, told=each)) for each in events]


async def stands(site: "Site") -> Node:
    found = await site.centre.reader.run(lambda c: rows.standing(c, "s1", "m1", "P-1"))
    assert found is not None
    return found.node


async def entries(site: "Site") -> list[Leaf]:
    def read(c: Any) -> list[Leaf]:
        size = site.centre.log.head(c).size
        return [read_leaf(site.centre.log.at(c, seq) or b"") for seq in range(size)]

    return [leaf for leaf in await site.centre.reader.run(read) if leaf.type.value == "logistics"]


async def deadline(site: "Site", unit: str = "R1/1/1") -> str | None:
    answer = await site.http.get(f"/v1/returns/{unit}", headers=site.shop)
    found: str | None = answer.json()["deadline"]
    return found


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000000Z"


async def test_each_node_is_an_entry_and_the_sign_off_starts_the_clock(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    way = (told(Node.BOOKED, -90), told(Node.PICKED_UP, -60), told(Node.IN_TRANSIT, -30))
    assert await take(site, *way) == [True, True, True]
    assert await deadline(site) is None
    await take(site, told(Node.SIGNED_OFF, -5))
    assert await deadline(site) == text(NOON + timedelta(minutes=115))
    assert [leaf.id.removeprefix("parcel:m1:P-1:") for leaf in await entries(site)] == [
        "booked:id=booked--90", "picked-up:id=picked_up--60", "in-transit:id=in_transit--30", "signed-off"
    ]  # fmt: skip
    assert await stands(site) is Node.SIGNED_OFF


async def test_an_event_again_is_no_entry_and_a_late_one_is_kept_and_moves_nothing(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    events = (told(Node.SIGNED_OFF, -5), told(Node.SIGNED_OFF, -5), told(Node.IN_TRANSIT, -30))
    assert await take(site, *events) == [True, False, True]
    assert len(await entries(site)) == 2
    assert await stands(site) is Node.SIGNED_OFF
    kept = await site.centre.reader.run(lambda c: rows.nodes_of(c, "s1", "m1", "P-1"))
    assert [(row.node, row.moved) for row in kept] == [("signed_off", 1), ("in_transit", 0)]


async def test_a_second_sign_off_is_kept_and_moves_no_deadline(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    await take(site, told(Node.SIGNED_OFF, -5), told(Node.SIGNED_OFF, -1))
    assert await deadline(site) == text(NOON + timedelta(minutes=115))
    assert [leaf.body.get("event_id") for leaf in await entries(site)] == [None, "signed_off--1"]


async def test_what_a_carrier_says_replaces_what_was_assumed(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    await site.announce("R2/1/1", parcel="P-1", deadline="2026-05-04T23:00:00.000000Z")
    centre = site.centre
    assumed = Arrival(merchant="m1", parcel="P-1", at=NOON, assumed=True)
    for _ in range(2):
        await centre.writer.submit(lambda c: sign_off(c, centre.log, assumed, DUE_S, centre.now()))
    assert await deadline(site) == text(NOON + timedelta(hours=2))
    await take(site, told(Node.SIGNED_OFF, -30))
    await centre.writer.submit(lambda c: sign_off(c, centre.log, assumed, DUE_S, centre.now()))
    assert await deadline(site) == text(NOON + timedelta(minutes=90))
    assert await deadline(site, "R2/1/1") == "2026-05-04T23:00:00.000000Z"
    assert [leaf.id for leaf in await entries(site)] == [
        "parcel:m1:P-1:signed-off:assumed", "parcel:m1:P-1:signed-off"
    ]  # fmt: skip


async def test_a_parcel_that_no_unit_names_gets_no_entry(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    with pytest.raises(UnknownParcel):
        await take(site, told(Node.LOST, 0, parcel="P-2"))
    assert await entries(site) == []


async def test_a_parcel_has_no_end_of_events_but_a_bound(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    events = [told(Node.IN_TRANSIT, 0, f"e{number}") for number in range(MOST_EVENTS)]
    centre = site.centre
    await centre.writer.submit(
        lambda c: [take_event(c, centre.log, each, DUE_S, centre.now()) for each in events]
    )
    with pytest.raises(TooManyEvents):
        await take(site, told(Node.IN_TRANSIT, 0, "one-more"))
    assert await take(site, events[0]) == [False]


async def test_after_a_restore_the_entries_say_where_the_parcel_stood(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P-1")
    await take(site, told(Node.IN_TRANSIT, -30), told(Node.SIGNED_OFF, -5))
    centre = site.centre

    def again(c: Any) -> list[bool]:
        for table in ("carrier_events", "carrier_parcels", "parcels"):
            c.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 # our own names
        leaves = [centre.log.at(c, seq) for seq in range(centre.log.head(c).size)]
        return [rebuild(c, "s1", leaf or b"", None, DUE_S) for leaf in leaves]

    assert all(await centre.writer.submit(again))
    assert await stands(site) is Node.IN_TRANSIT
    assert await take(site, told(Node.SIGNED_OFF, -5)) == [True]
    assert len(await entries(site)) == 2
    assert await stands(site) is Node.SIGNED_OFF
