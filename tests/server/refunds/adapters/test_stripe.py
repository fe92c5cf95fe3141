"""The Stripe adapter, before answers of localstripe, others that Stripe documents, and hostile ones."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inspection.errors import BadAmount
from inspection.money import EXPONENTS
from inspection.payouts import PayoutCode
from server.errors import GatewayDown, GatewayRefused
from server.outward.calling import Reply
from server.refunds.adapters.stripe import API_VERSION, KEY_MEMORY_S, MOST_PAGES, StripeRefunds
from server.refunds.adapters.stripe_words import NOT_SURE, STATUSES, minor_of_stripe, stripe_amount
from server.refunds.gateway import PayoutState
from tests.server.refunds.adapters.replies import (
    HOSTILE,
    Peer,
    lost,
    payout,
    recorded,
    recorded_request,
    says,
)

NOW = datetime(2026, 11, 28, 21, 30, tzinfo=UTC)
OURS = payout("pi_1")
EMPTY = says(200, b'{"data": [], "has_more": false}')


def stripe(*answers: Reply | Exception) -> tuple[StripeRefunds, Peer]:
    peer = Peer(list(answers))
    return StripeRefunds(peer, "sk_x", clock=lambda: NOW), peer


def refund(status: str | None = "succeeded", key: str = OURS.key, number: int = 1) -> dict[str, object]:
    body: dict[str, object] = {"id": f"re_{number}", "amount": 1234, "currency": "eur", "status": status}
    return body | {"metadata": {"regrade_payout": key}}


def made(status: str | None) -> Reply:
    return says(200, json.dumps(refund(status)).encode())


def listed(*rows: dict[str, object], more: bool = False) -> Reply:
    return says(200, json.dumps({"data": rows, "has_more": more}).encode())


def error(
    status: int, code: str | None = None, type: str = "invalid_request_error", message: str = ""
) -> Reply:
    return says(status, json.dumps({"error": {"type": type, "code": code, "message": message}}).encode())


@pytest.mark.parametrize(
    ("name", "refunded"), [("standing_intent", 0), ("standing_charge", 1234), ("over_refunded", 20000)]
)
async def test_what_is_captured_and_refunded_is_read(name: str, refunded: int) -> None:
    gateway, peer = stripe(recorded("localstripe", f"{name}.get"))
    ours = payout("ch_1") if name == "standing_charge" else OURS
    standing = await gateway.standing(ours.payment)
    assert (standing.captured_minor, standing.refunded_minor, standing.currency) == (10000, refunded, "EUR")
    assert peer.asked[0].headers == {"authorization": "Bearer sk_x", "stripe-version": API_VERSION}


async def test_only_what_was_captured_counts() -> None:
    charge = {
        "amount": 900,
        "amount_captured": 700,
        "captured": True,
        "amount_refunded": 1,
        "currency": "usd",
    }
    body = json.dumps(charge).encode()
    assert (await stripe(says(200, body))[0].standing(payout("ch_1").payment)).captured_minor == 700
    body = json.dumps(charge | {"captured": False, "amount_captured": None}).encode()
    assert (await stripe(says(200, body))[0].standing(payout("ch_1").payment)).captured_minor == 0
    body = b'{"currency": "usd", "latest_charge": null}'
    assert (await stripe(says(200, body))[0].standing(OURS.payment)).captured_minor == 0


@pytest.mark.parametrize("name", ["intent", "charge"])
async def test_a_refund_is_asked_for_as_it_was_recorded_and_confirmed(name: str) -> None:
    sent = recorded_request("localstripe", f"refunded_{name}.post")
    fields = dict(part.split("=") for part in sent.decode().split("&"))
    payment = fields["payment_intent" if name == "intent" else "charge"]
    key = "S1/1/1#1/1" if name == "intent" else "S2/1/1#1/1"
    ours = payout(payment, int(fields["amount"]), key=key)
    gateway, peer = stripe(recorded("localstripe", f"refunded_{name}.post"))
    answer = await gateway.pay_back(ours)
    assert (answer.state, answer.amount_minor) == (PayoutState.CONFIRMED, int(fields["amount"]))
    assert peer.asked[0].body == sent
    assert peer.asked[0].headers["idempotency-key"] == key
    assert await stripe(recorded("localstripe", f"refunded_{name}.get"))[0].look_up(ours) == answer


async def test_what_localstripe_refuses_is_refused() -> None:
    answer = await stripe(recorded("localstripe", "unknown_payment.post"))[0].pay_back(OURS)
    assert (answer.state, answer.code) == (PayoutState.REFUSED, PayoutCode.PAYMENT_UNKNOWN)
    answer = await stripe(recorded("localstripe", "bad_key.post"))[0].pay_back(OURS)
    assert answer.code == PayoutCode.CREDENTIALS_REFUSED
    with pytest.raises(GatewayRefused):
        await stripe(recorded("localstripe", "unknown_payment.get"))[0].standing(OURS.payment)


@pytest.mark.parametrize("status", STATUSES)
async def test_every_status_of_a_refund_has_its_word(status: str) -> None:
    answer = await stripe(made(status))[0].pay_back(OURS)
    assert (answer.state, answer.code) == STATUSES[status]
    assert await stripe(listed(refund(status)))[0].look_up(OURS) == answer


@pytest.mark.parametrize("status", ["surely", "", None])
async def test_a_status_that_stripe_does_not_document_is_unknown(status: str | None) -> None:
    assert (await stripe(made(status))[0].pay_back(OURS)).state == PayoutState.UNKNOWN
    with pytest.raises(GatewayDown):
        await stripe(listed(refund(status)))[0].look_up(OURS)


@pytest.mark.parametrize(
    ("reply", "state", "code"),
    [
        (error(400, "charge_disputed"), PayoutState.REFUSED, PayoutCode.PAYMENT_DISPUTED),
        (error(400, "amount_too_large"), PayoutState.REFUSED, PayoutCode.OVER_REFUND),
        (
            error(400, message="Refund amount (€2.00) is greater than unrefunded amount on charge (€1.00)"),
            PayoutState.REFUSED,
            PayoutCode.OVER_REFUND,
        ),
        (error(404, "resource_missing"), PayoutState.REFUSED, PayoutCode.PAYMENT_UNKNOWN),
        (error(402, "balance_insufficient"), PayoutState.REFUSED, PayoutCode.BALANCE_TOO_LOW),
        (error(400, None, "idempotency_error"), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (error(409, "idempotency_key_in_use"), PayoutState.UNKNOWN, PayoutCode.UNDER_WAY),
        (error(409), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (error(424), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (error(429, "lock_timeout"), PayoutState.NOT_SENT, PayoutCode.TOO_MANY_CALLS),
        (error(401), PayoutState.NOT_SENT, PayoutCode.CREDENTIALS_REFUSED),
        (error(500), PayoutState.UNKNOWN, PayoutCode.PEER_FAILED),
        (lost(sent=True), PayoutState.UNKNOWN, PayoutCode.NO_ANSWER),
        (lost(sent=False), PayoutState.NOT_SENT, PayoutCode.NOT_REACHED),
    ],
)
async def test_an_error_is_certain_where_stripe_says_so(
    reply: Reply | Exception, state: PayoutState, code: PayoutCode
) -> None:
    answer = await stripe(reply)[0].pay_back(OURS)
    assert (answer.state, answer.code) == (state, code)


async def test_already_refunded_is_read_back_as_it_may_have_been_us() -> None:
    full = error(400, "charge_already_refunded")
    assert (await stripe(full, listed(refund()))[0].pay_back(OURS)).code == PayoutCode.REFUNDED
    assert (await stripe(full, EMPTY)[0].pay_back(OURS)).code == PayoutCode.ALREADY_REFUNDED
    assert (await stripe(full, lost(sent=True))[0].pay_back(OURS)).state == PayoutState.UNKNOWN


@pytest.mark.parametrize("code", ["parameter_unknown", None])
async def test_a_no_without_a_reason_that_rules_it_out_is_read_back(code: str | None) -> None:
    """Some systems answer 400 after they have paid; a person would then pay once more."""
    no = error(400, code)
    assert (await stripe(no, listed(refund()))[0].pay_back(OURS)).code == PayoutCode.REFUNDED
    refused = await stripe(no, EMPTY)[0].pay_back(OURS)
    assert (refused.state, refused.code) == (PayoutState.REFUSED, PayoutCode.REQUEST_REFUSED)
    assert (await stripe(no, lost(sent=True))[0].pay_back(OURS)).state == PayoutState.UNKNOWN


async def test_what_stripe_may_have_forgotten_is_looked_up_before_it_is_sent_again() -> None:
    old = replace(OURS, sent_before=NOW - timedelta(seconds=KEY_MEMORY_S + 1))
    gateway, peer = stripe(listed(refund()), made("succeeded"))
    assert (await gateway.pay_back(old)).code == PayoutCode.REFUNDED
    assert [each.method for each in peer.asked] == ["GET"]
    gateway, peer = stripe(EMPTY, made("succeeded"))
    assert (await gateway.pay_back(old)).code == PayoutCode.REFUNDED
    assert [each.method for each in peer.asked] == ["GET", "POST"]
    gateway, peer = stripe(says(500), made("succeeded"))
    assert (await gateway.pay_back(old)).state == PayoutState.UNKNOWN
    assert [each.method for each in peer.asked] == ["GET"]
    gateway, peer = stripe(made("succeeded"))
    await gateway.pay_back(replace(OURS, sent_before=NOW - timedelta(seconds=KEY_MEMORY_S)))
    assert [each.method for each in peer.asked] == ["POST"]


async def test_a_look_up_goes_through_all_pages_and_no_further() -> None:
    first = listed(refund(key="other", number=1), more=True)
    gateway, peer = stripe(first, listed(refund(number=2)))
    assert (await gateway.look_up(OURS)) is not None
    assert peer.asked[1].url.endswith("payment_intent=pi_1&limit=100&starting_after=re_1")
    assert await stripe(first, EMPTY)[0].look_up(OURS) is None
    gateway, peer = stripe(first)
    with pytest.raises(GatewayDown, match="refunds of one payment"):
        await gateway.look_up(OURS)
    assert len(peer.asked) == MOST_PAGES


async def test_a_failed_refund_does_not_hide_a_good_one() -> None:
    found = await stripe(listed(refund("failed"), refund(number=2)))[0].look_up(OURS)
    assert found is not None
    assert (found.code, found.reference) == (PayoutCode.REFUNDED, "re_2")
    twice = await stripe(listed(refund("pending"), refund(number=2)))[0].look_up(OURS)
    assert twice is not None
    assert (twice.code, twice.amount_minor) == (PayoutCode.PAID_TWICE, 2468)


@pytest.mark.parametrize("name", ["", "pi_", "pay_1", "pi_1/../x", "pi_1&amount=9", "ch_" + "x" * 121])
async def test_a_name_that_is_no_payment_goes_nowhere(name: str) -> None:
    gateway, peer = stripe(EMPTY)
    assert (await gateway.pay_back(payout(name))).code == PayoutCode.PAYMENT_UNKNOWN
    with pytest.raises(GatewayRefused):
        await gateway.standing(payout(name).payment)
    with pytest.raises(GatewayDown):
        await gateway.look_up(payout(name))
    assert peer.asked == []


@pytest.mark.parametrize("content", HOSTILE)
async def test_a_hostile_answer_is_unknown_or_a_named_error(content: bytes) -> None:
    for status in (200, 409, 424):
        assert (await stripe(says(status, content))[0].pay_back(OURS)).state == PayoutState.UNKNOWN
    for ours in (OURS, payout("ch_1")):
        with pytest.raises((GatewayDown, GatewayRefused)):
            await stripe(says(200, content))[0].standing(ours.payment)
        with pytest.raises(GatewayDown):
            await stripe(says(200, content))[0].look_up(ours)


@pytest.mark.parametrize("currency", sorted(set(EXPONENTS) - NOT_SURE))
def test_an_amount_comes_back_as_it_went(currency: str) -> None:
    for amount in (100, 1200, 999_999_900):
        assert minor_of_stripe(stripe_amount(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency"), [(0, "EUR"), (-5, "EUR"), (1234, "KWD"), (50, "MGA"), (1, "UGX")]
)
async def test_what_stripe_cannot_move_exactly_is_not_sent(amount: int, currency: str) -> None:
    with pytest.raises(BadAmount):
        stripe_amount(amount, currency)
    gateway, peer = stripe(made("succeeded"))
    answer = await gateway.pay_back(payout("pi_1", amount, currency=currency))
    assert (answer.state, answer.code) == (PayoutState.REFUSED, PayoutCode.AMOUNT_REFUSED)
    assert peer.asked == []


def test_a_fraction_of_the_smallest_unit_is_no_amount() -> None:
    with pytest.raises(BadAmount):
        minor_of_stripe(550, "ISK")
    assert minor_of_stripe(500, "ISK") == 5
