"""How sources sign: the headers, what the signature covers, and the window of the signed time. Pure."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from inspection.errors import BadKeyText, BadSignature, BadWebhookHeader, ExpiredKey
from inspection.messages.webhook import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    TOLERANCE_S,
    SignedBody,
    verify_webhook,
)
from inspection.messages.webhook_keys import HmacKey, VerifyingKey, read_ring_key
from server.inbound.hooks import RawHook

SHOPIFY_SECRET = re.compile(r"[!-~]{16,128}")
HOOK_ID = re.compile(r"[!-~]{1,128}")
DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyKey:
    """A secret that is text, and signs the body alone."""

    secret: bytes = field(repr=False)
    not_after_s: float | None = None

    def until(self, not_after_s: float | None) -> "BodyKey":
        """The same key with another end."""
        return BodyKey(secret=self.secret, not_after_s=not_after_s)


RingKey = HmacKey | VerifyingKey | BodyKey
Ring = Sequence[RingKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What the signature shows."""

    id: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way to sign webhooks."""

    id_header: str
    signature_header: str
    hints: tuple[str, ...]
    """Headers that are handed on; never signed."""
    window_s: int | None
    """How far the signed time may be from ours; None where no time is signed: then the memory of ids and
    bodies, which never ends, is all that tells a replay."""
    signs_id: bool
    """False where only the body is signed: the same body under another id is then the same webhook."""
    read_key: Callable[[str], RingKey]
    """Raises BadKeyText."""
    decoy: RingKey
    """Stands in where there is no key, so that nobody learns from the time who has one."""
    check: Callable[["Scheme", RawHook, Ring, float], Proven]
    """Raises BadSignature by its kind."""

    def prove(self, raw: RawHook, ring: Ring, now_s: float) -> Proven:
        """What the raw body's signature shows; raises BadSignature, or one of its kinds."""
        return self.check(self, raw, ring or (self.decoy,), now_s)


def _standard(scheme: Scheme, raw: RawHook, ring: Ring, now_s: float) -> Proven:
    signed = SignedBody(
        id=raw.headers.get(scheme.id_header, ""),
        timestamp=raw.headers.get(TIMESTAMP_HEADER, ""),
        signatures=raw.headers.get(scheme.signature_header, ""),
        body=raw.body,
    )
    keys = [key for key in ring if isinstance(key, HmacKey | VerifyingKey)]
    verify_webhook(signed, keys, now_s)
    return Proven(id=signed.id, sent_at=datetime.fromtimestamp(int(signed.timestamp), UTC))


def _body_alone(scheme: Scheme, raw: RawHook, ring: Ring, now_s: float) -> Proven:
    """Source: Shopify, "Deliver webhooks through HTTPS": base64 of HMAC-SHA256 over the raw body."""
    id, text = raw.headers.get(scheme.id_header, ""), raw.headers.get(scheme.signature_header, "")
    if not HOOK_ID.fullmatch(id):
        raise BadWebhookHeader(f"{scheme.id_header} is not 1 to 128 printable ASCII characters")
    signature = _decoded(text)
    fits = {False: False, True: False}
    for key in ring:  # all of them, whichever fits: the time tells nothing
        if isinstance(key, BodyKey):
            expected = hmac.new(key.secret, raw.body, hashlib.sha256).digest()
            past = key.not_after_s is not None and now_s > key.not_after_s
            fits[past] |= hmac.compare_digest(expected, signature)
    if not fits[False] and fits[True]:
        raise ExpiredKey(f"{scheme.signature_header} fits an old key, past its overlap: use the new one")
    if not fits[False]:
        raise BadSignature(f"{scheme.signature_header} fits no key of this merchant and source")
    return Proven(id=id, sent_at=None)


def _decoded(text: str) -> bytes:
    try:
        signature = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return signature if len(signature) == DIGEST_BYTES else b""


def _read_body_key(text: str) -> BodyKey:
    if not SHOPIFY_SECRET.fullmatch(text):
        raise BadKeyText("the secret has 16 to 128 printable characters without blanks", fault="wrong_length")
    return BodyKey(secret=text.encode())


STANDARD = Scheme(
    id_header=ID_HEADER,
    signature_header=SIGNATURE_HEADER,
    hints=(),
    window_s=TOLERANCE_S,
    signs_id=True,
    read_key=read_ring_key,
    decoy=HmacKey(hashlib.sha256(b"nobody has this key").digest()),
    check=_standard,
)
"""Standard Webhooks 1.0: `v1` (HMAC-SHA256) and `v1a` (Ed25519) over id, time and body."""

SHOPIFY = Scheme(
    id_header="x-shopify-webhook-id",
    signature_header="x-shopify-hmac-sha256",
    hints=("x-shopify-topic", "x-shopify-shop-domain", "x-shopify-triggered-at"),
    window_s=None,
    signs_id=False,
    read_key=_read_body_key,
    decoy=BodyKey(secret=b"nobody has this key"),
    check=_body_alone,
)
"""Shopify signs the body alone: neither id nor topic nor time. What was seen is therefore remembered for ever
by its id and by its body."""
