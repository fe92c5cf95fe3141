"""What bad input gets: a named reason, and nothing at all is changed in the database."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from inspection.custody.signing import public_bytes
from inspection.messages.webhook import sign_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey
from server.db.columns import metadata
from server.db.refund_tables import deliveries
from tests.server.conftest import product_object, unit_object

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

KEY = SigningKey(Ed25519PrivateKey.generate())
FIRST, NEXT = (HmacKey(hashlib.sha256(name).digest()) for name in (b"first", b"next"))
EVENT = b'{"v":1,"id":"EV-1","parcel":"P-1","event":"signed_off","at":"2026-05-04T11:55:00.000000Z"}'
MANY = b"[" + b" " * 10_000_000
Send = Callable[["Site"], Awaitable[httpx.Response]]
CSV_HEAD = (
    b"id,authorization,order,customer,line,index,sku,epc,serial,paid_minor,currency,reason,parcel,deadline,"
    b"inspection,purpose\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One bad input."""

    send: Send
    status: int
    code: str
    says: str = ""
    """Part of what a person reads."""


def returns(**changes: Any) -> Send:
    async def send(site: "Site") -> httpx.Response:
        body = json.dumps({"units": [unit_object("R8/1/1"), unit_object("R9/1/1") | changes]})
        return await site.http.post("/v1/returns", content=body, headers=site.shop)

    return send


def product(**changes: Any) -> Send:
    async def send(site: "Site") -> httpx.Response:
        body = {"products": [product_object(sku="CUP-1"), product_object(sku="CUP-2", **changes)]}
        return await site.http.put("/v1/catalogue/products", json=body, headers=site.shop)

    return send


def outcome(age_s: int = 0, key: SigningKey = KEY, raw: bytes | None = None, **changes: Any) -> Send:
    async def send(site: "Site") -> httpx.Response:
        value = {
            "v": 1, "id": "re_1", "merchant": "m1", "instruction": "R1/1/1#1", "unit": "R1/1/1",
            "status": "settled", "refunded_total_minor": 4000, "currency": "CNY",
            "happened_at": "2026-05-04T11:59:00.000000Z",
        }  # fmt: skip
        body = json.dumps(value | changes).encode() if raw is None else raw
        signed = sign_webhook((key,), "msg_1", int(site.clock.moment.timestamp()) - age_s, body)
        url = "/v1/refunds/outcomes"
        return await site.http.post(url, content=body, headers={**site.shop, **signed})

    return send


def hook(
    body: bytes = EVENT,
    age_s: int = 0,
    key: HmacKey = NEXT,
    after_s: int = 0,
    id: str = "msg_9",
) -> Send:
    async def send(site: "Site") -> httpx.Response:
        site.clock.forward(after_s)
        signed = sign_webhook((key,), id, int(site.clock.moment.timestamp()) - age_s, body)
        return await site.http.post("/v1/hooks/m1/carrier", content=body, headers=signed)

    return send


def endpoint(url: str) -> Send:
    async def send(site: "Site") -> httpx.Response:
        public = base64.b64encode(public_bytes(KEY.private)).decode()
        body = {"url": url, "outcome_public_key": public}
        return await site.http.put("/v1/refunds/endpoint", json=body, headers=site.shop)

    return send


def post(path: str, body: bytes, method: str = "POST") -> Send:
    async def send(site: "Site") -> httpx.Response:
        return await site.http.request(method, path, content=body, headers=site.shop)

    return send


TABLE: dict[str, Case] = {
    "a return in an unknown currency": Case(
        send=returns(currency="XQQ"), status=409, code="conflict", says="unknown_currency"
    ),
    "a currency in small letters": Case(send=returns(currency="cny"), status=422, code="bad_message"),
    "an outcome in an unknown currency": Case(
        send=outcome(currency="XQQ"), status=422, code="unknown_currency"
    ),
    "a negative price": Case(send=returns(paid_minor=-1), status=422, code="bad_message"),
    "half a minor unit": Case(send=returns(paid_minor=10.5), status=422, code="bad_message"),
    "minor units as a whole float": Case(send=returns(paid_minor=10.0), status=422, code="bad_message"),
    "minor units as text": Case(send=returns(paid_minor="5000"), status=422, code="bad_message"),
    "more minor units than JSON can count": Case(
        send=returns(paid_minor=2**53), status=422, code="bad_message"
    ),
    "more promised than was paid": Case(send=returns(promised_minor=5001), status=422, code="bad_message"),
    "a negative outcome": Case(send=outcome(refunded_total_minor=-1), status=422, code="bad_message"),
    "half a minor unit refunded": Case(
        send=outcome(refunded_total_minor=0.5), status=422, code="bad_message"
    ),
    "a unit that was inspected and refunded already": Case(
        send=returns(id="R1/1/1", authorization="R1", paid_minor=9000), status=409, code="conflict",
        says="already_inspected",
    ),
    "an outcome id with another amount": Case(
        send=outcome(id="re_0", refunded_total_minor=5000), status=409, code="conflict"
    ),
    "a CSV without a heading": Case(
        send=post("/v1/returns.csv", b"R7/1/1,R7\n"), status=400, code="bad_request"
    ),
    "an outcome of 6 minutes ago": Case(send=outcome(age_s=301), status=403, code="webhook_stale"),
    "an outcome of the future": Case(send=outcome(age_s=-301), status=403, code="webhook_early"),
    "an outcome by a stranger's key": Case(
        send=outcome(key=SigningKey(Ed25519PrivateKey.generate())), status=403, code="bad_signature"
    ),
    "a webhook of 6 minutes ago": Case(send=hook(age_s=301), status=403, code="webhook_stale"),
    "a webhook by a key past its overlap": Case(
        send=hook(key=FIRST, after_s=3601), status=403, code="signature_expired_key"
    ),
    "a webhook's id with another body": Case(
        send=hook(EVENT.replace(b"P-1", b"P-2"), id="msg_0"), status=409, code="hook_reused"
    ),
    "an endpoint in the private network": Case(
        send=endpoint("https://10.0.0.8/hook"), status=403, code="endpoint_refused"
    ),
    "an endpoint at the cloud's own address": Case(
        send=endpoint("https://169.254.169.254/hook"), status=403, code="endpoint_refused"
    ),
    "an endpoint by plain http": Case(
        send=endpoint("http://192.0.2.1/hook"), status=403, code="endpoint_refused"
    ),
    "10 MB of returns": Case(send=post("/v1/returns", MANY), status=413, code="too_large"),
    "10 MB of outcome": Case(send=outcome(raw=MANY), status=413, code="too_large"),
    "10 MB of webhook": Case(send=hook(MANY), status=413, code="too_large"),
    "10 MB of endpoint": Case(
        send=post("/v1/refunds/endpoint", MANY, "PUT"), status=413, code="too_large"
    ),
}  # fmt: skip


async def contents(site: "Site") -> dict[str, Any]:
    """All that is in the database."""

    def read(connection: Any) -> dict[str, Any]:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in metadata.sorted_tables
        }

    return await site.centre.reader.run(read)


async def prepare(site: "Site", bench: "Bench") -> None:
    """A unit that was returned, judged and paid back; keys of a carrier, of which one is replaced."""
    assert (await endpoint("http://127.0.0.1:9/hook")(site)).status_code == 200
    await site.announce("R1/1/1")
    await site.send(bench, bench.signed("R1/1/1"))
    told = update(deliveries).values(state="delivered", attempts=1, answer="HTTP 200")
    await site.centre.writer.submit(lambda c: c.execute(told))
    answer = await outcome(id="re_0")(site)
    assert answer.status_code == 200, answer.text
    for key in (FIRST, NEXT):
        body = {"key": key.to_text(), "overlap_s": 3600}
        assert (await site.http.put("/v1/hooks/carrier", json=body, headers=site.shop)).status_code == 200
    assert (await hook(id="msg_0")(site)).status_code < 300


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_it_is_refused_by_name_and_changes_nothing(site: "Site", bench: "Bench", name: str) -> None:
    case = TABLE[name]
    await prepare(site, bench)
    before = await contents(site)
    answer = await case.send(site)
    problem = answer.json()
    assert (answer.status_code, problem.get("code")) == (case.status, case.code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:regrade:problem:{case.code}"
    assert {"title", "status", "detail"} <= problem.keys()
    assert case.says in problem["detail"]
    assert await contents(site) == before


@pytest.mark.parametrize("send", [outcome(id="re_0"), hook(id="msg_0"), hook(id="msg_0", key=FIRST)])
async def test_the_very_same_again_is_answered_and_changes_nothing(
    site: "Site", bench: "Bench", send: Send
) -> None:
    await prepare(site, bench)
    before = await contents(site)
    assert (await send(site)).status_code < 300
    assert await contents(site) == before


async def test_a_bad_row_of_a_csv_is_named_and_keeps_nothing_of_itself(site: "Site", bench: "Bench") -> None:
    await prepare(site, bench)
    good = b"R7/1/1,R7,O-7,C-1,1,1,MUG-1,,,5000,CNY,changed_mind,,,1,first\n"
    rows = [
        good.replace(b"R7/1/1", b"R7/1/2").replace(b",5000,", price) for price in (b",-1,", b",1.5,", b",x,")
    ]
    before = await contents(site)
    answer = await site.http.post("/v1/returns.csv", content=CSV_HEAD + b"".join(rows), headers=site.shop)
    assert {each["column"] for each in answer.json()["rejected"]} == {"paid_minor"}, answer.text
    assert await contents(site) == before
    mixed = await site.http.post("/v1/returns.csv", content=CSV_HEAD + rows[0] + good, headers=site.shop)
    assert [each["row"] for each in mixed.json()["rejected"]] == [2], mixed.text
    after = await contents(site)
    assert [row for row in after["units"] if "R7/1/2" in row] == []
    assert len(after["units"]) == len(before["units"]) + 1
