"""Stripe's webhooks about refunds: the signature first, then what it says. Pure.

Source: Stripe, "Verify webhook signatures manually": the header is `t=seconds,v1=hex,v1=hex,...`, the signed
content `{t}.{body}`, with HMAC-SHA256 under the endpoint's secret; several `v1` while a secret is replaced.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from inspection.errors import (
    BadMessage,
    BadSignature,
    BadWebhookHeader,
    DomainError,
    EarlyWebhook,
    SetUpIncomplete,
    StaleWebhook,
)
from server.errors import UnclearAnswer
from server.refunds.adapters.stripe_words import Refund, answer_of
from server.refunds.adapters.wire import Answer
from server.refunds.gateway import PayoutAnswer

SIGNATURE_HEADER = "stripe-signature"
TOLERANCE_S = 300
MOST_HEADER_CHARS = 4096
MOST_SIGNATURES = 8
TIME = re.compile(r"[0-9]{1,12}")
HEX = re.compile(r"[0-9a-f]{64}")
ABOUT_REFUNDS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeEvent:
    """What became of one refund, as Stripe tells it; it may come twice, late, and out of order."""

    id: str
    """Of the event: remembered for ever."""
    happened_at: datetime
    key: str | None
    """Of our payout; None for a refund that somebody else asked for."""
    payment: str | None
    """Of the PaymentIntent, else of the charge."""
    answer: PayoutAnswer
    currency: str


class _Refund(Refund):
    payment_intent: Annotated[str, Field(max_length=128)] | None = None
    charge: Annotated[str, Field(max_length=128)] | None = None


class _Event(Answer):
    id: Annotated[str, Field(pattern=r"^evt_[0-9A-Za-z_]{1,120}$")]
    type: Annotated[str, Field(max_length=100)]


class _Data(Answer):
    object: _Refund


class _RefundEvent(_Event):
    created: Annotated[int, Field(ge=0, lt=2**35)]
    data: _Data


def verify(header: str, body: bytes, secrets: Sequence[str], now_s: float) -> int:
    """Return the signed time when one signature fits; `secrets` holds several while one replaces another.

    Raises BadWebhookHeader, StaleWebhook or EarlyWebhook before any secret is tried, then BadSignature.
    """
    if not secrets or not all(secrets):
        raise SetUpIncomplete("no secret of Stripe's webhooks is set")
    at, signatures = _split(header)
    if now_s - at > TOLERANCE_S:
        raise StaleWebhook("Stripe's webhook is more than 5 minutes old")
    if at - now_s > TOLERANCE_S:
        raise EarlyWebhook("Stripe's webhook is from more than 5 minutes in the future")
    content = f"{at}.".encode() + body
    wanted = [hmac.new(secret.encode(), content, hashlib.sha256).hexdigest() for secret in secrets]
    fits = [hmac.compare_digest(one, other) for one in wanted for other in signatures]
    if not any(fits):
        raise BadSignature("no signature of Stripe's webhook fits the body and the secret")
    return at


def event_id(body: bytes) -> str:
    """The id of a verified event, whatever it is about; raises BadMessage."""
    try:
        return _Event.of(body).id
    except UnclearAnswer as error:
        raise BadMessage(f"Stripe's event cannot be read: {error}") from error


def read_event(body: bytes) -> StripeEvent | None:
    """What a verified body says of a refund; None for an event about something else. Raises BadMessage."""
    try:
        if _Event.of(body).type not in ABOUT_REFUNDS:
            return None
        event = _RefundEvent.of(body)
        refund = event.data.object
        said = answer_of(refund)
    except (UnclearAnswer, DomainError) as error:
        raise BadMessage(f"Stripe's event cannot be read: {error}") from error
    return StripeEvent(
        id=event.id,
        happened_at=datetime.fromtimestamp(event.created, UTC),
        key=refund.key,
        payment=refund.payment_intent or refund.charge,
        answer=said,
        currency=refund.currency.upper(),
    )


def _split(header: str) -> tuple[int, list[str]]:
    """The time and the `v1` signatures; other schemes are passed over, as Stripe asks."""
    if len(header) > MOST_HEADER_CHARS:
        raise BadWebhookHeader(f"{SIGNATURE_HEADER} is longer than {MOST_HEADER_CHARS} characters")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1" and HEX.fullmatch(value)]
    if len(times) != 1 or not TIME.fullmatch(times[0]):
        raise BadWebhookHeader(f"{SIGNATURE_HEADER} has no time, or several")
    if not 1 <= len(signatures) <= MOST_SIGNATURES:
        raise BadWebhookHeader(f"{SIGNATURE_HEADER} has no v1 signature, or too many")
    return int(times[0]), signatures
