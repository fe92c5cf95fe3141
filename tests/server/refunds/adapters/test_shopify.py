"""Shopify's words and ours: what is asked, what an answer means, and what is never believed."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.errors import BadAmount, UnknownCurrency
from inspection.grades import Channel, Disposition, ReturnException
from inspection.payouts import PayoutCode
from server.errors import GatewayDown, GatewayRefused, NotSayable
from server.refunds.adapters import shopify, shopify_reading
from server.refunds.adapters.shopify import ReturnLine, disposition_of
from server.refunds.adapters.shopify_reading import Suggestion
from server.refunds.adapters.wire import Request
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer, PayoutState
from tests.server.refunds.adapters.hostile import answers

GOLDEN = json.loads((Path(__file__).parents[3] / "golden/refunds/shopify.json").read_text("utf-8"))
AT = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
GID = "gid://shopify"
PAYMENT = PaymentRef(
    merchant="m1", payment=f"{GID}/OrderTransaction/11", order=f"{GID}/Order/1", currency="EUR"
)
PAYOUT = Payout(
    key="R1/1/1#1/1", payment=PAYMENT, amount_minor=1032, unit="R1/1/1", reason="refund.used", version="1"
)
LINE = ReturnLine(
    return_id=f"{GID}/Return/945000961",
    line=f"{GID}/ReturnLineItem/677614678",
    reverse_line=f"{GID}/ReverseFulfillmentOrderLineItem/9",
    location=f"{GID}/Location/346779380",
    disposition=Disposition.RESALE,
    channel=Channel.RESTOCK,
    exception=None,
)
EMPTY = replace(LINE, disposition=Disposition.HOLD, exception=ReturnException.EMPTY_BOX)
WIRE: dict[str, Callable[[], Request]] = {
    "process and pay": lambda: shopify.to_wire(PAYOUT, LINE),
    "pay more for a line that is processed": lambda: shopify.to_wire(
        PAYOUT, replace(LINE, processed=True, gateway="shopify_payments")
    ),
    "say that it was missing": lambda: shopify.dispose_to_wire(EMPTY),
    "read an order": lambda: shopify.standing_to_wire(PAYMENT),
    "ask what the shop would pay": lambda: shopify.suggestion_to_wire(LINE),
}


@pytest.mark.parametrize("case", GOLDEN["requests"], ids=lambda case: case["name"])
def test_a_request_is_the_golden_one(case: dict[str, Any]) -> None:
    request = WIRE[case["name"]]()
    assert (request.method, request.path) == (case["method"], case["path"])
    assert dict(request.headers) == case["headers"]
    assert json.loads(request.body) == case["body"]


@pytest.mark.parametrize("case", GOLDEN["answers"], ids=lambda case: case["name"])
def test_an_answer_means_what_the_golden_file_says(case: dict[str, Any]) -> None:
    content = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    said = shopify_reading.read(PAYOUT, case["status"], content.encode())
    assert [said.state, said.code, said.reference, said.retry_after_s] == case["ours"]


def test_an_over_refund_is_never_allowed() -> None:
    for make in WIRE.values():
        assert b"allowOverRefunding" not in make().body


@pytest.mark.parametrize(
    ("disposition", "channel", "exception", "word"),
    [
        (Disposition.RESALE, Channel.RESTOCK, None, "RESTOCKED"),
        (Disposition.RESALE, Channel.OPEN_BOX, None, "NOT_RESTOCKED"),
        (Disposition.RESALE, Channel.LIQUIDATE, None, "NOT_RESTOCKED"),
        (Disposition.REPAIR, Channel.REFURBISH, None, "PROCESSING_REQUIRED"),
        (Disposition.SCRAP, Channel.RECYCLE, None, "NOT_RESTOCKED"),
        (Disposition.HOLD, Channel.HOLD_AREA, None, "PROCESSING_REQUIRED"),
        (Disposition.HOLD, Channel.HOLD_AREA, ReturnException.EMPTY_BOX, "MISSING"),
        (Disposition.RESALE, Channel.RESTOCK, ReturnException.WRONG_ITEM, "PROCESSING_REQUIRED"),
    ],
)
def test_a_disposition_in_their_word(
    disposition: Disposition, channel: Channel, exception: ReturnException | None, word: str
) -> None:
    line = replace(LINE, disposition=disposition, channel=channel, exception=exception)
    assert disposition_of(line) == word


def test_every_decision_has_a_word_or_is_refused_by_name() -> None:
    words = set()
    for disposition, channel, exception in product(Disposition, Channel, [None, *ReturnException]):
        line = replace(LINE, disposition=disposition, channel=channel, exception=exception)
        with suppress(NotSayable):
            words.add(disposition_of(line))
    assert words == {"RESTOCKED", "NOT_RESTOCKED", "PROCESSING_REQUIRED", "MISSING"}
    for exception in (ReturnException.DUPLICATE, ReturnException.OVER_QUANTITY):
        with pytest.raises(NotSayable):
            disposition_of(replace(LINE, exception=exception))


@pytest.mark.parametrize(
    ("payout", "line"),
    [
        (replace(PAYOUT, amount_minor=0), LINE),
        (replace(PAYOUT, version=None), LINE),
        (replace(PAYOUT, version="-1"), LINE),
        (replace(PAYOUT, version="10000"), LINE),
        (replace(PAYOUT, payment=replace(PAYMENT, payment="11")), LINE),
        (replace(PAYOUT, payment=replace(PAYMENT, payment=f"{GID}/Order/11")), LINE),
        (PAYOUT, replace(LINE, return_id=f'{GID}/Return/1"')),
        (PAYOUT, replace(LINE, location=None)),
        (PAYOUT, replace(LINE, processed=True)),
        (PAYOUT, replace(LINE, exception=ReturnException.DUPLICATE)),
    ],
)
def test_what_cannot_be_told_is_refused_by_name(payout: Payout, line: ReturnLine) -> None:
    with pytest.raises(NotSayable):
        shopify.to_wire(payout, line)


def test_a_currency_or_an_amount_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(UnknownCurrency):
        shopify.to_wire(replace(PAYOUT, payment=replace(PAYMENT, currency="XXX")), LINE)
    with pytest.raises(BadAmount):
        shopify.to_wire(replace(PAYOUT, amount_minor=2**60), LINE)


def test_amounts_have_the_digits_of_their_currency() -> None:
    for currency, text in (("EUR", "10.32"), ("JPY", "1032"), ("KWD", "1.032")):
        request = shopify.to_wire(replace(PAYOUT, payment=replace(PAYMENT, currency=currency)), LINE)
        assert f'"amount":"{text}"'.encode() in request.body


def test_a_second_refund_of_a_unit_has_one_key_for_ever() -> None:
    line = replace(LINE, processed=True, gateway="shopify_payments")
    first, again = shopify.to_wire(PAYOUT, line), shopify.to_wire(PAYOUT, line)
    assert first == again
    assert first != shopify.to_wire(replace(PAYOUT, key="R1/1/1#1/2"), line)


def movement(number: int, kind: str, amount: str, **other: Any) -> dict[str, Any]:
    said = {"status": "SUCCESS", "createdAt": f"2026-01-31T08:00:{number:02d}Z", "currency": "EUR"} | other
    money = {"presentmentMoney": {"amount": amount, "currencyCode": said.pop("currency")}}
    parent = None if kind == "SALE" else {"id": said.pop("of", PAYMENT.payment)}
    return {
        "id": f"{GID}/OrderTransaction/{number}", "kind": kind, "amountSet": money, **said,
        "parentTransaction": parent,
    }  # fmt: skip


SALE = movement(11, "SALE", "40.00")
EARLIER = movement(12, "REFUND", "10.32")
OURS = movement(13, "REFUND", "10.32")


def processed(*movements: dict[str, Any], **other: Any) -> bytes:
    order = {"id": PAYMENT.order, "transactions": list(movements)}
    done = {"return": {"id": LINE.return_id, "order": order}, "userErrors": []} | other
    return json.dumps({"data": {"returnProcess": done}}).encode()


def order(*movements: dict[str, Any]) -> bytes:
    said = {"id": PAYMENT.order, "transactions": list(movements)}
    return json.dumps({"data": {"order": said}}).encode()


def read(content: bytes, payout: Payout = PAYOUT, status: int = 200) -> PayoutAnswer:
    return shopify_reading.read(payout, status, content)


def test_ours_is_the_refund_that_came_since_the_order_was_read() -> None:
    said = read(processed(OURS, SALE, EARLIER))
    assert said == PayoutAnswer(
        state=PayoutState.CONFIRMED, code=PayoutCode.REFUNDED, reference=OURS["id"], amount_minor=1032
    )


@pytest.mark.parametrize(
    ("movements", "state", "code"),
    [
        ([SALE, EARLIER], PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        ([SALE], PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        ([SALE, EARLIER, OURS, movement(14, "REFUND", "10.32")], PayoutState.UNKNOWN, PayoutCode.SEVERAL_FIT),
        ([SALE, EARLIER, movement(13, "REFUND", "10.33")], PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
        (
            [SALE, EARLIER, movement(13, "REFUND", "10.32", of="other")],
            PayoutState.UNKNOWN,
            PayoutCode.UNCLEAR_ANSWER,
        ),
        (
            [SALE, EARLIER, movement(13, "REFUND", "10.32", currency="USD")],
            PayoutState.UNKNOWN,
            PayoutCode.UNCLEAR_ANSWER,
        ),
        (
            [SALE, EARLIER, movement(13, "REFUND", "10.32", status="PENDING")],
            PayoutState.PENDING,
            PayoutCode.UNDER_WAY,
        ),
        (
            [SALE, EARLIER, movement(13, "REFUND", "10.32", status="FAILURE")],
            PayoutState.REFUSED,
            PayoutCode.REFUND_FAILED,
        ),
        (
            [SALE, EARLIER, movement(13, "REFUND", "10.32", status="UNKNOWN")],
            PayoutState.UNKNOWN,
            PayoutCode.UNCLEAR_ANSWER,
        ),
        ([SALE] * 100, PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER),
    ],
)
def test_only_the_orders_own_movements_are_believed(
    movements: list[dict[str, Any]], state: PayoutState, code: PayoutCode
) -> None:
    said = read(processed(*movements))
    assert (said.state, said.code) == (state, code)


def failed(*codes: str | None, **other: Any) -> bytes:
    errors = [{"field": None, "message": "m", "code": code} for code in codes]
    return processed(SALE, EARLIER, **{"return": None, "userErrors": errors, **other})


def test_every_code_of_theirs_is_translated_or_ambiguous_on_purpose() -> None:
    known: set[str] = set().union(*shopify_reading.USER_ERRORS.values())
    codes = set(GOLDEN["error_codes"]["codes"])
    assert known <= codes
    assert codes - known == {"CREATION_FAILED", "INTERNAL_ERROR", "NOTIFICATION_FAILED"}


@pytest.mark.parametrize(
    "code", ["CREATION_FAILED", "INTERNAL_ERROR", "NOTIFICATION_FAILED", "NEW_ONE", None]
)
def test_an_ambiguous_no_is_looked_up(code: str | None) -> None:
    assert read(failed(code)).state == PayoutState.UNKNOWN
    assert read(failed("NOT_FOUND", code)).state == PayoutState.UNKNOWN


def test_a_no_beside_a_refund_that_was_made_is_looked_up() -> None:
    done = {"id": LINE.return_id, "order": {"id": PAYMENT.order, "transactions": [SALE, EARLIER, OURS]}}
    assert read(failed("INVALID_STATE")).state == PayoutState.REFUSED
    assert read(failed("INVALID_STATE", **{"return": done})).state == PayoutState.UNKNOWN


def test_a_no_after_an_earlier_attempt_is_looked_up() -> None:
    later = replace(PAYOUT, sent_before=AT)
    for code in ("INVALID_STATE", "TOO_BIG", "NOT_FOUND"):
        assert read(failed(code)).state == PayoutState.REFUSED
        assert read(failed(code), later).state == PayoutState.UNKNOWN


def errors(code: str, *path: str, **other: Any) -> bytes:
    error: dict[str, Any] = {"message": "m", "extensions": {"code": code}}
    return json.dumps({"errors": [error | ({"path": path} if path else {})], **other}).encode()


def test_an_error_is_certain_only_before_the_money_can_have_moved() -> None:
    gone: dict[str, Any] = {"data": {"returnProcess": None}}
    assert read(errors("ACCESS_DENIED")).state == PayoutState.NOT_SENT
    assert read(errors("ACCESS_DENIED", "returnProcess", **gone)).state == PayoutState.NOT_SENT
    deep = ("returnProcess", "return", "order", "transactions")
    assert read(errors("ACCESS_DENIED", *deep, **gone)).state == PayoutState.UNKNOWN
    assert read(errors("ACCESS_DENIED", *deep, data=None)).state == PayoutState.UNKNOWN
    assert read(errors("INTERNAL_SERVER_ERROR")).state == PayoutState.UNKNOWN
    assert read(errors("undefinedField")).state == PayoutState.REFUSED


def test_an_error_beside_what_was_done_is_looked_up_whatever_it_says() -> None:
    done = json.loads(processed(SALE, EARLIER, OURS))
    for code in ("THROTTLED", "ACCESS_DENIED", "undefinedField"):
        assert read(errors(code, **done)).state == PayoutState.UNKNOWN
    two = [{"extensions": {"code": code}} for code in ("THROTTLED", "INTERNAL_SERVER_ERROR")]
    assert read(json.dumps({"errors": two}).encode()).state == PayoutState.UNKNOWN


def test_only_an_answer_with_status_200_is_one() -> None:
    paid = processed(SALE, EARLIER, OURS)
    assert read(paid).state == PayoutState.CONFIRMED
    assert {read(paid, status=status).state for status in (201, 302, 404, 500)} == {PayoutState.UNKNOWN}


def test_another_order_says_nothing_of_ours() -> None:
    elsewhere = replace(PAYMENT, order=f"{GID}/Order/2")
    paid = processed(SALE, EARLIER, OURS)
    assert read(paid, replace(PAYOUT, payment=elsewhere)).state == PayoutState.UNKNOWN
    with pytest.raises(GatewayDown):
        shopify_reading.read_standing(elsewhere, 200, order(SALE))


def test_an_order_that_may_not_be_told_whole_says_nothing() -> None:
    many = [movement(14 + number, "VOID", "0.00") for number in range(97)]
    assert read(processed(SALE, EARLIER, OURS, *many[1:])).state == PayoutState.CONFIRMED
    assert read(processed(SALE, EARLIER, OURS, *many)).state == PayoutState.UNKNOWN
    with pytest.raises(GatewayDown):
        shopify_reading.read_standing(PAYMENT, 200, order(SALE, EARLIER, OURS, *many))


def test_a_standing_counts_every_refund_that_may_have_moved_money() -> None:
    pending = movement(13, "REFUND", "5.00", status="PENDING")
    lost = movement(14, "REFUND", "7.00", status="FAILURE")
    other = movement(15, "REFUND", "9.00", of=f"{GID}/OrderTransaction/99")
    found = shopify_reading.read_standing(PAYMENT, 200, order(SALE, EARLIER, pending, lost, other))
    assert found == PaymentStanding(captured_minor=4000, refunded_minor=1532, currency="EUR", version="4")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (order(movement(11, "AUTHORIZATION", "40.00")), GatewayRefused),
        (order(EARLIER), GatewayRefused),
        (b'{"data":{"order":null}}', GatewayRefused),
        (order(movement(11, "SALE", "4e1")), GatewayDown),
        (order(movement(11, "SALE", "40.001")), GatewayDown),
        (b"<html>", GatewayDown),
        (errors("THROTTLED"), GatewayDown),
        (errors("ACCESS_DENIED"), GatewayRefused),
        (b"{}", GatewayDown),
    ],
)
def test_a_standing_that_cannot_be_told_is_an_error_by_name(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        shopify_reading.read_standing(PAYMENT, 200, content)


def test_a_lost_answer_is_found_again_or_certainly_not_there() -> None:
    assert shopify_reading.read_back(PAYOUT, 200, order(SALE, EARLIER)) is None
    found = shopify_reading.read_back(PAYOUT, 200, order(SALE, EARLIER, OURS))
    assert found and (found.state, found.reference) == (PayoutState.CONFIRMED, OURS["id"])
    with pytest.raises(GatewayDown):
        shopify_reading.read_back(PAYOUT, 200, order(SALE))  # one refund less than before
    with pytest.raises(GatewayDown):
        shopify_reading.read_back(PAYOUT, 500, b"")


def test_a_suggestion_is_read_to_compare() -> None:
    def bag(amount: str) -> dict[str, Any]:
        return {"presentmentMoney": {"amount": amount, "currencyCode": "EUR"}}

    outcome = {
        "maximumRefundable": bag("40.0"),
        "financialTransfer": {
            "amount": bag("10.32"),
            "suggestedTransactions": [
                {"amountSet": bag("10.32"), "parentTransaction": {"id": PAYMENT.payment}}
            ],
        },
    }
    said = {"data": {"return": {"id": LINE.return_id, "suggestedFinancialOutcome": outcome}}}
    assert shopify_reading.read_suggestion(PAYMENT, 200, json.dumps(said).encode()) == Suggestion(
        currency="EUR", amount_minor=1032, maximum_minor=4000, by_payment=((PAYMENT.payment, 1032),)
    )


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (b'{"data":{"reverseFulfillmentOrderDispose":{"userErrors":[]}}}', PayoutState.CONFIRMED),
        (
            b'{"data":{"reverseFulfillmentOrderDispose":{"userErrors":[{"code":"INVALID"}]}}}',
            PayoutState.REFUSED,
        ),
        (b'{"data":{"reverseFulfillmentOrderDispose":null}}', PayoutState.UNKNOWN),
        (errors("THROTTLED"), PayoutState.NOT_SENT),
        (b"", PayoutState.UNKNOWN),
    ],
)
def test_what_became_of_a_disposition(content: bytes, state: PayoutState) -> None:
    assert shopify_reading.read_disposed(200, content).state == state


WORDS = answers(
    "data", "errors", "extensions", "code", "path", "returnProcess", "refundCreate", "return", "order", "id",
    "transactions", "kind", "status", "createdAt", "amountSet", "presentmentMoney", "amount", "currencyCode",
    "userErrors", "parentTransaction", "cost", "throttleStatus", "restoreRate", "requestedQueryCost",
    "suggestedFinancialOutcome", "maximumRefundable", "reverseFulfillmentOrderDispose",
)  # fmt: skip


@given(WORDS, st.sampled_from([200, 200, 200, 201, 400, 403, 404, 423, 429, 500, 502]))
def test_no_answer_makes_the_reading_fail_otherwise_than_by_name(content: bytes, status: int) -> None:
    for payout in (PAYOUT, replace(PAYOUT, sent_before=AT)):
        assert shopify_reading.read(payout, status, content).state != PayoutState.CONFIRMED  # none names it
    assert shopify_reading.read_disposed(status, content).state in PayoutState
    with suppress(GatewayDown, GatewayRefused):
        shopify_reading.read_standing(PAYMENT, status, content)
    with suppress(GatewayDown, GatewayRefused):
        shopify_reading.read_back(PAYOUT, status, content)
    with suppress(GatewayDown, GatewayRefused):
        shopify_reading.read_suggestion(PAYMENT, status, content)


AMOUNTS = st.text(max_size=40) | st.sampled_from(["10.32", "9" * 32, "1e9", "NaN", "-10.32", "10,32", "١٠"])
SAID = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["REFUND", "SALE", "VOID", "refund"]),
        "amount": AMOUNTS,
        "status": st.sampled_from(["SUCCESS", "PENDING", "FAILURE", "", "SUCCES"]),
        "createdAt": st.text(max_size=10),
    }
)


@given(st.lists(SAID, max_size=6))
def test_whatever_an_order_holds_ours_is_confirmed_only_to_the_cent(said: list[dict[str, Any]]) -> None:
    movements = [
        movement(20 + n, each.pop("kind"), each.pop("amount"), **each) for n, each in enumerate(said)
    ]
    answer = read(processed(SALE, EARLIER, *movements))
    if answer.state == PayoutState.CONFIRMED:
        fit = [m for m in [EARLIER, *movements] if m["amountSet"]["presentmentMoney"]["amount"] == "10.32"]
        assert answer.reference in {each["id"] for each in fit}
