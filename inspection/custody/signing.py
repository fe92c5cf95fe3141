"""Ed25519 under one rule, with a domain line before everything that is signed.

The domain line keeps a signature made for one purpose from being taken for another. Notes have none:
their forms (C2SP signed-note, tlog-cosignature) begin with an origin or with `cosignature/v1`, and no
origin begins like one of our domain lines.

The rule is RFC 8032 without the cofactor, as OpenSSL has it, which `cryptography` calls: R is compared
byte for byte with the encoding of [S]B - [k]A, k is hashed over A and R as sent, and S must be below the
group's order. On top of it an R of small order is refused, and a key of small order or in a second
encoding never enters (`check_public_key`). With these two every signature under a key that may enter is
judged as libsodium judges it, where plain OpenSSL would take 43 more of the C2SP CCTV cases: two honest
readers must not differ. Every verifier of ours asks `verify_bytes`.
"""

import hashlib
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from inspection.errors import BadSignature

FIELD_PRIME = 2**255 - 19
# y coordinates of the eight points whose order divides 8 (RFC 7748, section 6; the two long
# ones are the y of the points of order 8).
SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        FIELD_PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)


class Domain(StrEnum):
    """First line of everything that is signed."""

    RECORD = "regrade/record/v1"
    RECEIPT = "regrade/receipt/v1"
    REFUSAL = "regrade/refusal/v1"
    ENROLMENT = "regrade/enrolment/v1"
    ERASURE = "regrade/erasure/v1"


def signed_bytes(domain: Domain, content: bytes) -> bytes:
    """The domain line, a newline, the content."""
    return domain.value.encode() + b"\n" + content


def sign(key: Ed25519PrivateKey, domain: Domain, content: bytes) -> bytes:
    """Return the 64-byte signature over the content under its domain line."""
    return key.sign(signed_bytes(domain, content))


def verify(public_key: bytes, domain: Domain, content: bytes, signature: bytes) -> None:
    """Raise BadSignature unless the signature fits; `public_key` is the raw 32 bytes."""
    verify_bytes(public_key, signed_bytes(domain, content), signature)


def sign_bytes(key: Ed25519PrivateKey, content: bytes) -> bytes:
    """Return the signature over the bytes as they are: for forms that others fixed, such as notes."""
    return key.sign(content)


def verify_bytes(public_key: bytes, content: bytes, signature: bytes) -> None:
    """As `verify`, over the bytes as they are."""
    if _has_small_order(signature[:32]):
        raise BadSignature("the R of the signature has small order: libraries differ on such signatures")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except (InvalidSignature, ValueError) as error:
        raise BadSignature(f"the signature does not fit key {key_id(public_key)}") from error


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The raw 32 bytes of the public half."""
    return key.public_key().public_bytes_raw()


def key_id(public_key: bytes) -> str:
    """First 16 bytes of SHA-256 over the raw public key, in hex."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def check_public_key(public_key: bytes) -> bytes:
    """Return a key that may be enrolled; raises BadSignature for small order or second encodings."""
    if len(public_key) != 32:
        raise BadSignature(f"an Ed25519 key has 32 bytes, not {len(public_key)}")
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if y >= FIELD_PRIME:
        raise BadSignature("the key is not in its canonical encoding")
    if _has_small_order(public_key):
        raise BadSignature("the key has small order: it would verify signatures nobody made")
    return public_key


def _has_small_order(point: bytes) -> bool:
    """True when an encoded point's order divides 8; the sign of x does not matter."""
    return int.from_bytes(point, "little") & (2**255 - 1) in SMALL_ORDER_Y
