"""Documents of other systems through the API: good parts go in, bad ones come back by name."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Connection

from server.returns.importing import service
from server.returns.importing.epcis import Moved
from server.returns.repository import find_units
from server.returns.router import terms_for
from tests.server.conftest import product_object, unit_object
from tests.server.returns.test_mappings import golden, put
from tests.server.statements import statements

if TYPE_CHECKING:
    from tests.server.conftest import Site

MEDUSA = "return_01JDSV0000000000000000TEST"


async def products(site: "Site") -> None:
    rows = [product_object(), product_object(sku="BOWL-1", title="Bowl")]
    answer = await site.http.put("/v1/catalogue/products", json={"products": rows}, headers=site.shop)
    assert answer.status_code == 200, answer.text


async def send(site: "Site", source: str, document: Any) -> dict[str, Any]:
    answer = await site.http.post(f"/v1/imports/{source}", json=document, headers=site.shop)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("source", ["shopify", "medusa"])
async def test_a_document_again_changes_nothing(site: "Site", source: str) -> None:
    await products(site)
    first = await send(site, source, golden(f"{source}_return"))
    assert first == {"accepted": 3, "flagged": [], "rejected": [], "more_rejected": 0}

    assert await send(site, source, golden(f"{source}_return")) == first


async def test_a_product_that_is_not_in_the_catalogue_comes_back_with_its_place(site: "Site") -> None:
    await site.announce("R0/1/1")
    found = await send(site, "medusa", golden("medusa_return"))
    assert (found["accepted"], [(r["path"], r["code"]) for r in found["rejected"]]) == (
        2, [("return.items[1]", "unknown_sku")],
    )  # fmt: skip


async def test_units_of_a_line_are_counted_over_all_its_returns(site: "Site") -> None:
    await products(site)
    await send(site, "medusa", golden("medusa_return"))
    second = put(golden("medusa_return"), "return.id", "return_2")
    del second["return"]["items"][1]
    found = await send(site, "medusa", second)
    assert found["accepted"] == 2
    assert [(each["unit"], each["first"]) for each in found["flagged"]] == [("return_2/1/2", f"{MEDUSA}/1/2")]
    assert await send(site, "medusa", second) | {"flagged": found["flagged"]} == found


async def test_epcis_gives_announced_units_their_serial_and_parcel(site: "Site") -> None:
    await site.announce("R1/1/1", "R1/1/2", "R2/1/1")
    found = await send(site, "epcis", golden("epcis_returning"))
    assert found["accepted"] == 3
    assert [row["code"] for row in found["rejected"]] == ["not_an_item", "not_a_return", "other_event"]
    held = await site.centre.reader.run(lambda c: find_units(c, "s1", ["R1/1/1", "R1/1/2", "R2/1/1"]))
    assert {name: (u.message.serial, u.message.parcel) for name, u in held.items()} == {
        "R1/1/1": ("1001", "00040123450000000016"),
        "R1/1/2": ("1002", "00040123450000000016"),
        "R2/1/1": ("1003", None),
    }
    assert await send(site, "epcis", golden("epcis_returning")) == found


async def test_epcis_asks_the_books_no_oftener_for_more_items(site: "Site") -> None:
    await site.announce(*(f"R1/1/{index}" for index in range(1, 6)))
    terms = await terms_for(site.centre, "m1", ())

    def note(connection: Connection, items: list[Moved]) -> tuple[int, int]:
        with statements(connection) as asked:
            accepted = service.note_moves(connection, terms, items).accepted
        return accepted, sum(text.startswith("SELECT") for text in asked)

    one, four = ([moved(f"{many}-{number}") for number in range(many)] for many in (1, 4))
    accepted, selects = await site.centre.writer.submit(lambda c: note(c, one))
    assert accepted == 1
    assert await site.centre.writer.submit(lambda c: note(c, four)) == (4, selects)


def moved(serial: str) -> Moved:
    return Moved(authorization="R1", gtin="04012345678901", serial=serial, parcel=None, path="epcList[0]")


async def test_epcis_announces_nothing(site: "Site") -> None:
    await site.announce("R9/1/1")
    found = await send(site, "epcis", golden("epcis_returning"))
    assert (found["accepted"], {row["code"] for row in found["rejected"]}) == (
        0, {"not_announced", "not_an_item", "not_a_return", "other_event"},
    )  # fmt: skip


@pytest.mark.parametrize("source", ["shopify", "medusa", "epcis"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "bad_request"),
        (b"[" * 100_000, 400, "bad_request"),
        (b" " * 10_000_000, 413, "too_large"),
    ],
)
async def test_a_body_that_is_none_is_refused(
    site: "Site", source: str, body: bytes, status: int, code: str
) -> None:
    answer = await site.http.post(f"/v1/imports/{source}", content=body, headers=site.shop)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_console_key_imports_nothing(site: "Site") -> None:
    answer = await site.http.post("/v1/imports/medusa", content=b"{}", headers=site.console)
    assert answer.status_code == 403


async def test_announcing_by_hand_beside_it_is_the_same_thing(site: "Site") -> None:
    await products(site)
    await send(site, "shopify", golden("shopify_return"))
    row = unit_object("X/1/1", order="148977776", authorization="X", currency="EUR")
    answer = await site.http.post("/v1/returns", content=json.dumps({"units": [row]}), headers=site.shop)
    assert [each["first"] for each in answer.json()["flagged"]] == ["945000954/1/1"]
