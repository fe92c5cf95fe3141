"""Standard Webhooks signatures, HMAC-SHA256 (`v1`) and Ed25519 (`v1a`), made and checked without I/O.

Source: Standard Webhooks specification 1.0, "Signature scheme": the signed content is
`{id}.{timestamp}.{body}`; the header holds a space-separated list of `version,base64`. The list is there
for rotation: the sender signs with every key in force, and one signature that fits is enough.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

from inspection.custody.signing import sign_bytes, verify_bytes
from inspection.errors import (
    BadSignature,
    BadWebhookHeader,
    BadWebhookTime,
    EarlyWebhook,
    ExpiredKey,
    SetUpIncomplete,
    StaleWebhook,
)
from inspection.messages.webhook_keys import HmacKey, SigningKey, VerifyingKey, in_force

TOLERANCE_S = 300
ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
MAX_SIGNATURES = 8
"""In one header, and keys in one ring: a rotation needs two of each kind."""
MAX_SIGNATURES_CHARS = 4096
"""Room for signatures of versions that we do not know beside ours, which have at most 92 characters."""

ID = re.compile(r"[\x21-\x7e]{1,128}")
TIMESTAMP = re.compile(r"[0-9]{1,12}")
TEN_DIGITS = re.compile(r"[0-9]{10}")
"""Every time between 2001 and 2286."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBody:
    """A webhook as it arrived: three headers and the raw body."""

    id: str
    timestamp: str
    signatures: str
    body: bytes


def sign_webhook(
    keys: Sequence[HmacKey | SigningKey], id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """Return the three headers, signed with all keys in force, in their order.

    `id` stays the same over all attempts. Raises SetUpIncomplete without a key in force, or with too many.
    """
    chosen = [key for key in keys if in_force(key, timestamp_s)]
    if not chosen:
        raise SetUpIncomplete("no key to sign webhooks with is in force: set one")
    _check_count(chosen)
    _check_id(id, timestamp_s, 2 * TOLERANCE_S)
    content = _content(id, str(timestamp_s), body)
    return {
        ID_HEADER: id,
        TIMESTAMP_HEADER: str(timestamp_s),
        SIGNATURE_HEADER: " ".join(_signature(key, content) for key in chosen),
    }


def verify_webhook(
    signed: SignedBody, ring: Sequence[HmacKey | VerifyingKey], now_s: float
) -> HmacKey | VerifyingKey:
    """Return the key in force that one of the signatures fits.

    Raises BadWebhookHeader, BadWebhookTime, StaleWebhook or EarlyWebhook before any key is tried;
    ExpiredKey when only a key fits that is past its overlap; BadSignature when none does.
    """
    _check_count(ring)
    _check_id(signed.id, now_s, TOLERANCE_S)
    _check_time(signed.timestamp, now_s)
    content = _content(signed.id, signed.timestamp, signed.body)
    signatures = _split(signed.signatures)
    for past in (False, True):
        for key in ring:
            if in_force(key, now_s) is not past and _fits(key, content, signatures):
                return _unless_past(key, past)
    raise BadSignature("no webhook-signature fits the body and the key")


def _unless_past(key: HmacKey | VerifyingKey, past: bool) -> HmacKey | VerifyingKey:
    if past:
        raise ExpiredKey("webhook-signature fits an old key, past its overlap: sign with the new one")
    return key


def _check_count(keys: Sequence[object]) -> None:
    if len(keys) > MAX_SIGNATURES:
        raise SetUpIncomplete(f"{len(keys)} webhook keys, where at most {MAX_SIGNATURES} may be: drop some")


def _check_id(id: str, at_s: float, margin_s: float) -> None:
    """Refuse what would let the signed content be read in two ways.

    The specification asks for ids without full stops; units' ids may have some. So the time is the first
    part of ten digits that is a time of now: no id may hold another. At any moment one reading is left,
    and an order number that happens to look like the present is sent a few minutes later.
    """
    if not id:
        raise BadWebhookHeader(f"{ID_HEADER} is missing")
    if not ID.fullmatch(id):
        raise BadWebhookHeader(f"{ID_HEADER} is not 1 to 128 printable ASCII characters without blanks")
    times = (int(part) for part in id.split(".")[1:] if TEN_DIGITS.fullmatch(part))
    if any(abs(at_s - time_s) <= margin_s for time_s in times):
        raise BadWebhookHeader(f"{ID_HEADER} holds, behind a full stop, what could be taken for the time")


def _check_time(timestamp: str, now_s: float) -> None:
    if not timestamp:
        raise BadWebhookHeader(f"{TIMESTAMP_HEADER} is missing")
    if not TIMESTAMP.fullmatch(timestamp):
        raise BadWebhookTime(f"{TIMESTAMP_HEADER} is not a number of seconds")
    late_s = now_s - int(timestamp)
    if late_s > TOLERANCE_S:
        raise StaleWebhook(f"{TIMESTAMP_HEADER} is more than 5 minutes behind our clock")
    if late_s < -TOLERANCE_S:
        raise EarlyWebhook(f"{TIMESTAMP_HEADER} is more than 5 minutes ahead of our clock")


def _split(signatures: str) -> list[tuple[str, bytes]]:
    """Versions and signatures of the header; bounded, so that nobody makes us try keys without end."""
    if not signatures:
        raise BadWebhookHeader(f"{SIGNATURE_HEADER} is missing")
    if len(signatures) > MAX_SIGNATURES_CHARS:
        raise BadWebhookHeader(f"{SIGNATURE_HEADER} is longer than {MAX_SIGNATURES_CHARS} characters")
    parts = signatures.split()
    if len(parts) > MAX_SIGNATURES:
        raise BadWebhookHeader(f"{SIGNATURE_HEADER} has more than {MAX_SIGNATURES} signatures")
    pairs = (part.partition(",") for part in parts)
    return [(version, _decoded(text)) for version, _, text in pairs]


def _decoded(text: str) -> bytes:
    """The signature; none at all where it cannot be read, which fits no key."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _content(id: str, timestamp: str, body: bytes) -> bytes:
    return f"{id}.{timestamp}.".encode() + body


def _mac(key: HmacKey, content: bytes) -> bytes:
    return hmac.digest(key.secret, content, hashlib.sha256)


def _signature(key: HmacKey | SigningKey, content: bytes) -> str:
    if isinstance(key, HmacKey):
        return "v1," + base64.b64encode(_mac(key, content)).decode()
    return "v1a," + base64.b64encode(sign_bytes(key.private, content)).decode()


def _fits(key: HmacKey | VerifyingKey, content: bytes, signatures: list[tuple[str, bytes]]) -> bool:
    if isinstance(key, HmacKey):
        wanted = _mac(key, content)
        return any(hmac.compare_digest(wanted, given) for version, given in signatures if version == "v1")
    return any(_verifies(key, content, given) for version, given in signatures if version == "v1a")


def _verifies(key: VerifyingKey, content: bytes, signature: bytes) -> bool:
    try:
        verify_bytes(key.public, content, signature)
    except BadSignature:
        return False
    return True
