"""Shopify's webhooks at the centre: refunds that were made there are known, counted once, and never moved."""

import base64
import hashlib
import hmac
import json
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadMessage
from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundState
from server.inbound.matching import match
from server.refunds import cases, owing, standing
from server.refunds.adapters.shopify_hooks import (
    Candidate,
    RefundedLine,
    ShopifyRefund,
    ShopifyReturn,
    attribute,
    read_hook,
)
from tests.server.refunds.test_outcomes import KEY, let_go, outcome, prepare, report

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
SECRET = "shpss_0123456789abcdef"
WITHOUT, ALREADY, MISMATCH = (
    CaseKind.REFUND_WITHOUT_RETURN, CaseKind.ALREADY_REFUNDED, CaseKind.AMOUNT_MISMATCH,
)  # fmt: skip


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


def line(amount: str, quantity: int = 1, sku: str = "MUG-1", tax: str = "0.00") -> dict[str, Any]:
    item = {"id": 466157049, "sku": sku, "price": amount}
    return {"id": 1, "quantity": quantity, "subtotal": amount, "total_tax": tax, "line_item": item}


def refund(paid: str, *lines: dict[str, Any], id: int = 7, order: int = 1, **changes: Any) -> bytes:
    made = {"kind": "refund", "status": "success", "amount": paid, "currency": "CNY"}
    said = {
        "id": id,
        "order_id": order,
        "created_at": "2026-05-04T14:00:00+02:00",
        "refund_line_items": list(lines),
        "order_adjustments": [],
        "transactions": [made | changes],
    }
    return json.dumps(said).encode()


async def set_secret(site: "Site") -> None:
    body = {"key": SECRET, "overlap_s": 600}
    answer = await site.http.put("/v1/hooks/shopify", json=body, headers=site.shop)
    assert answer.status_code == 200, answer.text


async def hook(site: "Site", body: bytes, id: str = "w1", secret: str = SECRET) -> httpx.Response:
    mark = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"x-shopify-hmac-sha256": mark, "x-shopify-webhook-id": id, "x-shopify-topic": "orders/paid"}
    return await site.http.post("/v1/hooks/m1/shopify", content=body, headers=headers)


async def became(site: "Site", body: bytes, id: str = "w1") -> str:
    answer = await hook(site, body, id)
    found = answer.json()
    return str(found.get("code", found.get("state")))


async def told(site: "Site", bench: "Bench") -> None:
    """One unit of order 1, worth 5000, of which the shop was told to pay 4000."""
    await set_secret(site)
    await prepare_order(site)
    await site.send(bench, bench.signed("R1/1/1"))
    await let_go(site)


async def prepare_order(site: "Site") -> None:
    await site.announce("R1/1/1", order="1")


async def row_of(site: "Site", unit: str = "R1/1/1") -> Any:
    return await site.centre.reader.run(lambda c: standing.find(c, "s1", unit))


async def open_cases(site: "Site") -> list[tuple[str, CaseKind, int | None]]:
    def read(c: Any) -> list[tuple[str, CaseKind, int | None]]:
        found = cases.page(c, "s1", cases.Wanted(), 100)
        return [(row.unit, row.kind, row.amount_minor) for row in found]

    return await site.centre.reader.run(read)


async def test_a_refund_of_what_was_told_is_its_outcome(site: "Site", bench: "Bench") -> None:
    await told(site, bench)
    assert await became(site, refund("40.00", line("40.00"))) == "taken"
    row = await row_of(site)
    assert (row.state, row.paid_minor) == (RefundState.CONFIRMED, 4000)
    assert await open_cases(site) == []
    page = (await site.http.get("/v1/refunds", headers=site.shop)).json()
    said = {"status": "settled", "refunded_total_minor": 4000, "matches": True}
    assert page["instructions"][0]["outcome"] == said
    assert site.counted("regrade_refund_outcomes_total", status="settled") == 1


async def test_another_amount_is_a_mismatch_until_the_rest_is_paid(site: "Site", bench: "Bench") -> None:
    await told(site, bench)
    await became(site, refund("30.00", line("30.00")))
    assert await open_cases(site) == [("R1/1/1", MISMATCH, 3000)]
    assert await became(site, refund("10.00", line("10.00"), id=8), "w2") == "taken"
    assert ((await row_of(site)).paid_minor, await open_cases(site)) == (4000, [])


async def test_the_same_refund_counts_once_whatever_brings_it(site: "Site", bench: "Bench") -> None:
    await told(site, bench)
    body = refund("40.00", line("40.00"))
    assert [await became(site, body, id) for id in ("w1", "w1", "w2")] == ["taken"] * 3
    spaced = body.replace(b'"id": 7', b'"id":  7')
    assert await became(site, spaced, "w3") == "taken"
    assert (await row_of(site)).paid_minor == 4000
    assert await became(site, refund("41.00", line("41.00")), "w4") == "hook_reused"
    assert (await row_of(site)).paid_minor == 4000


async def test_one_payment_that_two_tell_of_is_one(site: "Site", bench: "Bench") -> None:
    await set_secret(site)
    await prepare(site, bench, order="1")
    await report(site, outcome(site).to_json(), KEY)
    assert await became(site, refund("40.00", line("40.00"))) == "taken"
    assert ((await row_of(site)).paid_minor, await open_cases(site)) == (4000, [])
    await became(site, refund("40.00", line("40.00"), id=8), "w2")
    assert await open_cases(site) == [("R1/1/1", MISMATCH, 8000)]


async def test_refunds_in_any_order_come_to_the_same(site: "Site", bench: "Bench") -> None:
    await told(site, bench)
    for id, amount in ((9, "15.00"), (8, "25.00")):
        await became(site, refund(amount, line(amount), id=id), f"w{id}")
    assert ((await row_of(site)).paid_minor, await open_cases(site)) == (4000, [])


async def test_a_refund_before_the_return_is_a_case_and_holds_it(site: "Site", bench: "Bench") -> None:
    await set_secret(site)
    await prepare_order(site)
    await became(site, refund("20.00", line("20.00")))
    await became(site, refund("5.00", line("5.00"), id=8), "w2")
    assert await open_cases(site) == [("R1/1/1", WITHOUT, 2500)]
    await site.send(bench, bench.signed("R1/1/1"))
    assert (await row_of(site)).state is RefundState.HELD


async def test_what_is_of_no_unit_is_kept_as_a_case_of_the_order(site: "Site", bench: "Bench") -> None:
    await told(site, bench)
    shipping = [{"kind": "shipping_refund", "amount": "-6.00", "tax_amount": "-1.00"}]
    body = json.loads(refund("47.00", line("40.00"))) | {"order_adjustments": shipping}
    await became(site, json.dumps(body).encode())
    assert (await row_of(site)).paid_minor == 4000
    assert await open_cases(site) == [("R1/1/1", ALREADY, 700)]
    await became(site, refund("3.00", line("3.00", sku="BOWL-1"), id=8), "w2")
    assert await open_cases(site) == [("R1/1/1", ALREADY, 1000)]


async def test_an_order_that_nobody_announced_waits_and_is_tried_again(site: "Site") -> None:
    await set_secret(site)
    answer = await hook(site, refund("20.00", line("20.00")))
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    rows = (await site.http.get("/v1/inbound/waiting", headers=site.console)).json()["waiting"]
    assert [(row["about"], row["name"] == "1") for row in rows] == [("order", False)]
    await site.announce("R2/1/1", order="2")
    assert await match(site.centre) == 0
    await prepare_order(site)
    assert await match(site.centre) == 1
    assert await open_cases(site) == [("R1/1/1", WITHOUT, 2000)]
    assert await became(site, refund("20.00", line("20.00"))) == "taken"


async def test_money_that_may_still_fail_waits_to_be_seen(site: "Site", bench: "Bench") -> None:
    await told(site, bench)
    assert await became(site, refund("40.00", line("40.00"), status="pending")) == "waiting"
    assert await became(site, refund("40.00", line("40.00"), status="failure"), "w2") == "taken"
    assert (await row_of(site)).paid_minor == 0


async def test_an_instruction_that_is_not_out_yet_has_no_outcome(site: "Site", bench: "Bench") -> None:
    await set_secret(site)
    await prepare_order(site)
    await site.send(bench, bench.signed("R1/1/1"))
    body = refund("40.00", line("40.00"))
    assert await became(site, body) == "not_told"
    await let_go(site)
    assert await became(site, body) == "taken"
    assert (await row_of(site)).paid_minor == 4000


async def test_what_the_centre_pays_itself_is_not_told_by_shopify(
    site: "Site", bench: "Bench", monkeypatch: pytest.MonkeyPatch
) -> None:
    await told(site, bench)
    monkeypatch.setattr(owing, "modes_of", lambda *_: {"m1": standing.EXECUTE})
    assert await became(site, refund("40.00", line("40.00"))) == "taken"
    assert ((await row_of(site)).paid_minor, await open_cases(site)) == (0, [])


async def test_another_merchants_secret_admits_nothing(site: "Site", bench: "Bench") -> None:
    await told(site, bench)
    answer = await hook(site, refund("40.00", line("40.00")), secret="shpss_of_another_shop_1")
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_signature")
    assert (await row_of(site)).paid_minor == 0


async def test_a_return_waits_until_it_was_imported(site: "Site") -> None:
    await set_secret(site)
    body = (GOLDEN / "returns" / "shopify_webhook.json").read_bytes()
    assert await became(site, body) == "waiting"
    rows = (await site.http.get("/v1/inbound/waiting", headers=site.console)).json()["waiting"]
    assert [(row["about"], row["name"]) for row in rows] == [("return", "945000954")]
    await site.announce("945000954/1/1")
    assert await match(site.centre) == 1
    assert await became(site, body) == "taken"
    declined = json.loads(body) | {"status": "declined", "admin_graphql_api_id": "gid://shopify/Return/2"}
    assert await became(site, json.dumps(declined).encode(), "w2") == "taken"


async def test_what_is_neither_is_refused_by_name_and_frees_its_id(site: "Site") -> None:
    await set_secret(site)
    assert await became(site, b'{"id": 1, "line_items": []}') == "bad_message"
    assert await became(site, b"[]") == "bad_message"
    assert await became(site, b"{") == "bad_message"


def test_the_documented_refund_is_read_to_the_cent() -> None:
    read = read_hook(json.dumps(golden("refunds/shopify_refund")).encode())
    assert isinstance(read, ShopifyRefund)
    assert (read.id, read.order, read.currency) == ("890088186047892319", "148977776", "EUR")
    assert (read.moved_minor, read.shipping_minor, read.pending) == (3071, 490, False)
    assert read.lines == (RefundedLine(sku="MUG-1", quantity=2, subtotal_minor=2168, tax_minor=413),)
    units = [mug(1), mug(2, owed=1290), mug(3, owed=1291)]
    assert attribute(read, units) == {"R/1/3": 1291, "R/1/2": 1290}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"id": "1"}, "id"),
        ({"id": 2}, "admin_graphql_api_id"),
        ({"order_id": None}, "order_id"),
        ({"processed_at": "2026-05-04T13:05:00"}, "processed_at"),
        ({"transactions": None}, "transactions"),
        ({"refund_line_items": {}}, "refund_line_items"),
    ],
)
def test_a_refund_with_a_wrong_part_names_the_part(changes: dict[str, Any], place: str) -> None:
    body = json.dumps(golden("refunds/shopify_refund") | changes).encode()
    with pytest.raises(BadMessage, match=rf"^{place}: "):
        read_hook(body)


@pytest.mark.parametrize("amount", ["30.711", "-1.00", "1e2", True, None, 1e300, "9" * 17])
def test_an_amount_that_the_currency_does_not_have_is_never_rounded(amount: Any) -> None:
    body = golden("refunds/shopify_refund")
    body["transactions"][0]["amount"] = amount
    with pytest.raises(BadMessage, match="amount"):
        read_hook(json.dumps(body).encode())


def mug(index: int, owed: int | None = None, line: int = 1) -> Candidate:
    return Candidate(unit=f"R/{line}/{index}", sku="MUG-1", line=line, index=index, owed_minor=owed)


def moved(amount: int, *lines: tuple[str, int, int], tax: int = 0) -> ShopifyRefund:
    read = read_hook(refund("1.00", line("1.00")))
    assert isinstance(read, ShopifyRefund)
    made = tuple(
        RefundedLine(sku=sku, quantity=count, subtotal_minor=worth, tax_minor=tax)
        for sku, count, worth in lines
    )
    return ShopifyRefund(
        id="1", order="1", at=read.at, pending=False, currency="CNY", moved_minor=amount, shipping_minor=0,
        lines=made,
    )  # fmt: skip


def test_money_goes_to_the_units_that_it_fits() -> None:
    assert attribute(moved(1000, ("MUG-1", 3, 1000)), [mug(1), mug(2), mug(3)]) == {
        "R/1/1": 334, "R/1/2": 333, "R/1/3": 333,
    }  # fmt: skip
    assert attribute(moved(1000, ("MUG-1", 2, 1000)), [mug(1)]) == {"R/1/1": 500}
    paid = [mug(1, owed=0), mug(2), mug(3, owed=700), mug(4, owed=500)]
    assert attribute(moved(500, ("MUG-1", 1, 500)), paid) == {"R/1/4": 500}
    assert attribute(moved(500, ("MUG-1", 1, 500)), paid[:3]) == {"R/1/3": 500}
    assert attribute(moved(500, ("MUG-1", 1, 500)), paid[:2]) == {"R/1/2": 500}
    lowered = [mug(1, owed=400), mug(2, owed=300)]
    assert attribute(moved(700, ("MUG-1", 2, 1000)), lowered) == {"R/1/1": 400, "R/1/2": 300}
    assert attribute(moved(701, ("MUG-1", 2, 1000)), lowered) == {}
    assert attribute(moved(701, ("MUG-1", 1, 1000)), lowered) == {"R/1/1": 701}
    assert attribute(moved(1000, ("MUG-1", 1, 1000), tax=190), [mug(1)]) == {"R/1/1": 1000}
    assert attribute(moved(500, ("MUG-1", 1, 500)), [mug(1), mug(1, line=2)]) == {}
    assert attribute(moved(500, ("", 1, 500)), [mug(1)]) == {}


def test_an_amount_without_lines_is_the_one_units_that_is_owed_it() -> None:
    assert attribute(moved(400), [mug(1, owed=400), mug(2, owed=300), mug(3)]) == {"R/1/1": 400}
    assert attribute(moved(400), [mug(1, owed=400), mug(2, owed=400)]) == {}
    assert attribute(moved(401), [mug(1, owed=400)]) == {}


@given(
    goods=st.integers(0, 10_000),
    lines=st.lists(
        st.tuples(st.sampled_from(["MUG-1", "BOWL-1", ""]), st.integers(1, 999), st.integers(0, 9_999)),
        max_size=4,
    ),
    owed=st.lists(st.none() | st.integers(0, 5_000), max_size=6),
)
def test_never_more_is_given_to_units_than_was_paid(
    goods: int, lines: list[tuple[str, int, int]], owed: list[int | None]
) -> None:
    shares = attribute(moved(goods, *lines), [mug(n, owed=each) for n, each in enumerate(owed, start=1)])
    assert sum(shares.values()) <= goods
    assert all(share >= 0 for share in shares.values())


PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(["refunds/shopify_refund", "returns/shopify_webhook"]), data=st.data())
def test_a_hostile_body_is_read_or_refused_by_name(name: str, data: st.DataObject) -> None:
    tree = deepcopy(golden(name))
    for _ in range(data.draw(st.integers(1, 3))):
        node: Any = tree
        while isinstance(node, dict | list) and node:
            key: Any = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
            if not isinstance(node[key], dict | list) or data.draw(st.booleans()):
                node[key] = data.draw(PARTS)
                break
            node = node[key]
    try:
        read = read_hook(json.dumps(tree).encode())
    except BadMessage as error:
        assert str(error)
    else:
        assert isinstance(read, ShopifyRefund | ShopifyReturn)


@given(st.binary(max_size=200))
def test_noise_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(BadMessage):
        read_hook(body)
