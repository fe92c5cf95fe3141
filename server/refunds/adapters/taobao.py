"""Taobao and Tmall by the open platform (TOP): refunds agreed to, returns agreed to or refused. Pure.

Sources: developer.alibaba.com, apiId 22465 (taobao.rp.refunds.agree), 22466 (taobao.rp.returngoods.agree),
23877 (taobao.rp.returngoods.refuse), taobao.refund.get; the platform's table of error codes. Three things are
not documented and were seen in public code only: `SEND_CODE_SUCC` and 10000 for a code that was sent to the
seller's telephone, 40000 for success, and that an outdated version is told by its message.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field

from inspection.errors import BadAmount, UnknownCurrency
from inspection.money import minor_of
from inspection.payouts import PayoutCode
from server.errors import GatewayDown, GatewayRefused, NotSayable, UnclearAnswer
from server.refunds.adapters.taobao_signing import TopKey, Upload, signed_request
from server.refunds.adapters.wire import Answer, Request
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer, PayoutState

MOST_AT_ONCE = 20
MOST_PROOF_BYTES = 5 * 1024 * 1024
CURRENCY = "CNY"
VERSION = re.compile(r"([0-9]{1,19})(?:/(onsale|aftersale))?")
"""`refund_version`, and of Tmall's refunds their phase too: both go back as they were read."""
REFUND_ID = re.compile(r"[0-9]{1,19}")

DONE = frozenset({"OP_SUCC", "SOME_OP_SUCC", "40000"})
CODE_SENT = frozenset({"SEND_CODE_SUCC", "10000"})
ALL_FAILED = "OP_FAILURE_UE"
"""`msg_code` of a whole call. The row of a refund says more, but not of what: a code that was sent is a
success there too, so a row counts only together with one of DONE."""
MOVED_ON, ASKS_PERSON = ("版本", "version"), ("短信", "验证码")
"""What a row's message holds when the refund changed, or a code was sent; nothing else of it is read."""

THROTTLED = frozenset({4, 5, 6, 7, 8})
NOT_ADMITTED = frozenset({11, 12, 13, 24, 25, 26, 27, 28, 29, 42})
MALFORMED = frozenset({3, 9, 21, 22, 23, 30, 31, 32, 33, 34, 40, 41, 43})
"""Platform errors below 100 are found before a refund is touched; 10, 15 and 50 come from behind."""
BAN = re.compile(r"last for ([0-9]{1,6}) more second")
USUAL_BAN_S = 60.0

WAITING = frozenset(
    {"WAIT_SELLER_AGREE", "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS", "SELLER_REFUSE_BUYER"}
)
Text = Annotated[str, Field(max_length=4096)]
Id = Annotated[int, Field(ge=0, lt=2**63)] | Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]


class TopError(Answer):
    """What is said instead of an answer."""

    code: int
    sub_code: Text = ""
    sub_msg: Text = ""


class Row(Answer):
    """What became of one refund of a call."""

    refund_id: Id
    succ: bool
    message: Text = ""


class Rows(Answer):
    """The platform wraps its lists."""

    refund_mapping_result: Annotated[tuple[Row, ...], Field(max_length=100)] = Field((), strict=False)


class Agreed(Answer):
    """Answer of taobao.rp.refunds.agree."""

    msg_code: Text = ""
    message: Text = ""
    results: Rows = Rows()


class Refund(Answer):
    """What we read of a refund; its amount is in yuan, in text."""

    refund_id: Id
    status: Text
    refund_fee: Annotated[str, Field(max_length=32)]
    refund_version: Annotated[int, Field(ge=0, lt=2**63)]
    refund_phase: Text | None = None


class Got(Answer):
    """Answer of taobao.refund.get."""

    refund: Refund


class Settled(Answer):
    """Answer of the two calls about goods; each has its own word for yes."""

    is_success: bool = False
    result: bool = False


class Top(Answer):
    """Any answer of the platform."""

    error_response: TopError | None = None
    rp_refunds_agree_response: Agreed | None = None
    refund_get_response: Got | None = None
    rp_returngoods_agree_response: Settled | None = None
    rp_returngoods_refuse_response: Settled | None = None


def to_wire(payouts: Sequence[Payout], key: TopKey, at: datetime) -> Request:
    """Agree to refunds, each of its own; raises NotSayable for what the platform cannot be told.

    `ignore_code` is never set: where the platform wants a person's code, a person answers.
    """
    if not 0 < len(payouts) <= MOST_AT_ONCE:
        raise NotSayable(f"one call agrees to 1 to {MOST_AT_ONCE} refunds, not {len(payouts)}")
    if len({payout.payment.payment for payout in payouts}) != len(payouts):
        raise NotSayable("one call names a refund once")
    rows = ",".join(_row(payout) for payout in payouts)
    return signed_request("taobao.rp.refunds.agree", {"refund_infos": rows}, key, at)


def read(payouts: Sequence[Payout], status: int, content: bytes) -> Mapping[str, PayoutAnswer]:
    """What became of each payout of a call, by its key; whatever the answer is."""
    try:
        whole = _whole(status, content)
    except UnclearAnswer:
        whole = Top()
    answers = {}
    for payout in payouts:
        if status >= 500:
            said = _unknown(PayoutCode.PEER_FAILED)
        elif whole.error_response is not None:
            said = _of_error(whole.error_response)
        elif whole.rp_refunds_agree_response is not None:
            said = _of_rows(payout, whole.rp_refunds_agree_response)
        else:
            said = _unknown(PayoutCode.UNCLEAR_ANSWER)
        answers[payout.key] = _final_once(payout, said)
    return answers


def standing_to_wire(payment: PaymentRef, key: TopKey, at: datetime) -> Request:
    """Ask for a refund as it stands; raises NotSayable where its number is none."""
    fields = "refund_id,status,refund_fee,refund_version,refund_phase"
    return signed_request("taobao.refund.get", {"refund_id": _refund_id(payment), "fields": fields}, key, at)


def read_standing(payment: PaymentRef, status: int, content: bytes) -> PaymentStanding:
    """What may still be paid: what the customer asked for, once. Raises GatewayDown or GatewayRefused."""
    refund, fee = _refund(payment, status, content)
    version = f"{refund.refund_version}/{refund.refund_phase}" if refund.refund_phase else None
    return PaymentStanding(
        captured_minor=fee,
        refunded_minor=fee if refund.status == "SUCCESS" else 0,
        currency=CURRENCY,
        version=version or str(refund.refund_version),
    )


def read_back(payout: Payout, status: int, content: bytes) -> PayoutAnswer | None:
    """What became of a payout, by the refund's own state; None: it was never agreed to. Raises GatewayDown.

    A refund can be agreed to once only: neither STALE nor None can lead to a second payment.
    """
    refund, fee = _refund(payout.payment, status, content)
    number = payout.payment.payment
    if refund.status == "SUCCESS":
        return PayoutAnswer(
            state=PayoutState.CONFIRMED, code=PayoutCode.REFUNDED, reference=number, amount_minor=fee
        )
    if refund.status == "CLOSED":
        return PayoutAnswer(state=PayoutState.REFUSED, code=PayoutCode.REFUND_CANCELED, reference=number)
    if refund.status not in WAITING:
        raise UnclearAnswer("the refund is in a state that is not documented")
    known = VERSION.fullmatch(payout.version or "")
    if known is None or int(known[1]) != refund.refund_version:
        return PayoutAnswer(state=PayoutState.STALE, code=PayoutCode.VERSION_MOVED)
    return None


def agree_return_to_wire(
    payment: PaymentRef, version: str, seller_address_id: int, remark: str, key: TopKey, at: datetime
) -> Request:
    """Agree that the goods are sent back; the address is told by its number and stays at the platform."""
    number, phase = _version(version)
    parameters = {"refund_id": _refund_id(payment), "seller_address_id": str(seller_address_id)}
    parameters |= {"remark": remark, "refund_version": number, **({"refund_phase": phase} if phase else {})}
    return signed_request("taobao.rp.returngoods.agree", parameters, key, at)


def refuse_return_to_wire(
    payment: PaymentRef, version: str, reason_id: int, proof: bytes, key: TopKey, at: datetime
) -> Request:
    """Refuse that the goods are sent back: Tmall only, and only with a picture (JPEG) as proof."""
    number, phase = _version(version)
    if phase is None:
        raise NotSayable("only a refund of Tmall, which has a phase, can be refused so")
    if not 0 < len(proof) <= MOST_PROOF_BYTES:
        raise NotSayable(f"a proof is a picture of at most {MOST_PROOF_BYTES} bytes")
    parameters = {"refund_id": _refund_id(payment), "refund_phase": phase, "refund_version": number}
    parameters |= {"refuse_reason_id": str(reason_id)}
    upload = Upload(name="refuse_proof", content=proof, media_type="image/jpeg")
    return signed_request("taobao.rp.returngoods.refuse", parameters, key, at, upload=upload)


def read_return(status: int, content: bytes) -> PayoutAnswer:
    """What became of either: CONFIRMED means that it was said, no money moves."""
    if status >= 500:
        return _unknown(PayoutCode.PEER_FAILED)
    try:
        whole = _whole(status, content)
    except UnclearAnswer:
        return _unknown(PayoutCode.UNCLEAR_ANSWER)
    if whole.error_response is not None:
        return _of_error(whole.error_response)
    said = whole.rp_returngoods_agree_response or whole.rp_returngoods_refuse_response
    if said is not None and (said.is_success or said.result):
        return PayoutAnswer(state=PayoutState.CONFIRMED, code=PayoutCode.UNDER_WAY)
    return _unknown(PayoutCode.UNCLEAR_ANSWER)


def _whole(status: int, content: bytes) -> Top:
    """Raises UnclearAnswer unless the platform itself answered: it does so with 200, errors too."""
    if status == 429:
        return Top(error_response=TopError(code=7))
    if status != 200:
        raise UnclearAnswer(f"the platform answered HTTP {status}")
    return Top.of(content)


def _row(payout: Payout) -> str:
    if payout.payment.currency != CURRENCY:
        raise NotSayable(f"the platform pays in {CURRENCY} only")
    if payout.amount_minor <= 0:
        raise NotSayable("a refund is more than nothing")
    number, phase = _version(payout.version)
    said = [_refund_id(payout.payment), str(payout.amount_minor), number]
    return "|".join([*said, phase] if phase else said)


def _refund_id(payment: PaymentRef) -> str:
    if REFUND_ID.fullmatch(payment.payment) is None:
        raise NotSayable("a refund of the platform is named by digits")
    return payment.payment


def _version(version: str | None) -> tuple[str, str | None]:
    found = VERSION.fullmatch(version or "")
    if found is None:
        raise NotSayable("the refund's version was not read first")
    return found[1], found[2]


def _of_rows(payout: Payout, said: Agreed) -> PayoutAnswer:
    """A row counts only where the whole call says that refunds were made."""
    if said.msg_code in CODE_SENT:
        return PayoutAnswer(state=PayoutState.REFUSED, code=PayoutCode.NEEDS_PERSON)
    rows = [row for row in said.results.refund_mapping_result if str(row.refund_id) == payout.payment.payment]
    if len(rows) == 1 and rows[0].succ and said.msg_code in DONE:
        return PayoutAnswer(
            state=PayoutState.CONFIRMED,
            code=PayoutCode.REFUNDED,
            reference=payout.payment.payment,
            amount_minor=payout.amount_minor,
        )
    if len(rows) == 1 and not rows[0].succ and said.msg_code != "OP_SUCC":
        return _of_message(rows[0].message)
    if not rows and said.msg_code == ALL_FAILED:
        return _of_message(said.message)
    return _unknown(PayoutCode.UNCLEAR_ANSWER)


def _of_message(message: str) -> PayoutAnswer:
    if any(word in message.casefold() for word in MOVED_ON):
        return PayoutAnswer(state=PayoutState.STALE, code=PayoutCode.VERSION_MOVED)
    if any(word in message for word in ASKS_PERSON):
        return PayoutAnswer(state=PayoutState.REFUSED, code=PayoutCode.NEEDS_PERSON)
    return PayoutAnswer(state=PayoutState.REFUSED, code=PayoutCode.NOT_REFUNDABLE)


def _of_error(error: TopError) -> PayoutAnswer:
    if error.code in THROTTLED or error.sub_code.startswith("accesscontrol."):
        ban = BAN.search(error.sub_msg)
        wait = float(ban[1]) if ban else USUAL_BAN_S
        return PayoutAnswer(
            state=PayoutState.NOT_SENT, code=PayoutCode.TOO_MANY_CALLS, retry_after_s=min(wait, 86_400.0)
        )
    if error.code in NOT_ADMITTED:
        return PayoutAnswer(state=PayoutState.NOT_SENT, code=PayoutCode.CREDENTIALS_REFUSED)
    if error.code in MALFORMED:
        return PayoutAnswer(state=PayoutState.REFUSED, code=PayoutCode.REQUEST_REFUSED)
    if error.sub_code.startswith("isv."):
        return _of_message(f"{error.sub_code} {error.sub_msg}")
    return _unknown(PayoutCode.PEER_FAILED)


def _final_once(payout: Payout, said: PayoutAnswer) -> PayoutAnswer:
    """A no is final at the first attempt; later it may say no because the first one was heard after all."""
    again = payout.sent_before is not None and said.code != PayoutCode.NEEDS_PERSON
    if again and said.state == PayoutState.REFUSED:
        return replace(said, state=PayoutState.UNKNOWN)
    return said


def _refund(payment: PaymentRef, status: int, content: bytes) -> tuple[Refund, int]:
    """The refund and its amount in fen."""
    whole = _whole(status, content)
    if whole.error_response is not None:
        raise _not_told(_of_error(whole.error_response))
    got = whole.refund_get_response
    if got is None or str(got.refund.refund_id) != payment.payment:
        raise UnclearAnswer("the answer is about no refund, or another")
    try:
        return got.refund, minor_of(got.refund.refund_fee, CURRENCY)
    except (BadAmount, UnknownCurrency):
        raise UnclearAnswer("the refund's amount is none") from None


def _not_told(said: PayoutAnswer) -> GatewayDown | GatewayRefused:
    if said.state == PayoutState.REFUSED:
        return GatewayRefused("the platform knows no such refund, or not so")
    if said.code == PayoutCode.CREDENTIALS_REFUSED:
        return GatewayRefused("the platform does not admit us")
    return GatewayDown("the platform does not tell now")


def _unknown(code: PayoutCode) -> PayoutAnswer:
    return PayoutAnswer(state=PayoutState.UNKNOWN, code=code)
