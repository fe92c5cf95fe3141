"""Medusa 2.x as a refund gateway: its Admin API, asked with a secret API key.

Medusa knows no idempotency key. It writes a refund down, calls its payment provider, takes the refund back
when that fails, and only then books it into the order; when the order cannot take it, because a return is
being edited, the answer is HTTP 400 and the refund stands all the same. So a refund of ours carries our key
in its note, and is looked up by it; the order's own booking tells whether Medusa had finished.

Source: packages `@medusajs/medusa`, `@medusajs/payment` and `@medusajs/core-flows` 2.21.2, as run
(docs/peers/medusa-2026-11-29.md).
"""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from inspection.errors import BadAmount, UnknownCurrency
from inspection.money import minor_of, text_of
from inspection.payouts import PayoutCode
from server.errors import GatewayDown, GatewayRefused, UnclearAnswer
from server.outward.calling import Reply
from server.refunds.adapters.asking import Calls, answer, ask, post, unless_paid
from server.refunds.adapters.wire import Answer
from server.refunds.gateway import PaymentRef, PaymentStanding, Payout, PayoutAnswer, PayoutState

PAYMENT = re.compile(r"pay_[0-9A-Za-z]{1,60}")
SETTLE_S = 80.0
"""A request of ours may run on in Medusa for as long after we gave it up: its client of Stripe waits so."""
MOST_DIGITS = 15
"""Medusa reads an amount as a double: as far as one is exact."""
FIELDS = ",".join(
    (
        "id",
        "currency_code",
        "captures.raw_amount",
        "refunds.id",
        "refunds.raw_amount",
        "refunds.note",
        "refunds.created_at",
        "payment_collection.order.transactions.reference_id",
    )
)

Id = Annotated[str, Field(pattern=r"^[0-9A-Za-z_]{1,64}$")]


class RawAmount(Answer):
    """Medusa's exact amount, in major units; its plain `amount` went through a double."""

    value: Annotated[str, Field(max_length=40)]


class Capture(Answer):
    """Money taken from the customer."""

    raw_amount: RawAmount


class Refund(Answer):
    """Money given back, or about to be."""

    id: Id
    raw_amount: RawAmount
    note: str | None = None
    created_at: AwareDatetime


class Transaction(Answer):
    """One booking in the order; of a refund, it names the refund's id."""

    reference_id: str | None = None


class Order(Answer):
    """The order that a payment is for."""

    transactions: tuple[Transaction, ...] = ()


class Collection(Answer):
    """What ties a payment to an order."""

    order: Order | None = None


class Payment(Answer):
    """One payment with all that was captured and refunded."""

    currency_code: Annotated[str, Field(pattern=r"^[A-Za-z]{3}$")]
    captures: tuple[Capture, ...] = ()
    refunds: tuple[Refund, ...] = ()
    payment_collection: Collection | None = None

    @property
    def currency(self) -> str:
        """ISO 4217."""
        return self.currency_code.upper()

    @property
    def booked(self) -> frozenset[str | None]:
        """Ids of the refunds that Medusa has finished."""
        order = self.payment_collection.order if self.payment_collection else None
        return frozenset(row.reference_id for row in (order.transactions if order else ()))


class PaymentAnswer(Answer):
    """Body of both requests that we make."""

    payment: Payment | None = None
    """None for an id that Medusa does not know: it answers `{}` with status 200."""


class Problem(Answer):
    """Body of a refusal."""

    type: Annotated[str, Field(max_length=64)] = ""
    message: Annotated[str, Field(max_length=10_000)] = ""


NO_EFFECT: tuple[tuple[int, str, PayoutCode], ...] = (
    (400, "You are not allowed to refund more than the captured amount", PayoutCode.OVER_REFUND),
    (400, "You cannot refund more than what is captured on the payment", PayoutCode.OVER_REFUND),
    (400, "Refund amount must be greater than 0", PayoutCode.AMOUNT_REFUSED),
    (400, "Invalid request: ", PayoutCode.REQUEST_REFUSED),
    (404, "Payment id not found: ", PayoutCode.PAYMENT_UNKNOWN),
)
"""How the refusals begin that Medusa gives before it does anything. Every other 4xx is not certain."""


class MedusaRefunds:
    """One merchant's Medusa."""

    def __init__(
        self,
        caller: Calls,
        base_url: str,
        api_key: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        settle_s: float = SETTLE_S,
    ) -> None:
        """`base_url` is the server's, without `/admin`; `api_key` a secret key of the merchant's."""
        self._caller = caller
        self._base = base_url.rstrip("/")
        self._auth = {"authorization": "Basic " + base64.b64encode(f"{api_key}:".encode()).decode()}
        self._clock = clock
        self._settle_s = settle_s

    async def standing(self, payment: PaymentRef) -> PaymentStanding:
        """Read what is captured and refunded now; raises GatewayDown or GatewayRefused."""
        seen, _ = await self._payment(payment)
        try:
            return PaymentStanding(
                captured_minor=sum(minor_of(row.raw_amount.value, seen.currency) for row in seen.captures),
                refunded_minor=sum(minor_of(row.raw_amount.value, seen.currency) for row in seen.refunds),
                currency=seen.currency,
            )
        except (BadAmount, UnknownCurrency) as error:
            raise GatewayRefused(f"Medusa has an amount that is none: {error}") from error

    async def pay_back(self, payout: Payout) -> PayoutAnswer:
        """Ask for the refund once; never raises for what Medusa does."""
        if not PAYMENT.fullmatch(payout.payment.payment):
            return answer(PayoutState.REFUSED, PayoutCode.PAYMENT_UNKNOWN)
        try:
            body = refund_body(payout)
        except (BadAmount, UnknownCurrency):
            return answer(PayoutState.REFUSED, PayoutCode.AMOUNT_REFUSED)
        url = f"{self._base}/admin/payments/{payout.payment.payment}/refund?fields={FIELDS}"
        headers = self._auth | {"content-type": "application/json"}
        reply = await post(self._caller, url, headers, body)
        said = reply if isinstance(reply, PayoutAnswer) else read_refund(reply, payout)
        return await unless_paid(self, payout, said)

    async def look_up(self, payout: Payout) -> PayoutAnswer | None:
        """Find the refund by our note; None is certain. Raises GatewayDown while it cannot be told."""
        try:
            seen, now = await self._payment(payout.payment)
            found = find(seen, payout, now, self._settle_s)
        except (GatewayRefused, BadAmount, UnknownCurrency) as error:
            raise GatewayDown(f"Medusa does not say: {error}") from error
        sent = payout.sent_before
        if found is None and sent and (self._clock() - sent).total_seconds() < self._settle_s:
            raise GatewayDown("a request of ours may still be under way in Medusa")
        return found

    async def _payment(self, payment: PaymentRef) -> tuple[Payment, datetime]:
        """The payment, and Medusa's own time."""
        if not PAYMENT.fullmatch(payment.payment):
            raise GatewayRefused("a payment of Medusa begins with pay_")
        url = f"{self._base}/admin/payments/{payment.payment}?fields={FIELDS}"
        reply = await ask(self._caller, url, self._auth)
        seen = PaymentAnswer.of(reply.content).payment
        if seen is None:
            raise GatewayRefused("Medusa knows no such payment")
        return seen, _date(reply) or self._clock()


def note_of(payout: Payout) -> str:
    """What Medusa's staff see beside the refund, and what we find it by."""
    return f"regrade {payout.key}"


def refund_body(payout: Payout) -> bytes:
    """The request: the amount as the JSON number it is, without ever being a float of ours.

    Raises BadAmount where Medusa would not read it exactly, and UnknownCurrency.
    """
    amount = text_of(payout.amount_minor, payout.payment.currency)
    if payout.amount_minor <= 0 or payout.amount_minor >= 10**MOST_DIGITS:
        raise BadAmount(f"Medusa counts exactly up to {MOST_DIGITS} digits", fault="size")
    return f'{{"amount":{amount},"note":{json.dumps(note_of(payout))}}}'.encode()


def read_refund(reply: Reply, payout: Payout) -> PayoutAnswer:
    """What Medusa's answer to a refund means. Pure."""
    if reply.status == 200:
        try:
            seen = PaymentAnswer.of(reply.content).payment
            found = find(seen, payout, None) if seen else None
        except (UnclearAnswer, BadAmount, UnknownCurrency):
            found = None
        return found or answer(PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER)
    try:
        said = Problem.of(reply.content).message
    except UnclearAnswer:
        said = ""
    for status, begins, code in NO_EFFECT:
        if reply.status == status and said.startswith(begins):
            return answer(PayoutState.REFUSED, code)
    return answer(PayoutState.UNKNOWN, PayoutCode.UNCLEAR_ANSWER)


def find(
    seen: Payment, payout: Payout, now: datetime | None, settle_s: float = SETTLE_S
) -> PayoutAnswer | None:
    """The refund that carries our note; None when there is none. Pure; raises BadAmount, UnknownCurrency.

    One that the order does not show yet is under way while it is young: Medusa takes it back when its
    provider fails. `now` is None where Medusa said itself that it was done.
    """
    ours = [row for row in seen.refunds if row.note == note_of(payout)]
    if not ours:
        return None
    state, code = PayoutState.CONFIRMED, PayoutCode.REFUNDED
    if len(ours) > 1:
        code = PayoutCode.PAID_TWICE
    elif now is not None and ours[0].id not in seen.booked:
        young = (now - ours[0].created_at).total_seconds() < settle_s
        state = PayoutState.PENDING if young else state
        code = PayoutCode.UNDER_WAY if young else PayoutCode.RECORDED_ONLY
    return PayoutAnswer(
        state=state,
        code=code,
        reference=ours[0].id,
        amount_minor=sum(minor_of(row.raw_amount.value, seen.currency) for row in ours),
    )


def _date(reply: Reply) -> datetime | None:
    """Medusa's clock, by which its refunds are dated too."""
    try:
        return parsedate_to_datetime(reply.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
