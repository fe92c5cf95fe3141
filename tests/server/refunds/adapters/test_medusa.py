"""The Medusa adapter, before answers that Medusa 2.21.2 gave, and before some that nobody should."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.money import EXPONENTS, minor_of
from inspection.payouts import PayoutCode
from server.errors import EndpointRefused, GatewayDown, GatewayRefused
from server.outward.calling import Reply
from server.refunds.adapters.medusa import MOST_DIGITS, SETTLE_S, MedusaRefunds, note_of, refund_body
from server.refunds.gateway import PayoutAnswer, PayoutState
from tests.server.refunds.adapters.replies import (
    HOSTILE,
    Peer,
    lost,
    payout,
    recorded,
    recorded_request,
    says,
)

PAYMENT = "pay_01M8HZR58XQNA9PCFRFCHF975C"
NOW = datetime(2026, 11, 28, 21, 30, tzinfo=UTC)
OURS = payout(PAYMENT)


def medusa(*answers: Reply | Exception) -> tuple[MedusaRefunds, Peer]:
    peer = Peer(list(answers))
    return MedusaRefunds(peer, "http://127.0.0.1:9000/", "sk_x", lambda: NOW), peer


def shown(*refunds: tuple[str, str, float], booked: tuple[str, ...] = (), currency: str = "eur") -> Reply:
    """A payment with refunds of (note, amount, age in seconds)."""
    body = {
        "currency_code": currency,
        "captures": [{"raw_amount": {"value": "150", "precision": 20}}],
        "refunds": [
            {
                "id": f"ref_{number}",
                "raw_amount": {"value": amount},
                "note": note,
                "created_at": (NOW - timedelta(seconds=age_s)).isoformat(),
            }
            for number, (note, amount, age_s) in enumerate(refunds)
        ],
        "payment_collection": {"order": {"transactions": [{"reference_id": each} for each in booked]}},
    }
    return says(200, json.dumps({"payment": body}).encode(), date=format_datetime(NOW, usegmt=True))


async def test_what_is_captured_and_refunded_is_read_exactly() -> None:
    gateway, peer = medusa(recorded("medusa", "standing.get"))
    standing = await gateway.standing(OURS.payment)
    assert (standing.captured_minor, standing.refunded_minor, standing.currency) == (15000, 0, "EUR")
    assert peer.asked[0].url.startswith(f"http://127.0.0.1:9000/admin/payments/{PAYMENT}?fields=")
    assert base64.b64decode(peer.asked[0].headers["authorization"].split()[1]) == b"sk_x:"


async def test_a_refund_is_asked_for_as_it_was_recorded_and_confirmed() -> None:
    gateway, peer = medusa(recorded("medusa", "refunded.post"))
    answer = await gateway.pay_back(OURS)
    assert (answer.state, answer.code) == (PayoutState.CONFIRMED, PayoutCode.REFUNDED)
    assert answer.amount_minor == 1234
    assert answer.reference
    assert peer.asked[0].body == recorded_request("medusa", "refunded.post")
    assert await medusa(recorded("medusa", "refunded.get"))[0].look_up(OURS) == answer


async def test_a_400_with_effect_is_unknown_and_then_found() -> None:
    ours = json.loads(recorded_request("medusa", "with_effect.post"))["note"].removeprefix("regrade ")
    sent = payout(PAYMENT, 2500, key=ours)
    answer = await medusa(recorded("medusa", "with_effect.post"))[0].pay_back(sent)
    assert answer == PayoutAnswer(state=PayoutState.UNKNOWN, code=PayoutCode.UNCLEAR_ANSWER)
    found = await medusa(recorded("medusa", "with_effect.get"))[0].look_up(sent)
    assert found is not None
    assert (found.state, found.code) == (PayoutState.PENDING, PayoutCode.UNDER_WAY)
    old = replace(recorded("medusa", "with_effect.get"), headers={})  # our own clock, which is ahead
    later = await MedusaRefunds(Peer([old]), "http://x", "k", lambda: NOW + timedelta(days=1)).look_up(sent)
    assert later is not None
    assert (later.state, later.code, later.amount_minor) == (
        PayoutState.CONFIRMED,
        PayoutCode.RECORDED_ONLY,
        2500,
    )


@pytest.mark.parametrize(
    ("name", "state", "code"),
    [
        ("over_refund.post", PayoutState.REFUSED, PayoutCode.OVER_REFUND),
        ("unknown_payment.post", PayoutState.REFUSED, PayoutCode.PAYMENT_UNKNOWN),
        ("bad_key.post", PayoutState.NOT_SENT, PayoutCode.CREDENTIALS_REFUSED),
    ],
)
async def test_what_medusa_refuses_beforehand_is_certain(name: str, state: PayoutState, code: str) -> None:
    answer = await medusa(recorded("medusa", name))[0].pay_back(OURS)
    assert (answer.state, answer.code) == (state, code)


@pytest.mark.parametrize(
    ("reply", "state", "code"),
    [
        (lost(sent=True), PayoutState.UNKNOWN, PayoutCode.NO_ANSWER),
        (lost(sent=False), PayoutState.NOT_SENT, PayoutCode.NOT_REACHED),
        (EndpointRefused("no"), PayoutState.NOT_SENT, PayoutCode.ADDRESS_REFUSED),
        (says(500), PayoutState.UNKNOWN, PayoutCode.PEER_FAILED),
        (says(503), PayoutState.UNKNOWN, PayoutCode.PEER_FAILED),
        (says(409), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (says(302), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (says(404), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (says(400), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (says(400, b'{"message": "Invalid request: x"}'), PayoutState.REFUSED, PayoutCode.REQUEST_REFUSED),
        (says(403), PayoutState.NOT_SENT, PayoutCode.CREDENTIALS_REFUSED),
        (replace(shown(), cut=True), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (shown(("another's", "12.34", 0)), PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
    ],
)
async def test_what_is_not_certain_is_unknown(
    reply: Reply | Exception, state: PayoutState, code: PayoutCode
) -> None:
    answer = await medusa(reply)[0].pay_back(OURS)
    assert (answer.state, answer.code) == (state, code)


async def test_a_no_after_an_earlier_attempt_is_read_back_as_that_one_may_be_why() -> None:
    no, again = recorded("medusa", "over_refund.post"), replace(OURS, sent_before=NOW - timedelta(hours=1))
    done = shown((note_of(OURS), "12.34", 0), booked=("ref_0",))
    assert (await medusa(no, done)[0].pay_back(again)).code == PayoutCode.REFUNDED
    assert (await medusa(no, shown())[0].pay_back(again)).code == PayoutCode.OVER_REFUND
    assert (await medusa(no, says(500))[0].pay_back(again)).state == PayoutState.UNKNOWN


async def test_too_many_calls_say_when_to_come_back() -> None:
    answer = await medusa(says(429, retry_after="7"))[0].pay_back(OURS)
    assert (answer.state, answer.retry_after_s) == (PayoutState.NOT_SENT, 7.0)


async def test_none_is_certain_only_when_no_request_of_ours_can_be_under_way() -> None:
    just_now = replace(OURS, sent_before=NOW - timedelta(seconds=SETTLE_S - 1))
    long_ago = replace(OURS, sent_before=NOW - timedelta(seconds=SETTLE_S))
    with pytest.raises(GatewayDown, match="under way"):
        await medusa(shown())[0].look_up(just_now)
    assert await medusa(shown())[0].look_up(long_ago) is None
    assert await medusa(shown())[0].look_up(OURS) is None


async def test_a_refund_that_the_order_shows_is_confirmed_however_young() -> None:
    note = note_of(OURS)
    found = await medusa(shown((note, "12.34", 0), booked=("ref_0",)))[0].look_up(OURS)
    assert found is not None
    assert (found.code, found.reference, found.amount_minor) == (PayoutCode.REFUNDED, "ref_0", 1234)


async def test_two_refunds_under_one_key_are_told_with_their_sum() -> None:
    note = note_of(OURS)
    found = await medusa(shown((note, "12.34", 0), ("x", "1", 0), (note, "12.34", 0)))[0].look_up(OURS)
    assert found is not None
    assert (found.code, found.amount_minor) == (PayoutCode.PAID_TWICE, 2468)


async def test_a_payment_that_medusa_does_not_know_is_refused_and_never_taken_for_unpaid() -> None:
    gateway, _ = medusa(recorded("medusa", "unknown_payment.get"))
    with pytest.raises(GatewayRefused):
        await gateway.standing(OURS.payment)
    with pytest.raises(GatewayDown):
        await gateway.look_up(OURS)


@pytest.mark.parametrize("name", ["", "pay_", "pay_/../x", "pay_1?fields=id", "ch_1", "pay_" + "x" * 61])
async def test_a_name_that_is_no_payment_goes_nowhere(name: str) -> None:
    gateway, peer = medusa(shown())
    assert (await gateway.pay_back(payout(name))).code == PayoutCode.PAYMENT_UNKNOWN
    with pytest.raises(GatewayRefused):
        await gateway.standing(payout(name).payment)
    assert peer.asked == []


async def test_an_amount_that_is_none_of_the_currency_needs_a_person() -> None:
    with pytest.raises(GatewayRefused):
        await medusa(shown(("x", "0.001", 0)))[0].standing(OURS.payment)
    with pytest.raises(GatewayRefused):
        await medusa(shown(currency="xxx"))[0].standing(OURS.payment)
    with pytest.raises(GatewayDown):
        await medusa(shown((note_of(OURS), "0.001", 0)))[0].look_up(OURS)


@pytest.mark.parametrize("content", HOSTILE)
async def test_a_hostile_answer_is_unknown_or_a_named_error(content: bytes) -> None:
    for status in (200, 400, 404):
        assert (await medusa(says(status, content))[0].pay_back(OURS)).state == PayoutState.UNKNOWN
    with pytest.raises((GatewayDown, GatewayRefused)):
        await medusa(says(200, content))[0].standing(OURS.payment)
    with pytest.raises(GatewayDown):
        await medusa(says(200, content))[0].look_up(OURS)


@given(st.integers(1, 10**MOST_DIGITS - 1), st.sampled_from(sorted(EXPONENTS)))
def test_an_amount_survives_medusas_doubles(amount_minor: int, currency: str) -> None:
    said = json.loads(refund_body(payout(PAYMENT, amount_minor, currency=currency)))["amount"]
    read = f"{float(said):.{EXPONENTS[currency]}f}"  # what JavaScript would have, and write
    assert minor_of(read, currency) == amount_minor


@pytest.mark.parametrize(
    ("amount", "currency"), [(0, "EUR"), (-1, "EUR"), (10**MOST_DIGITS, "EUR"), (1, "XXX")]
)
async def test_an_amount_that_medusa_would_not_read_is_not_sent(amount: int, currency: str) -> None:
    gateway, peer = medusa(shown())
    answer = await gateway.pay_back(payout(PAYMENT, amount, currency=currency))
    assert (answer.state, answer.code) == (PayoutState.REFUSED, PayoutCode.AMOUNT_REFUSED)
    assert peer.asked == []
