"""Stripe's words and amounts in ours, in one place. Pure."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from inspection.errors import BadAmount
from inspection.money import exponent_of
from inspection.payouts import PayoutCode
from server.refunds.adapters.asking import answer
from server.refunds.adapters.wire import Answer
from server.refunds.gateway import PayoutAnswer, PayoutState

KEY_FIELD = "regrade_payout"
"""Our key in a refund's metadata."""

STATUSES: Mapping[str, tuple[PayoutState, PayoutCode]] = {
    "succeeded": (PayoutState.CONFIRMED, PayoutCode.REFUNDED),
    "pending": (PayoutState.PENDING, PayoutCode.UNDER_WAY),
    "requires_action": (PayoutState.PENDING, PayoutCode.CUSTOMER_ACTION),
    "failed": (PayoutState.REFUSED, PayoutCode.REFUND_FAILED),
    "canceled": (PayoutState.REFUSED, PayoutCode.REFUND_CANCELED),
}
"""Of a refund."""

ERRORS: Mapping[str, tuple[PayoutState, PayoutCode]] = {
    "charge_already_refunded": (PayoutState.REFUSED, PayoutCode.ALREADY_REFUNDED),
    "charge_disputed": (PayoutState.REFUSED, PayoutCode.PAYMENT_DISPUTED),
    "refund_disputed_payment": (PayoutState.REFUSED, PayoutCode.PAYMENT_DISPUTED),
    "amount_too_large": (PayoutState.REFUSED, PayoutCode.OVER_REFUND),
    "amount_too_small": (PayoutState.REFUSED, PayoutCode.AMOUNT_REFUSED),
    "invalid_charge_amount": (PayoutState.REFUSED, PayoutCode.AMOUNT_REFUSED),
    "invalid_charge_amount_no_decimal_compatible": (PayoutState.REFUSED, PayoutCode.AMOUNT_REFUSED),
    "balance_insufficient": (PayoutState.REFUSED, PayoutCode.BALANCE_TOO_LOW),
    "insufficient_funds": (PayoutState.REFUSED, PayoutCode.BALANCE_TOO_LOW),
    "resource_missing": (PayoutState.REFUSED, PayoutCode.PAYMENT_UNKNOWN),
    "payment_intent_unexpected_state": (PayoutState.REFUSED, PayoutCode.NOT_REFUNDABLE),
    "charge_expired_for_capture": (PayoutState.REFUSED, PayoutCode.NOT_REFUNDABLE),
    "livemode_mismatch": (PayoutState.NOT_SENT, PayoutCode.CREDENTIALS_REFUSED),
    "testmode_charges_only": (PayoutState.NOT_SENT, PayoutCode.CREDENTIALS_REFUSED),
    "secret_key_required": (PayoutState.NOT_SENT, PayoutCode.CREDENTIALS_REFUSED),
    "idempotency_key_in_use": (PayoutState.UNKNOWN, PayoutCode.UNDER_WAY),
}
"""Error codes, which say more than the status; 401, 403, 429 and 5xx never come as far as here."""

CERTAIN = frozenset({400, 402, 404})
"""Statuses of which Stripe says that the request failed, so that nothing was moved."""
TOO_MUCH = "is greater than unrefunded amount"
"""Of a message without a code."""

STRIPE_EXPONENTS: Mapping[str, int] = {"ISK": 2, "MGA": 0}
"""Where Stripe counts otherwise than ISO 4217."""
LAST_DIGIT_ZERO = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
NOT_SURE = frozenset({"UGX"})
"""Stripe's pages say of it both no decimals and two: nothing is moved in it."""


class Refund(Answer):
    """A refund as Stripe shows it."""

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_]{1,128}$")]
    amount: Annotated[int, Field(ge=0, lt=2**53)]
    currency: Annotated[str, Field(pattern=r"^[A-Za-z]{3}$")]
    status: Annotated[str, Field(max_length=64)] | None = None
    metadata: Mapping[str, str] | None = None

    @property
    def key(self) -> str | None:
        """Ours; None for a refund that somebody else asked for."""
        return (self.metadata or {}).get(KEY_FIELD)


class Error(Answer):
    """Why a request failed."""

    type: Annotated[str, Field(max_length=64)] = ""
    code: Annotated[str, Field(max_length=128)] | None = None
    message: Annotated[str, Field(max_length=10_000)] | None = None


class ErrorAnswer(Answer):
    """Body of a refusal."""

    error: Error


def answer_of(refund: Refund) -> PayoutAnswer:
    """What a refund's status means; raises BadAmount and UnknownCurrency."""
    nothing = (PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER)
    state, code = STATUSES.get(refund.status or "", nothing)
    amount = minor_of_stripe(refund.amount, refund.currency.upper())
    return PayoutAnswer(state=state, code=code, reference=refund.id, amount_minor=amount)


def refusal(status: int, error: Error) -> PayoutAnswer:
    """What an error means: its code, else what its status is certain of."""
    if (known := ERRORS.get(error.code or "")) is not None:
        return answer(*known)
    if error.type == "idempotency_error" or status not in CERTAIN:
        return answer(PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER)
    if status == 404:
        return answer(PayoutState.REFUSED, PayoutCode.PAYMENT_UNKNOWN)
    if TOO_MUCH in (error.message or ""):
        return answer(PayoutState.REFUSED, PayoutCode.OVER_REFUND)
    return answer(PayoutState.REFUSED, PayoutCode.REQUEST_REFUSED)


def stripe_amount(amount_minor: int, currency: str) -> int:
    """Our minor units as Stripe counts them; raises BadAmount for what it cannot move exactly.

    >>> stripe_amount(1230, "EUR"), stripe_amount(5, "ISK"), stripe_amount(700, "MGA")
    (1230, 500, 7)
    """
    more = _more_digits(currency)
    if amount_minor <= 0:
        raise BadAmount("a refund is more than nothing", fault="size")
    inexact = more < 0 and amount_minor % 10**-more
    if inexact or (currency in LAST_DIGIT_ZERO and amount_minor % 10):
        raise BadAmount(f"Stripe cannot move this amount of {currency} exactly", fault="decimals")
    return _shifted(amount_minor, more)


def minor_of_stripe(amount: int, currency: str) -> int:
    """Stripe's amount in our minor units; raises BadAmount for a fraction of one."""
    more = _more_digits(currency)
    if more > 0 and amount % 10**more:
        raise BadAmount(f"Stripe has a fraction of {currency}'s smallest unit", fault="decimals")
    return _shifted(amount, -more)


def _shifted(amount: int, digits: int) -> int:
    return int(amount * 10**digits if digits >= 0 else amount // 10**-digits)


def _more_digits(currency: str) -> int:
    """How many more digits Stripe's amount has; raises UnknownCurrency and BadAmount."""
    ours = exponent_of(currency)
    if currency in NOT_SURE:
        raise BadAmount(f"how Stripe counts {currency} is not certain", fault="decimals")
    return STRIPE_EXPONENTS.get(currency, ours) - ours
