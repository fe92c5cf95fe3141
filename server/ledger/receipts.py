"""Receipts of entries that stand, made and taken back; a body may be gone by then."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.leaf import Leaf
from inspection.custody.note import Algorithm, VerifierKey, note_key
from inspection.custody.policy import TrustPolicy
from inspection.custody.receipt import Receipt, check_receipt, issue_receipt
from inspection.custody.signing import key_id
from server.errors import Withheld
from server.keys import ServerKeys
from server.ledger.log import Place


def receipt_of(key: Ed25519PrivateKey, origin: str, place: Place) -> Receipt:
    """Sign that the leaf stands at its place; raises Withheld once retention has dropped its body."""
    if not place.leaf:
        raise Withheld(f"entry {place.seq} stands, but its body was dropped under retention")
    return issue_receipt(key, origin, place.seq, place.leaf)


def check_own(receipt: Receipt, known: Sequence[VerifierKey], origin: str) -> Leaf:
    """The leaf that a key of the log, of today or of before, signed; raises BadSignature or WrongReceipt."""
    (chosen,) = [key for key in known if key_id(key.public_key) == receipt.log_key][:1] or known[:1]
    return check_receipt(receipt, chosen.public_key, origin)


def own_keys(keys: ServerKeys, trust: TrustPolicy, origin: str) -> tuple[VerifierKey, ...]:
    """The log's keys: those that sign now, and those before them that the trust policy still names."""
    signing = [note_key(origin, key) for key in keys.log_signers]
    named = [
        log.key for log in trust.logs if log.key.name == origin and log.key.algorithm is Algorithm.ED25519
    ]
    return tuple(dict.fromkeys([*signing, *named]))
