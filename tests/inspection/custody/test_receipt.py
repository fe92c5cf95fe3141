"""Leaves, receipts and refusals: what a station may believe."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.canonical import canonical
from inspection.custody.leaf import GENESIS, EntryType, Leaf, leaf_hash_hex, read_leaf
from inspection.custody.receipt import (
    Receipt,
    check_receipt,
    check_receipt_for,
    check_refusal,
    issue_receipt,
    issue_refusal,
    submission_sha256,
)
from inspection.custody.signing import public_bytes
from inspection.errors import BadMessage, BadSignature, DomainError, UnknownVersion, WrongReceipt

LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_bytes(LOG_KEY)
ORIGIN = "centre.example/site/s1"
BODY = {"unit": "R1/1/1", "grade": "new"}


def leaf(**changes: object) -> Leaf:
    start = Leaf(
        log=ORIGIN,
        seq=7,
        prev="ab" * 32,
        type=EntryType.VERDICT,
        id="verdict:x",
        recorded_at="2026-01-31T08:00:00.000000Z",
        body=BODY,
        device={"key": "0" * 32, "signature": "AA=="},
    )
    return replace(start, **changes)  # type: ignore[arg-type]


def receipt(**changes: object) -> Receipt:
    return replace(issue_receipt(LOG_KEY, ORIGIN, 7, leaf().to_bytes()), **changes)  # type: ignore[arg-type]


def test_a_leaf_reads_back_from_its_bytes() -> None:
    assert read_leaf(leaf().to_bytes()) == leaf()


def test_the_leaf_hash_is_that_of_rfc_6962() -> None:
    # SHA-256 of one zero byte: the published hash of the empty leaf
    assert leaf_hash_hex(b"") == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert len(GENESIS) == 64


def test_a_leaf_above_8_kib_is_refused() -> None:
    with pytest.raises(BadMessage, match="8192"):
        leaf(body={"text": "x" * 9000}).to_bytes()
    with pytest.raises(BadMessage, match="8192"):
        read_leaf(b" " * 9000)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"v": 2}, UnknownVersion),
        ({"extra": 1}, BadMessage),
        ({"seq": -1}, BadMessage),
        ({"seq": True}, BadMessage),
        ({"type": "gossip"}, BadMessage),
        ({"body": "text"}, BadMessage),
        ({"prev": 5}, BadMessage),
    ],
)
def test_a_leaf_of_another_shape_is_refused_by_name(
    change: dict[str, object], error: type[DomainError]
) -> None:
    value = {"v": 1, "log": ORIGIN, "seq": 7, "prev": "ab" * 32, "type": "verdict", "id": "x"}
    value |= {"recorded_at": "t", "body": BODY, "device": None}
    with pytest.raises(error):
        read_leaf(canonical(value | change))


def test_a_good_receipt_gives_the_leaf() -> None:
    assert check_receipt_for(receipt(), PUBLIC, ORIGIN, canonical(BODY)) == leaf()


def test_a_receipt_for_another_record_is_noticed() -> None:
    with pytest.raises(WrongReceipt, match="another record"):
        check_receipt_for(receipt(), PUBLIC, ORIGIN, canonical({**BODY, "grade": "used"}))


def test_a_receipt_of_another_log_is_noticed() -> None:
    with pytest.raises(WrongReceipt, match="log"):
        check_receipt(receipt(), PUBLIC, "centre.example/site/s2")


@pytest.mark.parametrize(
    "change", [{"index": 8}, {"signature": bytes(64)}, {"origin": "x/y"}, {"leaf": leaf(seq=8).to_bytes()}]
)
def test_a_forged_receipt_is_noticed(change: dict[str, object]) -> None:
    with pytest.raises(BadSignature):
        check_receipt(receipt(**change), PUBLIC, ORIGIN)


def test_an_index_that_is_not_the_leafs_own_is_noticed() -> None:
    with pytest.raises(WrongReceipt):
        check_receipt(issue_receipt(LOG_KEY, ORIGIN, 8, leaf().to_bytes()), PUBLIC, ORIGIN)


def test_a_refusal_binds_submission_and_reason() -> None:
    sent = submission_sha256("st1", b"{}")
    refusal = issue_refusal(
        LOG_KEY,
        ORIGIN,
        record_sha256="aa" * 32,
        submission_sha256=sent,
        reason="bad_signature",
        detail="x" * 999,
        refused_at="t",
    )
    check_refusal(refusal, PUBLIC, ORIGIN, sent)
    assert len(refusal.detail) == 300
    for change in ({"reason": "other"}, {"submission_sha256": "bb" * 32}, {"record_sha256": "bb" * 32}):
        with pytest.raises(BadSignature):
            check_refusal(replace(refusal, **change), PUBLIC, ORIGIN, sent)  # type: ignore[arg-type]
    for other in (submission_sha256("st2", b"{}"), submission_sha256("st1", b"[]")):
        with pytest.raises(WrongReceipt):
            check_refusal(refusal, PUBLIC, ORIGIN, other)
