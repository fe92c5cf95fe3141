"""Taobao's words and ours: what is signed, what an answer means, and what is never believed."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.payouts import PayoutCode
from server.errors import GatewayDown, GatewayRefused, NotSayable
from server.refunds.adapters import taobao
from server.refunds.adapters.taobao_signing import SignMethod, TopKey, sign
from server.refunds.adapters.wire import MOST_ANSWER_BYTES
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer, PayoutState
from tests.server.refunds.adapters.hostile import answers

GOLDEN = json.loads((Path(__file__).parents[3] / "golden/refunds/taobao.json").read_text("utf-8"))
KEY = TopKey(app_key="12345678", secret="helloworld", session="test")
AT = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


def payout(refund: str = "43234234", amount: int = 20_000, **other: Any) -> Payout:
    ref = PaymentRef(merchant="m1", payment=refund, order="900", currency="CNY")
    kept: dict[str, Any] = {"version": "1409294148714", "sent_before": None, "payment": ref, **other}
    return Payout(key=f"{refund}#1/1", amount_minor=amount, unit="R1/1/1", reason="refund.used", **kept)


TMALL = payout("3123123", 12_000, version="1409294148715/aftersale")
WIRE = {
    "agree to two refunds": lambda: taobao.to_wire([payout(), TMALL], KEY, AT),
    "ask for a refund": lambda: taobao.standing_to_wire(payout().payment, KEY, AT),
    "agree to a return": lambda: taobao.agree_return_to_wire(
        TMALL.payment, "1409294148715/aftersale", 7, "已验收", KEY, AT
    ),
}


def form(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}


@pytest.mark.parametrize("case", GOLDEN["requests"], ids=lambda case: case["name"])
def test_a_request_is_the_golden_one_and_signed_as_the_peer_signs(case: dict[str, Any]) -> None:
    request = WIRE[case["name"]]()
    assert (request.method, request.path) == (case["method"], case["path"])
    assert dict(request.headers) == case["headers"]
    assert form(request.body) == case["form"]


def test_the_code_of_a_telephone_is_never_waived() -> None:
    assert b"ignore_code" not in taobao.to_wire([payout(), TMALL], KEY, AT).body


def test_the_platforms_own_example_of_a_signature() -> None:
    example = GOLDEN["signature"]
    assert sign(example["parameters"], example["secret"], SignMethod.MD5) == example["sign"]


def test_hmac_is_rfc_2202s() -> None:
    assert sign({"Hi": " There"}, "\x0b" * 16, SignMethod.HMAC) == "9294727A3638BB1C13F48EF8158BFC9D"


def test_neither_secret_nor_session_is_in_a_repr() -> None:
    assert "helloworld" not in repr(KEY)
    assert "test" not in repr(KEY)


@pytest.mark.parametrize("case", GOLDEN["answers"], ids=lambda case: case["name"])
def test_an_answer_means_what_the_golden_file_says(case: dict[str, Any]) -> None:
    body = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"], ensure_ascii=False)
    said = taobao.read([payout(), TMALL], case["status"], body.encode())
    assert [[said[each.key].state, said[each.key].code] for each in (payout(), TMALL)] == case["ours"]


def body(**said: Any) -> bytes:
    return json.dumps(said).encode()


def agreed(code: str, *rows: tuple[str, bool, str]) -> bytes:
    mapped = [{"refund_id": int(number), "succ": succ, "message": text} for number, succ, text in rows]
    return body(
        rp_refunds_agree_response={
            "succ": True, "msg_code": code, "results": {"refund_mapping_result": mapped},
        }
    )  # fmt: skip


def one(content: bytes, wanted: Payout | None = None, status: int = 200) -> PayoutAnswer:
    asked = wanted or payout()
    return taobao.read([asked], status, content)[asked.key]


def test_a_code_sent_to_a_telephone_is_not_a_payment_even_where_the_row_says_yes() -> None:
    for code in ("SEND_CODE_SUCC", "10000"):
        said = one(agreed(code, ("43234234", True, "")))
        assert (said.state, said.code) == (PayoutState.REFUSED, PayoutCode.NEEDS_PERSON)


@pytest.mark.parametrize(
    "content",
    [
        agreed("OP_SUCC"),
        agreed("OP_SUCC", ("43234234", False, "")),
        agreed("OP_SUCC", ("999", True, "")),
        agreed("OP_SUCC", ("43234234", True, ""), ("43234234", False, "")),
        agreed("OP_FAILURE_UE", ("43234234", True, "")),
        agreed("", ("43234234", True, "")),
        body(rp_refunds_agree_response={"succ": True}),
        b"<html>login</html>",
    ],
)
def test_what_contradicts_itself_or_says_nothing_is_looked_up(content: bytes) -> None:
    assert one(content).state == PayoutState.UNKNOWN


def test_a_refund_that_changed_is_read_anew() -> None:
    said = one(agreed("OP_FAILURE_UE", ("43234234", False, "退款版本已变更")))
    assert (said.state, said.code) == (PayoutState.STALE, PayoutCode.VERSION_MOVED)


def test_a_no_after_an_earlier_attempt_is_looked_up() -> None:
    no = agreed("OP_FAILURE_UE", ("43234234", False, "退款已完成"))
    assert one(no).state == PayoutState.REFUSED
    assert one(no, payout(sent_before=AT)).state == PayoutState.UNKNOWN


def test_a_code_that_a_person_must_answer_stays_theirs_at_every_attempt() -> None:
    said = one(agreed("SEND_CODE_SUCC", ("43234234", True, "")), payout(sent_before=AT))
    assert (said.state, said.code) == (PayoutState.REFUSED, PayoutCode.NEEDS_PERSON)


def test_a_yes_in_another_type_is_no_yes() -> None:
    for yes in ("true", 1, "1"):
        row = {"refund_id": 43234234, "succ": yes}
        said = {"msg_code": "OP_SUCC", "results": {"refund_mapping_result": [row]}}
        assert one(body(rp_refunds_agree_response=said)).state == PayoutState.UNKNOWN


def test_an_answer_beyond_the_bound_is_not_read() -> None:
    yes = agreed("OP_SUCC", ("43234234", True, ""))
    assert one(yes).state == PayoutState.CONFIRMED
    assert one(yes + b" " * MOST_ANSWER_BYTES).state == PayoutState.UNKNOWN


def test_a_ban_says_how_long_and_at_most_a_day() -> None:
    def banned(text: str) -> float | None:
        return one(body(error_response={"code": 7, "sub_msg": text})).retry_after_s

    assert banned("This ban will last for 30 more seconds") == 30.0
    assert banned("This ban will last for 999999 more seconds") == 86_400.0
    assert banned("") == 60.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": -1},
        {"refund": "12a"},
        {"refund": "1|2"},
        {"version": None},
        {"version": "1|2"},
        {"version": "1/later"},
        {"payment": PaymentRef(merchant="m1", payment="1", order="2", currency="EUR")},
    ],
)
def test_what_the_platform_cannot_be_told_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotSayable):
        taobao.to_wire([payout(**wrong)], KEY, AT)


def test_a_call_is_bounded_and_names_a_refund_once() -> None:
    many = [payout(str(number)) for number in range(21)]
    taobao.to_wire(many[:20], KEY, AT)
    for wrong in ([], many, [payout(), payout()]):
        with pytest.raises(NotSayable):
            taobao.to_wire(wrong, KEY, AT)


def refund(**changes: Any) -> bytes:
    said = {"refund_id": 43234234, "status": "WAIT_SELLER_CONFIRM_GOODS", "refund_fee": "252.77"}
    said |= {"refund_version": 1409294148714, **changes}
    return body(refund_get_response={"refund": said})


def test_a_standing_is_what_the_customer_asked_for() -> None:
    ref = payout().payment
    assert taobao.read_standing(ref, 200, refund(refund_phase="onsale")) == PaymentStanding(
        captured_minor=25_277, refunded_minor=0, currency="CNY", version="1409294148714/onsale"
    )
    assert taobao.read_standing(ref, 200, refund(status="SUCCESS")).refunded_minor == 25_277


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": "SUCCESS"}, PayoutState.CONFIRMED),
        ({"status": "CLOSED"}, PayoutState.REFUSED),
        ({"refund_version": 1409294148715}, PayoutState.STALE),
        ({}, None),
    ],
)
def test_a_lost_answer_is_read_back_from_the_refund_itself(
    changes: dict[str, Any], state: PayoutState | None
) -> None:
    found = taobao.read_back(payout(), 200, refund(**changes))
    assert (found and found.state) == state
    if state == PayoutState.CONFIRMED:
        assert found and found.amount_minor == 25_277


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (refund(refund_fee="1e9"), GatewayDown),
        (refund(refund_fee="0.001"), GatewayDown),
        (refund(refund_fee="-1"), GatewayDown),
        (refund(refund_id=1), GatewayDown),
        (b"<html>", GatewayDown),
        (body(error_response={"code": 27, "sub_code": "invalid-sessionkey"}), GatewayRefused),
        (body(error_response={"code": 15, "sub_code": "isv.refund-not-exist"}), GatewayRefused),
        (body(error_response={"code": 15, "sub_code": "isp.top-remote-connection-timeout"}), GatewayDown),
        (body(error_response={"code": 7}), GatewayDown),
    ],
)
def test_a_standing_that_cannot_be_told_is_an_error_by_name(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        taobao.read_standing(payout().payment, 200, content)


def test_an_undocumented_state_is_no_certainty() -> None:
    with pytest.raises(GatewayDown):
        taobao.read_back(payout(), 200, refund(status="SOMETHING_NEW"))


def test_a_refused_return_carries_its_proof_and_only_of_tmall() -> None:
    proof = b"\xff\xd8picture"
    request = taobao.refuse_return_to_wire(TMALL.payment, TMALL.version or "", 3, proof, KEY, AT)
    boundary = dict(request.headers)["content-type"].partition("boundary=")[2]
    assert request.body.count(f"--{boundary}".encode()) == request.body.count(b"content-disposition") + 1
    assert proof in request.body
    for version, picture in (("1409294148714", proof), (TMALL.version or "", b"")):
        with pytest.raises(NotSayable):
            taobao.refuse_return_to_wire(TMALL.payment, version, 3, picture, KEY, AT)


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (body(rp_returngoods_agree_response={"is_success": True}), PayoutState.CONFIRMED),
        (body(rp_returngoods_refuse_response={"result": True}), PayoutState.CONFIRMED),
        (body(rp_returngoods_agree_response={"is_success": False}), PayoutState.UNKNOWN),
        (body(error_response={"code": 25}), PayoutState.NOT_SENT),
        (b"", PayoutState.UNKNOWN),
    ],
)
def test_what_became_of_a_return(content: bytes, state: PayoutState) -> None:
    assert taobao.read_return(200, content).state == state


WORDS = answers(
    "error_response", "code", "sub_code", "sub_msg", "rp_refunds_agree_response", "msg_code", "results",
    "refund_mapping_result", "refund_id", "succ", "message", "refund_get_response", "refund", "status",
    "refund_fee", "refund_version", "rp_returngoods_agree_response", "is_success",
)  # fmt: skip


@given(WORDS, st.sampled_from([200, 200, 200, 400, 403, 429, 500, 502]))
def test_no_answer_makes_the_reading_fail_otherwise_than_by_name(content: bytes, status: int) -> None:
    first, later = payout(), replace(TMALL, sent_before=AT)
    said = taobao.read([first, later], status, content)
    assert set(said) == {first.key, later.key}
    assert PayoutState.CONFIRMED not in {each.state for each in said.values()}  # none names the refund
    assert taobao.read_return(status, content).state in PayoutState
    with suppress(GatewayDown, GatewayRefused):
        taobao.read_standing(first.payment, status, content)
    with suppress(GatewayDown, GatewayRefused):
        taobao.read_back(first, status, content)
