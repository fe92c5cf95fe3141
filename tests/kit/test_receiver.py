"""A refund system believes nothing that it cannot check, and never acts twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.receipt import issue_receipt
from inspection.grades import Disposition, Grade, ReturnException
from inspection.messages.refund import InstructionEvent, OutcomeStatus, RefundInstruction, RefundOutcome
from inspection.messages.uplink import ReceiptMessage
from inspection.messages.webhook import SignedBody, sign_webhook, verify_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey
from inspection.refund import RefundKind
from kit.errors import Contradiction, Malformed, Rejected, Untrusted
from kit.receiver import MAX_BODY_BYTES, Trust, check_event, sign_outcome, signed_body, wait_s

Log = Any
NOW_S = 1_769_846_400
Sent = Callable[..., SignedBody]


@pytest.fixture
def webhook_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def trust(log: Log, webhook_key: Ed25519PrivateKey) -> Trust:
    ring = (SigningKey(webhook_key).verifying(),)
    return Trust(webhook_keys=ring, log_key=log.public, origin=log.origin, merchant="m1")


@pytest.fixture
def instruction(now: datetime) -> RefundInstruction:
    """What follows from the first verdict of the log."""
    return RefundInstruction.model_validate(
        {
            "v": 1,
            "id": "R1/1/1#1",
            "number": 1,
            "merchant": "m1",
            "site": "s1",
            "unit": "R1/1/1",
            "authorization": "R1",
            "order": "O-1",
            "kind": RefundKind.PARTIAL,
            "target_total_minor": 800,
            "currency": "EUR",
            "grade": "used",
            "disposition": "resale",
            "exception": None,
            "rule": "refund.share",
            "reasons": (),
            "images": (),
            "issued_at": now,
        },
        strict=False,
    )


@pytest.fixture
def sent(log: Log, now: datetime, instruction: RefundInstruction, webhook_key: Ed25519PrivateKey) -> Sent:
    """Make the webhook that the centre would send, changed where a test says so."""

    def send(
        *,
        leaf: int = 1,
        id: str = "",
        said_id: str = "",
        log_key: Any = None,
        keys: Any = None,
        **changes: Any,
    ) -> SignedBody:
        receipt = issue_receipt(log_key or log.key, log.origin, leaf, log.leaves[leaf])
        said = instruction.model_copy(update=changes | ({"id": said_id} if said_id else {}))
        event = InstructionEvent(timestamp=now, instruction=said, verdict=ReceiptMessage.of(receipt))
        body = event.to_json()
        headers = sign_webhook(keys or (SigningKey(webhook_key),), id or said.id, NOW_S, body)
        return signed_body(headers, body)

    return send


def test_a_good_event_is_believed(sent: Sent, trust: Trust, instruction: RefundInstruction) -> None:
    assert check_event(sent(), trust, NOW_S).instruction == instruction


@pytest.mark.parametrize(
    "change",
    [
        {"merchant": "m2"},
        {"site": "s2"},
        {"unit": "R2/1/1", "id": "R2/1/1#1"},
        {"grade": Grade.NEW},
        {"disposition": Disposition.SCRAP},
        {"exception": ReturnException.EMPTY_BOX},
        {"images": ("ff" * 32,)},
        {"number": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_instruction_that_its_verdict_denies_is_a_contradiction(
    sent: Sent, trust: Trust, change: dict[str, Any]
) -> None:
    with pytest.raises(Contradiction):
        check_event(sent(**change), trust, NOW_S)


def test_another_webhook_id_is_a_contradiction(sent: Sent, trust: Trust) -> None:
    with pytest.raises(Contradiction, match="webhook-id"):
        check_event(sent(id="R9/1/1#1"), trust, NOW_S)


def test_a_leaf_that_is_no_verdict_is_a_contradiction(sent: Sent, trust: Trust) -> None:
    with pytest.raises(Contradiction, match="not a verdict"):
        check_event(sent(leaf=2), trust, NOW_S)


def test_a_receipt_by_another_log_key_is_untrusted(
    sent: Sent, trust: Trust, stranger: Ed25519PrivateKey
) -> None:
    with pytest.raises(Untrusted, match="receipt"):
        check_event(sent(log_key=stranger), trust, NOW_S)


@pytest.mark.parametrize("late_s", [-301, 301])
def test_an_event_from_another_time_is_untrusted(sent: Sent, trust: Trust, late_s: int) -> None:
    with pytest.raises(Untrusted, match="5 minutes"):
        check_event(sent(), trust, NOW_S + late_s)


def test_a_changed_body_is_untrusted(sent: Sent, trust: Trust) -> None:
    good = sent()
    bad = replace(good, body=good.body.replace(b"800", b"900"))
    with pytest.raises(Untrusted, match="webhook"):
        check_event(bad, trust, NOW_S)


def test_signed_nonsense_is_malformed(trust: Trust, webhook_key: Ed25519PrivateKey) -> None:
    signed = signed_body(sign_webhook((SigningKey(webhook_key),), "x", NOW_S, b"[]"), b"[]")
    with pytest.raises(Malformed):
        check_event(signed, trust, NOW_S)


def test_missing_headers_and_too_much_are_malformed() -> None:
    with pytest.raises(Malformed, match="webhook-id"):
        signed_body({}, b"{}")
    with pytest.raises(Malformed, match="at most"):
        signed_body({}, b"x" * (MAX_BODY_BYTES + 1))


def test_every_rejection_has_its_own_code() -> None:
    kinds = Rejected.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds) == 4


@pytest.mark.parametrize("replaces", ["R1/1/1#2", "R1/1/1#3", "R2/1/1#1", "R1/1/1#0"])
def test_an_instruction_replaces_a_lower_number_of_its_unit_or_none(
    sent: Sent, trust: Trust, replaces: str
) -> None:
    good = sent(number=2, said_id="R1/1/1#2", replaces="R1/1/1#1")
    assert check_event(good, trust, NOW_S).instruction.replaces == "R1/1/1#1"
    with pytest.raises(Contradiction, match="replaces"):
        check_event(sent(number=2, said_id="R1/1/1#2", replaces=replaces), trust, NOW_S)


@pytest.mark.parametrize("kind", ["v1", "v1a"])
def test_an_event_is_believed_by_either_key_of_the_ring(
    sent: Sent, trust: Trust, webhook_key: Ed25519PrivateKey, kind: str
) -> None:
    old = HmacKey(bytes(range(32))) if kind == "v1" else SigningKey(webhook_key).verifying()
    new = SigningKey(Ed25519PrivateKey.generate()).verifying()
    knows = replace(trust, webhook_keys=(new, old.until(NOW_S)))
    signed = sent(keys=(old,)) if isinstance(old, HmacKey) else sent()
    assert check_event(signed, knows, NOW_S)
    with pytest.raises(Untrusted, match="past its overlap"):
        check_event(signed, knows, NOW_S + 1)


def test_nothing_is_paid_while_it_may_be_taken_back(instruction: RefundInstruction, now: datetime) -> None:
    early = instruction.model_copy(update={"not_before": now + timedelta(seconds=90)})
    at_s = now.timestamp()
    assert wait_s(instruction, at_s) == 0
    assert [wait_s(early, at_s + late) for late in (0, 30, 90, 91)] == [90, 60, 0, 0]


def test_an_outcome_is_signed_so_that_the_centre_believes_it(now: datetime) -> None:
    outcome = RefundOutcome(
        v=1, id="退款-9001", merchant="m1", instruction="R1/1/1#1", unit="R1/1/1",
        status=OutcomeStatus.SETTLED, refunded_total_minor=800, currency="EUR", happened_at=now,
    )  # fmt: skip
    key = SigningKey(Ed25519PrivateKey.generate())
    first, again = (sign_outcome(outcome, [key], NOW_S + late) for late in (0.5, 60))
    for request, at_s in ((first, NOW_S), (again, NOW_S + 60)):
        assert verify_webhook(signed_body(request.headers, request.body), [key.verifying()], at_s)
        assert RefundOutcome.read(request.body) == outcome
    assert first.path == "/v1/refunds/outcomes"
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
