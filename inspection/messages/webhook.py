"""Standard Webhooks signatures with Ed25519 (`v1a`), made and checked without I/O.

Source: Standard Webhooks specification 1.0, "Signature scheme": the signed content is
`{id}.{timestamp}.{body}`; the header holds a space-separated list of `version,base64`.
"""

import base64
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from inspection.errors import BadSignature

TOLERANCE_S = 300
ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
MAX_SIGNATURES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBody:
    """A webhook as it arrived: three headers and the raw body."""

    id: str
    timestamp: str
    signatures: str
    body: bytes


def sign_webhook(key: Ed25519PrivateKey, id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """Return the three headers; `id` stays the same over all attempts."""
    signature = key.sign(_content(id, str(timestamp_s), body))
    return {
        ID_HEADER: id,
        TIMESTAMP_HEADER: str(timestamp_s),
        SIGNATURE_HEADER: "v1a," + base64.b64encode(signature).decode(),
    }


def verify_webhook(signed: SignedBody, public_key: bytes, now_s: float) -> None:
    """Raise BadSignature unless one `v1a` signature fits and the timestamp is within 5 minutes."""
    if not signed.timestamp.isascii() or not signed.timestamp.isdigit() or len(signed.timestamp) > 12:
        raise BadSignature("webhook-timestamp is not a number of seconds")
    if abs(now_s - int(signed.timestamp)) > TOLERANCE_S:
        raise BadSignature("webhook-timestamp is more than 5 minutes from our clock")
    content = _content(signed.id, signed.timestamp, signed.body)
    key = Ed25519PublicKey.from_public_bytes(public_key)
    if not any(_fits(key, content, part) for part in signed.signatures.split(" ")[:MAX_SIGNATURES]):
        raise BadSignature("no webhook-signature fits the body and the key")


def _content(id: str, timestamp: str, body: bytes) -> bytes:
    return f"{id}.{timestamp}.".encode() + body


def _fits(key: Ed25519PublicKey, content: bytes, part: str) -> bool:
    version, _, text = part.partition(",")
    if version != "v1a":
        return False
    try:
        key.verify(base64.b64decode(text, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True
