"""A system that does not answer keeps its own merchant's refunds waiting, and nobody else's."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.refund_state import RefundState
from server.access import Caller, Scope
from server.refunds.cashier import Cashier, books_of
from server.refunds.delivery import Courier
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer
from server.refunds.places import PART, Places
from server.refunds.posting import Attempt, Result
from server.settings import ServerSettings
from tests.server.conftest import bearer, product_object, unit_object
from tests.server.refunds.strict import StrictSystem, Trouble
from tests.server.refunds.test_cashier import execute, row_of
from tests.server.refunds.test_delivery import NEW, let_go

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

SLOW, QUICK = "http://127.0.0.1:9/slow", "http://127.0.0.1:9/quick"
MOST = 3
"""Of four places."""


class Waiting:
    """Takes every call, and answers only for one of two systems."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self._called = asyncio.Condition()

    async def until(self, url: str, count: int) -> None:
        """Wait until a system was called so often."""
        async with self._called:
            await self._called.wait_for(lambda: self.urls.count(url) >= count)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        self.urls.append(url)
        async with self._called:
            self._called.notify_all()
        if url == SLOW:
            await asyncio.Event().wait()
        return Attempt(result=Result.DELIVERED, answer="HTTP 200")


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    return settings.model_copy(update={"refund_parallel": 4})


async def owed(site: "Site", bench: "Bench", merchant: str, url: str, count: int) -> None:
    """A merchant with so many instructions, each of an order of its own, and where they go."""
    shop = await returned(site, bench, merchant, count)
    await site.http.put("/v1/refunds/endpoint", json={"url": url}, headers=shop)


async def returned(site: "Site", bench: "Bench", merchant: str, count: int) -> dict[str, str]:
    """So many units of a merchant have come back, each of an order of its own; the merchant's key."""
    await site.http.post("/v1/merchants", json={"id": merchant, "name": merchant}, headers=site.console)
    shop = await bearer(site.centre, Caller(scope=Scope.SHOP, merchant=merchant))
    product = {"products": [product_object(merchant=merchant)]}
    assert (await site.http.put("/v1/catalogue/products", json=product, headers=shop)).status_code == 200
    names = [f"{merchant.upper()}{number}/1/1" for number in range(count)]
    units = [unit_object(name, merchant=merchant, order=name) for name in names]
    assert (await site.http.post("/v1/returns", json={"units": units}, headers=shop)).status_code == 200
    records = [bench.signed(name, merchant=merchant, verdict=NEW) for name in names]
    assert {each.kind for each in (await site.send(bench, *records)).results} == {"receipt"}
    return shop


async def test_a_slow_system_leaves_a_place_to_the_others(site: "Site", bench: "Bench") -> None:
    await owed(site, bench, "m1", SLOW, 6)
    await let_go(site)
    post = Waiting()
    courier = asyncio.create_task(Courier(site.centre, post, lambda _, longest: longest).run())
    async with asyncio.timeout(60):
        await post.until(SLOW, MOST)
        await owed(site, bench, "m2", QUICK, 2)
        await let_go(site)
        await post.until(QUICK, 2)
    assert post.urls.count(SLOW) == MOST
    courier.cancel()
    with suppress(asyncio.CancelledError):
        await courier


@dataclass
class Silent(StrictSystem):
    """A payment system that hangs at one kind of question for ever."""

    at: str = ""
    hung: int = 0
    """Questions that it took and does not answer."""
    full: asyncio.Event = field(default_factory=asyncio.Event)
    """All places that it may have are taken."""

    async def standing(self, payment: PaymentRef) -> PaymentStanding:
        await self._hang("standing")
        return await super().standing(payment)

    async def pay_back(self, payout: Payout) -> PayoutAnswer:
        await self._hang("pay_back")
        return await super().pay_back(payout)

    async def look_up(self, payout: Payout) -> PayoutAnswer | None:
        await self._hang("look_up")
        return await super().look_up(payout)

    async def _hang(self, what: str) -> None:
        if what == self.at:
            self.hung += 1
            if self.hung == MOST:
                self.full.set()
            await asyncio.Event().wait()


@pytest.mark.parametrize("at", ["standing", "pay_back", "look_up"])
async def test_a_silent_payment_system_leaves_a_place_to_other_merchants_payments(
    site: "Site", bench: "Bench", at: str
) -> None:
    """Eight payments of one merchant are due and hang; meanwhile all of another one's are made."""
    for merchant in ("m1", "m2"):
        await execute(site, merchant=merchant)
    slow, other = ([f"{merchant}{number}/1/1" for number in range(8)] for merchant in ("M1", "M2"))
    silent = Silent(captured=dict.fromkeys(slow, 5000), at=at, troubles=[Trouble.ERROR_BEFORE] * 8)
    quick = StrictSystem(captured=dict.fromkeys(other, 5000))
    systems = {"m1": silent, "m2": quick}
    await returned(site, bench, "m1", 8)
    await let_go(site)
    cashier = Cashier(site.centre, books_of(site.centre), lambda account: systems[account.merchant])
    task = asyncio.create_task(cashier.run())
    async with asyncio.timeout(60):
        if at == "look_up":
            await until(site, RefundState.UNKNOWN, slow)
            site.clock.forward(5)
            site.centre.payments_due.set()
        await silent.full.wait()
        await returned(site, bench, "m2", 8)
        await let_go(site)
        site.centre.payments_due.set()
        await until(site, RefundState.CONFIRMED, other)
    assert (silent.hung, len(silent.refunds), len(quick.refunds)) == (MOST, 0, 8)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(site: "Site", state: RefundState, units: list[str]) -> None:
    """Wait until all of these refunds have come so far."""
    while True:
        if {(await row_of(site, unit)).state for unit in units} == {state}:
            return
        await asyncio.sleep(0.001)


@given(st.integers(1, 64), st.dictionaries(st.sampled_from("abc"), st.integers(0, 64)))
def test_one_merchant_never_has_all_places_but_a_single_one(most: int, taken: dict[str, int]) -> None:
    places = Places(most=most, taken=taken)
    for merchant in "abc":
        left = places.left(merchant)
        assert 0 <= left <= max(0, most - sum(taken.values()))
        assert taken.get(merchant, 0) + left <= max(1, most - most // PART, taken.get(merchant, 0))


@pytest.mark.parametrize("most", range(1, 65))
def test_where_nothing_is_under_way_there_is_a_place(most: int) -> None:
    assert Places(most=most, taken={}).left("m1") >= 1


COUNTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 64))


@given(st.integers(1, 64), COUNTS, COUNTS)
def test_what_is_shared_fits_its_places_and_somebody_goes_on(
    most: int, taken: dict[str, int], waiting: dict[str, int]
) -> None:
    places = Places(most=most, taken=taken)
    found = places.shared(waiting, lambda who, share: [who] * min(share, waiting[who]))
    assert len(found) <= places.free
    assert all(found.count(who) <= places.left(who) for who in waiting)
    assert bool(found) == any(many and places.left(who) for who, many in waiting.items())
