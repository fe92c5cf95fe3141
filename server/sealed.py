"""Secrets that the centre must say again, such as a shop's signing key: sealed in their rows.

A hash does for a key that comes to us; one that we sign or call with has to be opened. It lies sealed under
a key that is derived from `keys.json`, so a copy of the database opens nothing.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from inspection.errors import BadSeal

NONCE_BYTES = 12
LABEL = b"regrade/row-secrets/v1"


class Sealer:
    """Seals and opens secrets of rows. Its `repr` shows nothing."""

    def __init__(self, wrap: bytes) -> None:
        """`wrap` is the secret of `keys.json`; RFC 5869 under a label of its own."""
        key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=LABEL).derive(wrap)
        self._cipher = AESGCM(key)

    def seal(self, content: bytes, place: str) -> bytes:
        """Return nonce || AES-256-GCM, bound to `place`: the row and the column it stands in."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """What was sealed for `place`; raises BadSeal for other bytes, another place or another key."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise BadSeal(f"the secret was not sealed for {place}") from error
