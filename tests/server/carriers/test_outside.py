"""Who else sends the centre webhooks in the virtual warehouse: each is taken, and means what it should."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from demo import outside
from demo.errors import Stuck
from demo.goods import LEAF_MUG
from demo.outside import GOODWILL, GOODWILL_MINOR, Outside
from inspection.messages.catalogue import ProductMessage, UnitMessage
from server.refunds import cases
from tests.server.carriers.test_booking import parcel

if TYPE_CHECKING:
    from tests.server.conftest import Site


class Office:
    """Speaks to a centre in this process."""

    url = "http://centre.test"

    def __init__(self, site: "Site") -> None:
        self.site = site

    async def hear(self, source: str, key: str) -> None:
        answer = await self.site.http.put(f"/v1/hooks/{source}", json={"key": key}, headers=self.site.shop)
        assert answer.status_code == 200, answer.text

    async def announce(self, products: Sequence[ProductMessage], units: Sequence[UnitMessage]) -> None:
        body = {"units": [unit.model_dump(mode="json") for unit in units]}
        answer = await self.site.http.post("/v1/returns", json=body, headers=self.site.shop)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def others(site: "Site", monkeypatch: pytest.MonkeyPatch) -> Outside:
    transport = site.http._transport
    monkeypatch.setattr("httpx.AsyncClient", partial(httpx.AsyncClient, transport=transport))
    monkeypatch.setattr(outside, "MERCHANT", "m1")
    monkeypatch.setattr(outside, "ROUND_S", 0.0)
    office: Any = Office(site)
    return Outside(office, seed=1, clock=site.clock)


async def test_parcels_are_signed_off_by_the_carriers_webhooks_once(site: "Site", others: Outside) -> None:
    await others.introduce()
    await site.announce("R1/1/1", parcel="P-1")
    for _ in range(2):
        await others.bring(["P-1"])
    found = await parcel(site)
    assert (found["state"], found["assumed"]) == ("signed_off", False)
    assert sorted(node["event"] for node in found["nodes"]) == ["picked_up", "signed_off"]


async def test_a_centre_that_does_not_believe_the_carrier_is_said_by_name(
    site: "Site", others: Outside
) -> None:
    with pytest.raises(Stuck, match="P-1"):
        await others.bring(["P-1"])


async def test_the_platforms_refund_becomes_a_case_of_the_shop(site: "Site", others: Outside) -> None:
    await others.introduce()
    product = LEAF_MUG.product.model_copy(update={"merchant": "m1"}).model_dump(mode="json")
    said = {"products": [product]}
    assert (await site.http.put("/v1/catalogue/products", json=said, headers=site.shop)).is_success
    for _ in range(2):
        await others.refund_without_return()
    found = await site.centre.reader.run(lambda c: cases.page(c, "s1", cases.Wanted(), 10))
    assert [(row.unit, row.owner, row.amount_minor) for row in found] == [
        (GOODWILL, "merchant", GOODWILL_MINOR)
    ]
