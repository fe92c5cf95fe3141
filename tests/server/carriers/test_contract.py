"""One contract over every carrier: the one behind HTTP, and the one that answers calls."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from demo.carrier.app import Desk
from demo.carrier.direct import DirectCarrier
from inspection.messages.carrier import MOST_EVENTS, PickUpAddress, PickUpOrder
from inspection.parcels import Node
from server.carriers.carrier import Carrier
from server.carriers.http import HttpCarrier
from server.errors import CarrierRefused
from server.outward.addresses import AddressPolicy
from server.outward.calling import Caller
from tests.server.carriers.conftest import CREDENTIAL, serving
from tests.server.conftest import NOON

ADDRESS = PickUpAddress(
    name="Ada Example", lines=("1 Example Street",), postcode="12345", city="Berlin", country="DE"
)


def order(key: str = "pick-1", parcel: str = "P/1 ü") -> PickUpOrder:
    later = NOON + timedelta(hours=4)
    return PickUpOrder(key=key, parcel=parcel, address=ADDRESS, not_before=NOON, not_after=later)


@pytest.fixture(params=["http", "direct"])
async def carrier(request: pytest.FixtureRequest, desk: Desk) -> AsyncIterator[Carrier]:
    if request.param == "direct":
        yield DirectCarrier(desk.world, desk.clock)
        return
    caller = Caller(AddressPolicy(loopback=True), timeout_s=5.0)
    async with serving(desk) as url:
        yield HttpCarrier(caller, url, CREDENTIAL)
    await caller.close()


async def test_a_pick_up_is_booked_once_by_its_key(carrier: Carrier) -> None:
    assert await carrier.find_booking("pick-1") is None
    booked = await carrier.book_pick_up(order())
    assert (booked.parcel, await carrier.book_pick_up(order())) == ("P/1 ü", booked)
    assert await carrier.find_booking("pick-1") == booked
    with pytest.raises(CarrierRefused):
        await carrier.book_pick_up(order(parcel="P-2"))


async def test_a_pick_up_is_cancelled_once_and_never_once_it_was_fetched(
    carrier: Carrier, desk: Desk
) -> None:
    assert await carrier.cancel("pick-1") is False
    await carrier.book_pick_up(order())
    assert await carrier.cancel("pick-1")
    assert await carrier.cancel("pick-1")
    assert await carrier.find_booking("pick-1") is None
    await carrier.book_pick_up(order("pick-2", "P-2"))
    desk.world.move("P-2", Node.PICKED_UP, NOON)
    with pytest.raises(CarrierRefused):
        await carrier.cancel("pick-2")


async def test_events_are_read_behind_a_cursor(carrier: Carrier, desk: Desk) -> None:
    nothing = await carrier.track("P/1 ü", "")
    assert (nothing.events, nothing.more) == ((), False)
    for minute in range(MOST_EVENTS + 1):
        desk.world.move("P/1 ü", Node.IN_TRANSIT, NOON + timedelta(minutes=minute))
    first = await carrier.track("P/1 ü", "")
    assert (len(first.events), first.more) == (MOST_EVENTS, True)
    second = await carrier.track("P/1 ü", first.cursor)
    assert (len(second.events), second.more) == (1, False)
    assert (await carrier.track("P/1 ü", second.cursor)).events == ()
