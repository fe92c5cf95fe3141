"""A unit is found by whatever somebody has in hand, of one's own merchant only."""

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection, text

from server.access import Caller, Scope
from server.db.tables import units
from server.returns.looking import NAMED, PLAIN, question
from server.returns.schemas import UnitQuery
from tests.server.conftest import bearer, product_object, unit_object

if TYPE_CHECKING:
    from tests.server.conftest import Site

ONE: dict[str, Any] = {
    "epc": "30aa", "serial": "S1", "parcel": "P1", "payment": "pay_1", "batch": "B1", "supplier": "S9",
}  # fmt: skip


async def found(site: "Site", headers: dict[str, str], **query: Any) -> list[str]:
    answer = await site.http.get("/v1/returns", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return [unit["unit"] for unit in answer.json()["units"]]


async def second_shop(site: "Site") -> dict[str, str]:
    await site.http.post("/v1/merchants", json={"id": "m2", "name": "Red"}, headers=site.console)
    shop = await bearer(site.centre, Caller(scope=Scope.SHOP, merchant="m2"))
    rows = [product_object(merchant="m2")]
    await site.http.put("/v1/catalogue/products", json={"products": rows}, headers=shop)
    unit = unit_object("M2-R1/1/1", merchant="m2", order="O-1", serial="S1")
    answer = await site.http.post("/v1/returns", json={"units": [unit]}, headers=shop)
    assert answer.status_code == 200, answer.text
    return shop


@pytest.mark.parametrize(
    "query",
    [
        {"order": "O-1"}, {"customer": "C-7"}, {"authorization": "R1"}, {"epc": "30AA"}, {"serial": "S1"},
        {"tracking": "P1"}, {"payment": "pay_1"}, {"unit": "R1/1/1"}, {"batch": "B1"}, {"supplier": "S9"},
        {"sku": "MUG-1", "order": "O-1"},
    ],
)  # fmt: skip
async def test_a_unit_is_found_by_any_identifier(site: "Site", query: dict[str, str]) -> None:
    await site.announce("R1/1/1", customer="C-7", **ONE)
    await site.announce("R2/1/1")
    shop = await second_shop(site)
    assert await found(site, site.shop, **query) == ["R1/1/1"]
    assert "R1/1/1" in await found(site, site.console, **query)
    assert "R1/1/1" not in await found(site, shop, **query)
    assert await found(site, site.console, merchant="m2", **query) in ([], ["M2-R1/1/1"])


async def test_what_leads_to_a_person_is_not_told(site: "Site") -> None:
    await site.announce("R1/1/1", customer="C-7", reason_text="my words", **ONE)
    answer = await site.http.get("/v1/returns", params={"order": "O-1"}, headers=site.shop)
    (unit,) = answer.json()["units"]
    assert (unit["paid_minor"], unit["batch"], unit["doubles"]) == (5000, "B1", None)
    assert not any(said in answer.text for said in ("C-7", "O-1", "my words", "pay_1", 'S1"', "30aa"))


async def test_many_units_come_in_pages(site: "Site") -> None:
    names = [f"R{n}/1/1" for n in range(10, 35)]
    await site.announce(*names)
    seen: list[str] = []
    after = ""
    while after is not None:
        query: dict[str, str | int] = {"sku": "MUG-1", "limit": 10, "after": after}
        page = (await site.http.get("/v1/returns", params=query, headers=site.shop)).json()
        seen += [unit["unit"] for unit in page["units"]]
        after = page["next"]
    assert seen == names


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400), ({"limit": 5}, 400), ({"order": "x" * 65}, 400), ({"sku": "A", "limit": 0}, 400),
        ({"sku": "A", "limit": 201}, 400), ({"sku": "A", "colour": "red"}, 400),
        ({"sku": "A", "merchant": "m2"}, 403),
    ],
)  # fmt: skip
async def test_a_question_that_is_none_is_refused(site: "Site", query: dict[str, Any], status: int) -> None:
    answer = await site.http.get("/v1/returns", params=query, headers=site.shop)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("asked", "column"),
    [
        ("order", "order_name"), ("serial", "serial_name"), ("payment", "payment_name"), ("epc", "epc_state"),
        ("customer", "subject"), ("sku", "sku"), ("batch", "batch"), ("supplier", "supplier"),
        ("authorization", "merchant_authorization"), ("tracking", "merchant_parcel"),
    ],
)  # fmt: skip
def test_every_question_has_its_index(connection: Connection, asked: str, column: str) -> None:
    query = UnitQuery.model_validate({asked: "a"})
    columns = PLAIN | {name: column for name, (column, _) in NAMED.items()} | {"epc": units.c.epc}
    fits = [columns[asked].in_(["a"])]
    told = question("s1", [asked], ["m1"], fits, query)
    written = told.compile(connection, compile_kwargs={"literal_binds": True})
    plan = connection.execute(text(f"EXPLAIN QUERY PLAN {written}")).all()
    assert f"ix_units_site_{column}" in str(plan)
