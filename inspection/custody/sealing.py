"""Encryption of images and commitments to personal fields.

An image is encrypted once, at the station, under a key of its own; that key is wrapped for the
site (HPKE, RFC 9180) and travels beside the record, never inside it. A personal field appears in
the record only as HMAC-SHA256 under its own 32-byte salt: a plain hash of an order number could
be found by trying them all. Destroying key and salt erases, and every proof still verifies.
"""

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from inspection.custody.canonical import canonical
from inspection.errors import BadSeal

IMAGE_CONTEXT = b"regrade/image/v1"
KEY_CONTEXT = b"regrade/image-key/v1\n"
NONCE_BYTES = 12
SALT_BYTES = 32
KEY_BYTES = 32
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal_image(content: bytes, key: bytes, nonce: bytes) -> bytes:
    """Return nonce || AES-256-GCM ciphertext; the key must never seal a second image."""
    return nonce + AESGCM(key).encrypt(nonce, content, IMAGE_CONTEXT)


def open_image(sealed: bytes, key: bytes) -> bytes:
    """Return the image; raises BadSeal for other bytes or another key."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], IMAGE_CONTEXT)
    except (InvalidTag, ValueError) as error:
        raise BadSeal("the image cannot be opened with this key") from error


def wrap_key(key: bytes, site_public: bytes, ciphertext_sha256: str) -> bytes:
    """Wrap an image key for the site's X25519 key, bound to the image it opens."""
    public = X25519PublicKey.from_public_bytes(site_public)
    return SUITE.encrypt(key, public, info=KEY_CONTEXT + ciphertext_sha256.encode())


def unwrap_key(wrapped: bytes, site_private: X25519PrivateKey, ciphertext_sha256: str) -> bytes:
    """Return the image key; raises BadSeal when it was wrapped for another image or site."""
    try:
        return SUITE.decrypt(wrapped, site_private, info=KEY_CONTEXT + ciphertext_sha256.encode())
    except (InvalidTag, ValueError) as error:
        raise BadSeal("the image key was wrapped for another image or another site") from error


def commit(salt: bytes, value: object) -> str:
    """HMAC-SHA256 of the canonical value under a 32-byte salt, in hex."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hmac.digest(salt, canonical(value), "sha256").hex()


def opens(commitment: str, salt: bytes, value: object) -> bool:
    """True when (salt, value) is what was committed to; compared in constant time."""
    return len(salt) == SALT_BYTES and hmac.compare_digest(commitment, commit(salt, value))
