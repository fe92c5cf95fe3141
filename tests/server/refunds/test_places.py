"""A refund system that does not answer keeps its own instructions waiting, and nobody else's."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access import Caller, Scope
from server.refunds.delivery import Courier
from server.refunds.places import PART, Places
from server.refunds.posting import Attempt, Result
from server.settings import ServerSettings
from tests.server.conftest import bearer, product_object, unit_object
from tests.server.refunds.test_delivery import NEW, let_go

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

SLOW, QUICK = "http://127.0.0.1:9/slow", "http://127.0.0.1:9/quick"


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
    await site.http.post("/v1/merchants", json={"id": merchant, "name": merchant}, headers=site.console)
    shop = await bearer(site.centre, Caller(scope=Scope.SHOP, merchant=merchant))
    product = {"products": [product_object(merchant=merchant)]}
    assert (await site.http.put("/v1/catalogue/products", json=product, headers=shop)).status_code == 200
    names = [f"{merchant.upper()}{number}/1/1" for number in range(count)]
    units = [unit_object(name, merchant=merchant, order=name) for name in names]
    assert (await site.http.post("/v1/returns", json={"units": units}, headers=shop)).status_code == 200
    records = [bench.signed(name, merchant=merchant, verdict=NEW) for name in names]
    assert {each.kind for each in (await site.send(bench, *records)).results} == {"receipt"}
    await site.http.put("/v1/refunds/endpoint", json={"url": url}, headers=shop)


async def test_a_slow_system_leaves_a_place_to_the_others(site: "Site", bench: "Bench") -> None:
    await owed(site, bench, "m1", SLOW, 6)
    await let_go(site)
    post = Waiting()
    courier = asyncio.create_task(Courier(site.centre, post, lambda _, longest: longest).run())
    async with asyncio.timeout(10):
        await post.until(SLOW, 3)
        await owed(site, bench, "m2", QUICK, 2)
        await let_go(site)
        await post.until(QUICK, 2)
    assert post.urls.count(SLOW) == 3
    courier.cancel()
    with suppress(asyncio.CancelledError):
        await courier


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
