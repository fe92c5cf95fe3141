"""Stripe's webhooks: nothing is read before one signature fits, and what is read is ours or refused."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import (
    BadMessage,
    BadSignature,
    BadWebhookHeader,
    DomainError,
    EarlyWebhook,
    SetUpIncomplete,
    StaleWebhook,
)
from inspection.payouts import PayoutCode
from server.refunds.adapters.stripe_events import ABOUT_REFUNDS, TOLERANCE_S, read_event, verify
from server.refunds.gateway import PayoutState
from tests.server.refunds.adapters.replies import HOSTILE

NOW_S = 1_795_900_000
SECRET = "whsec_example"
ZEROS = "0" * 64


def signed(body: bytes, secret: str = SECRET, at_s: int = NOW_S) -> str:
    mark = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={mark}"


def event(kind: str = "refund.updated", **changes: Any) -> bytes:
    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 1234,
        "currency": "eur",
        "status": "failed",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "metadata": {"regrade_payout": "R1/1/1#1/1"},
    }
    body = {"id": "evt_1", "type": kind, "created": NOW_S, "data": {"object": refund | changes}}
    return json.dumps(body).encode()


def test_the_published_form_is_taken() -> None:
    body = event()
    verify(signed(body), body, [SECRET], NOW_S)
    verify(signed(body) + ",v0=" + "0" * 64, body, [SECRET], NOW_S + TOLERANCE_S)


def test_while_a_secret_is_replaced_either_of_both_fits() -> None:
    body = event()
    both = f"{signed(body, 'old')},{signed(body, 'new').partition(',')[2]}"
    for secrets in (["old"], ["new"], ["other", "new"]):
        verify(both, body, secrets, NOW_S)


def test_a_changed_body_another_secret_and_another_time_do_not_fit() -> None:
    body = event()
    with pytest.raises(BadSignature):
        verify(signed(body), body + b" ", [SECRET], NOW_S)
    with pytest.raises(BadSignature):
        verify(signed(body), body, ["whsec_other"], NOW_S)
    with pytest.raises(BadSignature):
        verify(signed(body).replace(str(NOW_S), str(NOW_S + 1)), body, [SECRET], NOW_S)


def test_what_is_old_or_from_the_future_is_refused_though_the_signature_fits() -> None:
    body = event()
    with pytest.raises(StaleWebhook):
        verify(signed(body), body, [SECRET], NOW_S + TOLERANCE_S + 1)
    with pytest.raises(EarlyWebhook):
        verify(signed(body), body, [SECRET], NOW_S - TOLERANCE_S - 1)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1",
        f"v1={ZEROS}",
        f"t=x,v1={ZEROS}",
        f"t={NOW_S},v1=zz",
        f"t={NOW_S},t=1,v1={ZEROS}",
        f"t={NOW_S}" + f",v1={ZEROS}" * 9,
        f"t={NOW_S},v1={ZEROS[1:]}",
        "x" * 5000,
    ],
)
def test_a_header_that_is_none_is_refused_before_any_secret(header: str) -> None:
    with pytest.raises(BadWebhookHeader):
        verify(header, b"{}", [SECRET], NOW_S)


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_a_secret_nothing_fits(secrets: list[str]) -> None:
    with pytest.raises(SetUpIncomplete):
        verify(signed(b"{}", ""), b"{}", secrets, NOW_S)


@given(st.text(max_size=200), st.binary(max_size=50))
def test_nothing_but_a_named_error_comes_of_it(header: str, body: bytes) -> None:
    with pytest.raises(DomainError):
        verify(header, body, [SECRET], NOW_S)


@pytest.mark.parametrize("kind", sorted(ABOUT_REFUNDS))
def test_a_late_failure_is_told_of_our_payout(kind: str) -> None:
    told = read_event(event(kind))
    assert told is not None
    assert (told.id, told.key, told.payment, told.currency) == ("evt_1", "R1/1/1#1/1", "pi_1", "EUR")
    assert (told.answer.state, told.answer.code) == (PayoutState.REFUSED, PayoutCode.REFUND_FAILED)
    assert (told.answer.reference, told.answer.amount_minor) == ("re_1", 1234)
    assert told.happened_at == datetime.fromtimestamp(NOW_S, UTC)


def test_a_refund_that_somebody_else_asked_for_has_no_key() -> None:
    told = read_event(event(metadata={}, payment_intent=None, status="succeeded"))
    assert told is not None
    assert (told.key, told.payment, told.answer.state) == (None, "ch_1", PayoutState.CONFIRMED)
    told = read_event(event(metadata=None))
    assert told is not None
    assert told.key is None


def test_an_event_about_something_else_is_nothing() -> None:
    assert read_event(event("charge.refunded")) is None


@pytest.mark.parametrize("content", HOSTILE)
def test_a_hostile_body_is_a_bad_message(content: bytes) -> None:
    with pytest.raises(BadMessage):
        read_event(content)


@pytest.mark.parametrize("changes", [{"amount": -1}, {"amount": "1"}, {"currency": "xxx"}, {"id": "re 1"}])
def test_a_refund_that_is_none_is_a_bad_message(changes: dict[str, Any]) -> None:
    with pytest.raises(BadMessage):
        read_event(event(**changes))
