"""The receipt of an entry that stands: the one place that knows that its body may be gone."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.receipt import Receipt, issue_receipt
from server.errors import Withheld
from server.ledger.log import Place


def receipt_of(key: Ed25519PrivateKey, origin: str, place: Place) -> Receipt:
    """Sign that the leaf stands at its place; raises Withheld once retention has dropped its body."""
    if not place.leaf:
        raise Withheld(f"entry {place.seq} stands, but its body was dropped under retention")
    return issue_receipt(key, origin, place.seq, place.leaf)
