"""Receipts of entries that stand, made and taken back; a body may be gone by then."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.receipt import Receipt, check_receipt, issue_receipt
from inspection.custody.signing import public_bytes
from inspection.errors import BadSignature
from server.errors import Withheld
from server.keys import ServerKeys
from server.ledger.log import Place


def receipt_of(key: Ed25519PrivateKey, origin: str, place: Place) -> Receipt:
    """Sign that the leaf stands at its place; raises Withheld once retention has dropped its body."""
    if not place.leaf:
        raise Withheld(f"entry {place.seq} stands, but its body was dropped under retention")
    return issue_receipt(key, origin, place.seq, place.leaf)


def check_own(receipt: Receipt, keys: ServerKeys, origin: str) -> None:
    """Raise unless one of the log's own keys signed the receipt."""
    newest, *others = (public_bytes(key) for key in keys.log_signers)
    try:
        check_receipt(receipt, newest, origin)
    except BadSignature:
        if not others:
            raise
        check_receipt(receipt, others[0], origin)
