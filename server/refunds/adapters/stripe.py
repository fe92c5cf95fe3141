"""Stripe as a refund gateway: refunds of a PaymentIntent or of a charge, by the REST API.

Our key goes along twice: as `Idempotency-Key`, which Stripe remembers for at least 24 hours, and in the
refund's metadata, which stays. So what was sent long ago is looked up before it is sent again. Stripe repeats
its first answer to a key, an error 500 too: such a payout stays unknown until it is found, or for a day.

Source: Stripe API, "Refunds", "Errors", "Idempotent requests" and "Currencies", read in November 2026.
Run against localstripe 1.15.10 (docs/peers/localstripe-2026-11-29.md), which is laxer than Stripe in much.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from pydantic import Field

from inspection.errors import BadAmount, UnknownCurrency
from inspection.payouts import PayoutCode
from server.errors import GatewayDown, GatewayRefused, UnclearAnswer
from server.outward.calling import Reply
from server.refunds.adapters.asking import Calls, answer, ask, post, unless_paid
from server.refunds.adapters.stripe_words import (
    KEY_FIELD,
    ErrorAnswer,
    Refund,
    answer_of,
    minor_of_stripe,
    refusal,
    stripe_amount,
)
from server.refunds.adapters.wire import Answer
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer, PayoutState

BASE_URL = "https://api.stripe.com"
API_VERSION = "2024-06-20"
PAYMENT = re.compile(r"(?:pi|ch|py)_[0-9A-Za-z_]{1,120}")
KEY_MEMORY_S = 23 * 3600.0
"""An hour less than Stripe promises to remember an idempotency key."""
MOST_PAGES = 20
"""Of 100 refunds each: no order has more."""

DOUBTED = frozenset({PayoutCode.ALREADY_REFUNDED, PayoutCode.REQUEST_REFUSED})
"""Refusals that are read back: it may have been us, or no reason is named that rules a refund out."""

Amount = Annotated[int, Field(ge=0, lt=2**53)]


class Charge(Answer):
    """Money taken from the customer."""

    amount: Amount
    amount_captured: Amount | None = None
    captured: bool
    amount_refunded: Amount
    """Refunds under way included."""
    currency: Annotated[str, Field(pattern=r"^[A-Za-z]{3}$")]


class PaymentIntent(Answer):
    """What leads to a charge, at most one of which succeeded."""

    currency: Annotated[str, Field(pattern=r"^[A-Za-z]{3}$")]
    latest_charge: Charge | None


class RefundPage(Answer):
    """One page of a payment's refunds."""

    data: tuple[Refund, ...]
    has_more: bool


class StripeRefunds:
    """One merchant's Stripe account."""

    def __init__(
        self,
        caller: Calls,
        api_key: str,
        base_url: str = BASE_URL,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._caller = caller
        self._base = base_url.rstrip("/")
        self._auth = {"authorization": f"Bearer {api_key}", "stripe-version": API_VERSION}
        self._clock = clock

    async def standing(self, payment: PaymentRef) -> PaymentStanding:
        """Read what is captured and refunded now; raises GatewayDown or GatewayRefused."""
        name = _payment_of(payment)
        path = f"payment_intents/{name}?expand[]=latest_charge" if _is_intent(name) else f"charges/{name}"
        reply = await ask(self._caller, f"{self._base}/v1/{path}", self._auth)
        try:
            return _standing(reply, _is_intent(name))
        except (BadAmount, UnknownCurrency) as error:
            raise GatewayRefused(f"Stripe has an amount that is none: {error}") from error

    async def pay_back(self, payout: Payout) -> PayoutAnswer:
        """Ask for the refund once; never raises for what Stripe does."""
        try:
            body = refund_body(payout)
        except GatewayRefused:
            return answer(PayoutState.REFUSED, PayoutCode.PAYMENT_UNKNOWN)
        except (BadAmount, UnknownCurrency):
            return answer(PayoutState.REFUSED, PayoutCode.AMOUNT_REFUSED)
        if self._forgotten(payout):
            try:
                if before := await self.look_up(payout):
                    return before
            except GatewayDown:
                return answer(PayoutState.UNKNOWN, PayoutCode.NO_ANSWER)
        headers = {"content-type": "application/x-www-form-urlencoded", "idempotency-key": payout.key}
        reply = await post(self._caller, f"{self._base}/v1/refunds", self._auth | headers, body)
        said = reply if isinstance(reply, PayoutAnswer) else read_refund(reply)
        return await unless_paid(self, payout, said, DOUBTED)

    async def look_up(self, payout: Payout) -> PayoutAnswer | None:
        """Find the refund by our key; None is certain. Raises GatewayDown while it cannot be told.

        A request that is still under way does no harm: for a day the same key moves nothing twice.
        """
        try:
            name = _payment_of(payout.payment)
            found = together([row for row in await self._refunds(name) if row.key == payout.key])
        except (GatewayRefused, BadAmount, UnknownCurrency) as error:
            raise GatewayDown(f"Stripe does not say: {error}") from error
        if found is not None and found.state == PayoutState.UNKNOWN:
            raise GatewayDown("Stripe has the refund in a state that it does not document")
        return found

    def _forgotten(self, payout: Payout) -> bool:
        sent = payout.sent_before
        return sent is not None and (self._clock() - sent).total_seconds() > KEY_MEMORY_S

    async def _refunds(self, name: str) -> list[Refund]:
        """All refunds of a payment, newest first."""
        found: list[Refund] = []
        query = f"{'payment_intent' if _is_intent(name) else 'charge'}={name}&limit=100"
        after = ""
        for _ in range(MOST_PAGES):
            reply = await ask(self._caller, f"{self._base}/v1/refunds?{query}{after}", self._auth)
            page = RefundPage.of(reply.content)
            found += page.data
            if not page.has_more or not page.data:
                return found
            after = f"&starting_after={quote(page.data[-1].id)}"
        raise GatewayDown(f"more than {MOST_PAGES * 100} refunds of one payment")


def _payment_of(payment: PaymentRef) -> str:
    if not PAYMENT.fullmatch(payment.payment):
        raise GatewayRefused("a payment of Stripe begins with pi_, ch_ or py_")
    return payment.payment


def _is_intent(name: str) -> bool:
    return name.startswith("pi_")


def _standing(reply: Reply, intent: bool) -> PaymentStanding:
    seen = PaymentIntent.of(reply.content) if intent else Charge.of(reply.content)
    charge = seen.latest_charge if isinstance(seen, PaymentIntent) else seen
    currency = seen.currency.upper()
    if charge is None:
        return PaymentStanding(captured_minor=0, refunded_minor=0, currency=currency)
    captured = charge.amount if charge.amount_captured is None else charge.amount_captured
    return PaymentStanding(
        captured_minor=minor_of_stripe(captured if charge.captured else 0, currency),
        refunded_minor=minor_of_stripe(charge.amount_refunded, currency),
        currency=currency,
    )


def refund_body(payout: Payout) -> bytes:
    """The request; raises GatewayRefused for another's payment, BadAmount and UnknownCurrency."""
    name = _payment_of(payout.payment)
    return urlencode(
        {
            "payment_intent" if _is_intent(name) else "charge": name,
            "amount": stripe_amount(payout.amount_minor, payout.payment.currency),
            f"metadata[{KEY_FIELD}]": payout.key,
        }
    ).encode()


def read_refund(reply: Reply) -> PayoutAnswer:
    """What Stripe's answer to a refund means. Pure."""
    try:
        if reply.status == 200:
            return answer_of(Refund.of(reply.content))
        return refusal(reply.status, ErrorAnswer.of(reply.content).error)
    except (UnclearAnswer, BadAmount, UnknownCurrency):
        return answer(PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER)


def together(ours: list[Refund]) -> PayoutAnswer | None:
    """What all refunds under one key of ours come to; a failed one moved nothing. Pure."""
    answers = [answer_of(row) for row in ours]
    live = [row for row in answers if row.state != PayoutState.REFUSED]
    if len(live) < 2:
        return next(iter(live or answers), None)
    return PayoutAnswer(
        state=PayoutState.CONFIRMED,
        code=PayoutCode.PAID_TWICE,
        reference=live[-1].reference,
        amount_minor=sum(row.amount_minor or 0 for row in live),
    )
