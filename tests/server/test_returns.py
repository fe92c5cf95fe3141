"""Expected units: announced once, timed by the carrier's sign-off, seen by every station."""

from typing import TYPE_CHECKING, Any

import pytest

from inspection.custody.receipt import check_receipt
from inspection.messages.station import WorklistPage
from inspection.messages.uplink import ReceiptMessage

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site


async def worklist(site: "Site", bench: "Bench", after: int = 0) -> WorklistPage:
    answer = await site.http.get(f"/v1/worklist?after={after}", headers=bench.auth)
    assert answer.status_code == 200, answer.text
    return WorklistPage.read(answer.content)


async def standing(site: "Site", unit: str) -> dict[str, Any]:
    found: dict[str, Any] = (await site.http.get(f"/v1/returns/{unit}", headers=site.shop)).json()
    return found


async def test_stations_hear_of_products_units_and_inspectors(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    anna = {
        "site": "s1", "id": "anna", "display_name": "Anna", "badge": "ANNA-1", "language": "en",
        "role": "inspector",
    }  # fmt: skip
    assert (await site.http.post("/v1/inspectors", json=anna, headers=site.console)).status_code == 201
    page = await worklist(site, bench)
    assert [p.sku for p in page.products] == ["MUG-1"]
    assert [u.id for u in page.units] == ["R1/1/1"]
    assert [i.id for i in page.inspectors] == ["anna"]
    assert "ANNA-1" not in page.to_json().decode()
    again = await worklist(site, bench, page.cursor)
    assert (again.cursor, again.units, again.products, again.more) == (page.cursor, (), (), False)


async def test_a_long_worklist_comes_in_pages_with_every_units_product(site: "Site", bench: "Bench") -> None:
    for start in range(0, 700, 350):
        await site.announce(*(f"R{n}/1/1" for n in range(start, start + 350)))
    first = await worklist(site, bench)
    second = await worklist(site, bench, first.cursor)
    assert (first.more, second.more) == (True, False)
    units = [unit.id for unit in first.units + second.units]
    assert (len(units), len(set(units))) == (700, 700)
    assert {p.sku for p in first.products} == {p.sku for p in second.products} == {"MUG-1"}


async def test_the_same_announcement_again_changes_nothing(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    cursor = (await worklist(site, bench)).cursor
    await site.announce("R1/1/1")
    assert (await worklist(site, bench, cursor)).units == ()


async def test_a_withdrawn_unit_is_closed_for_the_stations(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    for _ in range(2):
        answer = await site.http.post("/v1/returns/R1/1/1/cancel", headers=site.shop)
        assert answer.json() == {"unit": "R1/1/1", "state": "cancelled"}
    page = await worklist(site, bench)
    assert (page.units, page.closed) == ((), ("R1/1/1",))


async def test_an_inspected_unit_is_not_withdrawn(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    assert (await site.http.post("/v1/returns/R1/1/1/cancel", headers=site.shop)).status_code == 409


async def test_a_second_inspection_is_asked_for_by_its_number(site: "Site", bench: "Bench") -> None:
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    await site.announce("R1/1/1")
    assert (await standing(site, "R1/1/1"))["state"] == "inspected"
    await site.announce("R1/1/1", inspection=2, purpose="appeal")
    assert [unit.inspection for unit in (await worklist(site, bench)).units] == [2]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"merchant": "m2"}, "other_merchant"),
        ({"sku": "CUP-1"}, "unknown_sku"),
        ({"epc": "30aa"}, "epc_taken"),
    ],
)
async def test_units_are_announced_all_or_none(site: "Site", changes: dict[str, Any], code: str) -> None:
    await site.announce("R0/1/1", epc="30aa")
    units = [unit("R1/1/1"), unit("R2/1/1") | changes]
    answer = await site.http.post("/v1/returns", json={"units": units}, headers=site.shop)
    assert answer.status_code == 409
    assert code in answer.json()["detail"]
    assert (await site.http.get("/v1/returns/R1/1/1", headers=site.shop)).status_code == 404


def unit(name: str) -> dict[str, Any]:
    return {
        "merchant": "m1", "id": name, "authorization": "R", "order": "O", "customer": "C", "line": 1,
        "index": 1, "sku": "MUG-1", "epc": None, "serial": None, "paid_minor": 1, "currency": "CNY",
        "reason": "other",
    }  # fmt: skip


async def test_the_carriers_sign_off_starts_the_clock_once(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P/1")
    await site.announce("R2/1/1", parcel="P/1", deadline="2026-05-04T23:00:00.000000Z")
    receipts = []
    for at in ("2026-05-04T11:00:00.000000Z", "2026-05-04T11:30:00.000000Z"):
        answer = await site.http.post("/v1/parcels/P/1/sign-off", json={"at": at}, headers=site.shop)
        receipts.append(ReceiptMessage.read(answer.content))
    assert receipts[0] == receipts[1]
    leaf = check_receipt(receipts[0].receipt(), site.centre.keys.log_public, site.centre.log.origin)
    assert leaf.body["at"] == "2026-05-04T11:00:00.000000Z"
    await site.announce("R3/1/1", parcel="P/1")
    deadlines = [(await standing(site, f"R{n}/1/1"))["deadline"] for n in (1, 2, 3)]
    assert [text[11:16] for text in deadlines] == ["13:00", "23:00", "13:00"]


@pytest.mark.parametrize(
    ("who", "body", "status"),
    [
        ("console", {"at": "2026-05-04T11:00:00.000000Z"}, 403),
        ("console", {"at": "2026-05-04T11:00:00.000000Z", "merchant": "m1"}, 200),
        ("shop", {"at": "2026-05-04T11:00:00.000000Z", "merchant": "m2"}, 403),
        ("shop", {"at": "2026-05-04T12:05:01.000000Z"}, 409),
        ("shop", {"at": "yesterday"}, 422),
    ],
)
async def test_a_sign_off_says_whose_and_when(
    site: "Site", who: str, body: dict[str, str], status: int
) -> None:
    await site.announce("R1/1/1", parcel="P1")
    headers = site.console if who == "console" else site.shop
    answer = await site.http.post("/v1/parcels/P1/sign-off", json=body, headers=headers)
    assert answer.status_code == status, answer.text


async def test_a_parcel_that_no_unit_names_is_not_signed_off(site: "Site") -> None:
    await site.announce("R1/1/1", parcel="P1")
    at = {"at": "2026-05-04T11:00:00.000000Z"}
    answer = await site.http.post("/v1/parcels/P2/sign-off", json=at, headers=site.shop)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_parcel")
    other = await site.http.post(
        "/v1/parcels/P1/sign-off", json={**at, "merchant": "m2"}, headers=site.console
    )
    assert other.json()["code"] == "unknown_parcel"
    first = await site.http.post("/v1/parcels/P1/sign-off", json=at, headers=site.shop)
    await site.announce("R1/1/1", parcel="P3")
    again = await site.http.post("/v1/parcels/P1/sign-off", json=at, headers=site.shop)
    assert (again.status_code, again.content) == (200, first.content)


async def test_a_shop_sets_its_own_products_only(site: "Site") -> None:
    product = {
        "merchant": "m2", "sku": "A", "gtin": "04012345678901", "title": "A", "category": "general",
        "currency": "CNY", "list_price_minor": 1,
    }  # fmt: skip
    for changes, status in (
        ({}, 403),
        ({"merchant": "m1", "gtin": "04012345678902"}, 422),
        ({"gtin": "1"}, 422),
    ):
        body = {"products": [product | changes]}
        answer = await site.http.put("/v1/catalogue/products", json=body, headers=site.shop)
        assert answer.status_code == status, answer.text
