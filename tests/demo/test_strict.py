"""The strict refund system: its books are right whatever it answers, and the real adapter finds its way."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from demo.strict.app import create_app
from demo.strict.books import Refund
from demo.strict.faults import EFFECTS, Fault, Plan, Rates, fails_later
from demo.strict.settings import PaymentSettings, StrictSettings
from demo.strict.telling import refund_object, stripe_signature
from inspection.payouts import PayoutCode
from server.outward.calling import NoAnswer, Reply
from server.refunds.adapters.stripe import StripeRefunds
from server.refunds.adapters.stripe_events import read_event, verify
from server.refunds.gateway import PaymentRef, Payout, PayoutState

ALWAYS = 1_000_000
REF = PaymentRef(merchant="m1", payment="pi_1", order="O-1", currency="EUR")
PAYOUT = Payout(
    key="R1/1/1#1/1",
    payment=REF,
    amount_minor=600,
    unit="R1/1/1",
    reason="changed_mind",
)


class Line:
    """Calls the application as the centre calls a payment system."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def call(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        try:
            said = await self._http.request(method, url, headers=headers, content=body, timeout=5)
        except ConnectionResetError as error:
            raise NoAnswer("broken", sent=True) from error
        return Reply(status=said.status_code, headers=dict(said.headers), content=said.content)


@pytest.fixture
def settings() -> StrictSettings:
    return StrictSettings(payments=PaymentSettings(api_key="sk_test_strict"), patience_s=0.01)


@pytest.fixture
async def http(tmp_path: Path, settings: StrictSettings) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(tmp_path, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://strict") as client:
        await client.post("/sim/payments", json=[["pi_1", 1000, "EUR"]])
        yield client


@pytest.fixture
def gateway(http: httpx.AsyncClient) -> StripeRefunds:
    return StripeRefunds(Line(http), "sk_test_strict", "http://strict")


async def moved(http: httpx.AsyncClient) -> list[int]:
    return [row["amount"] for row in (await http.get("/books.json")).json()["refunds"]]


async def test_a_refund_is_made_once_for_one_key_and_shown(
    http: httpx.AsyncClient, gateway: StripeRefunds
) -> None:
    for _ in range(2):
        assert (await gateway.pay_back(PAYOUT)).state is PayoutState.CONFIRMED
    assert await moved(http) == [600]
    standing = await gateway.standing(REF)
    assert (standing.captured_minor, standing.refunded_minor, standing.currency) == (1000, 600, "EUR")


@pytest.mark.parametrize("allowed", [False, True])
async def test_an_over_refund_is_refused_or_allowed(
    tmp_path: Path, settings: StrictSettings, allowed: bool
) -> None:
    told = settings.model_copy(
        update={"payments": PaymentSettings(api_key="sk_test_strict", over_refund=allowed)}
    )
    transport = httpx.ASGITransport(create_app(tmp_path, told))
    async with httpx.AsyncClient(transport=transport, base_url="http://strict") as client:
        await client.post("/sim/payments", json=[["pi_1", 500, "EUR"]])
        said = await StripeRefunds(Line(client), "sk_test_strict", "http://strict").pay_back(PAYOUT)
    expected = (
        (PayoutState.CONFIRMED, PayoutCode.REFUNDED)
        if allowed
        else (PayoutState.REFUSED, PayoutCode.OVER_REFUND)
    )
    assert (said.state, said.code) == expected


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.HOOK_FIRST], ids=str)
async def test_whatever_it_answers_the_adapter_finds_out_what_became_of_it(
    tmp_path: Path, settings: StrictSettings, fault: Fault
) -> None:
    told = settings.model_copy(update={"rates": Rates.model_validate({fault.value: ALWAYS})})
    transport = httpx.ASGITransport(create_app(tmp_path, told))
    async with httpx.AsyncClient(transport=transport, base_url="http://strict") as client:
        await client.post("/sim/payments", json=[["pi_1", 1000, "EUR"]])
        gateway = StripeRefunds(Line(client), "sk_test_strict", "http://strict")
        said = await gateway.pay_back(PAYOUT)
        found = await gateway.look_up(PAYOUT)
        made = await moved(client)
        assert made == ([600] if fault in EFFECTS | {Fault.LATE_EFFECT} else [])
        assert (found is not None) == bool(made)
        assert said.state is not PayoutState.REFUSED
        again = await gateway.pay_back(PAYOUT)
        await gateway.pay_back(PAYOUT)
        assert again.state is not PayoutState.REFUSED
        assert await moved(client) == [600]


async def test_a_forgotten_key_moves_money_again_unless_it_is_looked_up_first(
    tmp_path: Path, settings: StrictSettings
) -> None:
    account = PaymentSettings(api_key="sk_test_strict", key_memory_s=0.0)
    transport = httpx.ASGITransport(create_app(tmp_path, settings.model_copy(update={"payments": account})))
    async with httpx.AsyncClient(transport=transport, base_url="http://strict") as client:
        await client.post("/sim/payments", json=[["pi_1", 2000, "EUR"]])
        later = StripeRefunds(
            Line(client), "sk_test_strict", "http://strict", lambda: datetime.now(UTC) + timedelta(days=2)
        )
        await later.pay_back(PAYOUT)
        await later.pay_back(replace(PAYOUT, sent_before=datetime.now(UTC)))
        assert await moved(client) == [600]
        await later.pay_back(PAYOUT)
        assert await moved(client) == [600, 600]


async def test_its_webhooks_are_signed_and_about_our_key() -> None:
    refund = Refund(
        number=7, payment="pi_1", unit="R1/1/1", key=PAYOUT.key, amount=600, currency="EUR",
        status="failed", was="succeeded", created=0.0, next=None, next_at=None,
    )  # fmt: skip
    event: dict[str, Any] = {
        "id": "evt_7_failed", "type": "refund.failed", "created": 1, "data": {"object": refund_object(refund)}
    }  # fmt: skip
    body = orjson.dumps(event)
    verify(stripe_signature("whsec_x", 1000, body), body, ["whsec_x"], 1000.0)
    read = read_event(body)
    assert read is not None
    assert (read.key, read.answer.state) == (PAYOUT.key, PayoutState.REFUSED)


def test_the_same_seed_fails_the_same_requests() -> None:
    rates = Rates(error_after=300_000, throttled=300_000)
    one, two = Plan(seed=3, rates=rates), Plan(seed=3, rates=rates)
    names = [f"R{number}/1/1#1/1" for number in range(50)]
    told = [one.next(name) for name in names]
    assert told == [two.next(name) for name in names]
    assert {fault for fault in told if fault} == {Fault.ERROR_AFTER, Fault.THROTTLED}
    assert not any(
        fails_later(3, f"{name.rpartition('/')[0]}/2", Rates(late_failure=ALWAYS)) for name in names
    )
