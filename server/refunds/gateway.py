"""RefundGateway: how the centre moves money back where it is told to do so itself.

Every payment system has its own words for the same few things; an adapter translates them in one place. The
difference that matters is what is known when something goes wrong: NOT_SENT is certain to have had no effect,
REFUSED is a final no, and UNKNOWN may have moved the money: it is looked up before anything else is tried.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class GatewayKind(StrEnum):
    """Which payment systems the centre can call itself."""

    STRIPE = "stripe"
    MEDUSA = "medusa"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRef:
    """One captured payment, as the payment system calls it."""

    merchant: str
    payment: str
    order: str
    currency: str
    """ISO 4217."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStanding:
    """What the payment system says of a payment at the moment of asking."""

    captured_minor: int
    refunded_minor: int
    """All refunds, whoever asked for them, those under way included."""
    currency: str
    version: str | None = None
    """The platform's optimistic lock, where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """One movement of money that is wanted, once."""

    key: str
    """Our reference and idempotency key: `{instruction}/{n}`, at most 64 characters."""
    payment: PaymentRef
    amount_minor: int
    """Above 0."""
    unit: str
    reason: str
    """A code of ours."""
    version: str | None = None
    sent_before: datetime | None = None
    """When it was last sent before: for a while after it a request may still be under way."""


class PayoutState(StrEnum):
    """What is known of a payout."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    """Accepted; the outcome comes later."""
    REFUSED = "refused"
    """A final no, and nothing was moved."""
    UNKNOWN = "unknown"
    """It may have had its effect: look it up."""
    NOT_SENT = "not_sent"
    """It certainly had none: it may be sent again."""
    STALE = "stale"
    """The platform's version moved on: read it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAnswer:
    """What a payment system said of a payout, in our words."""

    state: PayoutState
    code: str
    """Ours, from `inspection.words`; never the peer's text."""
    reference: str | None = None
    """The payment system's own id of the refund."""
    amount_minor: int | None = None
    retry_after_s: float | None = None


class RefundGateway(Protocol):
    """One payment system with one merchant's credentials."""

    async def standing(self, payment: PaymentRef) -> PaymentStanding:
        """Read what is captured and refunded now; raises GatewayDown or GatewayRefused."""
        ...

    async def pay_back(self, payout: Payout) -> PayoutAnswer:
        """Ask for the refund once; never raises for what the peer does."""
        ...

    async def look_up(self, payout: Payout) -> PayoutAnswer | None:
        """Find the refund by our reference; None is certain: it was never made. Raises GatewayDown."""
        ...
