"""Keys for webhooks, and the texts in which people hand them over.

Source: Standard Webhooks specification 1.0, "Signature scheme": `whsec_` and base64 of 24 to 64 random
bytes for HMAC-SHA256; `whsk_` and `whpk_` and base64 for the halves of an Ed25519 key. Errors never
repeat the text: most of them are secrets.
"""

import base64
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.custody.signing import check_public_key, public_bytes
from inspection.errors import BadKeyText, BadSignature

SECRET_BYTES = range(24, 65)
"""What the specification allows: 192 to 512 bits."""
SEED_BYTES = 32
MAX_TEXT_CHARS = 128
LEAST_DIFFERENT_BYTES = 8
"""24 random bytes have fewer once in 10^20: then it is a placeholder."""


class Prefix(StrEnum):
    """What a text begins with, so that nobody takes one kind of key for another."""

    SECRET = "whsec_"  # noqa: S105
    PRIVATE = "whsk_"
    PUBLIC = "whpk_"


KINDS = {
    Prefix.SECRET: "a shared secret",
    Prefix.PRIVATE: "a private key",
    Prefix.PUBLIC: "a public key",
}


@dataclass(frozen=True, slots=True)
class HmacKey:
    """The secret that both sides share (`v1`)."""

    secret: bytes = field(repr=False)
    not_after_s: float | None = field(default=None, kw_only=True)
    """Seconds since 1970 until which it is in force; None while no newer one replaces it."""

    def __post_init__(self) -> None:
        if len(self.secret) not in SECRET_BYTES:
            words = f"a webhook secret has {SECRET_BYTES.start} to {SECRET_BYTES.stop - 1} bytes"
            raise BadKeyText(f"{words}, not {len(self.secret)}", fault="wrong_length")

    def to_text(self) -> str:
        """As both sides write it: `whsec_` and base64."""
        return _text(Prefix.SECRET, self.secret)

    def until(self, not_after_s: float | None) -> Self:
        """The same key with another end."""
        return replace(self, not_after_s=not_after_s)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private half that only the sender has (`v1a`)."""

    private: Ed25519PrivateKey = field(repr=False)
    not_after_s: float | None = field(default=None, kw_only=True)

    def to_text(self) -> str:
        """`whsk_` and base64 of seed and public key, as Svix's server writes it."""
        return _text(Prefix.PRIVATE, self.private.private_bytes_raw() + public_bytes(self.private))

    def verifying(self) -> "VerifyingKey":
        """The public half, with the same end."""
        return VerifyingKey(public_bytes(self.private), not_after_s=self.not_after_s)

    def until(self, not_after_s: float | None) -> Self:
        """The same key with another end."""
        return replace(self, not_after_s=not_after_s)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """The public half, by which a receiver checks `v1a`."""

    public: bytes
    """Raw, 32 bytes."""
    not_after_s: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        try:
            check_public_key(self.public)
        except BadSignature as error:
            raise BadKeyText(str(error), fault="weak") from error

    def to_text(self) -> str:
        """`whpk_` and base64."""
        return _text(Prefix.PUBLIC, self.public)

    def until(self, not_after_s: float | None) -> Self:
        """The same key with another end."""
        return replace(self, not_after_s=not_after_s)


def in_force(key: HmacKey | SigningKey | VerifyingKey, at_s: float) -> bool:
    """Whether the key's time is not over; the last second counts."""
    return key.not_after_s is None or at_s <= key.not_after_s


def read_hmac_key(text: str) -> HmacKey:
    """Read `whsec_…`; raises BadKeyText, which says what is wrong and never the text."""
    secret = _content(Prefix.SECRET, text)
    if len(secret) in SECRET_BYTES and len(set(secret)) < LEAST_DIFFERENT_BYTES:
        raise BadKeyText("the secret is a placeholder, not random bytes", fault="placeholder")
    return HmacKey(secret)


def read_signing_key(text: str) -> SigningKey:
    """Read `whsk_…` of a seed, or of a seed and its public key; raises BadKeyText."""
    content = _content(Prefix.PRIVATE, text)
    if len(content) not in (SEED_BYTES, 2 * SEED_BYTES):
        raise BadKeyText(f"a private key has 32 or 64 bytes, not {len(content)}", fault="wrong_length")
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(content[:SEED_BYTES]))
    if content[SEED_BYTES:] not in (b"", public_bytes(key.private)):
        raise BadKeyText("the two halves of the private key are not a pair", fault="not_a_pair")
    return key


def read_verifying_key(text: str) -> VerifyingKey:
    """Read `whpk_…`; raises BadKeyText."""
    content = _content(Prefix.PUBLIC, text)
    if len(content) != SEED_BYTES:
        raise BadKeyText(f"a public key has 32 bytes, not {len(content)}", fault="wrong_length")
    return VerifyingKey(content)


def read_ring_key(text: str) -> HmacKey | VerifyingKey:
    """Read what a receiver is given: `whsec_…` or `whpk_…`; raises BadKeyText."""
    return read_hmac_key(text) if text.startswith(Prefix.SECRET) else read_verifying_key(text)


def _text(prefix: Prefix, content: bytes) -> str:
    return prefix.value + base64.b64encode(content).decode()


def _content(prefix: Prefix, text: str) -> bytes:
    if len(text) > MAX_TEXT_CHARS:
        raise BadKeyText(f"a key's text has at most {MAX_TEXT_CHARS} characters", fault="wrong_length")
    if not text.startswith(prefix):
        given = next(
            (f"{KINDS[each]} ({each}…)" for each in Prefix if text.startswith(each)), "something else"
        )
        words = f"{KINDS[prefix]} begins with {prefix}, and this is {given}"
        raise BadKeyText(words, fault="wrong_prefix")
    encoded = text.removeprefix(prefix)
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError as error:
        raise BadKeyText(f"what follows {prefix} is not base64", fault="not_base64") from error
