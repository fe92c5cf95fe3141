"""Stripe's webhooks at the centre: late failures open a refund again, and early news settles it once."""

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from inspection.refund_exceptions import CaseKind
from inspection.refund_state import RefundState
from server.refunds.gateway import PayoutAnswer
from tests.server.refunds.strict import StrictSystem, Trouble
from tests.server.refunds.test_cashier import cashier, execute, inspect, open_kinds, outcomes, row_of, until

if TYPE_CHECKING:
    from tests.server.conftest import Bench, Site

SECRET = "whsec_0123456789abcdef"
KEY = "R1/1/1#1/1"


class Stripe(StrictSystem):
    """Calls its refunds as Stripe does."""

    def _found(self, key: str) -> PayoutAnswer:
        known = super()._found(key)
        return PayoutAnswer(state=known.state, code=known.code, reference="re_1", amount_minor=5000)


@pytest.fixture
def shop() -> StrictSystem:
    return Stripe(captured={"O-1": 5000})


def event(status: str, *, id: str = "evt_1", key: str | None = KEY, **changes: Any) -> bytes:
    metadata = {"regrade_payout": key} if key else {}
    refund = {"id": "re_1", "amount": 5000, "currency": "cny", "status": status, "metadata": metadata}
    said = {"id": id, "type": "refund.updated", "created": 1, "data": {"object": refund | changes}}
    return json.dumps(said).encode()


async def hook(site: "Site", body: bytes, secret: str = SECRET, age_s: int = 0) -> httpx.Response:
    at = int(site.clock.moment.timestamp()) - age_s
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"stripe-signature": f"t={at},v1={mark}"}
    return await site.http.post("/v1/hooks/m1/stripe", content=body, headers=headers)


async def set_secret(site: "Site", secret: str = SECRET, overlap_s: int = 600) -> None:
    body = {"key": secret, "overlap_s": overlap_s}
    answer = await site.http.put("/v1/hooks/stripe", json=body, headers=site.shop)
    assert answer.status_code == 200, answer.text


async def paid(site: "Site", bench: "Bench", shop: StrictSystem) -> None:
    await set_secret(site)
    await execute(site)
    await inspect(site, bench)
    async with cashier(site, shop):
        await until(site, RefundState.CONFIRMED)


async def test_a_refund_that_fails_later_is_opened_again_and_told_to_the_ledger(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await paid(site, bench, shop)
    for _ in range(2):
        answer = await hook(site, event("failed"))
        assert (answer.status_code, answer.json()) == (200, {"hook": "evt_1", "state": "taken"})
    row = await row_of(site)
    assert (row.state, row.paid_minor) == (RefundState.HELD, 0)
    assert await open_kinds(site) == {CaseKind.LATE_FAILURE}
    assert await outcomes(site) == [{"status": "failed", "refunded_total_minor": 0, "matches": False}]


async def test_news_that_come_before_the_answer_settle_it_once(
    site: "Site", bench: "Bench", shop: StrictSystem
) -> None:
    await set_secret(site)
    await execute(site)
    await inspect(site, bench)
    shop.troubles = [Trouble.LOST_AFTER, *[Trouble.DOWN] * 1000]
    async with cashier(site, shop):
        await until(site, RefundState.UNKNOWN)
        assert (await hook(site, event("succeeded"))).status_code == 200
        assert (await hook(site, event("succeeded", id="evt_2"))).status_code == 200
    row = await row_of(site)
    assert (row.state, row.paid_minor) == (RefundState.RECONCILED, 5000)


@pytest.mark.parametrize(
    "changes",
    [{"status": "pending"}, {"status": "failed", "currency": "eur"}, {"status": "failed", "id": "re_2"}],
)
async def test_what_does_not_say_that_ours_failed_changes_nothing(
    site: "Site", bench: "Bench", shop: StrictSystem, changes: dict[str, str]
) -> None:
    await paid(site, bench, shop)
    refund = {name: value for name, value in changes.items() if name != "id"}
    body = json.loads(event(**refund))
    body["data"]["object"]["id"] = changes.get("id", "re_1")
    assert (await hook(site, json.dumps(body).encode())).status_code == 200
    assert (await row_of(site)).state is RefundState.CONFIRMED


async def test_a_refund_of_somebody_else_and_one_that_nobody_asked_for(site: "Site") -> None:
    await set_secret(site)
    assert (await hook(site, event("succeeded", key=None))).json()["state"] == "taken"
    answer = await hook(site, event("succeeded", id="evt_2", key="R9/1/1#1/1"))
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")


async def test_nothing_is_read_before_the_signature_fits(site: "Site") -> None:
    assert (await hook(site, event("failed"))).json()["code"] == "bad_signature"
    await set_secret(site)
    assert (await hook(site, event("failed"), "whsec_another_one_00")).json()["code"] == "bad_signature"
    assert (await hook(site, event("failed"), age_s=301)).json()["code"] == "webhook_stale"
    assert (await hook(site, b"{}")).json()["code"] == "bad_message"
    await set_secret(site, "whsec_a_newer_one_00", overlap_s=0)
    site.clock.forward(1)
    assert (await hook(site, event("failed"))).json()["code"] == "signature_expired_key"
