"""What the centre answers: a signed receipt, or a signed refusal.

A receipt is the complete leaf and a signature by the log's key over origin, index and leaf hash.
Holding one, a station can prove that its record was recorded, and where, without the centre.
"""

from dataclasses import dataclass, replace
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.canonical import canonical
from inspection.custody.leaf import Leaf, leaf_hash_hex, read_leaf
from inspection.custody.signing import Domain, key_id, public_bytes, sign, verify
from inspection.errors import WrongReceipt

MAX_DETAIL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a leaf stands in a log at an index."""

    origin: str
    index: int
    leaf: bytes
    log_key: str
    """Key id of the log's Ed25519 key."""
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Proof that the centre will not record what this station sent, and why."""

    origin: str
    record_sha256: str
    submission_sha256: str
    """What was refused: all that was sent for the record, and by whom; see `submission_sha256`."""
    reason: str
    """Code, such as `bad_signature`; see `RefusalReason` in `messages/uplink.py`."""
    detail: str
    """One sentence for the person at the bench, at most 300 characters."""
    refused_at: str
    log_key: str
    signature: bytes


def receipt_content(origin: str, index: int, hash_hex: str) -> bytes:
    """What a receipt's signature covers."""
    return f"{origin}\n{index}\n{hash_hex}\n".encode()


def issue_receipt(key: Ed25519PrivateKey, origin: str, index: int, leaf: bytes) -> Receipt:
    """Sign that `leaf` stands at `index` of the log `origin`."""
    content = receipt_content(origin, index, leaf_hash_hex(leaf))
    signature = sign(key, Domain.RECEIPT, content)
    return Receipt(
        origin=origin, index=index, leaf=leaf, log_key=key_id(public_bytes(key)), signature=signature
    )


def check_receipt(receipt: Receipt, log_public: bytes, origin: str) -> Leaf:
    """Return the leaf that the receipt proves; raises BadSignature, WrongReceipt or BadMessage."""
    content = receipt_content(receipt.origin, receipt.index, leaf_hash_hex(receipt.leaf))
    verify(log_public, Domain.RECEIPT, content, receipt.signature)
    leaf = read_leaf(receipt.leaf)
    if (receipt.origin, leaf.log) != (origin, origin) or leaf.seq != receipt.index:
        raise WrongReceipt(f"the receipt is of log {receipt.origin!r} at {receipt.index}, not of {origin!r}")
    return leaf


def check_receipt_for(receipt: Receipt, log_public: bytes, origin: str, record: bytes) -> Leaf:
    """As check_receipt, and the leaf must contain exactly these signed record bytes."""
    leaf = check_receipt(receipt, log_public, origin)
    if canonical(leaf.body) != record:
        raise WrongReceipt("the receipt is for another record")
    return leaf


def submission_sha256(station: str, submission: bytes) -> str:
    """Name what one station sends for one record: SHA-256 over its name and the submission's canonical JSON.

    Not over the record alone: whoever has its bytes could send them with a wrong signature, over another
    line or without its keys, and would hold a refusal that the true sender had to believe.
    """
    return sha256(station.encode() + b"\n" + submission).hexdigest()


def refusal_content(refusal: Refusal) -> bytes:
    """What a refusal's signature covers."""
    return canonical(
        {
            "origin": refusal.origin,
            "record_sha256": refusal.record_sha256,
            "submission_sha256": refusal.submission_sha256,
            "reason": refusal.reason,
            "detail": refusal.detail,
            "refused_at": refusal.refused_at,
        }
    )


def issue_refusal(
    key: Ed25519PrivateKey,
    origin: str,
    *,
    record_sha256: str,
    submission_sha256: str,
    reason: str,
    detail: str,
    refused_at: str,
) -> Refusal:
    """Sign that this submission is refused."""
    unsigned = Refusal(
        origin=origin,
        record_sha256=record_sha256,
        submission_sha256=submission_sha256,
        reason=reason,
        detail=detail[:MAX_DETAIL],
        refused_at=refused_at,
        log_key=key_id(public_bytes(key)),
        signature=b"",
    )
    return replace(unsigned, signature=sign(key, Domain.REFUSAL, refusal_content(unsigned)))


def check_refusal(refusal: Refusal, log_public: bytes, origin: str, submission_sha256: str) -> None:
    """Raise BadSignature or WrongReceipt unless this log refused exactly this submission."""
    verify(log_public, Domain.REFUSAL, refusal_content(refusal), refusal.signature)
    if (refusal.origin, refusal.submission_sha256) != (origin, submission_sha256):
        raise WrongReceipt("the refusal is for another submission or by another log")
